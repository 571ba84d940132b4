"""What the estimator asks of a depth model, and how our own diffusion model answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import torch
from torch import Tensor

from depthgen.depth import downsample_depth
from depthgen.diffusion.denoiser import LOOKS, Denoiser, Look, clipped, denoise_at, over_looks
from depthgen.diffusion.imputation import Known, Steering
from depthgen.diffusion.samplers import (
    normal_like,
    sample_ancestral,
    sample_ddim,
    sample_dpmpp_2m,
    sample_heun,
    uniform_times,
)
from depthgen.diffusion.schedule import diffuse
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
STRAIGHT = Look(0, mirrored=False)
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

    sampler: a name of SAMPLERS. steering: how known depth steers the sampling, None: not at all. looks:
    whether each evaluation of the network is one of `over_looks`, as a lone one always is. Foreign models
    take no notice of these three. ValueError where a value makes no sense.
    """

    samples: int
    steps: int | None
    camera: Camera | None
    generator: torch.Generator
    sampler: str = "ddim"
    steering: Steering | None = None
    looks: bool = False

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

    meaning: of its numbers; an affine model's metres are only a guess. completion: which of
    `depthgen.completion.METHODS` suits it best.
    """

    meaning: Meaning

    @property
    def completion(self) -> str:
        """A name of `depthgen.completion.METHODS`."""
        ...

    def sample(self, image: Tensor, known: KnownDepth | None, request: SampleRequest) -> DepthSamples:
        """image: (3,H,W) float32 in [0,1] on the CPU. Returns samples on the CPU.

        known: None, or depth that steers the sampling as request.steering says; only for steerable models.
        """
        ...


@runtime_checkable
class SteerableSampler(DepthSampler, Protocol):
    """A depth model that is a diffusion model of ours, in whose sampling known depth may take part."""

    def refine(
        self, image: Tensor, depth: Tensor, known: KnownDepth, time: float, request: SampleRequest
    ) -> DepthSamples:
        """Depth (N,1,H,W) in metres, noised to `time` and denoised in one step (SDEdit, arXiv 2108.01073)."""
        ...


class DiffusionDepth:
    """Our own diffusion model as a DepthSampler: metric, at the resolution it was trained at."""

    meaning: Meaning = "metric"

    def __init__(self, model: DiffusionModel) -> None:
        self.model = model

    @property
    def completion(self) -> str:
        """See DepthSampler. Also of the built-in network, although it reads known depth: the figures of both
        ways are in examples/benchmarks/results/seambench.json."""
        return "refine"

    @torch.no_grad()  # not inference_mode: completion differentiates the denoiser
    def sample(self, image: Tensor, known: KnownDepth | None, request: SampleRequest) -> DepthSamples:
        """The requested sampler without known depth; with it, steered sampling at the model's resolution.

        Several samples that nothing steers look at the picture one moved or mirrored otherwise than the next:
        where that changes what a network reads, it is not sure of it.
        """
        size = self._size(image)
        noise = self._put(normal_like(torch.empty(request.samples, 1, *size), request.generator))
        if known is None or request.steering is None:
            looks = looks_of(request.samples)
            drawn = self._predict(self._denoiser(image, None, request, looks), noise, request)
            coded = [look.back(x[None]) for look, x in zip(looks, drawn, strict=True)]
            return self._metres(torch.cat(coded), request)
        given = self._coded(known, size, request)
        coded = self._steered(self._denoiser(image, given, request), noise, given, request)
        return self._metres(coded, request)

    @torch.no_grad()
    def refine(
        self, image: Tensor, depth: Tensor, known: KnownDepth, time: float, request: SampleRequest
    ) -> DepthSamples:
        """See SteerableSampler."""
        size, t = self._size(image), torch.tensor(time, dtype=torch.float64)
        everywhere = torch.ones_like(known.known)
        clean = torch.cat([self._coded(KnownDepth(d, everywhere), size, request).values for d in depth])
        noise = self._put(normal_like(clean, request.generator))
        z = diffuse(clean, noise, self.model.schedule.alpha(t), self.model.schedule.sigma(t))
        denoise = self._denoiser(image, self._coded(known, size, request), request)
        return self._metres(denoise_at(denoise, z.to(clean), t), request)

    def _size(self, image: Tensor) -> tuple[int, int]:
        """(h, w) at which the network looks at an image."""
        config = self.model.config
        return fitted_size(size_of(image), config.resolution, config.unet.factor)

    def _coded(self, known: KnownDepth, size: tuple[int, int], request: SampleRequest) -> Known:
        """Known metres as the network's codes (1,1,h,w)."""
        scale = focal_scale(request.camera, size, self.model.config)
        low, there = _shrunk(KnownDepth(known.depth / scale, known.known), size)
        return Known(self._put(self.model.config.coding.encode(low)[None]), self._put(there[None]))

    def _metres(self, coded: Tensor, request: SampleRequest) -> DepthSamples:
        """The network's codes (N,1,h,w) as metres."""
        config = self.model.config
        scale = focal_scale(request.camera, size_of(coded[0]), config)
        sky_from = float(config.coding.decode(torch.tensor(SKY_CODE)))
        depth = decoded(coded.cpu(), config.coding)
        return DepthSamples(scale * depth, scale * config.coding.far, scale * sky_from)

    def _predict(self, denoise: Denoiser, noise: Tensor, request: SampleRequest) -> Tensor:
        times = uniform_times(request.steps or default_steps(request, self.model.config))
        return SAMPLERS[request.sampler](denoise, noise, self.model.schedule, times, request.generator)

    def _steered(self, denoise: Denoiser, noise: Tensor, given: Known, request: SampleRequest) -> Tensor:
        """The sample itself: how far it meets the known values is shown, not enforced, at this point."""
        config = self.model.config
        default = COMPLETE_STEPS if config.steps is None else default_steps(request, config)
        times = uniform_times(request.steps or default)
        assert request.steering is not None
        given = Known(given.values.expand(noise.shape), given.where.expand(noise.shape))
        return request.steering.sample(denoise, noise, given, self.model.schedule, times, request.generator)

    def _denoiser(
        self,
        image: Tensor,
        given: Known | None,
        request: SampleRequest,
        looks: Sequence[Look] = (STRAIGHT,),
    ) -> Denoiser:
        """The network with the picture, and what is known of its depth, bound inside.

        looks: how each sample looks at them, or all of them.
        """
        picture = self._put(2 * resize(image, self._size(image))[None] - 1)
        shown = (None, None) if given is None else (given.values, given.where)
        straight = depth_condition(self.model.config, picture, *shown)
        condition = torch.cat([look.at(straight) for look in looks])
        fov = self._put(torch.tensor([request.camera.fov_degrees if request.camera else 0.0]))

        def with_condition(condition: Tensor) -> Denoiser:
            """The network that is shown this condition (1,C,h,w) or (B,C,h,w), its answer within the range of
            codes."""

            def denoise(z_t: Tensor, t: Tensor) -> Tensor:
                count = len(z_t)
                return self.model.denoise(z_t, t, condition.expand(count, -1, -1, -1), fov=fov.expand(count))

            return clipped(denoise, -1.0, 1.0)

        alone = request.steering is None and (request.steps or default_steps(request, self.model.config)) == 1
        if request.looks or alone:
            return over_looks(with_condition, condition)
        return with_condition(condition)

    def _put(self, tensor: Tensor) -> Tensor:
        return tensor.to(next(self.model.parameters()).device)


def _shrunk(known: KnownDepth, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Known depth and where it is known, (1,h,w) each: in cells that are known by half; in all that hold any
    where these are more than twice as many, as of a LiDAR, of which nothing would be left."""
    sparse, dense = (downsample_depth(known.depth, known.known, size, least) for least in (0.0, 0.5))
    return sparse if sparse[1].sum() > 2 * dense[1].sum() else dense


def looks_of(samples: int) -> list[Look]:
    """How each of so many samples looks at the picture; a lone one as it is."""
    return [STRAIGHT] if samples == 1 else [LOOKS[k % len(LOOKS)] for k in range(samples)]


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
