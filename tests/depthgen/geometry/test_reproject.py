from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from depthgen.geometry import (
    Camera,
    Mesh,
    Reprojection,
    depth_edges,
    grid_mesh,
    merge_meshes,
    rasterize,
    reproject,
    turned,
)
from depthgen.worlds import build_world, neighbour_camera, render

SIZES = [(64, 64), (97, 53)]
MOVES = {
    "turn": turned(15),
    "step aside": turned(-25, 5, (0.5, -0.2, 0.3)),
    "closer": turned(0, 0, (0, 0, 2)),
    "over the box": turned(-20, -20, (-1.2, -0.8, 2.6)),
    "far turn": turned(40, 0, (-0.5, 0, 2)),
}


def _square(z: float, color: tuple[float, float, float], half: float = 50.0) -> Mesh:
    vertices = half * torch.tensor([[-1.0, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]])
    vertices[:, 2] = z
    return Mesh(vertices, torch.tensor(color).expand(4, 3).clone(), torch.tensor([[0, 2, 1], [0, 3, 2]]))


def _near(region: torch.Tensor) -> torch.Tensor:
    return F.max_pool2d(region.float(), 3, 1, 1).bool()


def _assert_same_view(seen: Reprojection, depth: torch.Tensor, known: torch.Tensor) -> None:
    """Holes with IoU >= 0.98 and depth within 1 % of another renderer's."""
    assert (~seen.known & ~known).sum() >= 0.98 * (~seen.known | ~known).sum()
    both = seen.known & known
    torch.testing.assert_close(seen.depth[both], depth[both], rtol=0.01, atol=0)


@pytest.mark.parametrize("size", SIZES)
def test_an_unmoved_camera_sees_its_own_picture(picture, size):
    camera = Camera.from_fov(60, *size, turned(10, 3, (0.3, 0, 0.2)))
    image, depth, valid = picture(camera)
    again = rasterize(grid_mesh(image, depth, valid, camera), camera)
    assert torch.equal(again.known, valid)
    torch.testing.assert_close(again.depth[valid], depth[valid], rtol=1e-5, atol=0)
    torch.testing.assert_close(again.image, image * valid, rtol=0, atol=1e-4)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**31), st.floats(0, 1), st.floats(-180, 180))
def test_any_picture_is_its_own_reprojection(seed, roughness, yaw):
    generator = torch.Generator().manual_seed(seed)
    camera = Camera.from_fov(70, 24, 20, turned(yaw, 0, (5, -3, 8)))
    depth = torch.exp(roughness * torch.randn(1, 20, 24, generator=generator))
    image, valid = (
        torch.rand(3, 20, 24, generator=generator),
        torch.rand(1, 20, 24, generator=generator) < 0.8,
    )
    again = rasterize(grid_mesh(image, depth, valid, camera), camera)
    assert torch.equal(again.known, valid)
    torch.testing.assert_close(again.depth[valid], depth[valid], rtol=1e-3, atol=0)
    torch.testing.assert_close(again.image, image * valid, rtol=0, atol=1e-2)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("move", MOVES)
def test_agrees_with_a_ray_caster_on_the_same_mesh(picture, ray_caster, size, move):
    camera = Camera.from_fov(60, *size)
    mesh = grid_mesh(*picture(camera), camera)
    seen = rasterize(mesh, camera.moved(MOVES[move]))
    _assert_same_view(seen, *ray_caster(mesh, camera.moved(MOVES[move])))


@pytest.mark.parametrize("kind", ["living room", "forest", "city street"])
def test_agrees_with_a_ray_caster_on_rendered_worlds(ray_caster, kind):
    world, rng = build_world(7, kind), np.random.default_rng(7)
    camera = world.camera(rng, 64)
    other = neighbour_camera(world, camera, rng)
    view = render([world], [camera])
    mesh = grid_mesh(view.image[0], view.depth[0], ~view.sky[0], camera)
    _assert_same_view(rasterize(mesh, other), *ray_caster(mesh, other))
    assert torch.equal(rasterize(mesh, camera).known, ~view.sky[0])


@pytest.mark.parametrize("move", MOVES)
def test_sees_the_true_scene_from_elsewhere(picture, move):
    camera = Camera.from_fov(60, 96, 96)
    other = camera.moved(MOVES[move])
    seen, truth = rasterize(grid_mesh(*picture(camera), camera), other), picture(other)
    silhouette = _near(depth_edges(truth.depth, other, truth.valid) | ~truth.valid | ~seen.known)
    both = seen.known & truth.valid & ~_near(silhouette)
    ratio = seen.depth[both] / truth.depth[both]
    assert both.float().mean() > 0.2
    assert ((ratio - 1).abs() < 0.01).float().mean() > 0.6  # the rest shows what a side not seen before hides
    assert (ratio < 0.99).float().mean() < 0.005


def test_no_cracks_open_on_a_surface_that_comes_close():
    camera = Camera.from_fov(60, 32, 32)
    bumpy = 3 + 0.1 * torch.sin(torch.arange(32.0) * 0.7) + 0.1 * torch.cos(torch.arange(32.0))[:, None]
    everywhere = torch.ones(1, 32, 32, dtype=torch.bool)
    mesh = grid_mesh(torch.rand(3, 32, 32), bumpy[None], everywhere, camera)
    for forward in (0.5, 1.5, 2.5):
        assert rasterize(mesh, camera.resized(128, 128).moved(turned(3, 2, (0, 0, forward)))).known.all()


def test_background_does_not_shine_through_a_magnified_foreground():
    camera = Camera.from_fov(60, 32, 32)
    everywhere = torch.ones(1, 32, 32, dtype=torch.bool)
    front = grid_mesh(torch.ones(3, 32, 32), torch.full((1, 32, 32), 2.0), everywhere, camera)
    scene = merge_meshes([_square(10.0, (0.0, 0.0, 0.0)), front])
    seen = rasterize(scene, camera.resized(160, 120).moved(turned(5, 0, (0.1, 0, 1.6))))
    torch.testing.assert_close(seen.image, torch.ones(3, 120, 160))


@settings(max_examples=24, deadline=None)
@given(st.permutations([1.0, 2.0, 3.0, 4.0]))
def test_the_nearest_surface_wins_whatever_the_order(depths):
    scene = merge_meshes([_square(z, (z / 4, 0.0, 1.0)) for z in depths])
    seen = rasterize(scene, Camera.from_fov(60, 6, 4))
    torch.testing.assert_close(seen.depth, torch.full((1, 4, 6), 1.0))
    torch.testing.assert_close(seen.image[0], torch.full((4, 6), 0.25))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31), st.sampled_from([0.02, 0.3, 3.0]))
def test_cutting_large_faces_into_rows_changes_nothing(seed, thickness):  # in part behind the camera
    generator = torch.Generator().manual_seed(seed)
    ends = torch.randn(20, 2, 3, generator=generator) * 3 + torch.tensor([0.0, 0, 3])
    third = ends[:, 0] + thickness * torch.randn(20, 3, generator=generator)
    faces = torch.arange(60).view(20, 3)
    mesh = Mesh(torch.cat([ends, third[:, None]], 1).flatten(0, 1), torch.rand(60, 3), faces)
    camera = Camera.from_fov(60, 50, 40)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reproject, "LARGE", camera.width * camera.height)
        whole = rasterize(mesh, camera)
    cut = rasterize(mesh, camera)
    assert torch.equal(cut.depth, whole.depth)
    assert torch.equal(cut.image, whole.image)


def test_depth_of_a_slanted_plane_is_perspective_correct():
    # ground 1 m below the eye from 2 m behind to 100 m ahead of it: two triangles across the camera's plane
    vertices = torch.tensor([[-200.0, 1, -2], [200, 1, -2], [200, 1, 100], [-200, 1, 100]])
    colors = ((vertices[:, 2:] + 2) / 102).expand(4, 3).contiguous()
    camera = Camera.from_fov(90, 8, 8)
    seen = rasterize(Mesh(vertices, colors, torch.tensor([[0, 1, 2], [0, 2, 3]])), camera)
    truth = 1 / ((torch.arange(4, 8) + 0.5 - 4) / 4)  # eye height / slope of the ray
    torch.testing.assert_close(seen.depth[0, 4:], truth[:, None].expand(4, 8))
    torch.testing.assert_close(seen.image[0, 4:], ((truth + 2) / 102)[:, None].expand(4, 8))
    assert not seen.known[0, :4].any()


def test_what_lies_behind_or_beside_the_camera_is_not_seen():
    behind = _square(-2.0, (1.0, 1.0, 1.0))
    beside = Mesh(behind.vertices + torch.tensor([500.0, 0, 4]), behind.colors, behind.faces)
    seen = rasterize(merge_meshes([behind, beside]), Camera.from_fov(60, 8, 8))
    assert not seen.known.any()
    assert not seen.image.any()
    assert not seen.depth.any()


def test_an_empty_mesh_shows_nothing():
    empty = Mesh(torch.zeros(0, 3), torch.zeros(0, 3), torch.zeros(0, 3, dtype=torch.int64))
    seen = rasterize(empty, Camera.from_fov(60, 5, 3))
    assert seen.image.shape == (3, 3, 5)
    assert not seen.known.any()


def test_without_float64_the_cpu_draws(picture):
    camera = Camera.from_fov(60, 32, 24)
    seen = rasterize(grid_mesh(*picture(camera), camera), camera, "mps")
    assert seen.image.device.type == "cpu"
    assert seen.known.any()


@pytest.mark.gpu
def test_a_gpu_draws_the_same_picture(picture):
    camera = Camera.from_fov(60, 128, 128)
    mesh = grid_mesh(*picture(camera), camera)
    other = camera.moved(MOVES["step aside"])
    on_cpu, on_gpu = rasterize(mesh, other), rasterize(mesh, other, "cuda")
    assert (on_cpu.known != on_gpu.known.cpu()).float().mean() < 1e-3
    both = on_cpu.known & on_gpu.known.cpu()
    assert ((on_gpu.depth.cpu() - on_cpu.depth).abs() / on_cpu.depth)[both].quantile(0.999) < 1e-3
