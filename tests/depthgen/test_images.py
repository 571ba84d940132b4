from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from depthgen.images import fitted_size, read_image, resize, shrink_known, to_uint8

PIXELS = np.arange(5 * 7 * 3, dtype=np.uint8).reshape(5, 7, 3)
EXPECTED = torch.from_numpy(PIXELS).permute(2, 0, 1).float() / 255


@pytest.fixture
def png(tmp_path: Path) -> Path:
    Image.fromarray(PIXELS).save(tmp_path / "picture.png")
    return tmp_path / "picture.png"


def test_every_form_is_the_same_picture(png: Path):
    forms = [
        png,
        str(png),
        Image.fromarray(PIXELS),
        PIXELS,
        torch.from_numpy(PIXELS),
        EXPECTED,
        EXPECTED[None],
    ]
    for form in forms:
        assert torch.equal(read_image(form), EXPECTED)
    assert np.array_equal(to_uint8(EXPECTED), PIXELS)


def test_pictures_stand_as_the_camera_was_held(tmp_path: Path):
    """EXIF orientation 6: what was stored lies on its left side."""
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(PIXELS).save(tmp_path / "held.png", exif=exif)
    assert torch.equal(read_image(tmp_path / "held.png"), EXPECTED.rot90(-1, (1, 2)))


def test_grey_pictures_get_three_equal_channels():
    image = read_image(PIXELS[..., 0])
    assert torch.equal(image, EXPECTED[:1].expand(3, -1, -1))


def test_16_bit_grey_levels_are_scaled_not_cut(tmp_path: Path):
    levels = np.linspace(0, 65535, 35).astype(np.uint16).reshape(5, 7)
    Image.fromarray(levels).save(tmp_path / "grey.png")
    image = read_image(tmp_path / "grey.png")
    assert np.abs(image.numpy() - levels / 65535).max() <= 0.5 / 255 + 1e-6


def test_what_is_transparent_lies_on_white():
    alpha = np.zeros((5, 7, 4), np.uint8)
    alpha[0, 0] = (10, 20, 30, 255)
    image = read_image(Image.fromarray(alpha, "RGBA"))
    assert torch.equal(image[:, 0, 0], torch.tensor([10, 20, 30]) / 255)
    assert (image[:, 1:] == 1).all()


def test_floating_point_pictures_are_refused_by_name(tmp_path: Path):
    Image.fromarray(np.ones((5, 7), np.float32)).save(tmp_path / "float.tiff")
    with pytest.raises(ValueError, match=r"float\.tiff: .*floating-point"):
        read_image(tmp_path / "float.tiff")


def test_channels_may_come_in_reverse():
    assert torch.equal(read_image(PIXELS[..., ::-1]), EXPECTED.flip(0))


def test_strips_are_refused():
    with pytest.raises(ValueError, match="2000 x 10 pixels"):
        fitted_size((10, 2000), 96, 8)


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (torch.full((3, 4, 4), torch.nan), "NaN"),
        (torch.full((3, 4, 4), 255.0), "divide"),
        (torch.zeros(4, 4, 3), "float"),
        (torch.zeros(2, 3, 4, 4), "float"),
        (np.zeros((0, 7, 3), np.uint8), "empty"),
        (17, "path"),
    ],
)
def test_what_is_no_picture_is_refused(image, reason: str):
    with pytest.raises(ValueError, match=reason):
        read_image(image)


def test_files_that_are_no_pictures_are_named(tmp_path: Path):
    (tmp_path / "notes.png").write_text("not a picture")
    for name in ("notes.png", "absent.png"):
        with pytest.raises(ValueError, match=name):
            read_image(tmp_path / name)


def areas(values: torch.Tensor, h: int, w: int) -> torch.Tensor:
    """(C,H,W) -> (C,h,w,n): the n parts of each cell, none of which two cells share."""
    channels, height, width = values.shape
    parts = values.repeat_interleave(h, 1).repeat_interleave(w, 2)
    return parts.reshape(channels, h, height, w, width).transpose(2, 3).flatten(3)


SIDES = st.tuples(*4 * [st.integers(1, 9)]).map(lambda s: (*s[:2], min(s[2], s[0]), min(s[3], s[1])))


@settings(deadline=None)
@given(SIDES)
def test_shrinking_takes_the_mean_of_each_cells_area(sides: tuple[int, int, int, int]):
    height, width, h, w = sides
    image = torch.rand(3, height, width, generator=torch.Generator().manual_seed(height * width))
    torch.testing.assert_close(resize(image, (h, w)), areas(image, h, w).mean(-1))


@settings(deadline=None)
@given(SIDES, st.integers(0, 99))
def test_known_pixels_are_averaged_where_half_of_the_cells_area_or_more_is_known(
    sides: tuple[int, int, int, int], seed: int
):
    height, width, h, w = sides
    values, known = torch.rand(2, 1, height, width, generator=torch.Generator().manual_seed(seed))
    known = known > 0.5
    small, kept = shrink_known(values, known, (h, w))
    parts, of_known = areas(values, h, w), areas(known, h, w)
    assert torch.equal(kept, 2 * of_known.sum(-1) >= of_known.shape[-1])  # in whole numbers: no rounding
    means = (parts * of_known).sum(-1) / of_known.sum(-1).clamp_min(1)
    torch.testing.assert_close(small, means.where(kept, torch.zeros(())))


def test_shrinking_averages_areas_and_enlarging_keeps_the_range():
    image = torch.rand(3, 8, 8)
    torch.testing.assert_close(resize(image, (4, 4)), image.unfold(1, 2, 2).unfold(2, 2, 2).mean((-1, -2)))
    enlarged = resize(image.round(), (32, 32))
    assert enlarged.min() >= 0
    assert enlarged.max() <= 1


def test_unknown_pixels_take_no_part_in_the_average():
    values = torch.tensor([[[1.0, 99.0, 3.0, 99.0], [5.0, 7.0, 99.0, 99.0]]])
    small, known = shrink_known(values, values < 90, (1, 2))
    assert known.tolist() == [[[True, False]]]
    assert small[0, 0, 0].item() == pytest.approx(13 / 3)
    assert small[0, 0, 1].item() == 0


@pytest.mark.parametrize(
    ("size", "expected"),
    [((480, 640), (64, 88)), ((256, 256), (64, 64)), ((1000, 10), (6400, 64)), ((3, 3), (64, 64))],
)
def test_fitted_sizes_keep_the_aspect_in_multiples(size: tuple[int, int], expected: tuple[int, int]):
    assert fitted_size(size, 64, 8) == expected
