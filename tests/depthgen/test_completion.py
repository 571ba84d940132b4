import math
from pathlib import Path

import pytest
import torch
from torch.nn.functional import avg_pool2d

from depthgen import DepthEstimator
from depthgen.completion import METHODS, carried, completion_method, fitted
from depthgen.depth_models import DepthSamples, KnownDepth, SampleRequest
from depthgen.diffusion.denoiser import LOOKS

SIZE = 64
PLAIN = torch.full((3, SIZE, SIZE), 0.5)
LEFT = (torch.arange(SIZE) < 36).expand(1, SIZE, SIZE)
RAMP = torch.linspace(2, 6, SIZE)[:, None].expand(1, SIZE, SIZE).contiguous()
FAR = 80.0


class Foreign:
    """A model that says what is true but for a scale and shift, in depth or in disparity; never steered."""

    completion = "align"

    def __init__(self, meaning: str) -> None:
        self.meaning = meaning

    def sample(self, image: torch.Tensor, known: KnownDepth | None, request: SampleRequest) -> DepthSamples:
        assert known is None
        said = {
            "affine depth": 0.4 * RAMP + 3,
            "affine disparity": 1 / (0.5 / RAMP + 0.1),
            "metric": 1.5 * RAMP,
        }
        return DepthSamples(said[self.meaning].expand(request.samples, 1, -1, -1), math.inf, math.inf)


@pytest.mark.parametrize("meaning", ["affine depth", "affine disparity", "metric"])
def test_models_that_only_predict_complete_by_alignment_in_their_own_meaning(meaning: str):
    out = DepthEstimator(Foreign(meaning)).complete(PLAIN, RAMP, LEFT, samples=2)
    torch.testing.assert_close(out.depth, RAMP[0], rtol=1e-3, atol=0)
    assert torch.equal(out.depth[LEFT[0]], RAMP[LEFT])
    assert out.residual < 1e-3


def test_models_that_cannot_be_steered_say_so():
    for method in ("guide", "refine"):
        with pytest.raises(ValueError, match=f"completion '{method}' needs a diffusion model"):
            DepthEstimator(Foreign("metric")).complete(PLAIN, RAMP, LEFT, method=method)
    with pytest.raises(ValueError, match="no completion 'magic'; there are: read, refine, guide, align"):
        completion_method("magic")


@pytest.mark.parametrize("name", METHODS)
def test_known_metres_are_exact_whatever_the_method(name: str):
    method = METHODS[name]
    given = KnownDepth(RAMP, LEFT)
    wrong = RAMP * torch.linspace(0.7, 1.3, SIZE)
    domain = "metric" if method.fit == "meaning" else method.fit
    out = carried(fitted(wrong, given, FAR, domain), PLAIN, given, FAR, method.carry)
    assert torch.equal(out[LEFT], RAMP[LEFT])
    assert (out > 0).all()


def test_an_error_is_carried_on_within_a_surface_and_not_onto_the_next():
    """Two surfaces across the picture: the near one is predicted 20 % too far, the far one is right."""
    near = (torch.arange(SIZE) >= 32)[:, None].expand(1, SIZE, SIZE)
    truth = torch.where(near, 2.0, 10.0)
    given = KnownDepth(truth, LEFT)
    prediction = torch.where(near, 1.2 * truth, truth)
    edges, plain = (carried(prediction, PLAIN, given, FAR, carry) for carry in ("edges", "membrane"))
    assert (edges / truth).log().abs().max() < 0.01
    assert (plain / truth).log().abs().max() > 0.05


def test_silhouettes_a_pixel_off_say_nothing_about_the_rest():
    known_depth = RAMP.clone()
    known_depth[:, :, 34:36] = 40.0  # two columns beside the hole see past an edge
    out = carried(RAMP, PLAIN, KnownDepth(known_depth, LEFT), FAR, "edges")
    torch.testing.assert_close(out[~LEFT], RAMP[~LEFT], rtol=0.01, atol=0)


def test_the_carry_is_the_same_at_twice_the_resolution():
    """A scene of a wall that ends, seen with 64 and with 128 pixels."""

    def completed(size: int) -> torch.Tensor:
        x = (torch.arange(size) + 0.5) / size
        truth = torch.where(x[:, None] < 0.5, 3.0, 3.0 + 4 * x[:, None]).expand(1, size, size)
        known = (x < 0.5).expand(1, size, size)
        prediction = truth * torch.where(x[:, None] < 0.5, 0.9, 1.1)
        image = torch.full((3, size, size), 0.5)
        return carried(prediction, image, KnownDepth(truth, known), FAR, "edges")

    torch.testing.assert_close(avg_pool2d(completed(128), 2), completed(64), rtol=0.02, atol=0)


@pytest.fixture(scope="module")
def plain_estimator(checkpoints: dict[str, Path]) -> DepthEstimator:
    return DepthEstimator.from_pretrained(checkpoints["depth"], device="cpu")


@pytest.mark.parametrize("name", METHODS)
def test_our_own_model_does_every_one(name: str, plain_estimator: DepthEstimator):
    out = plain_estimator.complete(PLAIN, RAMP, LEFT, samples=2, steps=2, method=name)
    assert torch.equal(out.depth[LEFT[0]], RAMP[LEFT])
    assert out.std[LEFT[0]].max() == 0
    assert (out.depth > 0).all()
    assert out.residual > 0


def test_refining_takes_the_networks_word_for_the_picture_shifted_and_mirrored(
    plain_estimator: DepthEstimator, monkeypatch: pytest.MonkeyPatch
):
    sampler, side, times = plain_estimator.sampler, 32, []

    def knowing(
        z_t: torch.Tensor, t: torch.Tensor, condition: torch.Tensor, fov: torch.Tensor
    ) -> torch.Tensor:
        times.extend(t.tolist())
        return condition[:, :1] / 2

    monkeypatch.setattr(sampler.model, "denoise", knowing)
    image, depth = torch.rand(3, side, side), torch.full((1, side, side), 3.0)
    request = SampleRequest(1, None, None, torch.Generator().manual_seed(0), looks=True)
    refined = sampler.refine(image, depth[None], KnownDepth(depth, depth > 0), 0.2, request)
    expected = sampler.model.config.coding.decode(image[:1] - 0.5)
    inside = (..., slice(3, -3), slice(3, -3))  # a shift brings in the border again
    torch.testing.assert_close(refined.depth[0][inside], expected[inside])
    assert times == pytest.approx([0.2] * len(LOOKS))


def test_of_an_error_by_more_than_a_factor_of_two_no_more_is_carried_on():
    predicted = torch.full((1, SIZE, SIZE), 2.0)
    out = carried(predicted, PLAIN, KnownDepth(8 * predicted, LEFT), FAR, "edges")
    torch.testing.assert_close(out[~LEFT], torch.full_like(out[~LEFT], 4.0), rtol=0.01, atol=0)
    assert (out[LEFT] == 16).all()


def test_of_a_large_picture_the_error_is_carried_on_in_a_smaller_one(monkeypatch: pytest.MonkeyPatch):
    picture, scattered = torch.rand(3, SIZE, SIZE), torch.rand(1, SIZE, SIZE) < 0.05
    smooth = torch.linspace(-0.2, 0.2, SIZE).exp().expand(1, SIZE, SIZE)
    given = KnownDepth(smooth * RAMP, scattered)
    whole = carried(RAMP, picture, given, FAR, "edges")
    monkeypatch.setattr("depthgen.completion.MOST_PIXELS", 30 * 30)
    fewer = carried(RAMP, picture, given, FAR, "edges")
    assert torch.equal(fewer[scattered], given.depth[scattered])
    assert not torch.equal(fewer, whole)
    torch.testing.assert_close(fewer, whole, rtol=0.05, atol=0)
