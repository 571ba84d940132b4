"""Rendered views: exact planar depth, sky, shadows, batches, and errors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from depthgen.geometry import Camera, turned
from depthgen.worlds import SKY_DEPTH, World, build_world, lighting, render
from depthgen.worlds.builder import Builder, Layout, Material, Texture
from depthgen.worlds.primitives import primitives_of
from depthgen.worlds.semantics import Semantic

WHITE = Material((0.9, 0.9, 0.9))
EYE = 1.5


def stage(builder: Builder, time: str = "noon") -> World:
    """A world of what was built, with the sun straight above."""
    light = lighting.outdoor_light(time, "clear", np.random.default_rng(0))
    light = replace(light, source=torch.tensor([0.0, -1.0, 0.0, 0.0]))
    layout = Layout("meadow", (), (), (), ((0.0, 0.0),), (EYE, EYE))
    return World(0, "meadow", time, "clear", layout, primitives_of(builder), light)


def grounded() -> Builder:
    builder = Builder()
    builder.ground(WHITE, Semantic.GROUND)
    return builder


def eye(width: int = 64, height: int = 64, yaw: float = 0.0) -> Camera:
    return Camera.from_fov(60, width, height, turned(yaw, 0, (0, -EYE, 0)))


def test_a_wall_square_to_the_view_has_one_depth() -> None:
    builder = Builder()
    builder.box(0, 5.5, (40, 40, 1), WHITE, Semantic.WALL, base=-20)
    views = render([stage(builder)], [eye()])
    assert torch.allclose(views.depth, torch.tensor(5.0), rtol=1e-5)  # planar: the corners are no farther
    assert not views.sky.any()
    assert (views.semantic == Semantic.WALL).all()


def test_without_float64_the_cpu_renders() -> None:
    assert torch.equal(
        render([stage(grounded())], [eye(8, 8)], "mps").depth, render([stage(grounded())], [eye(8, 8)]).depth
    )


def test_ground_depth_and_sky_in_closed_form() -> None:
    camera = eye(width=48, height=32)  # not square
    views = render([stage(grounded())], [camera])
    rows = torch.arange(32) + 0.5
    slope = (rows - 16) / camera.K[1, 1].item()  # y / z of a row's rays
    expected = torch.where(slope > 0, EYE / slope, SKY_DEPTH)[:, None].expand(32, 48)
    assert torch.allclose(views.depth[0, 0], expected.float(), rtol=1e-5)
    assert torch.equal(views.sky[0, 0], (slope < 0)[:, None].expand(32, 48))
    assert torch.equal(views.semantic[0, 0] == Semantic.SKY, views.sky[0, 0])
    assert views.image.shape == (1, 3, 32, 48)
    assert views.semantic.dtype == torch.int16


def test_the_sun_straight_above_casts_a_shadow_right_below() -> None:
    builder = grounded()
    builder.box(0, 6, (2, 0.1, 2), WHITE, Semantic.ROOF, base=3)
    image = render([stage(builder)], [eye()]).image[0].mean(0)
    camera = eye()

    def shade_at(x: float, z: float) -> float:
        u, v = camera.K[0, 0] * x / z + 32, camera.K[1, 1] * EYE / z + 32
        return image[int(v), int(u)].item()

    assert shade_at(0, 6) < 0.8 * shade_at(2, 6)
    assert shade_at(0.9, 6) == pytest.approx(shade_at(0, 6), abs=0.02)
    assert shade_at(-1.2, 6) == pytest.approx(shade_at(2, 6), abs=0.02)


def test_a_lamp_casts_shadows_but_none_of_its_own_bulb() -> None:
    nothing = primitives_of(grounded())
    dark = lighting.indoor_light("night", nothing, (0.0, -2.5, 3.0), np.random.default_rng(0))
    bulb = Material((1, 1, 1), emissive=1.0)
    bare, lit, shaded = grounded(), grounded(), grounded()
    lit.ellipsoid(0, 3, (0.4, 0.4, 0.4), bulb, Semantic.LAMP, base=2.0)
    shaded.box(0, 3, (1, 0.1, 1), WHITE, Semantic.TABLE, base=0.8)
    worlds = [replace(stage(b), light=dark) for b in (bare, lit, shaded)]
    down = Camera.from_fov(60, 32, 32, turned(0, -60, (0, -1.7, 2.2)))
    bare_sees, lit_sees, shaded_sees = render(worlds, [down] * 3).image
    assert torch.allclose(bare_sees[:, 16:], lit_sees[:, 16:], atol=1e-6)
    assert shaded_sees.mean() < bare_sees.mean()


def test_emissive_surfaces_glow_at_night() -> None:
    builder = grounded()
    builder.box(0, 5, (2, 2, 1), Material((0.9, 0.8, 0.4), emissive=1.0), Semantic.LAMP, base=0.5)
    views = render([stage(builder, "night")], [eye()])
    red, semantic = views.image[0, 0], views.semantic[0, 0]
    assert red[semantic == Semantic.LAMP].median() > 0.7
    assert red[semantic == Semantic.GROUND].median() < 0.5


def test_every_texture_gives_a_pattern_of_finite_colours() -> None:
    for texture in Texture:
        builder = Builder()
        material = Material((0.2, 0.4, 0.8), texture, (0.9, 0.9, 0.1), scale=0.5)
        builder.box(0, 3.5, (20, 20, 1), material, Semantic.WALL, base=-10)
        image = render([stage(builder)], [eye(32, 32)]).image
        assert image.isfinite().all()
        assert (image.std(dim=(2, 3)).max() > 0.01) == (texture != Texture.PLAIN), texture


def test_a_batch_renders_what_each_world_renders_alone() -> None:
    worlds = [build_world(seed, kind) for seed, kind in ((1, "kitchen"), (2, "lake"), (3, "city street"))]
    cameras = [world.camera(np.random.default_rng(0), 32) for world in worlds]
    together = render(worlds, cameras)
    for i, (world, camera) in enumerate(zip(worlds, cameras, strict=True)):
        alone = render([world], [camera])
        assert torch.allclose(together.depth[i], alone.depth[0], rtol=1e-4)
        assert torch.allclose(together.image[i], alone.image[0], atol=2e-2)
        assert torch.equal(together.semantic[i], alone.semantic[0])


def test_images_are_colours_for_every_time_and_weather() -> None:
    worlds = [
        build_world(seed, kind) for seed, kind in enumerate(("village", "desert", "office", "forest") * 3)
    ]
    views = render(worlds, [world.camera(np.random.default_rng(1), 16) for world in worlds])
    assert views.image.isfinite().all()
    assert views.image.min() >= 0
    assert views.image.max() <= 1
    assert views.depth.min() > 0.3
    assert (views.depth[views.sky] == SKY_DEPTH).all()


def test_any_camera_will_do() -> None:
    world = build_world(5, "lake")
    pose = world.camera(np.random.default_rng(0), 16).world_from_camera
    for width, height, fov in ((40, 10, 120.0), (7, 31, 20.0), (1, 3, 60.0), (1, 1, 60.0)):
        views = render([world], [Camera.from_fov(fov, width, height, pose)])
        assert views.image.shape == (1, 3, height, width)
        assert views.image.isfinite().all()


def test_nothing_but_sky() -> None:
    views = render([stage(grounded())], [Camera.from_fov(60, 8, 8, turned(0, 80, (0, -EYE, 0)))])
    assert views.sky.all()
    assert views.image[:, 2].mean() > views.image[:, 0].mean() > 0.1


def test_cameras_of_a_batch_may_differ_in_field_of_view() -> None:
    world = build_world(4, "library")
    pose = world.camera(np.random.default_rng(0), 16).world_from_camera
    cameras = [Camera.from_fov(fov, 32, 32, pose) for fov in (40, 90)]
    together = render([world, world], cameras)
    for i, camera in enumerate(cameras):
        assert torch.allclose(together.image[i], render([world], [camera]).image[0], atol=1e-4)


def test_the_same_world_gives_the_same_bytes() -> None:
    first, second = (
        render([(world := build_world(9, "beach"))], [world.camera(np.random.default_rng(0), 24)]).image
        for _ in range(2)
    )
    assert torch.equal(first, second)


def test_counts_and_sizes_must_agree() -> None:
    world = stage(grounded())
    with pytest.raises(ValueError, match="2 worlds need as many cameras"):
        render([world, world], [eye()])
    with pytest.raises(ValueError, match="one size"):
        render([world, world], [eye(), eye(32, 32)])


@pytest.mark.gpu
def test_a_cuda_device_renders_what_the_cpu_renders() -> None:
    worlds = [
        build_world(seed, kind) for seed, kind in enumerate(("kitchen", "lake", "city street", "library"))
    ]
    cameras = [world.camera(np.random.default_rng(0), 48) for world in worlds]
    here, there = render(worlds, cameras), render(worlds, cameras, "cuda")
    assert there.image.is_cuda
    assert torch.allclose(there.depth.cpu(), here.depth, rtol=1e-3)
    assert (there.image.cpu() - here.image).abs().quantile(0.98) < 0.02  # rounding moves a few edges
