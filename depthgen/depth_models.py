"""What the estimator asks of a depth model, and how our own diffusion model answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

import torch
from torch import Tensor

from depthgen.depth import downsample_depth
from depthgen.diffusion.denoiser import Denoiser, clipped
from depthgen.diffusion.imputation import Known, Steering
from depthgen.diffusion.samplers import (
    sample_ancestral,
    sample_ddim,
    sample_dpmpp_2m,
    sample_heun,
    uniform_times,
)
from depthgen.geometry import Camera, magnification
from depthgen.images import fitted_size, resize, size_of
from depthgen.model import DiffusionModel, ModelConfig, decoded, depth_condition

TRAINING_HFOV = 60.0  # degrees over the shorter side, of pictures whose camera is not known
COMPLETE_STEPS = 16
SKY_CODE = 0.86  # coded depth from which our models mean sky: learned at 1, its noise reaches down to this
SAMPLERS: dict[str, Callable[..., Tensor]] = {
    "ddim": sample_ddim,
    "dpm++": sample_dpmpp_2m,
    "heun": sample_heun,
    "ancestral": sample_ancestral,
}
ANCESTRAL_STEPS = 128  # the paper's
NOISE_PREDICTION_STEPS = 64  # what a network that predicts the noise needs at least (DMD, arXiv 2312.13252)
SEVERAL_SAMPLES_STEPS = 4
# What a model's numbers are before anything is known of the scene: metres, or depth or 1 / depth up to an
# unknown scale and shift.
Meaning = Literal["metric", "affine depth", "affine disparity"]


@dataclass(frozen=True)
class KnownDepth:
    """Metres that are there already, at the image's size: depth (1,H,W) where known (1,H,W) bool."""

    depth: Tensor
    known: Tensor


@dataclass(frozen=True)
class SampleRequest:
    """How to sample: number of samples and of steps (None: the default), camera if it is known.

    sampler: a name of SAMPLERS; foreign models have their own and take no notice. steering: how known depth
    steers the sampling, None: not at all. ValueError where a value makes no sense.
    """

    samples: int
    steps: int | None
    camera: Camera | None
    generator: torch.Generator
    sampler: str = "ddim"
    steering: Steering | None = None

    def __post_init__(self) -> None:
        if self.samples < 1 or (self.steps is not None and self.steps < 1):
            raise ValueError(
                f"samples and steps must be at least 1, got samples={self.samples}, steps={self.steps}"
            )
        if self.sampler not in SAMPLERS:
            raise ValueError(f"no sampler {self.sampler!r}; there are: {', '.join(SAMPLERS)}")


@dataclass(frozen=True)
class DepthSamples:
    """depth (N,1,h,w) metres at the model's own resolution.

    far: metres of the far plane; sky_from: metres from which depth is sky or lies beyond the model's range.
    """

    depth: Tensor
    far: float
    sky_from: float


class DepthSampler(Protocol):
    """A depth model: draws samples for one image.

    meaning: of its numbers; an affine model's metres are only a guess. steerable: whether known depth can
    steer its sampling. completion: which of `depthgen.completion.METHODS` suits it best.
    """

    meaning: Meaning
    steerable: bool

    @property
    def completion(self) -> str:
        """A name of `depthgen.completion.METHODS`."""
        ...

    def sample(self, image: Tensor, known: KnownDepth | None, request: SampleRequest) -> DepthSamples:
        """image: (3,H,W) float32 in [0,1] on the CPU. Returns samples on the CPU.

        known: None, or depth that steers the sampling as request.steering says; only for steerable models.
        """
        ...


class DiffusionDepth:
    """Our own diffusion model as a DepthSampler: metric, at the resolution it was trained at."""

    meaning: Meaning = "metric"
    steerable = True

    def __init__(self, model: DiffusionModel) -> None:
        self.model = model

    @property
    def completion(self) -> str:
        """See DepthSampler: "read" for a network that is shown known depth, else the best without."""
        return "read" if self.model.config.known_depth else "guide"

    @torch.no_grad()  # not inference_mode: completion differentiates the denoiser
    def sample(self, image: Tensor, known: KnownDepth | None, request: SampleRequest) -> DepthSamples:
        """The requested sampler without known depth; with it, steered sampling at the model's resolution."""
        config = self.model.config
        size = fitted_size(size_of(image), config.resolution, config.unet.factor)
        picture = 2 * resize(image, size)[None] - 1
        scale = focal_scale(request.camera, size, config)
        noise = torch.randn(request.samples, 1, *size, generator=request.generator)
        if known is None or request.steering is None:
            denoise = self._denoiser(depth_condition(config, picture), request.camera)
            coded = self._predict(denoise, noise, request)
        else:
            low, there = downsample_depth(known.depth / scale, known.known, size)
            code = config.coding.encode(low)
            condition = depth_condition(config, picture, code[None], there[None])
            given = Known(self._put(code).expand(noise.shape), self._put(there).expand(noise.shape))
            coded = self._steered(self._denoiser(condition, request.camera), noise, given, request)
        sky_from = float(config.coding.decode(torch.tensor(SKY_CODE)))
        depth = decoded(coded.cpu(), config.coding)
        return DepthSamples(scale * depth, scale * config.coding.far, scale * sky_from)

    def _predict(self, denoise: Denoiser, noise: Tensor, request: SampleRequest) -> Tensor:
        times = uniform_times(request.steps or default_steps(request, self.model.config))
        return SAMPLERS[request.sampler](
            denoise, self._put(noise), self.model.schedule, times, request.generator
        )

    def _steered(self, denoise: Denoiser, noise: Tensor, given: Known, request: SampleRequest) -> Tensor:
        """The sample itself: how far it meets the known values is shown, not enforced, at this point."""
        config = self.model.config
        default = COMPLETE_STEPS if config.steps is None else default_steps(request, config)
        times = uniform_times(request.steps or default)
        assert request.steering is not None
        return request.steering.sample(
            denoise, self._put(noise), given, self.model.schedule, times, request.generator
        )

    def _denoiser(self, condition: Tensor, camera: Camera | None) -> Denoiser:
        condition = self._put(condition)
        fov = self._put(torch.tensor([camera.vfov_degrees if camera else 0.0]))

        def denoise(z_t: Tensor, t: Tensor) -> Tensor:
            count = len(z_t)
            return self.model.denoise(z_t, t, condition.expand(count, -1, -1, -1), fov=fov.expand(count))

        return clipped(denoise, -1.0, 1.0)

    def _put(self, tensor: Tensor) -> Tensor:
        return tensor.to(next(self.model.parameters()).device)


def default_steps(request: SampleRequest, config: ModelConfig) -> int:
    """Sampler steps of our own models where nobody asks for a number.

    A single sample is wanted for its depth alone, and one evaluation from pure noise comes nearest to the
    truth: it is what L1 training makes the median. Several are wanted for how they differ, which takes
    further steps. A distilled model takes the steps that it was made for.
    """
    if config.steps is not None:
        return config.steps
    if request.sampler == "ancestral":
        return ANCESTRAL_STEPS
    if config.prediction == "eps":
        return NOISE_PREDICTION_STEPS
    return 1 if request.samples == 1 else SEVERAL_SAMPLES_STEPS


def focal_scale(camera: Camera | None, size: tuple[int, int], config: ModelConfig) -> float:
    """How many times farther things are than they look to a model that assumes its training camera.

    size: (h, w) of the model's picture; 1 without a camera, and for models that assume none or are told it.
    """
    if camera is None or config.training_fov is None or config.unet.field_of_view:
        return 1.0
    return magnification(camera.resized(size[1], size[0]), config.training_fov)
