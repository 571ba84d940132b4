"""What is done to the depth of a view: scale, shift, a smooth field, and what detail that leaves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from depthgen.geometry import Camera
from scene3d.frame import Frame

COARSEST = 4  # control values along each side of a view that make one bicubic patch


@dataclass(frozen=True, eq=False)
class Correction:
    """Depth z at the point x of the picture becomes (z + shift) exp(field(x) + detail(x)).

    shift: metres. field: (n, n) float64, n >= 4, control values of a uniform bicubic B-spline over it.
    detail: (h, w) float64, values at the centres of cells, bilinear between them; None: nought.
    """

    shift: float
    field: Tensor
    detail: Tensor | None = None

    @staticmethod
    def none() -> Correction:
        """The correction that leaves depth as it is."""
        return Correction(0.0, torch.zeros(COARSEST, COARSEST, dtype=torch.float64))

    @property
    def scale(self) -> float:
        """The factor on depth, as the geometric mean over the picture."""
        share = _basis_matrix((torch.arange(64, dtype=torch.float64) + 0.5) / 64, len(self.field)).mean(0)
        detail = 0.0 if self.detail is None else float(self.detail.mean())
        return math.exp(float(share @ self.field @ share) + detail)

    def of(self, depth: Tensor, position: Tensor, camera: Camera) -> Tensor:
        """Corrected metres (...) of depths (...) at image points (..., 2), pixels; a shift at most halves."""
        place = place_in(position, camera)
        values, weights = patch_weights(place, len(self.field))
        field = (self.field.to(depth).flatten()[values] * weights).sum(-1)
        if self.detail is not None:
            field = field + _between_cells(self.detail.to(depth), place.to(depth))
        return torch.maximum(depth + self.shift, depth / 2) * field.exp()

    def refined(self, nodes: int) -> Correction:
        """The same, without detail, with `nodes` control values a side; exact from COARSEST, else as near as
        these allow."""
        points = torch.linspace(0, 1, 4 * nodes, dtype=torch.float64)
        finer = torch.linalg.pinv(_basis_matrix(points, nodes)) @ _basis_matrix(points, len(self.field))
        return Correction(self.shift, finer @ self.field @ finer.T)


@dataclass(frozen=True)
class Adjustment:
    """One correction a view, the first of which is none.

    before, after: mean |log(z / z')| over all that two views see, without and with them, at points between
    those that they were solved from; None if there is no overlap.
    """

    corrections: tuple[Correction, ...]
    before: float | None = None
    after: float | None = None


def adjusted(frames: Sequence[Frame], adjustment: Adjustment) -> tuple[Frame, ...]:
    """The views with their depth corrected."""
    pairs = zip(frames, adjustment.corrections, strict=True)
    return tuple(_corrected(frame, correction) for frame, correction in pairs)


def place_in(position: Tensor, camera: Camera) -> Tensor:
    """Image points (..., 2), pixels, as places in the picture: [0, 1] across and down."""
    return position / torch.tensor([camera.width, camera.height]).to(position)


def patch_weights(place: Tensor, nodes: int) -> tuple[Tensor, Tensor]:
    """Which of nodes^2 control values, by rows, have a say at places (..., 2), and their weights, of sum 1.

    Both (..., 16). Places as `place_in` gives them.
    """
    first, weights = _basis(place, nodes)
    columns, rows = (first.unsqueeze(-1) + torch.arange(4)).unbind(-2)
    across, down = weights.unbind(-2)
    values = nodes * rows.unsqueeze(-1) + columns.unsqueeze(-2)
    return values.flatten(-2), (down.unsqueeze(-1) * across.unsqueeze(-2)).flatten(-2)


def _between_cells(values: Tensor, place: Tensor) -> Tensor:
    """Values (h, w) at the centres of cells, read at places (..., 2); beyond the outermost, theirs."""
    points = (2 * place - 1).clamp(-2, 2).nan_to_num(2).reshape(1, 1, -1, 2)
    read = F.grid_sample(values[None, None], points, padding_mode="border", align_corners=False)
    return read.reshape(place.shape[:-1])


def _basis(t: Tensor, nodes: int) -> tuple[Tensor, Tensor]:
    """Uniform cubic B-splines over [0, 1] at t (...): the first of the four that are not nought (...), and
    these (..., 4)."""
    x = (nodes - 3) * t.clamp(0, 1)
    first = x.floor().clamp(max=nodes - 4)  # the last interval holds its end too
    u = x - first
    v = 1 - u
    four = [v**3, 4 - 3 * u**2 * (1 + v), 4 - 3 * v**2 * (1 + u), u**3]
    return first.long(), torch.stack(four, dim=-1) / 6


def _basis_matrix(t: Tensor, nodes: int) -> Tensor:
    """All of the splines of `_basis` (n, nodes) at t (n,)."""
    first, weights = _basis(t, nodes)
    return weights.new_zeros(len(t), nodes).scatter_(1, first[:, None] + torch.arange(4), weights)


def pixel_centres(camera: Camera) -> Tensor:
    """Image points (H, W, 2) of the pixels."""
    v, u = torch.meshgrid(torch.arange(camera.height), torch.arange(camera.width), indexing="ij")
    return torch.stack([u, v], dim=-1) + 0.5


def _corrected(frame: Frame, correction: Correction) -> Frame:
    depth = correction.of(frame.depth[0], pixel_centres(frame.camera), frame.camera)
    return replace(frame, depth=depth[None].where(frame.valid, frame.depth))
