"""Pictures of the report: seams by their jump, and the scene from above."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from depthgen.geometry import Camera, Mesh
from scene3d.frame import Frame
from scene3d.fusion.seam import neighbours, relative_jump

WORST_JUMP = 0.1  # relative depth jump that is drawn in full red
CALM, WARNING, BAD = ((0.25, 0.75, 0.45), (0.98, 0.75, 0.2), (0.9, 0.2, 0.2))
DIMMED = 0.45
PLAN = 480  # pixels
EYE_LEVEL = 0.1  # of the extent above the first camera: what is higher, such as a ceiling, is left out


def seam_picture(frame: Frame) -> Tensor:
    """(3, H, W) [0, 1]: the view in grey, the border of its known region coloured by the jump of depth.

    From green, none, to red, WORST_JUMP of the depth and more.
    """
    jump = F.max_pool2d(_jumps(frame), 3, 1, 1)  # drawn three pixels wide
    t = (jump / WORST_JUMP).clamp(0, 1)
    calm, warning, bad = (torch.tensor(color)[:, None, None] for color in (CALM, WARNING, BAD))
    color = torch.where(t < 0.5, torch.lerp(calm, warning, 2 * t), torch.lerp(warning, bad, 2 * t - 1))
    grey = DIMMED * frame.image.mean(0, keepdim=True).expand_as(frame.image)
    return torch.where(jump >= 0, color, grey)


def _jumps(frame: Frame) -> Tensor:
    """(1, H, W): of surface pixels with a neighbour across the border, the greatest |dz|/z; else -1."""
    jumps = torch.full_like(frame.depth, -1.0)
    for dim in (1, 2):
        first, second = neighbours(jumps, dim)  # of which they are views
        (v0, v1), (k0, k1) = neighbours(frame.valid, dim), neighbours(frame.known, dim)
        step = relative_jump(*neighbours(frame.depth, dim)).where(v0 & v1 & (k0 != k1), -1.0)
        first.copy_(torch.maximum(first, step))
        second.copy_(torch.maximum(second, step))
    return jumps


@dataclass(frozen=True)
class Plan:
    """The scene from above, +z up and +x right. image: (4, PLAN, PLAN) [0, 1], transparent where nothing is.

    centre, extent: metres, what the middle and the whole side of the picture are.
    """

    image: Tensor
    centre: tuple[float, float]
    extent: float

    def positions(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """Where points (..., 3) in metres lie in the picture: pixels to the right and down, (...) each."""
        scale = PLAN / self.extent
        right, ahead = points[..., 0] - self.centre[0], points[..., 2] - self.centre[1]
        return PLAN / 2 + scale * right, PLAN / 2 - scale * ahead


def plan_of(mesh: Mesh, cameras: Sequence[Camera]) -> Plan:
    """The vertices of a mesh seen from above, without the highest and the farthest ones."""
    eyes = torch.stack([camera.position for camera in cameras]).float()[:, ::2]
    flat = torch.cat([mesh.vertices[:, ::2][:: max(1, len(mesh.vertices) // 100_000)], eyes])
    low, high = (torch.quantile(flat, share, dim=0) for share in (0.05, 0.95))
    low, high = torch.minimum(low, eyes.amin(0)), torch.maximum(high, eyes.amax(0))
    extent = max(1.1 * float((high - low).max()), 1e-3)
    x, z = ((low + high) / 2).tolist()
    plan = Plan(torch.zeros(4, PLAN, PLAN), (x, z), extent)
    below = mesh.vertices[:, 1] > float(cameras[0].position[1]) - EYE_LEVEL * extent
    return replace(plan, image=_splatted(mesh.vertices[below], mesh.colors[below], plan))


def _splatted(points: Tensor, colors: Tensor, plan: Plan) -> Tensor:
    """Mean colour and, where any (N, 3) point falls, opacity: (4, PLAN, PLAN)."""
    column, row = (pixels.floor().long() for pixels in plan.positions(points))
    inside = (column >= 0) & (column < PLAN) & (row >= 0) & (row < PLAN)
    total = torch.zeros(4, PLAN * PLAN)
    rgb1 = torch.cat([colors, torch.ones(len(colors), 1)], dim=1)[inside]
    total.index_add_(1, (row * PLAN + column)[inside], rgb1.T.contiguous())
    total = total.view(4, PLAN, PLAN)
    return torch.cat([total[:3] / total[3:].clamp_min(1), (total[3:] > 0).float()])
