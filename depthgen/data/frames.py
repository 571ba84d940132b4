"""Frames of data sets as training samples: one size, holes infilled, broken files named or skipped."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from math import fsum
from pathlib import Path
from random import Random
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import Dataset

from depthgen.data.registry import IMAGE_READERS, open_dataset, open_images
from depthgen.data.sample import RGBD, BrokenSample, LeaveOut
from depthgen.data.worlds import WorldsConfig
from depthgen.depth import downsample_depth, fill_sky, infill_nearest
from depthgen.depth.sky import SegmenterSky, SkyMask, sky_by_rule, sky_file
from depthgen.geometry import magnification
from depthgen.images import resize

LEAST_SHARE = 1e-6  # of a mixture
# How many frames in a row may be broken before the data set is given up
PATIENCE = 100


@dataclass(frozen=True)
class SourceConfig:
    """One data set of a mixture. `root` is below DataConfig.root and defaults to the name."""

    name: str = "folder"
    root: str | None = None
    split: str = "train"
    options: dict[str, Any] = field(default_factory=dict)  # further arguments of the reader
    share: float | None = None  # of the mixture, see `Mixture`; None: by its number of frames

    def place(self, data_root: str | Path) -> Path:
        """The folder of this data set."""
        return Path(data_root) / (self.root or self.name)


@dataclass(frozen=True)
class DataConfig:
    """What to train on: the data sets of `sources`, or rendered worlds where there are none."""

    worlds: WorldsConfig = field(default_factory=WorldsConfig)
    root: str = "data"  # the folder that holds the data sets
    sources: tuple[SourceConfig, ...] = ()
    validation: tuple[SourceConfig, ...] = ()  # held out, for the log
    size: tuple[int, int] = (64, 64)  # height, width
    max_depth: float = 80.0  # metres; farther is not counted and infilled as this
    # Degrees over the shorter side: depth is given as a camera with this field of view would see it, which is
    # what a model with this `training_fov` that is not told the field of view learns. None: as it is.
    canonical_fov: float | None = None
    infill: bool = True  # holes get the depth of the nearest known pixel; without, they stay at the near end
    # What finds the sky, which is infilled with max_depth: "none"; "rule"; "file", a mask NAME_sky.png beside
    # every picture, of what the reader hands out of it; or a semantic segmenter of transformers, by hub id or
    # folder.
    sky: str = "none"
    skip_broken: bool = False  # a file that cannot be read: an error, or left out and listed at the end


class Frames(Dataset):
    """The training samples of a mixture of data sets, in a fixed order that depends on the configuration
    alone.

    A sample of depth: image (3,h,w) float32 [0,1], depth (1,h,w) metres without holes, counted (1,h,w) bool
    (where the loss counts: what the sensor measured), fov () of `field_of_view`. A sample of
    pictures: image. `broken`: file to which the path of every frame that was left out is appended.
    """

    def __init__(self, config: DataConfig, broken: Path) -> None:
        self.config, self.broken = config, broken
        leave_out = self._note if config.skip_broken else None
        self.sets = [_open(source, config.root, leave_out) for source in config.sources]
        self.places = Mixture([len(s) for s in self.sets], [source.share for source in config.sources])
        self.sky = sky_finder(config.sky)

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, index: int) -> dict[str, Any]:
        for attempt in range(PATIENCE):
            number, row = self.places[(index + attempt) % len(self)]
            try:
                return self._sample(number, row)
            except BrokenSample as error:
                if not self.config.skip_broken:
                    raise BrokenSample(
                        error.path, f"{error.reason}; data.skip_broken=true leaves it out"
                    ) from error
                self._note(error)
        raise ValueError(f"{PATIENCE} frames in a row are broken, see {self.broken}; is data.root right?")

    def _sample(self, number: int, row: int) -> dict[str, Any]:
        frame = self.sets[number][row]
        if isinstance(frame, RGBD):
            sky = self._file_sky(number, row) if self.config.sky == "file" else self.sky
            return training_sample(frame, self.config, sky)
        return {"image": resize(largest_part(frame[0], self.config.size, row), self.config.size)}

    def _file_sky(self, number: int, row: int) -> SkyMask:
        frames = self.sets[number]
        if not hasattr(frames, "files"):
            name = self.config.sources[number].name
            raise ValueError(f"data.sky=file: {name} has no file for each picture; use rule or a segmenter")
        return sky_file(frames.files(row)[0])

    def _note(self, error: BrokenSample) -> None:
        self.broken.parent.mkdir(parents=True, exist_ok=True)
        with self.broken.open("a", encoding="utf8") as file:
            file.write(f"{error}\n")


def broken_files(log: Path) -> list[str]:
    """What was left out according to `log`, each file once."""
    return sorted(set(log.read_text(encoding="utf8").splitlines())) if log.is_file() else []


class Mixture:
    """Which frame of which data set each sample of an epoch is, without a list of millions of them.

    Shares are relative to each other where every set has one; beside sets without one (None) they are parts
    of the whole, and these sets divide what is left by their numbers of frames. An epoch is as long as it
    takes to show every frame: sets that are shorter than their part of it start again. ValueError for an
    empty set and shares that are not positive or leave nothing.
    """

    def __init__(self, lengths: Sequence[int], shares: Sequence[float | None]) -> None:
        if not lengths or min(lengths) < 1:
            raise ValueError("data.sources names no data set with frames")
        given = [share for share in shares if share is not None]
        rest = sum(n for n, share in zip(lengths, shares, strict=True) if share is None)
        left = 1 - fsum(given)
        if any(share <= 0 for share in given) or (rest and left < LEAST_SHARE):
            raise ValueError(
                "shares of data.sources must be positive, and below 1 in all where a set has none; "
                f"got {list(shares)}"
            )
        weights = [left * n / rest if s is None else s for n, s in zip(lengths, shares, strict=True)]
        places = max(n / weight for n, weight in zip(lengths, weights, strict=True))  # of a share of 1
        self.lengths = tuple(lengths)
        self.ends = list(accumulate(round(places * weight) for weight in weights))

    def __len__(self) -> int:
        return self.ends[-1]

    def __getitem__(self, index: int) -> tuple[int, int]:
        """(data set, row) of sample `index`."""
        if not 0 <= index < len(self):
            raise IndexError(index)
        number = bisect_right(self.ends, index)
        first = self.ends[number - 1] if number else 0
        return number, (index - first) % self.lengths[number]


def training_sample(frame: RGBD, config: DataConfig, sky: SkyMask | None = None) -> dict[str, Any]:
    """A frame at the training size. BrokenSample if no pixel of it has a depth."""
    image = resize(frame.image, config.size)
    depth, valid = at_size(frame.depth, frame.valid, config.size)
    if config.canonical_fov is not None and frame.camera is not None:
        camera = frame.camera.resized(config.size[1], config.size[0])
        depth = depth / magnification(camera, config.canonical_fov)
    counted = valid & (depth <= config.max_depth)
    if not counted.any():
        raise BrokenSample(frame.name, f"no pixel with a depth up to {config.max_depth:g} m")
    depth = depth.clamp(max=config.max_depth)
    if config.infill:
        above = _sky_of(frame, image, valid, sky)
        depth = infill_nearest(fill_sky(depth, above, config.max_depth), valid | above)
    return {"image": image, "depth": depth, "counted": counted, "fov": field_of_view(frame)}


def _sky_of(frame: RGBD, image: Tensor, valid: Tensor, sky: SkyMask | None) -> Tensor:
    """(1,h,w) bool: sky without depth, as `sky` finds it in the picture, or as the data set says."""
    if sky is not None:
        return sky(image, valid) & ~valid
    if frame.sky is None:
        return torch.zeros_like(valid)
    return at_size(frame.sky.float(), frame.sky, (image.shape[-2], image.shape[-1]))[1] & ~valid


def largest_part(image: Tensor, size: tuple[int, int], number: int) -> Tensor:
    """The largest part of a picture (3,H,W) that has the shape of `size` (h, w): Palette's square crop.

    Where it lies is random, and the same whenever the picture's `number` is, so that resuming is exact.
    """
    height, width = image.shape[-2:]
    scale = min(height / size[0], width / size[1])
    h, w = (max(1, round(scale * side)) for side in size)
    place = Random(number)
    top, left = place.randint(0, height - h), place.randint(0, width - w)
    return image[:, top : top + h, left : left + w]


def at_size(depth: Tensor, valid: Tensor, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Depth (1,H,W) and validity at another size: a cell is valid if any of its pixels is, so that sparse
    depth stays; it takes the lower median of these, so that no depth is invented between two surfaces."""
    if depth.shape[-2:] == size:
        return depth, valid
    return downsample_depth(depth, valid, size, least=0.0)


def field_of_view(frame: RGBD) -> Tensor:
    """Field of view () over the shorter side of the picture, in degrees; 0 without intrinsics."""
    return torch.tensor(0.0 if frame.camera is None else frame.camera.fov_degrees)


def sky_finder(name: str) -> SkyMask | None:
    """What finds the sky in any picture: see DataConfig.sky. None for "none", and for "file"."""
    if name in ("none", "file"):
        return None
    return sky_by_rule if name == "rule" else SegmenterSky.from_pretrained(name)


def _open(source: SourceConfig, root: str, leave_out: LeaveOut | None) -> Any:
    opener = open_images if source.name in IMAGE_READERS else open_dataset
    return opener(source.name, source.place(root), source.split, leave_out, **source.options)
