import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from depthgen.depth import DepthCoding

codings = st.sampled_from([DepthCoding(), DepthCoding(0.5, 40.0), DepthCoding(0.0, 10.0, log=False)])


@settings(deadline=None)
@given(codings, st.floats(0.5, 10.0))
def test_round_trip_within_the_range(coding: DepthCoding, metres: float):
    value = torch.tensor([metres], dtype=torch.float64)
    torch.testing.assert_close(coding.decode(coding.encode(value)), value, rtol=1e-6, atol=0)


@settings(deadline=None)
@given(codings, st.floats(-1.0, 1.0))
def test_round_trip_of_codes(coding: DepthCoding, code: float):
    value = torch.tensor([code], dtype=torch.float64)
    torch.testing.assert_close(coding.encode(coding.decode(value)), value, rtol=0, atol=1e-6)


@pytest.mark.parametrize("coding", [DepthCoding(1.0, 100.0), DepthCoding(0.0, 100.0, log=False)])
def test_ends_and_clamping(coding: DepthCoding):
    codes = coding.encode(torch.tensor([coding.near, coding.far, coding.near - 1, 1e9]))
    assert codes.tolist() == [-1.0, 1.0, -1.0, 1.0]
    assert coding.decode(torch.tensor([-7.0, 7.0])).tolist() == pytest.approx([coding.near, coding.far])


def test_log_coding_puts_the_geometric_mean_in_the_middle():
    assert DepthCoding(1.0, 100.0).encode(torch.tensor(10.0)).item() == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize(
    ("near", "far", "log"), [(2.0, 1.0, True), (0.0, 10.0, True), (1.0, math.inf, False), (-1.0, 1.0, False)]
)
def test_senseless_ranges_are_refused(near: float, far: float, log: bool):
    with pytest.raises(ValueError, match="near"):
        DepthCoding(near, far, log)
