import math
from pathlib import Path

import pytest
import torch
from torch.nn.functional import avg_pool2d

from depthgen import DepthEstimator
from depthgen.depth import DepthCoding
from depthgen.depth_models import (
    SKY_CODE,
    DepthSamples,
    KnownDepth,
    SampleRequest,
    default_steps,
    focal_scale,
)
from depthgen.diffusion.denoiser import LOOKS
from depthgen.estimator import DepthPrediction
from depthgen.geometry import Camera
from depthgen.model import ModelConfig, decoded
from depthgen.nn.unet import UNetConfig

HEIGHT, WIDTH = 40, 56
IMAGE = torch.rand(3, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(0))
PLAIN = torch.full((3, HEIGHT, WIDTH), 0.5)
DEPTH = torch.linspace(2, 6, WIDTH).expand(1, HEIGHT, WIDTH)
LEFT = (torch.arange(WIDTH) < 30).expand(1, HEIGHT, WIDTH)


class Scaled:
    """A model that knows the true depth but for one common factor."""

    meaning, completion = "metric", "guide"

    def __init__(self, factor: float) -> None:
        self.factor = factor

    def sample(self, image: torch.Tensor, known: KnownDepth | None, request: SampleRequest) -> DepthSamples:
        low = avg_pool2d(DEPTH, 4)[None] * self.factor
        return DepthSamples(low.expand(request.samples, -1, -1, -1).clone(), 80.0, 56.0)

    def refine(self, *arguments: object) -> DepthSamples:
        raise AssertionError("a guided completion is not refined")


@pytest.fixture(scope="module")
def estimator(checkpoints: dict[str, Path]) -> DepthEstimator:
    return DepthEstimator.from_pretrained(checkpoints["depth"], device="cpu")


def test_prediction_has_the_size_of_the_image(estimator: DepthEstimator):
    out = estimator.predict(IMAGE)
    assert out.depth.shape == out.valid.shape == (HEIGHT, WIDTH)
    assert out.depth.dtype == torch.float32
    assert (out.depth >= 0.5 * (1 - 1e-5)).all()
    assert (out.std, out.residual) == (None, None)


def test_the_same_seed_gives_the_same_depth_and_another_does_not(estimator: DepthEstimator):
    def run(seed: int) -> DepthPrediction:
        return estimator.predict(IMAGE, samples=2, generator=torch.Generator().manual_seed(seed))

    assert torch.equal(run(1).depth, run(1).depth)
    assert not torch.equal(run(1).depth, run(2).depth)
    assert run(1).std.max() > 0


def test_known_metres_come_back_exactly(estimator: DepthEstimator):
    out = estimator.complete(IMAGE, DEPTH, LEFT, samples=2, steps=3)
    assert torch.equal(out.depth[LEFT[0]], DEPTH[LEFT])
    assert out.valid[LEFT[0]].all()
    assert out.std[LEFT[0]].max() == 0
    assert out.residual > 0


def test_known_metres_may_be_arrays(estimator: DepthEstimator):
    arrays = (values[0].numpy() for values in (DEPTH, LEFT))
    out, again = estimator.complete(IMAGE, *arrays), estimator.complete(IMAGE, DEPTH, LEFT)
    assert torch.equal(out.depth, again.depth)


@pytest.mark.parametrize("size", [(96, 96), (96, 128), (128, 96)])
def test_a_network_is_told_the_angle_over_the_side_that_it_was_trained_with(
    estimator: DepthEstimator, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
):
    told = []
    monkeypatch.setattr(
        estimator.sampler.model,
        "denoise",
        lambda z, t, condition, fov: (told.append(fov), torch.zeros_like(z))[1],
    )
    height, width = size
    K = torch.tensor([[80.0, 0, width / 2], [0, 80, height / 2], [0, 0, 1]])
    camera = Camera(K, torch.eye(4), width, height)
    estimator.predict(torch.rand(3, *size), camera=camera)
    assert told[0].item() == pytest.approx(2 * math.degrees(math.atan(48 / 80)))


@pytest.mark.parametrize(("share", "cells"), [(0.02, 0.2), (0.3, 0.9)])
def test_a_network_is_shown_scattered_depth(estimator: DepthEstimator, share: float, cells: float):
    scattered = torch.rand(1, 96, 96, generator=torch.Generator().manual_seed(0)) < share
    request = SampleRequest(1, None, None, torch.Generator())
    coded = estimator.sampler._coded(KnownDepth(torch.full((1, 96, 96), 3.0), scattered), (24, 24), request)
    assert coded.where.float().mean() > cells
    expected = estimator.sampler.model.config.coding.encode(torch.tensor(3.0))
    torch.testing.assert_close(coded.values[coded.where], expected.expand(int(coded.where.sum())))


def test_a_cell_of_which_little_is_known_is_not_where_others_are(estimator: DepthEstimator):
    known = (torch.arange(96) < 41).expand(1, 96, 96)  # a pixel of the eleventh column of cells
    request = SampleRequest(1, None, None, torch.Generator())
    coded = estimator.sampler._coded(KnownDepth(torch.full((1, 96, 96), 3.0), known), (24, 24), request)
    assert coded.where.sum() == 24 * 10


def test_the_reading_is_that_of_the_picture_alone_whatever_is_known(estimator: DepthEstimator):
    out = estimator.complete(IMAGE, 3 * DEPTH, LEFT, method="refine")
    assert torch.equal(out.reading, estimator.predict(IMAGE).depth)
    assert not torch.equal(out.reading, out.depth)
    assert (
        estimator.complete(IMAGE, DEPTH, LEFT, method="guide", steps=2).reading is None
    )  # known depth steers


def test_a_model_without_metres_reads_none():
    class Relative(Scaled):
        meaning = "affine depth"

    model = DepthEstimator(Relative(2.0))
    assert model.predict(PLAIN).reading is None
    assert model.complete(PLAIN, DEPTH, LEFT, method="align").reading is None


def test_a_model_that_is_shown_known_depth_reads_it(checkpoints: dict[str, Path]):
    told = DepthEstimator.from_pretrained(checkpoints["told_depth"], device="cpu")
    seen = []
    original = told.sampler.model.denoise

    def watching(z_t: torch.Tensor, t: torch.Tensor, condition: torch.Tensor, **others) -> torch.Tensor:
        seen.append(condition)
        return original(z_t, t, condition, **others)

    told.sampler.model.denoise = watching
    try:
        out = told.complete(IMAGE, DEPTH, LEFT)
        told.predict(IMAGE)
    finally:
        del told.sampler.model.denoise
    assert torch.equal(out.depth[LEFT[0]], DEPTH[LEFT])
    completing, predicting = seen[-2 * len(LOOKS)], seen[-1]  # the first look, moved by a pixel, and the last
    code, known = completing[0, 3:]
    assert known.mean() == pytest.approx(30 / WIDTH, abs=0.05)
    metres = told.sampler.model.config.coding.decode(code[known.bool()])
    assert metres.min() >= 2 - 1e-3
    assert metres.max() <= 2 + 4 * 30 / WIDTH
    assert not code[~known.bool()].any()
    assert predicting.shape[1] == 5
    assert not predicting[:, 3:].any()


def test_several_samples_look_at_the_picture_each_in_its_own_way_and_agree_on_where_things_are(
    estimator: DepthEstimator, monkeypatch: pytest.MonkeyPatch
):
    seen = []

    def knowing(z_t: torch.Tensor, t: torch.Tensor, condition: torch.Tensor, **others) -> torch.Tensor:
        seen.append(condition)
        return condition[:, :1] / 2

    monkeypatch.setattr(estimator.sampler.model, "denoise", knowing)
    request = SampleRequest(3, 2, None, torch.Generator().manual_seed(0))
    drawn = estimator.sampler.sample(IMAGE, None, request).depth
    assert not any(torch.equal(seen[0][i], seen[0][j]) for i, j in ((0, 1), (0, 2), (1, 2)))
    inside = (..., slice(3, -3), slice(3, -3))
    for other in drawn[1:]:
        torch.testing.assert_close(other[inside], drawn[0][inside])
    estimator.sampler.sample(IMAGE, None, SampleRequest(1, 2, None, torch.Generator().manual_seed(0)))
    assert torch.equal(LOOKS[0].at(seen[-1]), seen[0][:1])


def test_samplers_differ_and_ancestral_takes_the_papers_steps(estimator: DepthEstimator):
    calls = []
    original = estimator.sampler.model.denoise

    def counting(*arguments: torch.Tensor, fov=None) -> torch.Tensor:
        calls.append(1)
        return original(*arguments)

    def run(samples: int = 2, **how: object) -> tuple[torch.Tensor, int]:
        calls.clear()
        return estimator.predict(IMAGE, samples=samples, **how).depth, len(calls)

    estimator.sampler.model.denoise = counting
    try:
        found = {name: run(sampler=name) for name in ("ddim", "dpm++", "heun", "ancestral")}
        assert {name: count for name, (_, count) in found.items()} == {
            "ddim": 4, "dpm++": 4, "heun": 7, "ancestral": 128,
        }  # fmt: skip
        assert run(sampler="ancestral", steps=3)[1] == 3
        depths = [depth for depth, _ in found.values()]
        assert not any(torch.equal(depths[0], other) for other in depths[1:])
        assert torch.equal(run()[0], depths[0])
        assert run(samples=1)[1] == len(LOOKS)  # a step alone: the nearest to the truth
    finally:
        del estimator.sampler.model.denoise


def test_a_networks_zero_is_no_depth():
    metres = decoded(torch.tensor([-1.0, -3.0, 1.0]), DepthCoding(0.0, 10.0, log=False))
    assert metres.tolist() == pytest.approx([1e-3, 1e-3, 10.0])


def test_noise_prediction_takes_many_steps():
    request = SampleRequest(1, None, None, torch.Generator())
    assert default_steps(request, ModelConfig(prediction="eps")) == 64
    assert default_steps(request, ModelConfig(prediction="v")) == 1


def test_samples_become_one_depth_as_asked():
    class Torn(Scaled):
        def sample(
            self, image: torch.Tensor, known: KnownDepth | None, request: SampleRequest
        ) -> DepthSamples:
            low = torch.ones(request.samples, 1, HEIGHT, WIDTH)
            low[-2:] = 3.0
            return DepthSamples(low, 80.0, 56.0)

    torn = DepthEstimator(Torn(1.0))
    means = {how: torn.predict(PLAIN, samples=8, reduce=how) for how in ("mean", "median", "mode")}
    assert {how: round(float(out.depth.max()), 4) for how, out in means.items()} == {
        "mean": 1.5, "median": 1.0, "mode": 1.0,
    }  # fmt: skip
    spread = torch.tensor([1.0] * 6 + [3.0] * 2).std()
    assert all(torch.allclose(out.std, spread) for out in means.values())


def test_completion_without_anything_known_is_prediction(estimator: DepthEstimator):
    nothing = torch.zeros_like(LEFT)
    out = estimator.complete(IMAGE, DEPTH, nothing)
    assert torch.equal(out.depth, estimator.predict(IMAGE).depth)
    assert out.residual is None


def test_the_error_on_known_pixels_corrects_the_rest_and_is_reported():
    out = DepthEstimator(Scaled(1.5)).complete(PLAIN, DEPTH, LEFT)
    assert out.residual == pytest.approx(math.log(1.5), abs=0.02)
    unknown = ~LEFT[0]
    assert (out.depth / DEPTH[0]).log().abs()[unknown].max() < 0.05  # the factor is gone, in the hole too


def test_silhouettes_a_pixel_off_are_not_smeared_into_the_hole():
    known_depth = DEPTH.clone()
    known_depth[:, :, 28:30] = 40.0  # two columns beside the hole see past an edge
    out = DepthEstimator(Scaled(1.0)).complete(PLAIN, known_depth, LEFT)
    assert (out.depth / DEPTH[0]).log().abs()[~LEFT[0]].max() < 0.1


class Open(Scaled):
    """The same below a sky."""

    def sample(self, image: torch.Tensor, known: KnownDepth | None, request: SampleRequest) -> DepthSamples:
        low = avg_pool2d(DEPTH, 4)[None]
        low[:, :, :5] = 80.0
        return DepthSamples(low, 80.0, 56.0)


def test_sky_is_not_valid():
    valid = DepthEstimator(Open(1.0)).predict(PLAIN).valid
    assert not valid[:16].any()
    assert valid[24:].all()


def test_sky_stays_sky_beside_known_depth_that_is_half_as_far():
    ground = LEFT & (torch.arange(HEIGHT)[:, None] >= 24)
    out = DepthEstimator(Open(1.0)).complete(PLAIN, DEPTH / 2, ground, method="align")
    assert out.depth[24:].max() < 3.5  # the fit halves what is read, 80 m of sky too
    assert not out.valid[:16].any()
    assert out.valid[24:].all()


def test_a_longer_lens_shows_things_farther_away():
    def scale(hfov: float) -> float:
        return focal_scale(Camera.from_fov(hfov, 640, 640), (64, 64), ModelConfig())

    assert scale(60) == pytest.approx(1)
    assert scale(30) == pytest.approx(math.tan(math.radians(30)) / math.tan(math.radians(15)))
    assert focal_scale(None, (64, 64), ModelConfig()) == 1


def test_models_that_assume_no_camera_leave_depth_alone():
    camera = Camera.from_fov(30, 640, 640)
    assert focal_scale(camera, (64, 64), ModelConfig(training_fov=None)) == 1
    assert focal_scale(camera, (64, 64), ModelConfig(unet=UNetConfig(field_of_view=True))) == 1


@pytest.mark.parametrize(
    ("depth", "known", "reason"),
    [
        (torch.full((1, HEIGHT, WIDTH), torch.nan), LEFT, "positive"),
        (-DEPTH, LEFT, "positive"),
        (DEPTH[:, :5], LEFT, "fit the image"),
        (DEPTH, LEFT.float(), "bool"),
    ],
)
def test_bad_known_depth_is_refused(estimator: DepthEstimator, depth, known, reason: str):
    with pytest.raises(ValueError, match=reason):
        estimator.complete(IMAGE, depth, known)


def test_bad_counts_are_refused(estimator: DepthEstimator):
    with pytest.raises(ValueError, match="samples"):
        estimator.predict(IMAGE, samples=0)
    with pytest.raises(ValueError, match="steps"):
        estimator.predict(IMAGE, steps=0)
    with pytest.raises(ValueError, match=r"no sampler 'euler'; there are: ddim, dpm\+\+, heun, ancestral"):
        estimator.predict(IMAGE, sampler="euler")
    with pytest.raises(ValueError, match="no way 'max' to reduce samples; there are: mean, median, mode"):
        estimator.predict(IMAGE, reduce="max")


def test_wrong_models_are_named(checkpoints: dict[str, Path], tmp_path: Path):
    with pytest.raises(ValueError, match="builtin, marigold"):
        DepthEstimator.from_pretrained("no-such-model")
    with pytest.raises(ValueError, match="not a depth model"):
        DepthEstimator.from_pretrained(checkpoints["completer"])
    with pytest.raises(ValueError, match="device"):
        DepthEstimator.from_pretrained(checkpoints["depth"], device="abacus")


@pytest.mark.parametrize(
    ("coding", "near_sky"), [(DepthCoding(), 56.0), (DepthCoding(0.0, 10.0, log=False), 9.3)]
)
def test_sky_begins_where_the_coding_comes_near_its_end(coding: DepthCoding, near_sky: float):
    assert float(coding.decode(torch.tensor(SKY_CODE))) == pytest.approx(near_sky, rel=0.01)
