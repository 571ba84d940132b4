from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch

from depthgen.data.sample import RGBD, BrokenSample
from depthgen.evaluation import EvaluateConfig, EvaluationData
from depthgen.evaluation.cases import DatasetCases, dataset_cases, scenes, windowed
from depthgen.evaluation.protocols import DepthProtocol, protocol

FOLDER = protocol("folder")
assert isinstance(FOLDER, DepthProtocol)
INTRINSICS = torch.tensor([[700.0, 0, 600], [0, 710, 180], [0, 0, 1]], dtype=torch.float64)


def frame(height: int = 375, width: int = 1242) -> RGBD:
    ramp = torch.arange(height * width, dtype=torch.float32).reshape(1, height, width)
    return RGBD(
        (ramp / ramp.max()).expand(3, -1, -1), ramp + 1, ramp % 2 == 0, "a/0.png", INTRINSICS, sky=ramp < 9
    )


@dataclass
class Frames:
    """Ten frames named by their number, some of them broken."""

    broken: tuple[int, ...] = ()

    def __len__(self) -> int:
        return 10

    def __getitem__(self, index: int) -> RGBD:
        if index in self.broken:
            raise BrokenSample(f"root/{index}.png", "truncated")
        return replace(frame(4, 6), name=f"{index}.png")


def test_kittis_window_is_the_bottom_centre_and_takes_the_camera_along():
    whole, cut = frame(), windowed(frame(), (352, 1216))
    assert cut.image.shape == (3, 352, 1216)
    for name in ("image", "depth", "valid", "sky"):
        assert torch.equal(getattr(cut, name), getattr(whole, name)[:, 23:375, 13:1229])
    assert cut.K is not None
    assert cut.K.tolist() == [[700, 0, 587], [0, 710, 157], [0, 0, 1]]
    assert torch.equal(whole.K, INTRINSICS)
    assert windowed(replace(whole, K=None, sky=None), (352, 1216)).K is None


def test_a_window_larger_than_the_picture_names_the_frame():
    with pytest.raises(ValueError, match=r"a/0.png: a window of 352 x 1216 .* got 300 x 1242 and 300 x 1242"):
        windowed(frame(300), (352, 1216))
    with pytest.raises(ValueError, match="one size"):
        windowed(replace(frame(), depth=torch.ones(1, 100, 400)), (352, 1216))


@pytest.mark.parametrize("key", ["count", "baseline_worlds", "steps"])
def test_numbers_of_things_are_at_least_one(key: str):
    with pytest.raises(ValueError, match=f"{key} must be at least 1"):
        EvaluateConfig(**{key: 0})


def test_broken_frames_stop_the_evaluation_or_are_listed():
    cases = DatasetCases(Frames((3, 7)), range(10), FOLDER, skip_broken=False)
    with pytest.raises(ValueError, match=r"root/3.png: truncated; data.skip_broken=true leaves"):
        list(cases)
    cases = DatasetCases(Frames((3, 7)), range(10), FOLDER, skip_broken=True)
    assert [case.labels["image"] for case in cases] == [f"{i}.png" for i in (0, 1, 2, 4, 5, 6, 8, 9)]
    assert cases.broken == ["root/3.png: truncated", "root/7.png: truncated"]


def test_a_count_takes_images_at_equal_distances(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("depthgen.evaluation.cases.open_dataset", lambda *_arguments: Frames())
    config = EvaluateConfig(data=EvaluationData("root"))

    def indices(count: int | None) -> list[int]:
        return list(dataset_cases(replace(config, count=count), FOLDER).indices)

    assert indices(None) == indices(50) == list(range(10))
    assert indices(4) == [0, 2, 5, 7]


def test_missing_roots_and_empty_splits_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    with pytest.raises(ValueError, match=r"give data\.root=FOLDER"):
        dataset_cases(EvaluateConfig(), FOLDER)
    with pytest.raises(ValueError, match="nowhere: no such folder"):
        dataset_cases(EvaluateConfig(data=EvaluationData(str(tmp_path / "nowhere"))), FOLDER)
    with pytest.raises(ValueError, match="no split 'dev'"):
        dataset_cases(EvaluateConfig(data=EvaluationData(str(tmp_path), "dev")), FOLDER)
    monkeypatch.setattr("depthgen.evaluation.cases.open_dataset", lambda *_arguments: [])
    with pytest.raises(ValueError, match="root: split 'all' of folder has no images"):
        dataset_cases(EvaluateConfig(data=EvaluationData("root")), FOLDER)


def test_scenes_are_the_folders_that_differ():
    drives = [f"2011_09_26/drive_{i}/image_02/data/{n}.png" for i in (1, 9) for n in (5, 6)]
    assert scenes(drives) == ["drive_1", "drive_1", "drive_9", "drive_9"]
    assert scenes(["test/kitchen/rgb_1.jpg", "test/office/rgb_1.jpg"]) == ["kitchen", "office"]
    assert scenes(["rgb/1.png", "rgb/2.png"]) == scenes(["1.png", "2.png"]) == ["all", "all"]
    assert scenes(["a/b/1.png", "a/1.png"]) == ["b", "all"]
    assert scenes([]) == []
