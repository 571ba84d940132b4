import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from depthgen.depth import most_likely_mode, reduce_samples

TORN = torch.tensor([1.0, 3.0, 1.0, 1.0, 3.0, 1.0, 1.0, 1.0]).reshape(8, 1, 1, 1)  # six say 1 m, two say 3 m


def test_two_surfaces_the_mode_is_one_of_them_and_the_mean_is_none():
    assert reduce_samples(TORN, "mode").item() == pytest.approx(1.0)
    assert reduce_samples(TORN, "median").item() == 1.0
    assert reduce_samples(TORN, "mean").item() == pytest.approx(1.5)


def test_the_mode_is_decided_pixel_by_pixel():
    columns = torch.cat([TORN, 6.0 / TORN], dim=-1)  # six say 6 m and two say 2 m in the second
    torch.testing.assert_close(reduce_samples(columns, "mode"), torch.tensor([[[1.0, 6.0]]]))


def test_a_crowd_with_spread_beats_a_tight_pair():
    crowd = torch.tensor([2.0, 1.94, 2.06, 1.9, 2.1])
    mode = most_likely_mode(torch.cat([crowd, torch.tensor([5.0, 5.0])]))
    assert mode.item() == pytest.approx(2.0, rel=0.01)


def test_equally_likely_surfaces_the_nearest_is_taken():
    assert most_likely_mode(torch.tensor([4.0, 1.0])).item() == pytest.approx(1.0)


@settings(deadline=None)
@given(st.lists(st.floats(0.125, 80, width=32), min_size=1, max_size=8), st.randoms(), st.floats(0.1, 10))
def test_the_order_of_drawing_does_not_matter_and_a_scale_goes_through(values, random, scale):
    mode = most_likely_mode(torch.tensor(values, dtype=torch.float64))
    assert min(values) * (1 - 1e-9) <= mode.item() <= max(values) * (1 + 1e-9)
    shuffled = random.sample(values, len(values))
    assert torch.equal(most_likely_mode(torch.tensor(shuffled, dtype=torch.float64)), mode)
    one = torch.tensor(values[:1], dtype=torch.float64)
    assert most_likely_mode(scale * one).item() == pytest.approx(scale * values[0])


def test_one_sample_is_itself_and_unknown_words_are_refused():
    one = torch.rand(1, 1, 2, 2)
    assert torch.equal(reduce_samples(one, "mode"), one[0])
    with pytest.raises(ValueError, match="mean, median, mode"):
        reduce_samples(TORN, "average")  # type: ignore[arg-type]
