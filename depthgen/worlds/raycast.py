"""Rays against unit shapes under affine maps, all rays by all primitives at once.

A ray o + t d becomes A o + b + t A d in the frame where the primitive is a unit shape: one matrix product for
all rays, and t keeps its meaning. Convex shapes are intersections of intervals of t.
Tensors of local rays are (B, N, 3, R), where the 1 of an axis that does not vary broadcasts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from depthgen.worlds.builder import Shape
from depthgen.worlds.primitives import Primitives

INFINITY = float("inf")
Interval = tuple[Tensor, Tensor]  # where a ray enters and leaves, empty where enter > leave


@dataclass(frozen=True)
class Hits:
    """The nearest hits of R rays in B worlds.

    t (B, R), inf where nothing is hit; index (B, R) of the primitive; local (B, 3, R) the hit in its frame;
    local_normal (B, 3, R) of any length there; normal (B, 3, R) of unit length in the world.
    """

    t: Tensor
    index: Tensor
    local: Tensor
    local_normal: Tensor
    normal: Tensor


def nearest_hits(primitives: Primitives, origin: Tensor, direction: Tensor) -> Hits:
    """Cast rays from origin (B, 3, R or 1) along direction (B, 3, R), not necessarily of unit length."""
    o, d = local_points(primitives, origin), local_vectors(primitives, direction)
    t = torch.cat([crossing(o[:, s], d[:, s]) for crossing, s in _by_shape(primitives)], dim=1)
    nearest, index = t.min(dim=1)  # (B, R)
    matrix = _gather(primitives.local_from_world.flatten(2), index).unflatten(1, (3, 4))  # (B, 3, 4, R)
    point = origin + torch.where(nearest.isinf(), 0.0, nearest)[:, None] * direction
    local = (matrix[:, :, :3] * point[:, None]).sum(2) + matrix[:, :, 3]
    local_normal = normals(_gather(primitives.shape[..., None], index)[:, 0], local)
    normal = (matrix[:, :, :3] * local_normal[:, :, None]).sum(1)  # A^T n
    return Hits(nearest, index, local, local_normal, torch.nn.functional.normalize(normal, dim=1))


def occluded(primitives: Primitives, point: Tensor, light: Tensor, casts: Tensor) -> Tensor:
    """(B, R) bool: whether one of what `casts` (B, N) shadows stands between point (B, 3, R) and the light.

    light (B, 4), homogeneous: a direction towards it with last component 0, or a position with 1.
    """
    o = local_points(primitives, point)
    is_position = light[:, 3:, None]  # (B, 1, 1)
    target = _matmul(primitives.local_from_world, light[:, :, None])  # (B, N, 3, 1), a point or a direction
    d = target - is_position[..., None] * o
    t = torch.cat([crossing(o[:, s], d[:, s]) for crossing, s in _by_shape(primitives)], dim=1)
    limit = torch.where(is_position > 0, 1.0, INFINITY)
    return ((t < limit) & casts[:, :, None]).any(dim=1)


def local_points(primitives: Primitives, point: Tensor) -> Tensor:
    """Points (B, 3, R) in every primitive's frame (B, N, 3, R)."""
    return local_vectors(primitives, point) + primitives.local_from_world[..., 3:]


def local_vectors(primitives: Primitives, vector: Tensor) -> Tensor:
    """Vectors (B, 3, R) in every primitive's frame (B, N, 3, R)."""
    return _matmul(primitives.local_from_world[..., :3], vector)


def _matmul(matrix: Tensor, vectors: Tensor) -> Tensor:
    count, rows = matrix.shape[1:3]
    return torch.bmm(matrix.flatten(1, 2), vectors).unflatten(1, (count, rows))


def _by_shape(primitives: Primitives) -> list[tuple[Callable[[Tensor, Tensor], Tensor], slice]]:
    """Every shape's crossing function with the slice of primitives that have it (the same in each world)."""
    shapes = primitives.shape[0]
    bounds = torch.searchsorted(shapes, torch.arange(len(Shape) + 1, device=shapes.device)).tolist()
    slices = [slice(a, b) for a, b in pairwise(bounds)]
    return [(CROSSINGS[Shape(i)], s) for i, s in enumerate(slices) if s.stop > s.start]


# -- crossings: local o, d (B, N, 3, R) -> the t > 0 at which a ray enters the unit shape, or inf


def _entered(interval: Interval) -> Tensor:
    enter, leave = interval
    return torch.where((enter <= leave) & (enter > 0), enter, INFINITY)


def _slab(o: Tensor, d: Tensor) -> Interval:
    """-1 <= o + t d <= 1. The clamp keeps a ray along the slab from giving inf - inf."""
    inverse = d.reciprocal().clamp(-1e12, 1e12)
    middle, half = o * -inverse, inverse.abs()
    return middle - half, middle + half


def _quadratic(a: Tensor, b: Tensor, c: Tensor) -> Interval:
    """a t^2 + 2 b t + c <= 0 for a > 0; empty (inf, -inf) without real roots."""
    discriminant = b * b - a * c
    root = discriminant.clamp(min=0).sqrt()
    inverse = a.clamp(min=1e-12).reciprocal()
    hit = discriminant > 0
    return (
        torch.where(hit, (-b - root) * inverse, INFINITY),
        torch.where(hit, (-b + root) * inverse, -INFINITY),
    )


def _both(first: Interval, second: Interval) -> Interval:
    return torch.maximum(first[0], second[0]), torch.minimum(first[1], second[1])


def cross_box(o: Tensor, d: Tensor) -> Tensor:
    """The cube [-1, 1]^3."""
    enter, leave = _slab(o, d)
    return _entered((enter.amax(2), leave.amin(2)))


def cross_ellipsoid(o: Tensor, d: Tensor) -> Tensor:
    """The unit sphere."""
    return _entered(_quadratic((d * d).sum(2), (o * d).sum(2), (o * o).sum(2) - 1))


def cross_cylinder(o: Tensor, d: Tensor) -> Tensor:
    """x^2 + z^2 <= 1 and |y| <= 1."""
    (ox, oy, oz), (dx, dy, dz) = o.unbind(2), d.unbind(2)
    round_part = _quadratic(dx * dx + dz * dz, ox * dx + oz * dz, ox * ox + oz * oz - 1)
    return _entered(_both(round_part, _slab(oy, dy)))


def cross_cone(o: Tensor, d: Tensor) -> Tensor:
    """x^2 + z^2 <= ((y + 1) / 2)^2 and y <= 1: the roots on the mantle below the apex, and the base disc."""
    (ox, oy, oz), (dx, dy, dz) = o.unbind(2), d.unbind(2)
    height, rise = (oy + 1) / 2, dy / 2
    a = dx * dx + dz * dz - rise * rise
    b = ox * dx + oz * dz - height * rise
    c = ox * ox + oz * oz - height * height
    discriminant = b * b - a * c
    root = discriminant.clamp(min=0).sqrt()
    a = torch.where(a.abs() < 1e-9, 1e-9, a)
    nearest = torch.full_like(discriminant, INFINITY)
    for t in ((-b - root) / a, (-b + root) / a):
        y = oy + t * dy
        valid = (discriminant > 0) & (t > 0) & (y >= -1) & (y <= 1)
        nearest = torch.where(valid & (t < nearest), t, nearest)
    t = (1 - oy) / dy
    on_base = (t > 0) & ((ox + t * dx).square() + (oz + t * dz).square() <= 1)
    return torch.where(on_base & (t < nearest), t, nearest)


def cross_prism(o: Tensor, d: Tensor) -> Tensor:
    """|z| <= 1, y <= 1 and |x| <= (y + 1) / 2."""
    (ox, oy, oz), (dx, dy, dz) = o.unbind(2), d.unbind(2)
    interval = _slab(oz, dz)
    for offset, rate in ((oy - 1, dy), (ox - (oy + 1) / 2, dx - dy / 2), (-ox - (oy + 1) / 2, -dx - dy / 2)):
        t = -offset / rate
        enters = rate < 0
        interval = _both(interval, (torch.where(enters, t, -INFINITY), torch.where(enters, INFINITY, t)))
    return _entered(interval)


def cross_plane(o: Tensor, d: Tensor) -> Tensor:
    """y = 0, met from above (y < 0)."""
    t = -o[:, :, 1] / d[:, :, 1]
    return torch.where((t > 0) & (o[:, :, 1] < 0), t, INFINITY)


CROSSINGS: dict[Shape, Callable[[Tensor, Tensor], Tensor]] = {
    Shape.BOX: cross_box,
    Shape.ELLIPSOID: cross_ellipsoid,
    Shape.CYLINDER: cross_cylinder,
    Shape.CONE: cross_cone,
    Shape.PRISM: cross_prism,
    Shape.PLANE: cross_plane,
}


# -- normals


def normals(shape: Tensor, local: Tensor) -> Tensor:
    """Outward normals (B, 3, R) (any length) of unit shapes `shape` (B, R) at surface points (B, 3, R)."""
    x, y, z = local.unbind(1)
    zero, side = torch.zeros_like(x), x.sign()
    radius = torch.hypot(x, z)
    flat = torch.stack([zero, y.sign(), zero], 1)  # top or bottom face
    axis = local.abs().argmax(1, keepdim=True)
    box = torch.zeros_like(local).scatter(1, axis, local.sign().gather(1, axis))
    cylinder = torch.where((y.abs() > radius)[:, None], flat, torch.stack([x, zero, z], 1))
    cone = torch.where((y > 1 - 1e-3)[:, None], flat, torch.stack([x, -radius / 2, z], 1))
    slope = torch.stack([side, -0.5 * torch.ones_like(x), zero], 1)
    gap = torch.stack([1 - z.abs(), 1 - y, ((y + 1) / 2 - x.abs()) * 0.894], 1).argmin(1, keepdim=True)
    prism = torch.where(gap == 0, torch.stack([zero, zero, z.sign()], 1), torch.where(gap == 1, flat, slope))
    up = torch.stack([zero, -torch.ones_like(x), zero], 1)
    by_shape = torch.stack([box, local, cylinder, cone, prism, up], dim=0)  # (shapes, B, 3, R)
    return by_shape.gather(0, shape[None, :, None].expand(1, -1, 3, -1))[0]


def _gather(values: Tensor, index: Tensor) -> Tensor:
    """Values (B, N, C) at index (B, R): (B, C, R)."""
    return values.gather(1, index[:, :, None].expand(-1, -1, values.shape[2])).transpose(1, 2)


def properties(values: Tensor, hits: Hits) -> Tensor:
    """A property (B, N) or (B, N, C) of the primitive each ray hit: (B, R) or (B, C, R)."""
    return _gather(values, hits.index) if values.ndim == 3 else values.gather(1, hits.index)
