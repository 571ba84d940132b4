from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from depthgen.geometry import (
    Camera,
    Mesh,
    depth_edges,
    grid_mesh,
    merge_meshes,
    pixel_rays,
    project,
    rasterize,
    turned,
    vertex_normals,
)

CAMERA = Camera.from_fov(60, 48, 40)
EVERYWHERE = torch.ones(1, 40, 48, dtype=torch.bool)
GREY = torch.full((3, 40, 48), 0.5)


def _normals(mesh: Mesh) -> torch.Tensor:
    a, b, c = mesh.vertices[mesh.faces.T]
    return torch.linalg.cross(b - a, c - a)


@pytest.mark.parametrize("scale", [0.1, 10.0, 100.0])
def test_the_same_scene_at_another_scale_has_the_same_faces(picture, scale):
    image, depth, valid = picture(CAMERA)
    small = grid_mesh(image, depth, valid, CAMERA)
    large = grid_mesh(image, scale * depth, valid, CAMERA)
    assert torch.equal(small.faces, large.faces)
    torch.testing.assert_close(large.vertices, scale * small.vertices)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**31), st.sampled_from([0.125, 8.0]))
def test_cuts_of_any_depth_map_are_free_of_scale(seed, scale):
    generator = torch.Generator().manual_seed(seed)
    depth = torch.exp(0.1 * torch.randn(1, 40, 48, generator=generator))
    assert torch.equal(depth_edges(depth, CAMERA), depth_edges(scale * depth, CAMERA))


def test_edges_are_the_two_sides_of_a_step():
    depth = torch.full((1, 40, 48), 5.0)
    depth[:, 10:20, 20:30] = 2.0
    expected = torch.zeros_like(EVERYWHERE)
    expected[:, 9:21, 19:31] = True
    expected[:, 11:19, 21:29] = False
    for row, column in ((9, 19), (9, 30), (20, 19), (20, 30)):  # touch the square with a corner only
        expected[:, row, column] = False
    assert torch.equal(depth_edges(depth, CAMERA), expected)


def test_flat_ground_is_not_cut_as_far_as_the_eye_reaches():
    camera = Camera.from_fov(60, 256, 256)
    depth = (1.5 / pixel_rays(camera)[..., 1])[None]
    ground = (depth > 0) & (depth < 75)
    assert not depth_edges(depth.where(ground, 1.0), camera, ground).any()


def test_a_step_as_high_as_the_slope_of_distant_ground_is_cut():
    depth = torch.full((1, 40, 48), 10.0)
    depth[:, :, 24:] = 13.0  # over one pixel of 1 / 41.6 rad: slope 12.5, no plane goes on there
    edges = depth_edges(depth, CAMERA)
    assert edges[..., 23:25].all()
    assert edges.sum() == 2 * 40


def test_distant_ground_is_joined_to_the_wall_it_meets():
    camera = Camera.from_fov(60, 256, 256)
    ground = 1.5 / pixel_rays(camera)[..., 1]
    wall = torch.full_like(ground, 31.0)
    depth = torch.minimum(ground.where(ground > 0, torch.inf), wall)[None]
    steepest = (depth.diff(dim=1).abs() / depth[:, :-1]).max() * camera.K[1, 1]
    assert steepest > 16  # of the ground, whose first step beyond the wall is a part of such a one
    assert not depth_edges(depth, camera).any()


def test_a_raised_path_is_cut_from_the_ground_that_is_steep_on_either_side():
    camera = Camera.from_fov(60, 256, 256)
    down = pixel_rays(camera)[..., 1]
    row = 150  # where the slope is 10: a fifteenth of the eye's height adds 15 pixel widths
    depth = (1.5 / down.clamp(min=0.05))[None]
    depth[:, row:] *= 14 / 15
    edges = depth_edges(depth, camera)
    assert edges[:, row - 1 : row + 1].all()
    assert edges[:, row - 8 : row - 1].sum() + edges[:, row + 1 :].sum() == 0


def test_a_thing_as_deep_as_five_pixels_are_wide_is_cut_from_the_wall_and_a_shallower_one_is_not():
    for pixels, cut in ((5, True), (3, False)):
        depth = torch.full((1, 40, 48), 10.0)
        depth[:, 10:20, 20:30] = 10 - 10 / CAMERA.K[0, 0].item() * pixels
        assert depth_edges(depth, CAMERA).any() == cut


def test_no_face_bridges_the_ball_and_the_wall(picture):
    image, depth, valid = picture(CAMERA)
    mesh = grid_mesh(image, depth, valid, CAMERA)
    length = (mesh.vertices[mesh.faces] - mesh.vertices[mesh.faces.roll(1, 1)]).norm(dim=-1).amax(1)
    z = project(mesh.vertices, CAMERA)[1][mesh.faces].amax(1)
    on_ball = ((mesh.vertices - torch.tensor([0.6, 0.3, 4.0])).norm(dim=-1) - 0.8).abs() < 0.2
    assert (length[on_ball[mesh.faces].any(1)] < 0.6).all()
    assert (length < 0.5 * z).all()


def test_colours_and_depth_sit_at_pixel_centres():
    image = torch.rand(3, 40, 48, generator=torch.Generator().manual_seed(0))
    mesh = grid_mesh(image, torch.full((1, 40, 48), 3.0), EVERYWHERE, CAMERA)
    points, z = project(mesh.vertices, CAMERA)
    inside = ((points % 1 - 0.5).abs() < 1e-3).all(-1)
    assert inside.sum() == 40 * 48
    column, row = (points[inside] - 0.5).round().long().T
    torch.testing.assert_close(mesh.colors[inside], image[:, row, column].T)
    torch.testing.assert_close(z, torch.full_like(z, 3.0))


def test_only_the_squares_around_new_pixels_are_meshed(picture):
    new = torch.zeros_like(EVERYWHERE)
    new[0, 10, 20] = True  # in the middle of a flat wall: four squares of two triangles
    mesh = grid_mesh(GREY, torch.full((1, 40, 48), 3.0), EVERYWHERE, CAMERA, new)
    points, _ = project(mesh.vertices, CAMERA)
    assert len(mesh.faces) == 8
    torch.testing.assert_close(points.amin(0), torch.tensor([19.5, 9.5]), atol=1e-3, rtol=0)
    torch.testing.assert_close(points.amax(0), torch.tensor([21.5, 11.5]), atol=1e-3, rtol=0)
    image, depth, valid = picture(CAMERA)
    new = torch.rand(1, 40, 48, generator=torch.Generator().manual_seed(0)) < 0.2
    seen = rasterize(grid_mesh(image, depth, valid, CAMERA, new), CAMERA)
    assert seen.known[new & valid].all()
    torch.testing.assert_close(seen.depth[new & valid], depth[new & valid], rtol=1e-5, atol=0)


def test_the_mesh_of_a_whole_view_reaches_the_image_border(picture):
    image, depth, _ = picture(CAMERA)
    points, _ = project(grid_mesh(image, depth, EVERYWHERE, CAMERA).vertices, CAMERA)
    torch.testing.assert_close(points.amin(0), torch.zeros(2), atol=1e-3, rtol=0)
    torch.testing.assert_close(points.amax(0), torch.tensor([48.0, 40.0]), atol=1e-3, rtol=0)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**31), st.floats(0, 1), st.floats(0, 0.3))
def test_every_valid_pixel_is_covered_exactly_once(seed, share, roughness):
    generator = torch.Generator().manual_seed(seed)
    valid = torch.rand(1, 40, 48, generator=generator) <= share
    depth = torch.exp(roughness * torch.randn(1, 40, 48, generator=generator))
    mesh = grid_mesh(GREY, depth, valid, CAMERA)
    (ax, ay), (bx, by), (cx, cy) = (project(p, CAMERA)[0].T for p in mesh.vertices[mesh.faces.T])
    area = ((cx - ax) * (by - ay) - (bx - ax) * (cy - ay)) / 2
    assert (area > 0).all()  # counter-clockwise as seen from the camera, none folded over
    assert area.sum().item() == pytest.approx(valid.sum().item(), abs=0.1)


def test_faces_look_at_the_camera(picture):
    camera = CAMERA.moved(turned(20, -5, (0.2, 0, 0.5)))
    mesh = grid_mesh(*picture(camera), camera)
    to_camera = camera.position.float() - mesh.vertices[mesh.faces[:, 0]]
    assert ((_normals(mesh) * to_camera).sum(-1) >= 0).all()


def test_nothing_valid_gives_an_empty_mesh():
    mesh = grid_mesh(GREY, torch.full((1, 40, 48), torch.nan), ~EVERYWHERE, CAMERA)
    assert mesh.vertices.shape == mesh.colors.shape == mesh.faces.shape == (0, 3)


def test_merging_keeps_all_triangles():
    one = grid_mesh(GREY, torch.full((1, 40, 48), 2.0), EVERYWHERE, CAMERA)
    both = merge_meshes([one, one])
    assert len(both.faces) == 2 * len(one.faces)
    assert torch.equal(both.vertices[both.faces[len(one.faces) :]], one.vertices[one.faces])


@pytest.mark.parametrize("value", [0.0, -1.0, torch.nan, torch.inf])
def test_depth_that_cannot_be_is_refused(value):
    depth = torch.full((1, 40, 48), 2.0)
    depth[0, 3, 4] = value
    with pytest.raises(ValueError, match="not valid"):
        grid_mesh(GREY, depth, EVERYWHERE, CAMERA)


def test_shapes_that_do_not_fit_are_refused():
    depth = torch.ones(1, 40, 48)
    with pytest.raises(ValueError, match="size of the camera"):
        depth_edges(depth[:, :-1], CAMERA)
    with pytest.raises(ValueError, match="image"):
        grid_mesh(GREY[:, :-1], depth, EVERYWHERE, CAMERA)
    with pytest.raises(ValueError, match="at least one"):
        merge_meshes([])


def test_normal_of_a_known_triangle_and_of_a_lone_vertex():
    vertices = torch.tensor([[0.0, 0, 0], [2, 0, 0], [0, 3, 0], [9, 9, 9]])
    mesh = Mesh(vertices, torch.zeros(4, 3), torch.tensor([[0, 1, 2]]))
    tiny = Mesh(1e-6 * vertices, mesh.colors, mesh.faces)
    torch.testing.assert_close(vertex_normals(tiny), vertex_normals(mesh))
    assert vertex_normals(mesh).tolist() == [[0, 0, 1], [0, 0, 1], [0, 0, 1], [0, 0, 0]]
