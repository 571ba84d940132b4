"""What is evaluated: frames of data sets and views of worlds in one form."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

import torch

from depthgen.data.registry import open_dataset
from depthgen.data.sample import RGBD, BrokenSample, DepthDataset
from depthgen.evaluation.config import EvaluateConfig
from depthgen.evaluation.protocols import DepthProtocol
from depthgen.evaluation.samples import DepthSample


@dataclass(frozen=True, eq=False)
class Case:
    """One picture to judge: the frame with its truth, and what its row of scores says of it besides."""

    frame: RGBD
    labels: dict[str, str]


def world_case(sample: DepthSample) -> Case:
    """A view of an evaluation world; its labels are image (the world's seed), kind, time and weather."""
    world, camera = sample.world, sample.camera
    frame = RGBD(sample.image, sample.depth, sample.valid, str(world.seed), camera.K)
    labels = {"image": frame.name, "kind": world.kind, "time": world.time, "weather": world.weather}
    return Case(frame, labels)


@dataclass
class DatasetCases:
    """The frames `indices` of a data set, as `protocol` wants them; its label is image.

    broken: messages of the frames that could not be read, filled on the way. Without skip_broken the first
    one is a ValueError.
    """

    dataset: DepthDataset
    indices: Sequence[int]
    protocol: DepthProtocol
    skip_broken: bool
    broken: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.indices)

    def __iter__(self) -> Iterator[Case]:
        for index in self.indices:
            frame = self._read(index)
            if frame is not None:
                yield Case(frame, {"image": frame.name})

    def _read(self, index: int) -> RGBD | None:
        try:
            frame = self.dataset[index]
        except BrokenSample as error:
            if not self.skip_broken:
                raise ValueError(f"{error}; data.skip_broken=true leaves such images out") from error
            self.broken.append(str(error))
            return None
        return frame if self.protocol.window is None else windowed(frame, self.protocol.window)


def dataset_cases(config: EvaluateConfig, protocol: DepthProtocol) -> DatasetCases:
    """The split's frames, or `config.count` of them at equal distances; ValueError if there are none."""
    assert protocol.dataset is not None
    if config.data.root is None:
        raise ValueError(
            f"protocol {protocol.name} reads the data set {protocol.dataset}: give data.root=FOLDER"
        )
    split = config.data.split or protocol.split
    broken: list[str] = []
    leave_out = (lambda error: broken.append(str(error))) if config.data.skip_broken else None
    dataset = open_dataset(protocol.dataset, config.data.root, split, leave_out)
    if len(dataset) == 0:
        raise ValueError(f"{config.data.root}: split {split!r} of {protocol.dataset} has no images")
    count = min(config.count or len(dataset), len(dataset))
    indices = [i * len(dataset) // count for i in range(count)]
    return DatasetCases(dataset, indices, protocol, config.data.skip_broken, broken)


def windowed(frame: RGBD, window: tuple[int, int]) -> RGBD:
    """The part (H, W) of picture and truth at the bottom centre, as KITTI's benchmark cuts its pictures."""
    (height, width), (rows, columns) = window, frame.image.shape[-2:]
    if frame.depth.shape[-2:] != (rows, columns) or rows < height or columns < width:
        raise ValueError(
            f"{frame.name}: a window of {height} x {width} needs a picture and depth of one size, at least "
            f"that; got {rows} x {columns} and {frame.depth.shape[-2]} x {frame.depth.shape[-1]}"
        )
    top, left = rows - height, (columns - width) // 2
    part = (..., slice(top, rows), slice(left, left + width))
    K = frame.K
    if K is not None:
        K = K - torch.tensor([[0, 0, left], [0, 0, top], [0, 0, 0]], dtype=K.dtype)
    sky = None if frame.sky is None else frame.sky[part]
    return replace(
        frame, image=frame.image[part], depth=frame.depth[part], valid=frame.valid[part], K=K, sky=sky
    )


def scenes(names: Sequence[str]) -> list[str]:
    """A scene for every frame's path: its folders, less those that say nothing because all frames share them.

    >>> scenes(["test/kitchen/rgb/1.jpg", "test/office/rgb/1.jpg"])
    ['kitchen', 'office']
    """
    folders = [PurePosixPath(name.replace("\\", "/")).parts[:-1] for name in names]
    first = _shared(folders)
    folders = [parts[first:] for parts in folders]
    last = _shared([parts[::-1] for parts in folders])
    return ["/".join(parts[: len(parts) - last]) or "all" for parts in folders]


def _shared(folders: Sequence[tuple[str, ...]]) -> int:
    """How many leading parts all have in common."""
    count = 0
    for parts in zip(*folders, strict=False):
        if len(set(parts)) > 1:
            break
        count += 1
    return count
