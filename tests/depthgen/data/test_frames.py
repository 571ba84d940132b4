from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from depthgen.data.frames import DataConfig, Mixture, at_size, field_of_view, largest_part, training_sample
from depthgen.data.sample import RGBD, BrokenSample

SIZE = (4, 6)


def frame(depth: torch.Tensor, valid: torch.Tensor, **more: torch.Tensor) -> RGBD:
    return RGBD(torch.rand(3, *depth.shape[-2:]), depth, valid, "a frame", **more)


def holed() -> RGBD:
    """2 m on the left, 8 m on the right; of the two columns without depth the left one is nearer to 2 m."""
    depth = torch.full((1, *SIZE), 2.0)
    depth[..., 3:] = 8.0
    valid = torch.ones(1, *SIZE, dtype=torch.bool)
    valid[..., 2:4] = False
    return frame(torch.where(valid, depth, 0), valid)


def test_holes_feed_the_network_but_do_not_count() -> None:
    sample = training_sample(holed(), DataConfig(size=SIZE))
    assert sample["depth"][0, 0].tolist() == [2, 2, 2, 8, 8, 8]
    assert torch.equal(sample["counted"], holed().valid)


def test_without_infilling_holes_stay_at_zero() -> None:
    sample = training_sample(holed(), DataConfig(size=SIZE, infill=False))
    assert sample["depth"][0, 0].tolist() == [2, 2, 0, 0, 8, 8]


def test_beyond_the_farthest_depth_nothing_counts() -> None:
    sample = training_sample(holed(), DataConfig(size=SIZE, max_depth=5.0))
    assert sample["depth"].max() == 5
    assert sample["counted"][0, 0].tolist() == [True, True, False, False, False, False]


def test_sky_becomes_the_far_plane() -> None:
    def right_half(image: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
        sky = torch.zeros_like(valid)
        sky[..., 3:] = True
        return sky

    sample = training_sample(holed(), DataConfig(size=SIZE, max_depth=80.0), right_half)
    assert sample["depth"][0, 0].tolist() == [2, 2, 2, 80, 8, 8]  # measured depth is believed, not the sky


def test_the_data_sets_own_sky_needs_no_finder() -> None:
    sky = torch.zeros(1, *SIZE, dtype=torch.bool)
    sky[..., 3] = True
    sample = training_sample(replace(holed(), sky=sky), DataConfig(size=SIZE, max_depth=50.0))
    assert sample["depth"][0, 0].tolist() == [2, 2, 2, 50, 8, 8]


def test_a_cell_of_wall_and_sky_keeps_the_walls_depth() -> None:
    valid = torch.ones(1, 8, 12, dtype=torch.bool)
    valid[..., :3] = False  # the second column of cells is half sky, half wall
    sky = ~valid
    wall = frame(torch.where(valid, 5.0, 0.0), valid, sky=sky)
    sample = training_sample(wall, DataConfig(size=SIZE, max_depth=50.0))
    assert sample["depth"][0, 0].tolist() == [50, 5, 5, 5, 5, 5]
    assert sample["counted"][0, 0].tolist() == [False, True, True, True, True, True]


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 99))
def test_pictures_are_cut_to_shape_and_not_squeezed(height: int, width: int, number: int) -> None:
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    image = torch.stack([rows, columns, rows])
    part = largest_part(image, (64, 64), number)
    assert part.shape == (3, min(height, width), min(height, width))
    assert (part[0].diff(dim=0) == 1).all()
    assert (part[1].diff(dim=1) == 1).all()
    assert torch.equal(part, largest_part(image, (64, 64), number))


def test_the_part_of_a_picture_lies_anywhere() -> None:
    lefts = {int(largest_part(torch.arange(9.0).expand(3, 6, 9), (2, 2), n)[0, 0, 0]) for n in range(60)}
    assert lefts == {0, 1, 2, 3}


def test_a_frame_without_depth_is_broken() -> None:
    nothing = frame(torch.zeros(1, *SIZE), torch.zeros(1, *SIZE, dtype=torch.bool))
    with pytest.raises(BrokenSample, match="a frame: no pixel"):
        training_sample(nothing, DataConfig(size=SIZE))


def test_sparse_depth_survives_shrinking() -> None:
    depth, valid = torch.zeros(1, 8, 12), torch.zeros(1, 8, 12, dtype=torch.bool)
    depth[0, 3, 5], valid[0, 3, 5] = 7.0, True
    small, kept = at_size(depth, valid, SIZE)
    assert kept.sum() == 1
    assert small[kept].item() == 7.0


def test_field_of_view_by_hand() -> None:
    K = torch.tensor([[100.0, 0, 3], [0, 2, 2], [0, 0, 1]], dtype=torch.float64)
    assert field_of_view(replace(holed(), K=K)).item() == pytest.approx(2 * math.degrees(math.atan(1)))
    assert field_of_view(holed()).item() == 0


def test_depth_as_the_canonical_camera_sees_it() -> None:
    K = torch.tensor([[20.0, 0, 3], [0, 20, 2], [0, 0, 1]], dtype=torch.float64)  # 4 px high: 11.4 degrees
    config = DataConfig(size=SIZE, canonical_fov=60.0)
    expected = 8 / (20 / (2 / math.tan(math.radians(30))))
    assert training_sample(replace(holed(), K=K), config)["depth"][0, 0, 5] == pytest.approx(expected)
    assert training_sample(holed(), config)["depth"][0, 0, 5] == 8  # no camera, nothing to do


@given(
    st.lists(st.integers(1, 40), min_size=1, max_size=4).flatmap(
        lambda lengths: st.tuples(
            st.just(lengths),
            st.lists(st.floats(0.1, 9), min_size=len(lengths), max_size=len(lengths)),
        )
    )
)
def test_a_mixture_has_its_shares(case: tuple[list[int], list[float]]) -> None:
    lengths, shares = case
    places = list(Mixture(lengths, shares))
    for number, (length, share) in enumerate(zip(lengths, shares, strict=True)):
        rows = [row for s, row in places if s == number]
        assert len(rows) == pytest.approx(len(places) * share / sum(shares), abs=1 + len(shares))
        assert set(rows) == set(range(length))
    assert any(len([row for s, row in places if s == number]) == n for number, n in enumerate(lengths))


def test_a_share_is_a_part_of_the_whole_beside_sets_without_one() -> None:
    """Of 100 frames half, of 900 the other half: the 100 are shown nine times."""
    sets = [number for number, _ in Mixture([100, 900], [0.5, None])]
    assert sets.count(0) == sets.count(1) == 900


def test_a_mixture_without_shares_shows_every_frame_once() -> None:
    assert list(Mixture([2, 3], [None, None])) == [(0, 0), (0, 1), (1, 0), (1, 1), (1, 2)]


def test_an_empty_mixture_is_refused() -> None:
    with pytest.raises(ValueError, match=r"data\.sources"):
        Mixture([], [])
    with pytest.raises(ValueError, match="positive"):
        Mixture([3], [-1.0])
    with pytest.raises(ValueError, match="below 1"):
        Mixture([3, 3], [1.0, None])
    with pytest.raises(ValueError, match="below 1"):  # though 1 - .7 - .2 - .1 > 0 in floating point
        Mixture([3, 3, 3, 3], [0.7, 0.2, 0.1, None])
