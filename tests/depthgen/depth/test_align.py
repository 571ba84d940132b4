import pytest
import torch

from depthgen.depth import align_depth, align_disparity, scale_shift

EVERYTHING = torch.ones(1, 6, 6, dtype=torch.bool)


def sample() -> torch.Tensor:
    return torch.rand(1, 6, 6, generator=torch.Generator().manual_seed(0)) + 0.5


def test_a_known_scale_and_shift_are_found():
    prediction = sample()
    known = prediction > 0.8
    scale, shift = scale_shift(prediction, 3 * prediction + 0.7, known)
    assert (scale, shift) == pytest.approx((3, 0.7), rel=1e-5)


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


def test_nothing_known_is_refused():
    with pytest.raises(ValueError, match="known pixel"):
        scale_shift(sample(), sample(), ~EVERYTHING)
