"""What is done to the depth of a view: scale, shift and a low-order field."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from depthgen.geometry import Camera
from scene3d.frame import Frame

NODES = 3  # control values along each side of a view


@dataclass(frozen=True, eq=False)
class Correction:
    """Depth z at the point x of the picture becomes (z + shift) exp(field(x)).

    shift: metres. field: (3, 3) float64, the control values of a biquadratic Bezier patch over the picture.
    """

    shift: float
    field: Tensor

    @staticmethod
    def none() -> Correction:
        """The correction that leaves depth as it is."""
        return Correction(0.0, torch.zeros(NODES, NODES, dtype=torch.float64))

    @property
    def scale(self) -> float:
        """The factor on depth, as the geometric mean over the picture."""
        return math.exp(float(self.field.mean()))

    def of(self, depth: Tensor, position: Tensor, camera: Camera) -> Tensor:
        """Corrected metres (...) of depths (...) at image points (..., 2), pixels; a shift at most halves."""
        factor = (patch_weights(position, camera) @ self.field.flatten().to(depth)).exp()
        return torch.maximum(depth + self.shift, depth / 2) * factor


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


def patch_weights(position: Tensor, camera: Camera) -> Tensor:
    """Weights (..., 9) of the control values, by rows, at image points (..., 2), pixels; they sum to 1."""
    size = torch.tensor([camera.width, camera.height]).to(position)
    t = (position / size).unsqueeze(-1)
    bernstein = torch.cat([(1 - t) * (1 - t), 2 * t * (1 - t), t * t], dim=-1)  # (..., 2, 3)
    return (bernstein[..., 1, :, None] * bernstein[..., 0, None, :]).flatten(-2)


def pixel_centres(camera: Camera) -> Tensor:
    """Image points (H, W, 2) of the pixels."""
    v, u = torch.meshgrid(torch.arange(camera.height), torch.arange(camera.width), indexing="ij")
    return torch.stack([u, v], dim=-1) + 0.5


def _corrected(frame: Frame, correction: Correction) -> Frame:
    depth = correction.of(frame.depth[0], pixel_centres(frame.camera), frame.camera)
    return replace(frame, depth=depth[None].where(frame.valid, frame.depth))
