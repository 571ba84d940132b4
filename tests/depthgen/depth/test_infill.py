import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from depthgen.depth import fill_sky, infill_nearest


@settings(deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 24), st.integers(1, 24), st.floats(0, 1))
def test_every_hole_takes_a_value_at_the_least_distance(seed: int, height: int, width: int, share: float):
    generator = torch.Generator().manual_seed(seed)
    count = max(1, round(share * height * width))
    valid = torch.zeros(height * width, dtype=torch.bool)
    valid[torch.randperm(height * width, generator=generator)[:count]] = True
    valid = valid.reshape(1, height, width)
    depth = torch.where(valid, torch.arange(height * width).reshape(1, height, width) + 1.0, torch.nan)
    filled = infill_nearest(depth, valid)

    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    places = torch.stack([rows, columns], -1).reshape(-1, 2).float()
    least = torch.cdist(places, places[valid.flatten()]).min(1).values
    source = places[(filled.flatten() - 1).long()]  # a pixel's value tells where it came from
    torch.testing.assert_close((places - source).norm(dim=1), least)


def test_nothing_valid_is_refused():
    with pytest.raises(ValueError, match="single valid pixel"):
        infill_nearest(torch.ones(4, 4), torch.zeros(4, 4, dtype=torch.bool))


def test_sky_becomes_the_far_plane():
    filled = fill_sky(torch.tensor([[1.0, 2.0]]), torch.tensor([[False, True]]), 80.0)
    assert filled.tolist() == [[1.0, 80.0]]
