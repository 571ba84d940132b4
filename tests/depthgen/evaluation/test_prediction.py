"""Constructed models, whose right answers are known in closed form."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest
import torch
from torch.nn.functional import interpolate

from depthgen.data.sample import RGBD
from depthgen.depth_models import DepthSamples, KnownDepth, Meaning, SampleRequest
from depthgen.evaluation import EvaluateConfig
from depthgen.evaluation.cases import Case
from depthgen.evaluation.depth import score_depth
from depthgen.evaluation.prediction import Prediction, Predictor
from depthgen.evaluation.protocols import DepthProtocol, protocol

FOLDER = protocol("folder")
assert isinstance(FOLDER, DepthProtocol)
GENERATOR = torch.Generator().manual_seed(0)
TRUTH = 1 + 8 * torch.rand(1, 24, 32, generator=GENERATOR)
COUNTED = torch.rand(1, 24, 32, generator=GENERATOR) > 0.3
K = torch.tensor([[30.0, 0, 10], [0, 30, 12], [0, 0, 1]], dtype=torch.float64)
CASE = Case(RGBD(TRUTH.expand(3, -1, -1) / 9, TRUTH, COUNTED, "one.png", K), {"image": "one.png"})


@dataclass
class Model:
    """Answers what `answer` makes of the picture (3,H,W); remembers what it was asked."""

    answer: Callable[[torch.Tensor], torch.Tensor]
    meaning: Meaning = "metric"
    asked: list[tuple[torch.Tensor, SampleRequest]] = field(default_factory=list)

    def sample(self, image: torch.Tensor, known: KnownDepth | None, request: SampleRequest) -> DepthSamples:
        assert known is None
        self.asked.append((image, request))
        depth = self.answer(image)
        return DepthSamples(depth.expand(request.samples, 1, *depth.shape[-2:]), 1000.0, 1000.0)


def predicted(model: Model, **how: object) -> Prediction:
    return Predictor(model, EvaluateConfig(**how), FOLDER)(CASE, COUNTED)  # type: ignore[arg-type]


def test_a_flip_cancels_what_is_wrong_to_one_side():
    slope = torch.linspace(-0.5, 0.5, 32)
    leaning = Model(lambda image: 9 * image[:1] + slope)
    assert not torch.allclose(predicted(leaning).depth, TRUTH, atol=0.1)
    torch.testing.assert_close(predicted(leaning, flip=True).depth, TRUTH)


def test_the_mirrored_picture_comes_with_the_mirrored_camera_and_unmirrored_depth():
    model = Model(lambda image: 9 * image[:1])
    predicted(model, flip=True)
    (first, request), (second, mirrored) = model.asked
    assert torch.equal(second, first.flip(-1))
    assert request.camera is not None
    assert mirrored.camera is not None
    assert float(request.camera.K[0, 2]) == 10
    assert float(mirrored.camera.K[0, 2]) == 32 - 10
    assert float(mirrored.camera.K[0, 0]) == 30


def test_the_camera_is_withheld_when_asked():
    model = Model(lambda image: 9 * image[:1])
    predicted(model, camera=False)
    assert model.asked[0][1].camera is None


AFFINE_DEPTH = Model(lambda image: 0.3 * 9 * image[:1] + 5, "affine depth")
AFFINE_DISPARITY = Model(lambda image: 1 / (0.2 / (9 * image[:1]) + 0.4), "affine disparity")


@pytest.mark.parametrize("model", [AFFINE_DEPTH, AFFINE_DISPARITY])
def test_affine_models_are_aligned_to_the_counted_truth_as_they_are_meant(model: Model):
    torch.testing.assert_close(predicted(model).depth, TRUTH, rtol=1e-4, atol=1e-4)
    assert not torch.allclose(predicted(model, align="none").depth, TRUTH, atol=0.5)
    elsewhere = {"affine depth": "disparity", "affine disparity": "depth"}[model.meaning]
    assert not torch.allclose(predicted(model, align=elsewhere).depth, TRUTH, atol=0.05)


def test_metric_models_are_aligned_only_when_asked():
    model = Model(lambda image: 2 * 9 * image[:1] + 1)
    torch.testing.assert_close(predicted(model).depth, 2 * TRUTH + 1)
    torch.testing.assert_close(predicted(model, align="depth").depth, TRUTH, rtol=1e-4, atol=1e-4)


def test_alignment_is_least_squares_over_counted_pixels_alone():
    noise = torch.randn(1, 24, 32, generator=GENERATOR)
    answer = TRUTH + noise
    model = Model(lambda image: answer, "affine depth")
    x, y = answer[COUNTED].double().numpy(), TRUTH[COUNTED].double().numpy()
    scale, shift = np.linalg.lstsq(np.stack([x, np.ones_like(x)], 1), y, rcond=None)[0]
    expected = (float(scale) * answer + float(shift)).clamp(*FOLDER.clamp)
    torch.testing.assert_close(predicted(model).depth, expected, rtol=1e-5, atol=1e-5)


def test_low_resolution_answers_are_resized_bilinearly():
    low = 1 + torch.rand(1, 6, 8, generator=GENERATOR)
    expected = interpolate(low[None], size=(24, 32), mode="bilinear", align_corners=False)[0]
    torch.testing.assert_close(predicted(Model(lambda image: low)).depth, expected)
    disparity = interpolate(1 / low[None], size=(24, 32), mode="bilinear", align_corners=False)[0]
    relative = Model(lambda image: low, "affine disparity")
    torch.testing.assert_close(predicted(relative, align="none").depth, 1 / disparity)


def test_samples_are_reduced_as_asked_and_their_spread_reaches_the_rows():
    draws = torch.tensor([2.0] * 6 + [4.0] * 2).reshape(8, 1, 1, 1).expand(-1, 1, 24, 32)
    model = Model(lambda image: draws)
    assert predicted(model, samples=8).depth.unique().item() == pytest.approx(2.5)
    assert predicted(model, samples=8, multisample="mode").depth.max().item() == pytest.approx(2.0)
    assert predicted(Model(lambda image: draws[:1])).spread is None
    predictor = Predictor(model, EvaluateConfig(samples=8, multisample="median"), FOLDER)
    scores = score_depth({"torn": predictor}, [CASE], FOLDER)
    assert scores.rows["torn"][0]["spread"] == pytest.approx(float(draws[:, 0, 0, 0].std()))
    assert predictor.facts()["sampler"] == "its own"
    assert len(predictor.seconds) == 1
