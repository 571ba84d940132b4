from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from depthgen.geometry import clean_holes, pinholes, push_pull, push_pull_around


def _known(*unknown: tuple[slice, slice]) -> torch.Tensor:
    known = torch.ones(1, 24, 32, dtype=torch.bool)
    for rows, columns in unknown:
        known[0, rows, columns] = False
    return known


def test_thin_cracks_are_pinholes_and_wide_ones_are_holes():
    crack = (slice(2, 20), slice(4, 6))
    hole = (slice(5, 15), slice(12, 25))
    known = _known(crack, hole)
    assert torch.equal(clean_holes(known), ~_known(hole))
    assert torch.equal(pinholes(known), ~_known(crack))


def test_the_radius_sets_what_is_thin():
    known = _known((slice(2, 20), slice(4, 8)))
    assert not pinholes(known, radius=1).any()
    assert torch.equal(pinholes(known, radius=2), ~known)


def test_a_known_speck_adrift_in_a_hole_joins_it():
    known = _known((slice(4, 16), slice(4, 20)))
    known[0, 9, 11] = True
    assert torch.equal(clean_holes(known), ~_known((slice(4, 16), slice(4, 20))))


def test_the_strip_that_a_turn_uncovers_is_a_hole_up_to_the_border():
    strip = (slice(0, 24), slice(26, 32))
    assert torch.equal(clean_holes(_known(strip)), ~_known(strip))


@pytest.mark.parametrize("everything", [True, False])
def test_all_or_nothing_known(everything):
    known = torch.full((1, 7, 9), everything)
    assert torch.equal(clean_holes(known), ~known)
    assert not pinholes(known).any()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31), st.floats(0, 1))
def test_holes_pinholes_and_the_rest_share_out_the_unknown(seed, share):
    known = torch.rand(1, 15, 17, generator=torch.Generator().manual_seed(seed)) < share
    hole, pinhole = clean_holes(known), pinholes(known)
    assert not (hole & pinhole).any()
    assert ((hole | pinhole) >= ~known).all()
    assert not (pinhole & known).any()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 20), st.integers(1, 20), st.floats(0, 1))
def test_push_pull_keeps_known_values_and_stays_within_their_range(seed, height, width, share):
    generator = torch.Generator().manual_seed(seed)
    values = torch.randn(2, height, width, generator=generator)
    known = torch.rand(1, height, width, generator=generator) < share
    filled = push_pull(values, known)
    assert torch.equal(filled.where(known, 0), values.where(known, 0))
    if known.any():
        for channel, seen in zip(filled, values, strict=True):
            assert channel.min() >= seen[known[0]].min() - 1e-5
            assert channel.max() <= seen[known[0]].max() + 1e-5
    else:
        assert not filled.any()


def test_push_pull_carries_a_constant_anywhere_and_ignores_unknown_values():
    values = torch.full((3, 33, 20), torch.nan)
    values[:, 30, 2] = 0.7
    known = torch.zeros(1, 33, 20, dtype=torch.bool)
    known[0, 30, 2] = True
    torch.testing.assert_close(push_pull(values, known), torch.full((3, 33, 20), 0.7))


def test_push_pull_bridges_a_gap_smoothly():
    ramp = torch.linspace(0, 1, 64).expand(1, 64, 64)
    known = torch.ones(1, 64, 64, dtype=torch.bool)
    known[:, 24:40, 24:40] = False
    filled = push_pull(ramp, known)
    assert (filled - ramp).abs().max() < 0.1
    assert filled.diff(dim=-1).abs().max() < 0.1


def test_a_panorama_is_filled_across_its_borders() -> None:
    values, known = torch.zeros(1, 2, 16), torch.zeros(1, 2, 16, dtype=torch.bool)
    values[..., -1], known[..., [7, -1]] = 1.0, True
    around, plain = push_pull_around(values, known), push_pull(values, known)
    assert around.shape == plain.shape
    assert torch.equal(around[..., [7, -1]], plain[..., [7, -1]])  # what is known stays
    assert around[..., 0].min() > 0.5  # the last column is its neighbour
    assert plain[..., 0].max() < 0.2
