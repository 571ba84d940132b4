from __future__ import annotations

from pathlib import Path

import pytest
import torch

from depthgen.data.frames import DataConfig, SourceConfig
from depthgen.data.registry import open_dataset
from depthgen.data.sample import RGBD
from depthgen.data.synthetic import (
    LAYOUTS,
    SyntheticConfig,
    measured,
    pinhole,
    rendered_frames,
    write_sources,
)

SIZE = (24, 32)
WORLDS = SyntheticConfig(frames=3, validation_frames=2, size=SIZE, places="outdoor", seed=500)


def nyu(root: Path, name: str = "nyu") -> DataConfig:
    return DataConfig(
        root=str(root), sources=(SourceConfig(name),), validation=(SourceConfig(name, split="test"),)
    )


@pytest.fixture(scope="module")
def frames() -> list[RGBD]:
    return list(rendered_frames(range(500, 503), pinhole(SIZE), SIZE, "outdoor"))


def test_exact_frames_know_their_sky(frames: list[RGBD]) -> None:
    for frame in frames:
        assert frame.image.shape == (3, *SIZE)
        assert frame.sky is not None
        assert torch.equal(frame.sky, ~frame.valid)
        assert (frame.depth[frame.valid] > 0).all()
        assert not frame.depth[~frame.valid].any()


def test_sensors_lose_pixels_and_invent_none(frames: list[RGBD]) -> None:
    for sensor in ("kinect", "lidar"):
        seen = measured(frames[0], sensor, torch.Generator().manual_seed(0), lines=4)
        assert seen.valid.sum() < frames[0].valid.sum()
        assert not seen.depth[~seen.valid].any()
        ratio = seen.depth[seen.valid] / frames[0].depth[seen.valid]
        assert ((ratio - 1).abs() < 0.3).all()
    exact = measured(frames[0], "exact", torch.Generator(), lines=4)
    assert exact is frames[0]


def test_the_splits_are_read_back_and_differ(tmp_path: Path) -> None:
    assert write_sources(WORLDS, nyu(tmp_path)) == [tmp_path / "nyu"]
    train, test = (open_dataset("nyu", tmp_path / "nyu", split) for split in ("train", "test"))
    assert (len(train), len(test)) == (3, 2)
    assert not torch.equal(train[0].image, test[0].image)


def test_what_is_there_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "nyu").mkdir()
    assert write_sources(WORLDS, nyu(tmp_path)) == []
    assert not list((tmp_path / "nyu").iterdir())


def test_nothing_is_written_without_frames(tmp_path: Path) -> None:
    assert write_sources(SyntheticConfig(), nyu(tmp_path)) == []
    assert not (tmp_path / "nyu").exists()


def test_a_failure_leaves_no_folder_that_looks_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(root: Path, samples: object, split: str) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("depthgen.data.writers.write_nyu_sync", fails)
    with pytest.raises(OSError, match="disk full"):
        write_sources(WORLDS, nyu(tmp_path))
    assert not (tmp_path / "nyu").exists()


def test_a_process_that_was_slower_leaves_the_others_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def overtaken(root: Path, samples: object, split: str) -> None:
        (tmp_path / "nyu").mkdir(exist_ok=True)
        (tmp_path / "nyu/theirs").touch()

    monkeypatch.setattr("depthgen.data.writers.write_nyu_sync", overtaken)
    write_sources(WORLDS, nyu(tmp_path))
    assert [path.name for path in tmp_path.rglob("*")] == ["nyu", "theirs"]


def test_layouts_without_a_writer_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"hypersim.*nyu"):
        write_sources(WORLDS, nyu(tmp_path, "hypersim"))


def test_evaluation_seeds_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="evaluation"):
        write_sources(SyntheticConfig(frames=1, seed=2**32), nyu(tmp_path))


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_layout_has_a_camera(name: str) -> None:
    K = LAYOUTS[name].intrinsics(SIZE)
    assert K.shape == (3, 3)
    assert abs(K[0, 2] / SIZE[1] - 0.5) < 0.05
