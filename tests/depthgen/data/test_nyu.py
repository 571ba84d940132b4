from __future__ import annotations

import pickle
import sys
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from scipy.io import savemat

from depthgen.data.nyu import NyuLabelled, NyuSync
from depthgen.data.sample import BrokenSample

Put = Callable[[Path, np.ndarray], Path]
LIST = "nyudepthv2_{}_files_with_gt.txt"


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    """Five frames of 6x4 pixels as MATLAB lays them out: width before height; splits count from 1."""
    rng = np.random.default_rng(0)
    raw = rng.uniform(1, 9, (5, 6, 4)).astype(np.float32)
    raw[:, 0, 0] = 0
    with h5py.File(tmp_path / "nyu_depth_v2_labeled.mat", "w", userblock_size=512) as file:
        file["images"] = rng.integers(0, 256, (5, 3, 6, 4)).astype(np.uint8)
        file["rawDepths"] = raw
        file["depths"] = np.full_like(raw, 99)  # in-painted: not to be used
    train, test = np.array([[2], [5]], np.uint16), np.array([[1], [3], [4]], np.uint16)
    savemat(tmp_path / "splits.mat", {"trainNdxs": train, "testNdxs": test})
    return tmp_path


def test_labelled_frames(labelled: Path) -> None:
    train, test = NyuLabelled(labelled, "train"), NyuLabelled(labelled, "test")
    assert (len(train), len(test)) == (2, 3)
    sample = train[1]  # the fifth of the file
    assert sample.name == "nyu_depth_v2_labeled.mat/00004"
    with h5py.File(labelled / "nyu_depth_v2_labeled.mat") as file:
        images, raw = file["images"][4], file["rawDepths"][4]  # type: ignore[index]
    for row, column in ((0, 0), (3, 5), (1, 4)):
        assert sample.depth[0, row, column] == raw[column, row]
        expected = torch.from_numpy(images[:, column, row] / 255).float()
        torch.testing.assert_close(sample.image[:, row, column], expected)
    assert not sample.valid[0, 0, 0]
    assert sample.valid.sum() == 23
    assert test[0].name.endswith("00000")


def test_labelled_reader_goes_to_workers(labelled: Path) -> None:
    data = NyuLabelled(labelled)
    first = data[0]
    assert torch.equal(pickle.loads(pickle.dumps(data))[0].depth, first.depth)


@pytest.mark.parametrize("name", ["nyu_depth_v2_labeled.mat", "splits.mat"])
def test_labelled_says_which_file_is_absent(labelled: Path, name: str) -> None:
    (labelled / name).unlink()
    with pytest.raises(ValueError, match=rf"no {name}"):
        NyuLabelled(labelled)
    diagnosis = NyuLabelled.doctor(labelled)
    assert not diagnosis.healthy
    assert name in diagnosis.missing[0]


def test_labelled_says_what_reads_hdf5(labelled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "h5py", None)  # importing it now fails
    diagnosis = NyuLabelled.doctor(labelled)
    assert "HDF5 needs h5py" in diagnosis.missing[0]


def test_labelled_damage_is_named(labelled: Path) -> None:
    mat, splits = labelled / "nyu_depth_v2_labeled.mat", labelled / "splits.mat"
    savemat(splits, {"trainNdxs": np.array([[9]]), "testNdxs": np.zeros((0, 1))})
    with pytest.raises(ValueError, match=r"names frame 9 and .* holds 5"):
        NyuLabelled(labelled)
    with pytest.raises(ValueError, match="testNdxs is empty"):
        NyuLabelled(labelled, "test")
    splits.write_bytes(b"<html>")
    with pytest.raises(ValueError, match=r"splits\.mat: not the official"):
        NyuLabelled(labelled)
    mat.write_bytes(mat.read_bytes()[:1500])
    savemat(splits, {"trainNdxs": np.array([[1]])})
    with pytest.raises(BrokenSample, match="truncated"):
        NyuLabelled(labelled)


@pytest.fixture
def sync(tmp_path: Path, put: Put) -> Path:
    """Two frames of 640x480 as BTS lays them out: lists with a leading slash, or none for the test split."""
    rng = np.random.default_rng(1)
    for base, frame in (("sync/kitchen_0028b", "00045"), ("official_splits/test/bathroom", "00045")):
        put(tmp_path / base / f"rgb_{frame}.jpg", np.full((480, 640, 3), (10, 200, 90), np.uint8))
        levels = rng.integers(500, 9999, (480, 640)).astype(np.uint16)
        levels[45, 43] = 1234
        put(tmp_path / base / f"sync_depth_{frame}.png", levels)
    lists = tmp_path / "train_test_inputs"
    lists.mkdir()
    scene = "kitchen_0028b"
    line = f"/{scene}/rgb_00045.jpg /{scene}/sync_depth_00045.png 518.8579\n"
    (lists / LIST.format("train")).write_text(line)
    line = "bathroom/rgb_00045.jpg bathroom/sync_depth_00045.png 518.8579\n"
    (lists / LIST.format("test")).write_text(line)
    return tmp_path


def test_sync_frames(sync: Path) -> None:
    sample = NyuSync(sync)[0]
    assert sample.name == "kitchen_0028b/rgb_00045.jpg"
    assert sample.image.shape == (3, 480, 640)
    assert sample.depth[0, 45, 43].item() == pytest.approx(1.234)
    torch.testing.assert_close(sample.image.mean((1, 2)) * 255, torch.tensor([10.0, 200, 90]), atol=2, rtol=0)
    assert sample.K is not None
    K = [[518.8579, 0, 325.58245], [0, 519.46961, 253.73617], [0, 0, 1]]
    np.testing.assert_allclose(sample.K.numpy(), K)
    assert NyuSync(sync, "test")[0].name == "bathroom/rgb_00045.jpg"
    assert NyuSync.doctor(sync).healthy
    assert NyuSync.doctor(sync).counts == {"train": 1, "test": 1}


def test_border_crop_moves_the_principal_point(sync: Path) -> None:
    whole, cropped = NyuSync(sync)[0], NyuSync(sync, border_crop=True)[0]
    assert cropped.image.shape == (3, 472 - 45, 608 - 43)
    assert torch.equal(cropped.depth, whole.depth[:, 45:472, 43:608])
    assert torch.equal(cropped.image, whole.image[:, 45:472, 43:608])
    assert whole.camera is not None
    assert cropped.camera is not None
    from depthgen.geometry import unproject

    points = unproject(whole.depth, whole.camera)[45:472, 43:608]
    torch.testing.assert_close(unproject(cropped.depth, cropped.camera), points)


def test_sync_damage_is_named(sync: Path, put: Put) -> None:
    depth = sync / "sync/kitchen_0028b/sync_depth_00045.png"
    put(depth, np.ones((240, 320), np.uint16))
    with pytest.raises(BrokenSample, match="320x240 pixels with a picture of 640x480"):
        NyuSync(sync)[0]
    depth.unlink()
    with pytest.raises(BrokenSample, match=r"sync_depth_00045\.png: no such file"):
        NyuSync(sync)[0]
    diagnosis = NyuSync.doctor(sync)
    assert diagnosis.missing == (str(depth),)
    assert any("sync.zip" in note for note in diagnosis.notes)


def test_sync_lists_that_do_not_serve(sync: Path, tmp_path: Path) -> None:
    split_list = sync / "train_test_inputs" / LIST.format("train")
    for content, complaint in (
        ("", "empty"),
        ("a.jpg a.png\n", "line 1: 3 fields"),
        ("a.jpg a.png wide\n", "'wide'"),
        ("a.jpg a.png 500\n", "none of the 1 frames"),
    ):
        split_list.write_text(content)
        with pytest.raises(ValueError, match=complaint):
            NyuSync(sync)
    split_list.unlink()
    with pytest.raises(ValueError, match=r"list\.txt: no list"):
        NyuSync(sync, split_file=str(sync / "list.txt"))
    with pytest.raises(ValueError, match=r"no nyudepthv2_train_files_with_gt\.txt.*BTS"):
        NyuSync(sync)


def test_absent_root_is_diagnosed(tmp_path: Path) -> None:
    diagnosis = NyuSync.doctor(tmp_path / "nowhere")
    assert diagnosis.counts == {"train": 0, "test": 0}
    assert len(diagnosis.missing) == 2


def test_real_frames(real_frames: Path, tmp_path: Path) -> None:
    names = ("00000", "00100")
    lines = [f"/rgb/rgb_{n}.jpg /depth/sync_depth_{n}.png 518.8579" for n in names]
    (tmp_path / "list.txt").write_text("\n".join(lines))
    data = NyuSync(real_frames / "nyu_demo", split_file=tmp_path / "list.txt", border_crop=True)
    for i in range(2):
        sample = data[i]
        metres = sample.depth[sample.valid]
        assert 0.7 < metres.min() < metres.median() < metres.max() < 10
        assert sample.valid.float().mean() > 0.7
        assert 0.1 < sample.image.mean() < 0.9
