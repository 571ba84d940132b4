"""A model's answer to one picture, at the size of the truth and as its protocol scores it."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Literal, cast

import torch
from torch import Tensor
from torch.nn import functional as F

from depthgen.depth import Reduce, align_depth, align_disparity, reduce_samples
from depthgen.depth_models import DepthSampler, DiffusionDepth, SampleRequest, default_steps
from depthgen.evaluation.cases import Case
from depthgen.evaluation.config import EvaluateConfig
from depthgen.evaluation.protocols import DepthProtocol
from depthgen.geometry import Camera
from depthgen.images import size_of

Alignment = Literal["none", "depth", "disparity"]
AUTOMATIC: dict[str, Alignment] = {
    "metric": "none",
    "affine depth": "depth",
    "affine disparity": "disparity",
}


@dataclass(frozen=True)
class Prediction:
    """depth (1,h,w) metres at the truth's size; spread (1,h,w): standard deviation over several samples."""

    depth: Tensor
    spread: Tensor | None = None


class Predictor:
    """A depth model under an evaluation's settings; draws its noise from one generator, image after image.

    Samples are reduced at the model's own resolution and the result is resized bilinearly; what is affine
    in disparity is averaged and resized as disparity. seconds: what each picture took the model itself.
    """

    def __init__(self, model: DepthSampler, config: EvaluateConfig, protocol: DepthProtocol) -> None:
        self.model, self.protocol = model, protocol
        self.flip, self.use_camera = config.flip, config.camera
        self.reduce: Reduce = cast(Reduce, config.multisample)
        chosen = AUTOMATIC[model.meaning] if config.align == "auto" else config.align
        self.align: Alignment = cast(Alignment, chosen)
        generator = torch.Generator().manual_seed(config.seed)
        self.request = SampleRequest(config.samples, config.steps, None, generator, config.sampler)
        self.seconds: list[float] = []

    def __call__(self, case: Case, counted: Tensor) -> Prediction:
        """counted (1,h,w) bool: the pixels whose truth an affine-invariant model is aligned to."""
        frame = case.frame
        started = time.perf_counter()
        draws = self._draws(frame.image, frame.camera if self.use_camera else None)
        self.seconds.append(time.perf_counter() - started)
        size = size_of(frame.depth)
        spread = None
        if self.request.samples > 1 and self.model.meaning == "metric":
            spread = _resized(draws[0].std(0), size)
        return Prediction(self._aligned(self._reduced(draws, size), frame.depth, counted), spread)

    def facts(self) -> dict[str, str | int | float | None]:
        """What the figures of this model depend on."""
        own = isinstance(self.model, DiffusionDepth)
        default = default_steps(self.request, self.model.model.config) if own else None
        return {
            "meaning": self.model.meaning,
            "alignment": self.align,
            "sampler": self.request.sampler if own else "its own",
            "steps": self.request.steps or default or "its own",
            "seconds_per_image": round(sum(self.seconds) / max(len(self.seconds), 1), 4),
        }

    def _draws(self, image: Tensor, camera: Camera | None) -> list[Tensor]:
        """Samples (N,1,h,w); with flip, also those of the mirrored picture, mirrored back."""
        draws = [self.model.sample(image, None, replace(self.request, camera=camera)).depth]
        if self.flip:
            request = replace(self.request, camera=mirrored(camera))
            draws.append(self.model.sample(image.flip(-1), None, request).depth.flip(-1))
        return draws

    def _reduced(self, draws: list[Tensor], size: tuple[int, int]) -> Tensor:
        """(1,h,w) metres at the truth's size."""
        single = torch.stack([reduce_samples(part, self.reduce) for part in draws])
        if self.model.meaning == "affine disparity":
            return 1.0 / _resized((1.0 / single).mean(0), size)
        return _resized(single.mean(0), size)

    def _aligned(self, depth: Tensor, truth: Tensor, counted: Tensor) -> Tensor:
        if self.align == "none":
            return depth
        if self.align == "depth":
            return align_depth(depth, truth, counted, *self.protocol.clamp, robust=False)
        return align_disparity(1.0 / depth, truth, counted, *self.protocol.clamp, robust=False)


def mirrored(camera: Camera | None) -> Camera | None:
    """The intrinsics of the mirrored picture; its pose, which no depth model asks for, is left alone."""
    if camera is None:
        return None
    K = camera.K.clone()
    K[0, 2] = camera.width - K[0, 2]
    return replace(camera, K=K)


def _resized(values: Tensor, size: tuple[int, int]) -> Tensor:
    return F.interpolate(values[None].float(), size=size, mode="bilinear", align_corners=False)[0]
