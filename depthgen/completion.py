"""Ways to complete depth that is known in part: what steers the sampling, what is mended afterwards.

Two steps, either of which may be left out. Known depth may steer the sampling of a diffusion model
(`depthgen.diffusion.imputation`); and the error that is left on known pixels may be taken from the rest of
the picture too, by one scale and shift for all of it, or as a field that continues it into the hole.
examples/benchmarks/seambench.py measures them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from depthgen.depth import (
    align_depth,
    align_disparity,
    border_interpolation,
    downsample_depth,
    membrane,
)
from depthgen.depth_models import KnownDepth, Meaning
from depthgen.diffusion.imputation import Gradient, Guide, Resample, Steering
from depthgen.images import resize, size_of

NEAREST = 0.05  # metres; alignment yields nothing nearer
OUTLIER = 0.1  # log depth by which an error may leave its neighbourhood's median and still be carried on
LARGEST = 0.7  # log depth, a factor of two: of a larger error of a thing, only so much is carried on
NEIGHBOURHOODS = 8  # along the shorter side of the picture, each wider than a silhouette can be off
MOST_PIXELS = 640 * 480
GUIDE_SIDE = 64  # pixels of the shorter side for which the two scales below are meant
DEPTH_SCALE = 0.014  # log depth between neighbours over which an error loses its validity
COLOR_SCALE = 0.1  # [0,1] colour distance, likewise

Fit = Literal["meaning", "depth", "disparity"]
Carry = Literal["edges", "membrane", "border"]


@dataclass(frozen=True)
class CompletionMethod:
    """One way to complete depth.

    steering: of the sampling by known depth, None to draw from the picture alone. fit: whether one scale and
    shift are fitted to the known depth, in depth, in disparity or in what the model's numbers mean (a metric
    model's are only scaled). carry: how the error that is left on known pixels goes on into the rest:
    "edges" stops at those of picture and predicted depth, "membrane" does not, "border" interpolates that of
    the border of the hole; None: it stays a seam. looks: whether the network also looks at the
    picture shifted and mirrored. refine: times to which the result is noised, denoised, carried and averaged
    with itself, in turn.
    """

    steering: Steering | None = None
    fit: Fit | None = None
    carry: Carry | None = None
    looks: bool = False
    refine: tuple[float, ...] = ()


METHODS = {
    "read": CompletionMethod(Resample(1), None, "edges"),  # for networks that are shown known depth
    "refine": CompletionMethod(None, "meaning", "edges", looks=True, refine=(0.05, 0.02)),
    "guide": CompletionMethod(Guide(limit=1.0), None, "edges"),
    "align": CompletionMethod(None, "meaning", "edges"),
    "replace": CompletionMethod(Resample(1)),
    "resample": CompletionMethod(Resample(10)),  # RePaint
    "gradient": CompletionMethod(Gradient(limit=1.0)),  # WonderWorld
    "plain": CompletionMethod(),
    "scale": CompletionMethod(None, "meaning"),
    "scale-shift-depth": CompletionMethod(None, "depth"),
    "scale-shift-disparity": CompletionMethod(None, "disparity"),
    "border": CompletionMethod(None, "depth", "border"),  # LucidDreamer
    "membrane": CompletionMethod(None, "meaning", "membrane"),
}


def completion_method(name: str) -> CompletionMethod:
    """The method of this name; ValueError that lists them all for another."""
    if name not in METHODS:
        raise ValueError(f"no completion {name!r}; there are: {', '.join(METHODS)}")
    return METHODS[name]


def fitted(depth: Tensor, given: KnownDepth, far: float, domain: Meaning | Fit | None) -> Tensor:
    """Depth (1,H,W) in metres after the fit of a method; "metric" scales it by the median ratio.

    far: metres of the far plane, not infinite; known depth beyond it counts as far.
    """
    target = given.depth.clamp(max=far)
    if domain in ("affine disparity", "disparity"):
        return align_disparity(1 / depth, target, given.known, NEAREST, far)
    if domain in ("affine depth", "depth"):
        return align_depth(depth, target, given.known, NEAREST, far)
    return depth * torch.exp(log_error(depth, given, far).median()) if domain == "metric" else depth


def log_error(depth: Tensor, given: KnownDepth, far: float) -> Tensor:
    """ln known - ln predicted on the known pixels (n,); known depth beyond the far plane counts as far."""
    return torch.log(given.depth[given.known].clamp(max=far) / depth[given.known])


def carried(depth: Tensor, image: Tensor, given: KnownDepth, far: float, carry: Carry | None) -> Tensor:
    """Depth (1,H,W) in metres after the carry of a method, with the known metres exact.

    image: (3,H,W) [0,1]. far: as in `fitted`.
    """
    if carry is not None:
        error = torch.zeros_like(depth).masked_scatter(given.known, log_error(depth, given, far))
        depth = depth * torch.exp(_continued(error, depth, image, given.known, carry))
    return torch.where(given.known, given.depth, depth)


def _continued(error: Tensor, depth: Tensor, image: Tensor, known: Tensor, carry: Carry) -> Tensor:
    """The error (1,H,W) in log depth, known where `known`, over the whole picture; in a smaller one beyond
    MOST_PIXELS, where time and memory would have no end."""
    size = size_of(error)
    shrink = math.sqrt(MOST_PIXELS / error.numel())
    if shrink < 1:
        small = (int(shrink * size[0]), int(shrink * size[1]))
        error, fewer = downsample_depth(error, known, small, least=0.0)
        depth, _ = downsample_depth(depth, torch.ones_like(known), small)
        field = _continued(error, depth, resize(image, small), fewer, carry)
        return F.interpolate(field[None], size=size, mode="bilinear")[0]
    if carry == "border":
        return border_interpolation(error, known)
    if carry == "membrane":
        return membrane(error, known)
    finer = min(image.shape[-2:]) / GUIDE_SIDE  # times: so much smaller are the steps between its neighbours
    guide = finer * torch.cat([torch.log(depth) / DEPTH_SCALE, image / COLOR_SCALE])
    return membrane(error.clamp(-LARGEST, LARGEST), _trusted(error, known), guide)


def _trusted(error: Tensor, known: Tensor) -> Tensor:
    """The known pixels whose error is near the median of their neighbourhood, all if there are none.

    The others are silhouettes that the prediction draws a pixel or two beside the known ones: they say
    nothing about the rest of the picture.
    """
    height, width = error.shape[-2:]
    side = max(8, min(height, width) // NEIGHBOURHOODS)
    cells = (max(1, height // side), max(1, width // side))
    typical, _ = downsample_depth(error, known, cells, least=0.0)
    typical = F.interpolate(typical[None], size=(height, width), mode="nearest-exact")[0]
    trusted = known & ((error - typical).abs() < OUTLIER)
    return trusted if trusted.any() else known
