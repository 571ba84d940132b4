"""What stands around a point: ambient occlusion from distances, and the sun through a room's windows.

Ambient occlusion follows Evans, Fast Approximations for Global Illumination on Dynamic Scenes (SIGGRAPH
2006 course): a probe is held h metres above the surface, and the distance from there to everything else, as a
share of h, says how open the surroundings are. It casts no random rays, so it has no noise.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from depthgen.worlds.builder import Shape
from depthgen.worlds.lighting import Light
from depthgen.worlds.primitives import Primitives
from depthgen.worlds.raycast import INFINITY, TAPERS, by_shape, length, occluded, picked, plane_distance
from depthgen.worlds.semantics import Semantic

PROBES = (0.2, 0.9)  # metres above the surface, ascending: for contacts, and for corners
OUTDOOR_PROBES = 2.5  # times as far in the open, where things are larger
DARKENING = 0.3  # by each probe in a right-angled corner; twice that deep under something
SHELL = (Semantic.WALL, Semantic.CEILING, Semantic.FLOOR, Semantic.WINDOW)  # not in the way of a room's sun
PENUMBRA = 0.03  # its width in metres per metre behind the window


def openness(shapes: Primitives, light: Light, point: Tensor, normal: Tensor, own: Tensor) -> Tensor:
    """(B, R) in (0, 1]: how much ambient light reaches point (B, 3, R) with unit normal (B, 3, R).

    own (B, R) is the primitive that the point lies on; neither it nor what glows darkens.
    """
    scale = torch.where(light.indoor > 0, 1.0, OUTDOOR_PROBES)  # (B, 1)
    result = torch.ones_like(point[:, 0])
    for height, clear in zip(
        PROBES, _clearances(shapes, point, scale[:, :, None] * normal, own), strict=True
    ):
        free = (clear.view_as(result) / (height * scale)).clamp(-1, 1)
        result = result * (1 - DARKENING * (1 - free))
    return result


def _clearances(shapes: Primitives, point: Tensor, normal: Tensor, own: Tensor) -> list[Tensor]:
    """For each probe at point + height normal, (B, 3, R): (B R,) metres to the nearest primitive but the own.

    At most the probe's own height above its surface.
    """
    above = length(normal).flatten()
    nearest = [height * above for height in PROBES]
    within = _within(shapes, point + PROBES[-1] * normal, PROBES[-1] * length(normal)[:, 0, :1])
    for kind, columns in by_shape(shapes):
        world, primitive, ray = within[:, columns].nonzero(as_tuple=True)
        primitive, which = primitive + columns.start, world * point.shape[2] + ray
        matrix, half = (
            picked(values, world * len(shapes) + primitive)
            for values in (shapes.local_from_world.permute(2, 3, 0, 1), shapes.half_size.permute(2, 0, 1))
        )
        p, n = (picked(values.transpose(0, 1), which) for values in (point, normal))
        start, step = (matrix[:, :3] * p).sum(1) + matrix[:, 3], (matrix[:, :3] * n).sum(1)
        other = primitive != own.flatten().index_select(0, which)
        for i, height in enumerate(PROBES):
            distance = signed_distance(kind, start + height * step, half)
            distance = torch.where(other, distance, INFINITY)
            nearest[i] = nearest[i].scatter_reduce(0, which, distance, "amin")
    return nearest


def _within(shapes: Primitives, probe: Tensor, reach: Tensor) -> Tensor:
    """(B, N, R) bool: the dark primitives whose bounding spheres are nearer to probe (B, 3, R) than reach."""
    center, radius = shapes.world_from_local[..., 3], shapes.reach()
    limit = (radius + reach).square() - center.square().sum(2)
    real = shapes.half_size[..., 0] > 0  # padding has no size
    limit = torch.where((shapes.emissive == 0) & real, limit, -INFINITY)
    apart = torch.baddbmm(probe.square().sum(1)[:, None], center, probe, alpha=-2)  # |p - c|^2 - |c|^2
    return apart <= limit[:, :, None]


def signed_distance(kind: Shape, local: Tensor, half: Tensor) -> Tensor:
    """(P,) metres from points local (3, P) in the frames of primitives of half size (3, P); negative inside.

    Exact for boxes, planes, spheres and round cylinders, to first order for the other shapes.
    """
    return DISTANCES[kind](local, half, TAPERS[kind])


def _to_ellipsoid(local: Tensor, half: Tensor, _: float) -> Tensor:
    """k0 (k0 - 1) / k1 with k0 = |x / r| and k1 = |x / r^2|, to first order."""
    k0, k1 = local.square().sum(0).sqrt(), (local / half).square().sum(0).sqrt()
    return k0 * (k0 - 1) / k1.clamp(min=1e-9)


def _to_edged(local: Tensor, half: Tensor, taper: float) -> Tensor:
    """Boxes and prisms: past their sides, their ends and their other sides."""
    past = local.abs() - 1
    sides = _past_side(past[0], local[1], half[0], half[1], taper)
    return _past_all(torch.stack([sides, past[1] * half[1], past[2] * half[2]]))


def _to_round(local: Tensor, half: Tensor, taper: float) -> Tensor:
    """Cylinders, cones and frusta: past their mantle and their ends."""
    x, y, z = local
    radius = torch.hypot(x, z)
    metres = torch.hypot(x * half[0], z * half[2]) / radius.clamp(min=1e-6)
    mantle = _past_side(radius - 1, y, metres, half[1], taper)
    return _past_all(torch.stack([mantle, (y.abs() - 1) * half[1]]))


def _past_side(past: Tensor, y: Tensor, metres: Tensor, half_y: Tensor, taper: float) -> Tensor:
    """Metres past a side that is `past` units past the base's edge, and leans by `taper`."""
    if not taper:
        return past * metres
    lean = taper * metres / half_y
    return (past + taper * (1 - y.clamp(-1, 1))) * metres / (1 + lean * lean).sqrt()


def _past_all(gaps: Tensor) -> Tensor:
    """Distance (P,) to an intersection of slabs that are gaps (K, P) metres away, square to each other."""
    return gaps.clamp(min=0).square().sum(0).sqrt() + gaps.amax(0).clamp(max=0)


def _to_plane(local: Tensor, half: Tensor, _: float) -> Tensor:
    return -local[1] * half[1]


DISTANCES: dict[Shape, Callable[[Tensor, Tensor, float], Tensor]] = {
    Shape.BOX: _to_edged,
    Shape.ELLIPSOID: _to_ellipsoid,
    Shape.CYLINDER: _to_round,
    Shape.CONE: _to_round,
    Shape.PRISM: _to_edged,
    Shape.PLANE: _to_plane,
    Shape.FRUSTUM: _to_round,
}


def sunlit(shapes: Primitives, light: Light, point: Tensor, normal: Tensor) -> Tensor:
    """(B, R) in [0, 1]: how much of the sun falls through the panes of a room on point (B, 3, R)."""
    if not light.panes.shape[1]:
        return torch.zeros_like(point[:, 0])
    share = through_panes(light, point) * ((light.sun[:, :, None] * normal).sum(1) > 0)
    needed = (share > 0).any(dim=0)
    dark = shapes.emissive == 0
    casts = dark & ~torch.isin(shapes.semantic, torch.tensor(SHELL, device=point.device))
    towards = torch.nn.functional.pad(light.sun, (0, 1))  # (B, 4), at infinity
    share[:, needed] *= ~occluded(shapes, point[:, :, needed], towards, casts)
    return share


def through_panes(light: Light, point: Tensor) -> Tensor:
    """(B, R) in [0, 1]: whether a line from point (B, 3, R) to the sun passes a pane, soft at its edges."""
    right, up, inward, center = light.panes.unbind(3)  # (B, PANES, 3) each
    towards = light.sun[:, None] * torch.ones_like(center)
    approach = -(towards * inward).sum(2, keepdim=True)  # > 0 where the sun shines in
    behind = plane_distance(inward, center, point) / approach.clamp(min=1e-3)  # metres along the line
    share = (behind > 0).float() * (approach > 0)
    for side in (right, up):
        half = side.square().sum(2, keepdim=True).sqrt().clamp(min=1e-6)  # (B, PANES, 1)
        slope = (towards * side).sum(2, keepdim=True) / half
        inside = half - (plane_distance(side / half, center, point) + slope * behind).abs()
        share = share * (0.5 + inside / (PENUMBRA * behind.abs() + 1e-3)).clamp(0, 1)
    return share.sum(1).clamp(max=1)
