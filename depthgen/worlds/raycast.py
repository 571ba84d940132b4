"""Rays against unit shapes under affine maps, in two steps.

First bounding spheres say which rays come near which primitives, by two matrix products over all pairs. Then
only those pairs, usually a few in a hundred, are looked at closely: a ray o + t d becomes A o + b + t A d in
the frame where the primitive is a unit shape, and t keeps its meaning. A convex shape is an intersection of
intervals of t.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from itertools import accumulate

import torch
from torch import Tensor

from depthgen.worlds.builder import Shape
from depthgen.worlds.primitives import Primitives

INFINITY = float("inf")
TAPERS = (0.0, 0.0, 0.0, 0.5, 0.5, 0.0, 0.2)  # by shape: width lost per unit of height above the base
ROUNDING = 1e-5  # of squared distances from the origin, in float32
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


def joined(parts: Sequence[Hits]) -> Hits:
    """The hits of several groups of rays, one after the other."""
    return Hits(*(torch.cat([getattr(part, f.name) for part in parts], -1) for f in fields(Hits)))


def nearest_hits(
    primitives: Primitives, origin: Tensor, direction: Tensor, candidates: Tensor | None = None
) -> Hits:
    """Cast rays from origin (B, 3, R or 1) along direction (B, 3, R), not necessarily of unit length.

    candidates (B, K, R): the only primitives that each ray is to meet; all of them unless given.
    """
    worlds, _, rays = direction.shape
    origin = origin.expand_as(direction)
    if candidates is None:
        near = _near(primitives, origin, direction)
    else:
        near = torch.zeros(worlds, len(primitives), rays, dtype=torch.bool, device=direction.device)
        near = near.scatter(1, candidates, True)
    t, world, primitive, ray = _crossings(primitives, origin, direction, near)
    which = world * rays + ray
    nearest = torch.full((worlds * rays,), INFINITY, device=t.device).scatter_reduce(0, which, t, "amin")
    candidate = torch.where(t == nearest.index_select(0, which), primitive, len(primitives) - 1)
    # of primitives equally near, the first
    index = torch.full_like(nearest, len(primitives) - 1, dtype=torch.int64)
    index = index.scatter_reduce(0, which, candidate, "amin")
    return _hits(primitives, origin, direction, nearest.view(worlds, rays), index.view(worlds, rays))


def _hits(primitives: Primitives, origin: Tensor, direction: Tensor, t: Tensor, index: Tensor) -> Hits:
    """Where the rays are at t (B, R), in the frames of the primitives index (B, R)."""
    matrix = _gather(primitives.local_from_world.flatten(2), index).unflatten(1, (3, 4))  # (B, 3, 4, R)
    point = origin + torch.where(t.isinf(), 0.0, t)[:, None] * direction
    local = (matrix[:, :, :3] * point[:, None]).sum(2) + matrix[:, :, 3]
    local_normal = normals(primitives.shape.gather(1, index), local)
    normal = (matrix[:, :, :3] * local_normal[:, :, None]).sum(1)  # A^T n
    return Hits(t, index, local, local_normal, normal / length(normal))


def occluded(primitives: Primitives, point: Tensor, light: Tensor, casts: Tensor) -> Tensor:
    """(B, R) bool: whether one of what `casts` (B, N) shadows stands between point (B, 3, R) and the light.

    light (B, 4), homogeneous: a direction towards it with last component 0, or a position with 1.
    """
    position = light[:, 3:, None]  # (B, 1, 1)
    direction = light[:, :3, None] - position * point
    near = _near(primitives, point, direction) & casts[:, :, None]
    t, world, _, ray = _crossings(primitives, point, direction, near)
    between = t < torch.where(position > 0, 1.0, INFINITY).flatten().index_select(0, world)
    shadowed = torch.zeros_like(point[:, 0], dtype=torch.bool)
    shadowed[world[between], ray[between]] = True
    return shadowed


def length(vectors: Tensor) -> Tensor:
    """(B, 1, R) lengths, never 0, of vectors (B, 3, R); torch's norm is far slower along so short an axis."""
    return (vectors * vectors).sum(1, keepdim=True).clamp(min=1e-24).sqrt()


def plane_distance(normal: Tensor, center: Tensor, point: Tensor) -> Tensor:
    """(B, K, R) normal (p - center) for K planes through center (B, K, 3) and points (B, 3, R)."""
    return torch.baddbmm(-(normal * center).sum(2, keepdim=True), normal, point)


def _near(primitives: Primitives, origin: Tensor, direction: Tensor) -> Tensor:
    """(B, N, R) bool: the rays (B, 3, R) that may meet a primitive, as they pass its bounding sphere ahead.

    With m from the origin to the centre and u the unit direction, the squared distance to the ray is
    |m|^2 - max(m u, 0)^2.
    """
    unit = direction / length(direction)
    center, radius = primitives.world_from_local[..., 3], primitives.reach()  # (B, N, 3), (B, N)
    far, away = center.square().sum(2), origin.square().sum(1)  # |c|^2 (B, N), |o|^2 (B, R)
    along = torch.baddbmm(-(origin * unit).sum(1)[:, None], center, unit)  # m u
    apart = torch.baddbmm(
        (1 - ROUNDING) * away[:, None], center, origin, alpha=-2
    )  # |m|^2 - |c|^2 - rounding
    limit = radius.square() - (1 - ROUNDING) * far
    return apart.sub_(along.clamp_(min=0).square_()) <= limit[:, :, None]  # in place: these are large


def _crossings(
    primitives: Primitives, origin: Tensor, direction: Tensor, near: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Four of (P,): t where each pair in near (B, N, R) meets, or inf; its world, primitive and ray."""
    parts = []
    for kind, columns in by_shape(primitives):
        world, primitive, ray = near[:, columns].nonzero(as_tuple=True)
        primitive = primitive + columns.start
        matrix = picked(primitives.local_from_world.permute(2, 3, 0, 1), world * len(primitives) + primitive)
        o, d = (picked(v.transpose(0, 1), world * v.shape[2] + ray) for v in (origin, direction))
        o, d = (matrix[:, :3] * o).sum(1) + matrix[:, 3], (matrix[:, :3] * d).sum(1)  # (3, P)
        parts.append((CROSSINGS[kind](o, d), world, primitive, ray))
    t, world, primitive, ray = (torch.cat(part) for part in zip(*parts, strict=True))
    return t, world, primitive, ray


def by_shape(primitives: Primitives) -> list[tuple[Shape, slice]]:
    """The shapes that a batch has, and which of its N primitives are of it, in every world."""
    counts = torch.bincount(primitives.shape[0], minlength=len(Shape)).tolist()
    ends = accumulate(counts)
    return [(kind, slice(end - n, end)) for kind, n, end in zip(Shape, counts, ends, strict=True) if n]


def picked(values: Tensor, which: Tensor) -> Tensor:
    """Entries which (P,) of the last two axes of values (..., B, N) taken as one: (..., P)."""
    rows = values.flatten(-2).flatten(0, -2)  # torch picks faster from two axes than from more
    return rows.index_select(1, which).view(*values.shape[:-2], len(which))


# -- crossings: local o, d (3, P) -> the t > 0 at which a ray enters the unit shape, or inf


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
    return _entered((enter.amax(0), leave.amin(0)))


def cross_ellipsoid(o: Tensor, d: Tensor) -> Tensor:
    """The unit sphere."""
    return _entered(_quadratic((d * d).sum(0), (o * d).sum(0), (o * o).sum(0) - 1))


def cross_cylinder(o: Tensor, d: Tensor) -> Tensor:
    """x^2 + z^2 <= 1 and |y| <= 1."""
    (ox, oy, oz), (dx, dy, dz) = o, d
    round_part = _quadratic(dx * dx + dz * dz, ox * dx + oz * dz, ox * ox + oz * oz - 1)
    return _entered(_both(round_part, _slab(oy, dy)))


def _cross_tapered(o: Tensor, d: Tensor, slope: float) -> Tensor:
    """|y| <= 1 and x^2 + z^2 <= (1 + slope (y - 1))^2: roots on the mantle, and the ends."""
    (ox, oy, oz), (dx, dy, dz) = o, d
    radius, rise = 1 + slope * (oy - 1), slope * dy
    a = dx * dx + dz * dz - rise * rise
    b = ox * dx + oz * dz - radius * rise
    c = ox * ox + oz * oz - radius * radius
    discriminant = b * b - a * c
    root = discriminant.clamp(min=0).sqrt()
    a = torch.where(a.abs() < 1e-9, 1e-9, a)
    nearest = torch.full_like(discriminant, INFINITY)
    for t in ((-b - root) / a, (-b + root) / a):
        y = oy + t * dy
        valid = (discriminant > 0) & (t > 0) & (y >= -1) & (y <= 1)
        nearest = torch.where(valid & (t < nearest), t, nearest)
    for end, end_radius in ((1.0, 1.0), (-1.0, 1 - 2 * slope)):
        t = (end - oy) / dy
        on_end = (t > 0) & ((ox + t * dx).square() + (oz + t * dz).square() <= end_radius**2)
        nearest = torch.where(on_end & (t < nearest), t, nearest)
    inside = (c < 0) & (oy.abs() < 1)
    return torch.where(inside, INFINITY, nearest)


def cross_cone(o: Tensor, d: Tensor) -> Tensor:
    """x^2 + z^2 <= ((y + 1) / 2)^2 and y <= 1."""
    return _cross_tapered(o, d, TAPERS[Shape.CONE])


def cross_frustum(o: Tensor, d: Tensor) -> Tensor:
    """x^2 + z^2 <= (0.8 + 0.2 y)^2 and |y| <= 1."""
    return _cross_tapered(o, d, TAPERS[Shape.FRUSTUM])


def cross_prism(o: Tensor, d: Tensor) -> Tensor:
    """|z| <= 1, y <= 1 and |x| <= (y + 1) / 2."""
    (ox, oy, oz), (dx, dy, dz) = o, d
    interval = _slab(oz, dz)
    for offset, rate in ((oy - 1, dy), (ox - (oy + 1) / 2, dx - dy / 2), (-ox - (oy + 1) / 2, -dx - dy / 2)):
        t = -offset / rate
        enters = rate < 0
        interval = _both(interval, (torch.where(enters, t, -INFINITY), torch.where(enters, INFINITY, t)))
    return _entered(interval)


def cross_plane(o: Tensor, d: Tensor) -> Tensor:
    """y = 0, met from above (y < 0)."""
    t = -o[1] / d[1]
    return torch.where((t > 0) & (o[1] < 0), t, INFINITY)


CROSSINGS: dict[Shape, Callable[[Tensor, Tensor], Tensor]] = {
    Shape.BOX: cross_box,
    Shape.ELLIPSOID: cross_ellipsoid,
    Shape.CYLINDER: cross_cylinder,
    Shape.CONE: cross_cone,
    Shape.PRISM: cross_prism,
    Shape.PLANE: cross_plane,
    Shape.FRUSTUM: cross_frustum,
}


# -- normals


def normals(shape: Tensor, local: Tensor) -> Tensor:
    """Outward normals (B, 3, R) (any length) of unit shapes `shape` (B, R) at surface points (B, 3, R)."""
    x, y, z = local.unbind(1)
    zero, side = torch.zeros_like(x), x.sign()
    radius = torch.hypot(x, z)
    flat = torch.stack([zero, y.sign(), zero], 1)  # top or bottom face
    box = torch.where(local.abs() >= local.abs().amax(1, keepdim=True), local.sign(), 0.0)
    cylinder = torch.where((y.abs() > radius)[:, None], flat, torch.stack([x, zero, z], 1))
    at_end = (y.abs() > 1 - 1e-3)[:, None]
    cone, frustum = (
        torch.where(at_end, flat, torch.stack([x, -TAPERS[kind] * radius, z], 1))
        for kind in (Shape.CONE, Shape.FRUSTUM)
    )
    slope = torch.stack([side, -0.5 * torch.ones_like(x), zero], 1)
    to_end, to_base, to_slope = 1 - z.abs(), 1 - y, ((y + 1) / 2 - x.abs()) * 0.894  # distances
    end = torch.stack([zero, zero, z.sign()], 1)
    prism = torch.where((to_base < to_slope)[:, None], flat, slope)
    prism = torch.where((to_end <= torch.minimum(to_base, to_slope))[:, None], end, prism)
    up = torch.stack([zero, -torch.ones_like(x), zero], 1)
    by_shape = torch.stack([box, local, cylinder, cone, prism, up, frustum], dim=0)  # (shapes, B, 3, R)
    return by_shape.gather(0, shape[None, :, None].expand(1, -1, 3, -1))[0]


def _gather(values: Tensor, index: Tensor) -> Tensor:
    """Values (B, N, C) at index (B, R): (B, C, R)."""
    return values.transpose(1, 2).gather(2, index[:, None].expand(-1, values.shape[2], -1))


def properties(values: Tensor, hits: Hits) -> Tensor:
    """A property (B, N) or (B, N, C) of the primitive each ray hit: (B, R) or (B, C, R)."""
    return _gather(values, hits.index) if values.ndim == 3 else values.gather(1, hits.index)
