"""What is done to the depth of a view: scale, shift and a smooth field."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from depthgen.geometry import Camera
from scene3d.frame import Frame

COARSEST = 4  # control values along each side of a view that make one bicubic patch


@dataclass(frozen=True, eq=False)
class Correction:
    """Depth z at the point x of the picture becomes (z + shift) exp(field(x)).

    shift: metres. field: (n, n) float64, n >= 4, control values of a uniform bicubic B-spline over it.
    """

    shift: float
    field: Tensor

    @staticmethod
    def none() -> Correction:
        """The correction that leaves depth as it is."""
        return Correction(0.0, torch.zeros(COARSEST, COARSEST, dtype=torch.float64))

    @property
    def scale(self) -> float:
        """The factor on depth, as the geometric mean over the picture."""
        share = _basis((torch.arange(64, dtype=torch.float64) + 0.5) / 64, len(self.field)).mean(0)
        return math.exp(float(share @ self.field @ share))

    def of(self, depth: Tensor, position: Tensor, camera: Camera) -> Tensor:
        """Corrected metres (...) of depths (...) at image points (..., 2), pixels; a shift at most halves."""
        along = _along(position, camera, len(self.field))
        field = ((along[..., 1, :] @ self.field.to(depth)) * along[..., 0, :]).sum(-1)
        return torch.maximum(depth + self.shift, depth / 2) * field.exp()

    def refined(self, nodes: int) -> Correction:
        """The same with `nodes` control values a side; exact from COARSEST, else as near as these allow."""
        points = torch.linspace(0, 1, 4 * nodes, dtype=torch.float64)
        finer = torch.linalg.pinv(_basis(points, nodes)) @ _basis(points, len(self.field))
        return Correction(self.shift, finer @ self.field @ finer.T)


@dataclass(frozen=True)
class Adjustment:
    """One correction a view, the first of which is none.

    before, after: mean |log(z / z')| over all that two views see, without and with them; None if there is
    no overlap.
    """

    corrections: tuple[Correction, ...]
    before: float | None = None
    after: float | None = None


def no_adjustment(frames: Sequence[Frame]) -> Adjustment:
    """The corrections that leave all views as they are."""
    return Adjustment((Correction.none(),) * len(frames))


def adjusted(frames: Sequence[Frame], adjustment: Adjustment) -> tuple[Frame, ...]:
    """The views with their depth corrected."""
    pairs = zip(frames, adjustment.corrections, strict=True)
    return tuple(_corrected(frame, correction) for frame, correction in pairs)


def patch_weights(position: Tensor, camera: Camera, nodes: int) -> Tensor:
    """Weights (..., nodes^2), of sum 1, of the control values, by rows, at points (..., 2), pixels."""
    along = _along(position, camera, nodes)
    return (along[..., 1, :, None] * along[..., 0, None, :]).flatten(-2)


def _along(position: Tensor, camera: Camera, nodes: int) -> Tensor:
    """Weights (..., 2, nodes) of columns and of rows of control values at points (..., 2), pixels."""
    return _basis(position / torch.tensor([camera.width, camera.height]).to(position), nodes)


def _basis(t: Tensor, nodes: int) -> Tensor:
    """Uniform cubic B-splines (..., nodes) over [0, 1] at t (...)."""
    knots = torch.arange(-1, nodes - 1).to(t)  # where each has its peak, in intervals
    away = ((nodes - 3) * t.clamp(0, 1).unsqueeze(-1) - knots).abs()
    return ((2 - away).clamp(min=0) ** 3 - 4 * (1 - away).clamp(min=0) ** 3) / 6


def pixel_centres(camera: Camera) -> Tensor:
    """Image points (H, W, 2) of the pixels."""
    v, u = torch.meshgrid(torch.arange(camera.height), torch.arange(camera.width), indexing="ij")
    return torch.stack([u, v], dim=-1) + 0.5


def _corrected(frame: Frame, correction: Correction) -> Frame:
    depth = correction.of(frame.depth[0], pixel_centres(frame.camera), frame.camera)
    return replace(frame, depth=depth[None].where(frame.valid, frame.depth))
