"""The rows of SeamBench: ways to complete depth, ours and those of published systems, on one depth network.

The rivals are written anew from their descriptions. Their network is not shown what is known, as theirs is
not; the rows that align may use another network that was never taught to look at known depth (--plain).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from depthgen import DepthEstimator, DepthPrediction
from depthgen.depth_models import DiffusionDepth, SampleRequest
from depthgen.diffusion.denoiser import Denoiser, Look
from depthgen.diffusion.imputation import Known
from depthgen.geometry import Camera
from scene3d.fusion import View

OURS = {
    "default": "what generate-scene does",
    "read": "sampling by the network that is shown known depth, the error carried on up to edges",
    "guide": "sampling guided by known depth, the error carried on up to edges",
    "align": "prediction, scaled, the error carried on up to edges",
}
ALIGNMENT = {
    "plain": "the prediction as it is",
    "scale": "one scale, the median ratio",
    "scale-shift-depth": "one scale and shift, in depth",
    "scale-shift-disparity": "one scale and shift, in disparity",
}
PATCHING = {
    "border": "LucidDreamer: the residual at the border of the hole interpolated",
    "membrane": "Poisson: the residual carried on by Laplace's equation",
}
STEERING = {
    "gradient": "WonderWorld: the gradient of the error on known depth in the sampling",
    "replace": "known depth replaced in every step",
    "resample": "RePaint: the same, each step done ten times",
}
SLOW = ("guide", "gradient", "resample")  # seconds a view


class Blind(DiffusionDepth):
    """A network from which known depth is hidden: it may steer the sampling from outside alone."""

    def _denoiser(
        self, image: Tensor, given: Known | None, request: SampleRequest, *looks: Sequence[Look]
    ) -> Denoiser:
        return super()._denoiser(image, None, request, *looks)


@dataclass(frozen=True)
class Method:
    """One row. about: what it does. rival: whether it is a published way."""

    name: str
    about: str
    rival: bool
    estimator: DepthEstimator
    completion: str | None

    def __call__(
        self, image: Tensor, seen: View, camera: Camera, samples: int = 1, seed: int = 0
    ) -> DepthPrediction:
        """Depth of a view (3,H,W) of which `seen` shows a part."""
        return self.estimator.complete(
            image,
            seen.depth,
            seen.surface,
            camera=camera,
            samples=samples,
            generator=torch.Generator().manual_seed(seed),
            method=self.completion,
        )


def methods(depth: Path, plain: Path | None) -> list[Method]:
    """All rows for a depth network of ours, with a second one for the rows that align."""
    ours = DepthEstimator.from_pretrained(depth, "cpu")
    assert isinstance(ours.sampler, DiffusionDepth)
    blind = DepthEstimator(Blind(ours.sampler.model))
    rows = [Method(n, text, False, ours, None if n == "default" else n) for n, text in OURS.items()]
    rows += [Method(n, text, True, blind, n) for n, text in (ALIGNMENT | PATCHING | STEERING).items()]
    if plain:
        other = DepthEstimator.from_pretrained(plain, "cpu")
        rows += [
            Method(f"{n}, plain network", text, True, other, n) for n, text in (ALIGNMENT | PATCHING).items()
        ]
    return rows


def is_alignment(method: Method) -> bool:
    """Whether a row fits at most one scale and shift and does nothing else."""
    return method.completion in ALIGNMENT
