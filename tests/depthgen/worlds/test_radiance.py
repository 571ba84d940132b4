"""Mirrors and water: directions and shares in closed form, and what a mirror shows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from depthgen.worlds import lighting
from depthgen.worlds.builder import Builder, Material, Texture
from depthgen.worlds.primitives import batched, primitives_of
from depthgen.worlds.radiance import WATER_GRAZING, WATER_STRAIGHT, Scene, Sight, look, mirrored, reflectance
from depthgen.worlds.raycast import Hits
from depthgen.worlds.semantics import Semantic

GREY, MIRROR = Material((0.5, 0.5, 0.5)), Material((0.1, 0.1, 0.1), mirror=1.0)
RED = Material((0.9, 0.0, 0.0), emissive=1.0)


def scene(builder: Builder) -> Scene:
    light = lighting.outdoor_light("noon", "clear", np.random.default_rng(0))
    light = replace(light, fog=torch.zeros(1))
    return Scene(batched([primitives_of(builder)]), lighting.batched([light]), torch.full((1, 1), 1e-3))


def columns(*rows: tuple[float, float, float]) -> Tensor:
    return torch.tensor(rows).T[None]


def unit(vectors: Tensor) -> Tensor:
    return vectors / vectors.norm(dim=1, keepdim=True)


def test_mirrored_directions_in_closed_form() -> None:
    generator = torch.Generator().manual_seed(0)
    direction, normal = (unit(torch.randn(1, 3, 200, generator=generator)) for _ in range(2))
    back = mirrored(direction, normal)
    along = (direction * normal).sum(1)
    assert torch.allclose((back * normal).sum(1), -along, atol=1e-6)  # the part along the normal turns round
    assert torch.allclose(back + along[:, None] * normal, direction - along[:, None] * normal, atol=1e-6)
    down = mirrored(columns((0.6, 0.8, 0.0)), columns((0.0, -1.0, 0.0)))
    assert down[0, :, 0].tolist() == pytest.approx([0.6, -0.8, 0.0])


def seen_at(cosine: float) -> Sight:
    """A surface that faces up, seen under this cosine."""
    view = columns(((1 - cosine**2) ** 0.5, cosine, 0.0))
    up = columns((0.0, -1.0, 0.0))
    hits = Hits(torch.ones(1, 1), torch.zeros(1, 1, dtype=torch.int64), up, up, up)
    return Sight(hits, up, view, torch.zeros(1, 1))


def test_mirrors_grow_towards_grazing_views_after_schlick() -> None:
    plain, water = torch.tensor([[0]]), torch.tensor([[int(Texture.WATER)]])
    for cosine, base in ((1.0, 0.2), (0.5, 0.2), (0.0, 0.2)):
        share = reflectance(torch.tensor([[base]]), plain, seen_at(cosine)).item()
        assert share == pytest.approx(base + (1 - base) * (1 - cosine) ** 5)
        assert reflectance(torch.zeros(1, 1), plain, seen_at(cosine)).item() == 0
    still = [reflectance(torch.zeros(1, 1), water, seen_at(cosine)).item() for cosine in (1.0, 0.0)]
    assert still == pytest.approx([WATER_STRAIGHT, WATER_GRAZING])


def test_a_mirror_shows_what_is_behind_the_camera_and_keeps_its_own_place() -> None:
    builder = Builder()
    builder.box(0, 4.1, (4, 4, 0.2), MIRROR, Semantic.MIRROR)
    builder.box(0, -3, (2, 4, 0.2), RED, Semantic.DOOR)
    directions = columns((0.0, 0.0, 1.0), (0.3, 0.0, 1.0))
    color, hits = look(scene(builder), columns((0.0, -1.5, 0.0)), directions)
    assert hits.t[0].tolist() == pytest.approx([4.0, 4.0])
    assert color[0, :, 0].tolist() == pytest.approx(
        [0.9**2.2, 0, 0], abs=1e-5
    )  # straight back to the red box
    assert color[0, 2, 1] > 0.1  # beside it, to the sky
    blind, _ = look(scene(builder), columns((0.0, -1.5, 0.0)), directions, reflected=True)
    assert blind.max() < 0.1


def test_two_mirrors_end() -> None:
    builder = Builder()
    for z in (-4, 4):
        builder.box(0, z, (9, 9, 0.2), MIRROR, Semantic.MIRROR)
    color, _ = look(scene(builder), columns((0.0, -1.5, 0.0)), columns((0, 0, 1.0)))
    assert color.isfinite().all()
    assert color.max() < 0.1  # all that is there is dark


def test_water_mirrors_the_far_shore() -> None:
    builder = Builder()
    builder.ground(Material((0.05, 0.05, 0.05), Texture.WATER), Semantic.WATER)
    builder.box(0, 30, (60, 20, 2), RED, Semantic.HOUSE)
    bare = Builder()
    bare.ground(Material((0.05, 0.05, 0.05), Texture.WATER), Semantic.WATER)
    along = columns((0.0, 0.15, 1.0))
    with_shore, without = (
        look(scene(b), columns((0.0, -1.5, 0.0)), along)[0][0, :, 0] for b in (builder, bare)
    )
    assert with_shore[0] > 1.5 * without[0]
    assert with_shore[2] < without[2]
