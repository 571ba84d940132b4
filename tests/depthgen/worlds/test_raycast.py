"""Rays against shapes: Open3D's ray caster on fine meshes as the oracle, and numbers worked out by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from depthgen.worlds import raycast
from depthgen.worlds.builder import Builder, Material
from depthgen.worlds.primitives import Primitives, batched, primitives_of
from depthgen.worlds.raycast import nearest_hits, occluded
from depthgen.worlds.semantics import Semantic

SOLIDS = ("box", "ellipsoid", "cylinder", "cone", "prism", "frustum")
GREY = Material((0.5, 0.5, 0.5))
SIZE, PLACE = (1.6, 2.4, 1.0), (0.3, 6.0)
UnitMesh = Callable[[str], Any]
POSE = {"base": 0.4, "yaw": 35.0, "pitch": 20.0, "roll": -15.0}


def built(*solids: tuple[str, float, float, tuple[float, float, float]], ground: bool = False) -> Primitives:
    """A batch of one world from (method, x, z, size) each."""
    builder = Builder()
    for method, x, z, size in solids:
        getattr(builder, method)(x, z, size, GREY, Semantic.ROCK)
    if ground:
        builder.ground(GREY, Semantic.GROUND)
    return batched([primitives_of(builder)])


def fan(height: float = 1.5, side: int = 48) -> tuple[Tensor, Tensor]:
    """Rays (1, 3, side^2) with z = 1 from one eye (1, 3, 1) at `height`."""
    steps = torch.linspace(-0.45, 0.45, side)
    v, u = torch.meshgrid(steps, steps, indexing="ij")
    return torch.tensor([0.0, -height, 0.0])[None, :, None], torch.stack([u, v, torch.ones_like(u)]).flatten(
        1
    )[None]


def rays(*pairs: tuple[tuple[float, float, float], tuple[float, float, float]]) -> tuple[Tensor, Tensor]:
    origins, directions = zip(*pairs, strict=True)
    return torch.tensor(origins).float().T[None], torch.tensor(directions).float().T[None]


@pytest.mark.parametrize("name", SOLIDS)
@pytest.mark.parametrize("height", [0.2, 1.5, 5.0])
def test_hits_agree_with_open3d(unit_mesh: UnitMesh, name: str, height: float) -> None:
    import open3d as o3d

    builder = Builder()
    getattr(builder, name)(*PLACE, SIZE, GREY, Semantic.ROCK, **POSE)
    mesh = unit_mesh(name).transform(np.vstack([builder.world_from_local[0], [0, 0, 0, 1]]))
    scene = o3d.t.geometry.RaycastingScene()
    scene.add_triangles(o3d.t.geometry.TriangleMesh.from_legacy(mesh))
    origin, direction = fan(height)
    if height == 5.0:
        direction = direction + torch.tensor([0.0, 0.6, 0.0])[None, :, None]
    cast = torch.cat([origin.expand_as(direction), direction], 1)[0].T.contiguous()
    truth = scene.cast_rays(o3d.core.Tensor(cast.numpy()))
    hits = nearest_hits(batched([primitives_of(builder)]), origin, direction)
    t = torch.from_numpy(truth["t_hit"].numpy())
    both = t.isfinite() & hits.t[0].isfinite()
    assert both.sum() > 80
    assert (
        t.isfinite() != hits.t[0].isfinite()
    ).float().mean() < 2e-3  # meshes of curved shapes lie inside them
    assert ((hits.t[0] - t).abs() / t)[both].quantile(0.99) < 1e-3
    normal = torch.from_numpy(truth["primitive_normals"].numpy())
    cosine = (normal * hits.normal[0].T).sum(1).abs()[both]
    assert (cosine > 0.999).float().mean() > 0.97
    assert ((hits.normal[0] * direction[0]).sum(0)[both] <= 1e-5).all()  # outward, so against the ray


def test_hits_by_hand() -> None:
    world = built(("box", 0, 5, (2, 2, 2)), ("ellipsoid", 4, 5, (2, 2, 2)), ground=True)
    origin, direction = rays(
        ((0, -1, 0), (0, 0, 1)),  # the box's front at z = 4
        ((0, -1, 0), (0, 0, 2)),  # twice as fast
        ((4, -1, 0), (0, 0, 1)),  # the ball's front at z = 4
        ((-3, -1, 0), (0, 1, 1)),  # the ground after one metre down
        ((-3, -1, 0), (0, -1, 1)),  # nothing
        ((0, -1, 9), (0, 0, 1)),  # nothing behind
    )
    hits = nearest_hits(world, origin, direction)
    assert hits.t[0].tolist() == pytest.approx([4, 2, 4, 1, float("inf"), float("inf")])
    assert hits.normal[0, :, 0].tolist() == pytest.approx([0, 0, -1])
    assert hits.normal[0, :, 3].tolist() == pytest.approx([0, -1, 0])
    assert hits.local[0, :, 0].tolist() == pytest.approx([0, 0, -1])


@pytest.mark.parametrize("name", SOLIDS)
def test_a_solid_is_not_seen_from_inside(name: str) -> None:
    directions = ((0, 0, 1), (1, 0, 0), (0.2, -1, 0), (0, 1, 0.1))
    hits = nearest_hits(built((name, 0, 5, (2, 2, 2))), *rays(*(((0, -1, 5), d) for d in directions)))
    assert hits.t.isinf().all()


def test_a_flipped_frustum_is_wide_at_the_top() -> None:
    builder = Builder()
    builder.frustum(0, 5, (2, 2, 2), GREY, Semantic.ROCK, flipped=True)
    ahead = (0.0, 0.0, 1.0)
    hits = nearest_hits(
        batched([primitives_of(builder)]),
        *rays(((0, -1.99, 0), ahead), ((0, -1, 0), ahead), ((0, -0.01, 0), ahead)),
    )
    assert hits.t[0].tolist() == pytest.approx([4.002, 4.2, 4.398], abs=1e-4)  # 5 - radius
    assert hits.normal[0, :, 1] == pytest.approx(torch.tensor([0.0, 0.2 / 1.04**0.5, -1 / 1.04**0.5]))


def cluttered(seed: int) -> Primitives:
    rng = np.random.default_rng(seed)

    def solid() -> tuple[str, float, float, tuple[float, float, float]]:
        name = str(rng.choice(SOLIDS))
        return name, rng.uniform(-4, 4), rng.uniform(2, 12), tuple(rng.uniform(0.1, 3, 3))

    return built(*(solid() for _ in range(30)), ground=True)


@pytest.mark.parametrize("distance", [0.0, 300.0])
def test_bounding_spheres_leave_out_no_hit(monkeypatch: pytest.MonkeyPatch, distance: float) -> None:
    world, (origin, direction) = cluttered(3), fan()
    origin = origin - distance * torch.tensor([0.0, 0.2, 1.0])[None, :, None]
    narrower = 1 + distance / 8
    direction = direction / torch.tensor([narrower, narrower, 1.0])[None, :, None]
    direction[:, 1] += 0.2 * (distance > 0)
    light, casts = torch.tensor([[0.5, -0.7, -0.4, 0.0]]), world.emissive == 0
    culled = nearest_hits(world, origin, direction)
    point = origin + (culled.t.clamp(max=2 * distance + 20) - 1e-2)[:, None] * direction
    shadow = occluded(world, point, light, casts)
    monkeypatch.setattr(raycast, "_near", lambda p, o, d: torch.ones(*p.shape.shape, d.shape[2]).bool())
    every = nearest_hits(world, origin, direction)
    assert torch.equal(culled.t, every.t)
    assert torch.equal(culled.index[culled.t.isfinite()], every.index[culled.t.isfinite()])
    assert torch.equal(shadow, occluded(world, point, light, casts))
    assert 0.02 < shadow.float().mean() < 0.98


def test_candidates_are_all_that_is_met() -> None:
    world, (origin, direction) = cluttered(3), fan(side=24)
    every = nearest_hits(world, origin, direction)
    same = nearest_hits(world, origin, direction, every.index[:, None])
    assert torch.equal(same.t, every.t)
    other = (every.index[:, None] + 1) % len(world)
    assert (nearest_hits(world, origin, direction, other).t >= every.t).all()


def test_worlds_of_different_sizes_do_not_disturb_each_other() -> None:
    small, large = built(("cone", 0, 5, (2, 2, 2))), cluttered(1)
    both = batched([Primitives(*(v[0] for v in vars(w).values())) for w in (small, large)])
    origin, direction = fan(side=24)
    together = nearest_hits(both, origin.expand(2, -1, -1), direction.expand(2, -1, -1))
    for row, world in enumerate((small, large)):
        assert torch.equal(together.t[row], nearest_hits(world, origin, direction).t[0])


def test_shadows_by_hand() -> None:
    world = built(("box", 0, 5, (2, 1, 2)), ground=True)
    on_ground = torch.tensor([[0.0, -1e-3, 2.0], [0.0, -1e-3, 3.5], [0.0, -1e-3, 8.0]]).T[None]
    casts = torch.ones(1, 2, dtype=torch.bool)
    low_sun = torch.tensor([[0.0, -0.5, 1.0, 0.0]])  # far ahead: shadows fall two metres towards us
    assert occluded(world, on_ground, low_sun, casts).tolist() == [[False, True, False]]
    lamp_behind = torch.tensor([[0.0, -0.5, 9.0, 1.0]])
    assert occluded(world, on_ground, lamp_behind, casts).tolist() == [[True, True, False]]
    lamp_before = torch.tensor([[0.0, -0.5, 3.8, 1.0]])  # nearer than the box
    assert occluded(world, on_ground, lamp_before, casts).tolist() == [[False, False, True]]
    assert not occluded(world, on_ground, low_sun, ~casts).any()
