from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image
from torch._utils import ExceptionWrapper  # what a DataLoader sends its workers' exceptions in

from depthgen.data.decode import (
    check_same_size,
    depth_levels,
    picture_levels,
    read_depth,
    read_picture,
    to_metres,
    to_picture,
)
from depthgen.data.sample import BrokenSample

Put = Callable[[Path, np.ndarray], Path]
Png = Callable[[np.ndarray], bytes]
COLOURS = np.array([[[0, 51, 255], [102, 0, 0]]], dtype=np.uint8)  # 1x2 pixels


def test_a_picture_by_hand(tmp_path: Path, put: Put) -> None:
    image = read_picture(put(tmp_path / "a.png", COLOURS))
    expected = torch.tensor([[[0, 0.4]], [[0.2, 0]], [[1, 0]]])
    assert image.dtype == torch.float32
    torch.testing.assert_close(image, expected)


def test_depth_by_hand(tmp_path: Path, put: Put) -> None:
    file = put(tmp_path / "d.png", np.array([[0, 1, 2500], [65535, 256, 7]], dtype=np.uint16))
    depth, valid = read_depth(file, 0.001, invalid=(0, 65535, 7))
    torch.testing.assert_close(depth, torch.tensor([[[0, 0.001, 2.5], [0, 0.256, 0]]]))
    assert valid.tolist() == [[[False, True, True], [False, True, False]]]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(levels=arrays(np.uint16, array_shapes(min_dims=2, max_dims=2, max_side=9)), scale=st.floats(1e-4, 1))
def test_sixteen_bits_survive(png: Png, levels: np.ndarray, scale: float) -> None:
    read = depth_levels(Path("memory"), png(levels))
    depth, valid = to_metres(read, scale)
    np.testing.assert_array_equal(valid[0].numpy(), levels != 0)
    np.testing.assert_allclose(depth[0].numpy(), levels * np.float64(scale), rtol=1e-6)


def test_float_depth_knows_no_nan() -> None:
    metres = np.array([[1.5, np.nan, np.inf], [-1, 0, 1e10]], dtype=np.float32)
    depth, valid = to_metres(metres, 2.0, invalid=(1e10,))
    assert depth.tolist() == [[[3, 0, 0], [0, 0, 0]]]
    assert valid.tolist() == [[[True, False, False], [False, False, False]]]


def test_grey_and_transparent_pictures_become_colour(tmp_path: Path, put: Put) -> None:
    grey = read_picture(put(tmp_path / "g.png", np.array([[51, 255]], dtype=np.uint8)))
    torch.testing.assert_close(grey, torch.tensor([[[0.2, 1]]]).expand(3, 1, 2))
    Image.new("RGBA", (2, 1), (255, 0, 51, 7)).save(tmp_path / "t.png")
    torch.testing.assert_close(read_picture(tmp_path / "t.png")[:, 0, 0], torch.tensor([1, 0, 0.2]))


def test_turned_photos_stay_with_their_depth(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees
    Image.new("RGB", (4, 2)).save(tmp_path / "p.jpg", exif=exif)
    assert read_picture(tmp_path / "p.jpg").shape == (3, 2, 4)


def test_to_picture_takes_any_view() -> None:
    levels = np.arange(60, dtype=np.uint8).reshape(4, 5, 3)
    expected = levels[1:3, 2:5].astype(np.float64).transpose(2, 0, 1) / 255
    np.testing.assert_allclose(to_picture(levels[1:3, 2:5]).numpy(), expected, rtol=1e-6)


@pytest.mark.parametrize("kept", [0.0, 0.1, 0.5, 0.9])
def test_truncated_files_are_named(tmp_path: Path, png: Png, kept: float) -> None:
    rng = np.random.default_rng(0)
    levels = rng.integers(1, 60000, (40, 40)).astype(np.uint16)
    whole = png(levels)
    file = tmp_path / "cut.png"
    file.write_bytes(whole[: int(kept * len(whole))])
    with pytest.raises(BrokenSample, match=r"cut\.png: ") as error:
        read_depth(file, 0.001)
    assert error.value.path == str(file)
    assert "\n" not in str(error.value)


def test_truncated_photos_are_named(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3)).astype(np.uint8)
    Image.fromarray(noise).save(tmp_path / "p.jpg")
    content = (tmp_path / "p.jpg").read_bytes()
    with pytest.raises(BrokenSample, match=r"p\.jpg"):
        picture_levels(tmp_path / "p.jpg", content[: len(content) // 2])


def test_damaged_bytes_are_named(tmp_path: Path, png: Png) -> None:
    content = bytearray(png(np.arange(400, dtype=np.uint16).reshape(20, 20)))
    content[60] ^= 0xFF  # within the compressed data: the checksum no longer fits
    with pytest.raises(BrokenSample, match=r"d\.png"):
        depth_levels(tmp_path / "d.png", bytes(content))


def test_wrong_kinds_are_named(tmp_path: Path, put: Put) -> None:
    eight = put(tmp_path / "eight.png", np.full((2, 2), 9, np.uint8))
    with pytest.raises(BrokenSample, match=r"eight\.png.*16-bit"):
        depth_levels(eight)
    with pytest.raises(BrokenSample, match="16-bit"):
        depth_levels(put(tmp_path / "rgb.png", COLOURS))
    deep = put(tmp_path / "deep.png", np.full((2, 2), 900, np.uint16))
    with pytest.raises(BrokenSample, match=r"deep\.png.*depth map"):
        picture_levels(deep)
    with pytest.raises(BrokenSample, match="no such file"):
        picture_levels(tmp_path / "absent.png")
    (tmp_path / "text.png").write_text("<html>")
    with pytest.raises(BrokenSample, match="not a picture"):
        picture_levels(tmp_path / "text.png")


def test_sizes_are_compared() -> None:
    check_same_size(np.zeros((2, 3, 3)), np.zeros((2, 3)), Path("d.png"))
    with pytest.raises(BrokenSample, match=r"d\.png: depth of 2x3 .* picture of 3x2"):
        check_same_size(np.zeros((2, 3, 3)), np.zeros((3, 2)), Path("d.png"))


def test_broken_samples_cross_processes() -> None:
    copy = pickle.loads(pickle.dumps(BrokenSample("x.png", "cut")))
    assert (copy.path, copy.reason, str(copy)) == ("x.png", "cut", "x.png: cut")
    try:
        raise copy
    except BrokenSample:
        from_worker = ExceptionWrapper(where="in DataLoader worker process 0")
    with pytest.raises(BrokenSample, match=r"x\.png: cut"):
        from_worker.reraise()
