"""The two ways from views to a surface, in a living room that an oracle knows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
import torch

from depthgen.geometry import Camera, components, pixel_rays, rasterize, turned, vertex_normals
from scene3d.frame import Frame
from scene3d.fusion import fuse_all, tidied, tsdf_mesh


@pytest.fixture(scope="module")
def views(views_of_a_room: Callable[[Sequence[Camera]], list[Frame]]) -> list[Frame]:
    """Two views, 15 degrees apart, as the loop commits them."""
    return views_of_a_room([Camera.from_fov(60, 48, 48, turned(y, 0, (0.01 * y, 0, 0))) for y in (0, 15)])


def scaled(frame: Frame, scale: float) -> Frame:
    pose = frame.camera.world_from_camera.clone()
    pose[:3, 3] *= scale
    return replace(frame, depth=scale * frame.depth, camera=frame.camera.moved(pose))


def test_the_distance_field_shows_each_view_its_depth_and_colours(views: list[Frame]) -> None:
    mesh = tsdf_mesh(views)
    for frame in views:
        seen = rasterize(mesh, frame.camera)
        assert seen.known[:, 3:-3, 3:-3].float().mean() > 0.97  # a voxel's width is missing along the border
        error = ((seen.depth - frame.depth).abs() / frame.depth)[seen.known]
        assert error.median() < 0.01
        assert (seen.image - frame.image).abs()[:, seen.known[0]].mean() < 0.03
    towards = ((views[0].camera.position.float() - mesh.vertices) * vertex_normals(mesh)).sum(1)
    assert (towards > 0).float().mean() > 0.9


def test_the_distance_field_knows_no_metres_and_no_order_of_threads(views: list[Frame]) -> None:
    one, again, large = tsdf_mesh(views), tsdf_mesh(views), tsdf_mesh([scaled(f, 128.0) for f in views])
    assert torch.equal(one.vertices, again.vertices)
    assert torch.equal(one.faces, again.faces)
    assert torch.equal(one.faces, large.faces)  # a power of two: not even rounding differs
    torch.testing.assert_close(large.vertices, 128 * one.vertices)


def test_a_slanted_wall_is_where_it_is() -> None:
    """A shift of half a pixel would move it by 0.026 m along the optical axis."""
    camera = Camera.from_fov(60, 48, 48)
    depth = (3 / (1 - 0.6 * pixel_rays(camera)[..., 0]))[None]
    seen = torch.ones(1, 48, 48, dtype=torch.bool)
    vertices = tsdf_mesh([Frame(torch.rand(3, 48, 48), depth, seen, ~seen, camera)]).vertices
    assert (vertices[:, 2] - 0.6 * vertices[:, 0]).mean().item() == pytest.approx(3, abs=0.003)


def test_the_distance_field_of_nothing_is_empty(views: list[Frame]) -> None:
    assert not len(tsdf_mesh([replace(frame, valid=frame.valid & False) for frame in views]).faces)


def test_a_speck_that_hovers_is_moved_onto_what_is_behind_it(views: list[Frame]) -> None:
    frame = views[0]
    depth = frame.depth.clone()
    depth[0, 10, 20] = 0.5 * depth[0, 10, 20]
    mended = tidied(replace(frame, depth=depth))
    assert mended.depth[0, 10, 20] == depth[0, 9:12, 19:22].max()
    mesh = fuse_all([mended]).surface
    part = components(mesh.faces[:, [0, 1, 1, 2]].reshape(-1, 2), len(mesh.vertices))
    assert part[mesh.faces[:, 0]].unique(return_counts=True)[1].min() > 4


def test_a_speck_before_the_sky_becomes_sky_and_known_ones_are_left(views: list[Frame]) -> None:
    frame = replace(views[0], valid=(torch.arange(48)[:, None] > 20).expand(1, 48, 48))
    speck = frame.valid.clone()
    speck[0, 5, 5] = True
    hovering = replace(frame, valid=speck)
    assert torch.equal(tidied(hovering).valid, tidied(frame).valid)
    known = replace(hovering, known=speck)
    assert tidied(known) is known
