"""Holes: their areas against the recipe's distributions, their shapes, and their scale."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage, stats

from depthgen.pretrain import border_masks, freeform_masks, inpainting_masks, masks, rectangle_masks

CPU = torch.device("cpu")
MAKERS = (freeform_masks, rectangle_masks, border_masks, inpainting_masks)
SIDES = st.integers(32, 90)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def areas(hidden: torch.Tensor) -> np.ndarray:
    return hidden.float().mean((1, 2, 3)).numpy()


@settings(deadline=None, max_examples=25)
@given(SIDES, SIDES, st.integers(0, 2**31))
def test_the_border_hides_half_of_any_picture(height: int, width: int, seed: int) -> None:
    hidden = border_masks(12, (height, width), seeded(seed), CPU)
    assert hidden.shape == (12, 1, height, width)
    assert hidden.dtype == torch.bool
    one_line = max(height, width) / (height * width)
    assert np.abs(areas(hidden) - 0.5).max() <= one_line / 2 + 1e-6


def test_borders_lie_on_one_side_or_on_all_four() -> None:
    hidden = border_masks(4000, (32, 48), seeded(), CPU)[:, 0]
    lines = (hidden[:, :, 0], hidden[:, :, -1], hidden[:, 0], hidden[:, -1])  # left, right, top, bottom
    sides = torch.stack([line.all(1) for line in lines], 1)
    number = sides.sum(1)
    assert set(number.tolist()) == {1, 4}
    counts = [int((number == 4).sum()), *(int(sides[number == 1, i].sum()) for i in range(4))]
    assert stats.chisquare(counts, [2000, 500, 500, 500, 500]).pvalue > 1e-3


def test_a_hidden_border_leaves_one_rectangle() -> None:
    for kept in ~border_masks(30, (33, 47), seeded(), CPU)[:, 0]:
        rows, columns = kept.any(1), kept.any(0)
        assert torch.equal(kept, rows[:, None] & columns[None, :])
        assert (rows.int().diff().abs().sum() + columns.int().diff().abs().sum()) in (1, 4)


def test_the_hidden_area_of_rectangles_is_uniform_between_the_bounds() -> None:
    share = areas(rectangle_masks(800, (64, 64), seeded(), CPU))
    assert stats.kstest(share, stats.uniform(0.1, 0.3).cdf).pvalue > 1e-3


@settings(deadline=None, max_examples=25)
@given(SIDES, SIDES, st.integers(0, 2**31))
def test_rectangles_stay_within_the_bounds_at_any_size(height: int, width: int, seed: int) -> None:
    share = areas(rectangle_masks(16, (height, width), seeded(seed), CPU))
    one_line = max(height, width) / (height * width)
    assert share.min() >= 0.1
    assert share.max() <= 0.4 + one_line


def test_there_are_one_to_five_rectangles_each_as_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(masks, "RECTANGLES_AREA", (0.01, 0.01))  # so small that few touch
    hidden = rectangle_masks(400, (96, 96), seeded(), CPU)[:, 0].numpy()
    found = np.bincount([ndimage.label(h)[1] for h in hidden], minlength=6)
    assert found[0] == 0
    assert len(found) == 6  # never more than five
    assert found[1:].min() > 45  # 80 each, less those that touch
    single = next(h for h in hidden if ndimage.label(h)[1] == 1)
    assert np.array_equal(single, np.outer(single.any(1), single.any(0)))


def test_rectangles_are_not_thinner_than_the_aspect_allows() -> None:
    hidden = rectangle_masks(300, (64, 64), seeded(), CPU)[:, 0].numpy()
    singles = [h for h in hidden if np.array_equal(h, np.outer(h.any(1), h.any(0)))]
    ratios = np.array([h.any(0).sum() / h.any(1).sum() for h in singles])
    assert len(ratios) > 30
    assert ratios.max() < 2.2
    assert ratios.min() > 1 / 2.2
    assert np.median(ratios) == pytest.approx(1, abs=0.3)


def test_inpainting_holes_are_free_form_in_three_of_five(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        masks, "freeform_masks", lambda n, size, g, d: torch.zeros(n, 1, *size, dtype=torch.bool)
    )
    freeform = int((areas(inpainting_masks(2000, (32, 32), seeded(), CPU)) == 0).sum())
    assert stats.binomtest(freeform, 2000, 0.6).pvalue > 1e-3


def test_a_stroke_is_as_wide_as_the_brush() -> None:
    start, end = torch.tensor([[10.0, 8.0], [7.5, 3.5]]), torch.tensor([[30.0, 8.0], [7.5, 3.5]])
    line, point = masks._squared_distance(start, end, (16, 40)).sqrt()
    assert line[8, 20] == pytest.approx(0.5)  # centre (20.5, 8.5): half a pixel below the line
    assert line[2, 20] == pytest.approx(5.5)
    assert line[8, 35] == pytest.approx(math.hypot(5.5, 0.5))  # past the end: round
    assert line[8, 4] == pytest.approx(math.hypot(5.5, 0.5))
    assert point[3, 7] == 0  # a step without length
    assert point[7, 10] == pytest.approx(5)


def test_strokes_scale_with_the_picture() -> None:
    small, large = (freeform_masks(40, (side, side), seeded(1), CPU) for side in (64, 256))
    assert np.abs(areas(small) - areas(large)).max() < 0.02
    assert 0.08 < areas(small).mean() < 0.25
    widest = [ndimage.distance_transform_edt(np.pad(hole[0], 1)).max() for hole in large.numpy()]
    assert min(widest) >= 5.3  # half of 12 px, less what pixel centres may miss
    widest = [ndimage.distance_transform_edt(np.pad(hole[0], 1)).max() for hole in small.numpy()]
    assert min(widest) >= 1.2  # 3 px wide, not a scratch of one


def test_strokes_number_one_to_three() -> None:
    pieces = np.array(
        [ndimage.label(h, np.ones((3, 3)))[1] for h in freeform_masks(200, (96, 96), seeded(), CPU)[:, 0]]
    )
    assert pieces.min() == 1
    assert pieces.max() == 3
    assert len(np.unique(pieces)) == 3


def test_strokes_lie_everywhere() -> None:
    often = freeform_masks(1500, (32, 32), seeded(), CPU).float().mean((0, 1))
    for mirrored in (often.flip(0), often.flip(1)):
        assert (often - mirrored).abs().max() < 0.06
    assert often.min() > 0.03


@settings(deadline=None, max_examples=20)
@given(st.sampled_from(MAKERS), SIDES, SIDES, st.integers(0, 2**31))
def test_holes_repeat_with_the_generator_and_hide_something(make, height: int, width: int, seed: int) -> None:
    first, second = (make(6, (height, width), seeded(seed), CPU) for _ in range(2))
    assert torch.equal(first, second)
    assert first.shape == (6, 1, height, width)
    assert first.any(3).any(2).all()
    assert not first.all(3).all(2).any()


@pytest.mark.parametrize("make", MAKERS)
def test_no_pictures_no_holes(make) -> None:
    assert make(0, (32, 40), seeded(), CPU).shape == (0, 1, 32, 40)
