import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from depthgen.depth import align_depth, align_disparity, scale_shift

EVERYTHING = torch.ones(1, 6, 6, dtype=torch.bool)


def sample() -> torch.Tensor:
    return torch.rand(1, 6, 6, generator=torch.Generator().manual_seed(0)) + 0.5


def test_a_known_scale_and_shift_are_found():
    prediction = sample()
    known = prediction > 0.8
    scale, shift = scale_shift(prediction, 3 * prediction + 0.7, known)
    assert (scale, shift) == pytest.approx((3, 0.7), rel=1e-5)


@given(
    seed=st.integers(0, 10**6),
    scale=st.floats(0.1, 10),
    shift=st.floats(-2, 20),
    outliers=st.floats(0, 0.35),
    reach=st.floats(-50, 50),
)
@settings(max_examples=40, deadline=None)
def test_scale_and_shift_are_exact_whatever_a_third_of_the_pixels_say(
    seed: int, scale: float, shift: float, outliers: float, reach: float
):
    generator = torch.Generator().manual_seed(seed)
    prediction = torch.rand(1, 16, 16, generator=generator, dtype=torch.float64) + 0.5
    wrong = torch.rand(1, 16, 16, generator=generator) < outliers
    target = torch.where(wrong, reach, scale * prediction + shift)
    found = scale_shift(prediction, target, torch.ones_like(wrong))
    assert found == pytest.approx((scale, shift), rel=1e-4, abs=1e-4)


def test_alignment_recovers_metres_in_depth_and_in_disparity():
    metres = 4 * sample()
    torch.testing.assert_close(align_depth((metres - 1) / 5, metres, EVERYTHING, 0.1, 100), metres)
    torch.testing.assert_close(align_disparity(2 / metres + 0.3, metres, EVERYTHING, 0.1, 100), metres)


@pytest.mark.parametrize("prediction", [torch.full((1, 6, 6), 2.0), -sample() + 3])
def test_flat_or_inverted_predictions_fall_back_to_the_ratio_of_medians(prediction: torch.Tensor):
    target = sample()
    scale, shift = scale_shift(prediction, target, EVERYTHING)
    assert shift == 0
    assert scale == pytest.approx(float(target.median() / prediction.median()))


def test_a_handful_of_pixels_or_noise_settles_a_scale_but_no_shift():
    prediction = sample()
    few = torch.zeros_like(EVERYTHING)
    few[0, 0, :5] = True
    assert scale_shift(prediction, 3 * prediction + 0.7, few)[1] == 0
    unrelated = torch.rand(1, 40, 40, generator=torch.Generator().manual_seed(1))
    noise = torch.rand(1, 40, 40, generator=torch.Generator().manual_seed(2)) + 1
    assert scale_shift(unrelated, noise, torch.ones_like(noise, dtype=torch.bool))[1] == 0


def test_nothing_known_is_refused():
    with pytest.raises(ValueError, match="known pixel"):
        scale_shift(sample(), sample(), ~EVERYTHING)
