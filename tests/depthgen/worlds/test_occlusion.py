"""Ambient occlusion and the sun in rooms: distances against Open3D, corners and spheres in closed form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from depthgen.worlds import lighting
from depthgen.worlds.builder import Builder, Material, Shape
from depthgen.worlds.lighting import Light
from depthgen.worlds.occlusion import DARKENING, PROBES, openness, signed_distance, sunlit, through_panes
from depthgen.worlds.primitives import Primitives, batched, primitives_of
from depthgen.worlds.semantics import Semantic

GREY = Material((0.5, 0.5, 0.5))
UP = torch.tensor([0.0, -1.0, 0.0])[None, :, None]


def points(*rows: tuple[float, float, float]) -> Tensor:
    return torch.tensor(rows).T[None]


def indoors(panes: Tensor | None = None) -> Light:
    nothing = Builder()
    nothing.ground(GREY, Semantic.FLOOR)
    light = lighting.indoor_light("noon", primitives_of(nothing), (0, -2, 0), np.random.default_rng(0))
    return lighting.batched([light if panes is None else replace(light, panes=panes)])


def on_ground(builder: Builder, where: Tensor) -> Tensor:
    """Openness (R,) of points of a floor that is the last primitive."""
    builder.ground(GREY, Semantic.FLOOR)
    shapes = batched([primitives_of(builder)])
    own = torch.full((1, where.shape[2]), int((shapes.shape[0] == Shape.PLANE).nonzero()[0, 0]))
    return openness(shapes, indoors(), where, UP.expand_as(where), own)[0]


@pytest.mark.parametrize("name", ["box", "ellipsoid", "cylinder", "cone", "prism", "frustum"])
def test_distances_agree_with_open3d(unit_mesh: Callable[[str], Any], name: str) -> None:
    """Within a centimetre and, for shapes that are not exact, a share of the distance."""
    import open3d as o3d

    share = {"box": 0.0, "ellipsoid": 0.3}.get(name, 0.1)
    builder = Builder()
    getattr(builder, name)(0.3, 6.0, (1.6, 2.4, 1.4), GREY, Semantic.ROCK, base=0.4, yaw=35.0, pitch=20.0)
    mesh = unit_mesh(name).transform(np.vstack([builder.world_from_local[0], [0, 0, 0, 1]]))
    scene = o3d.t.geometry.RaycastingScene()
    scene.add_triangles(o3d.t.geometry.TriangleMesh.from_legacy(mesh))
    spread = torch.rand(2000, 3, generator=torch.Generator().manual_seed(0)) * 4 - 2
    where = spread + torch.tensor([0.3, -1.6, 6.0])
    truth = torch.from_numpy(scene.compute_signed_distance(where.numpy()).numpy())
    shape = primitives_of(builder)
    local = shape.local_from_world[0] @ torch.cat([where.T, torch.ones(1, len(where))])
    half = shape.half_size.T.expand(3, len(where))
    distance = signed_distance(Shape[name.upper()], local, half)
    near = truth.abs() < PROBES[-1]
    assert near.sum() > 500
    assert ((distance - truth).abs() <= 0.01 + share * truth.abs())[near].float().mean() > 0.98


def test_the_foot_of_a_wall_is_darker_in_closed_form() -> None:
    builder = Builder()
    builder.box(0, 1.0, (20, 6, 2), GREY, Semantic.WALL)  # its face is z = 0
    away = torch.tensor([0.0, 0.1, 0.3, 0.9, 3.0])
    where = torch.stack([torch.zeros(5), torch.zeros(5), -away])[None]
    expected = torch.ones(5)
    for height in PROBES:
        expected = expected * (1 - DARKENING * (1 - (away / height).clamp(max=1)))
    assert torch.allclose(on_ground(builder, where), expected, atol=1e-5)


def test_below_a_sphere_in_closed_form_and_brighter_with_distance() -> None:
    radius, above, aside = 0.5, 0.6, torch.linspace(0, 3, 40)
    builder = Builder()
    builder.ellipsoid(0, 0, (2 * radius,) * 3, GREY, Semantic.ROCK, base=above - radius)
    where = torch.stack([aside, torch.zeros(40), torch.zeros(40)])[None]
    expected = torch.ones(40)
    for height in PROBES:
        distance = torch.hypot(aside, torch.tensor(above - height)) - radius
        expected = expected * (1 - DARKENING * (1 - (distance / height).clamp(-1, 1)))
    found = on_ground(builder, where)
    assert torch.allclose(found, expected, atol=1e-5)
    assert (found.diff() > -1e-6).all()
    assert found[0] > 0
    assert found[-1] == 1


def test_what_glows_does_not_darken_nor_does_a_surface_itself() -> None:
    builder = Builder()
    builder.box(0, 0, (1, 1, 1), Material((1, 1, 1), emissive=1.0), Semantic.LAMP)
    assert on_ground(builder, points((0.55, 0.0, 0.0))).item() == 1


@pytest.fixture
def window() -> Tensor:
    """A pane of 2 x 1 m in the plane z = 0, 1 m above the floor, into +z."""
    return torch.tensor([[[1.0, 0, 0, 0], [0, 0.5, 0, -1.5], [0, 0, 1.0, 0]]])


def lit_by(window: Tensor) -> Light:
    return replace(indoors(window), sun=torch.tensor([[0.0, -(0.5**0.5), -(0.5**0.5)]]))


def test_the_sun_falls_through_a_window_in_closed_form(window: Tensor) -> None:
    where = points((0, 0, 0.9), (0, 0, 1.5), (0.9, 0, 1.9), (1.1, 0, 1.5), (0, 0, 2.1), (0, 0, -1.5))
    assert through_panes(lit_by(window), where)[0].tolist() == [0, 1, 1, 0, 0, 0]  # heights 1 to 2 m, |x| < 1


def test_edges_of_the_patch_are_soft(window: Tensor) -> None:
    edge = torch.linspace(1.9, 2.1, 41)
    shares = through_panes(lit_by(window), torch.stack([0 * edge, 0 * edge, edge])[None])[0]
    assert shares[20].item() == pytest.approx(0.5, abs=0.02)
    assert (shares.diff() <= 0).all()
    assert 2 < ((shares > 0) & (shares < 1)).sum() < 20


def in_room(*boxes: tuple[float, Semantic]) -> Primitives:
    """A floor, and thin upright boxes at z that reach from wall to wall."""
    builder = Builder()
    builder.ground(GREY, Semantic.FLOOR)
    for z, semantic in boxes:
        builder.box(0, z, (3, 3, 0.02), GREY, semantic)
    return batched([primitives_of(builder)])


def test_furniture_blocks_the_sun_but_walls_do_not(window: Tensor) -> None:
    light, where = lit_by(window), points((0.0, -1e-3, 1.5))
    for shapes, expected in (
        (in_room((0.0, Semantic.WALL)), 1.0),
        (in_room((0.3, Semantic.CURTAIN)), 0.0),
        (in_room((2.0, Semantic.SOFA)), 1.0),  # behind the point
    ):
        assert sunlit(shapes, light, where, UP).item() == expected
    assert sunlit(in_room(), light, where, -UP).item() == 0  # turned away


def test_outdoors_no_sun_comes_through_windows() -> None:
    light = lighting.batched([lighting.outdoor_light("noon", "clear", np.random.default_rng(0))])
    assert sunlit(in_room(), light, points((0.0, 0.0, 1.0)), UP).item() == 0
