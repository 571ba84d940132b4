from __future__ import annotations

import json
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from depthgen.geometry import Camera, pixel_rays, pixels_at, project, turned, unproject

GOOD = Camera.from_fov(60, 8, 6)


@st.composite
def cameras(draw) -> Camera:
    number = st.floats(-100, 100)
    width, height = draw(st.integers(1, 12)), draw(st.integers(1, 12))
    pose = turned(draw(st.floats(-180, 180)), draw(st.floats(-90, 90)), [draw(number) for _ in range(3)])
    return Camera.from_fov(draw(st.floats(10, 150)), width, height, pose)


@settings(max_examples=40, deadline=None)
@given(cameras(), st.integers(0, 2**31), st.sampled_from([0.1, 1.0, 100.0]))
def test_projecting_unprojected_pixels_returns_their_centres(camera, seed, scale):
    generator = torch.Generator().manual_seed(seed)
    depth = scale * (
        0.5 + torch.rand(1, camera.height, camera.width, generator=generator, dtype=torch.float64)
    )
    points, z = project(unproject(depth, camera), camera)
    columns = torch.arange(camera.width, dtype=torch.float64) + 0.5
    rows = torch.arange(camera.height, dtype=torch.float64)[:, None] + 0.5
    torch.testing.assert_close(points[..., 0], columns.expand(points.shape[:2]), atol=1e-8, rtol=0)
    torch.testing.assert_close(points[..., 1], rows.expand(points.shape[:2]), atol=1e-8, rtol=0)
    torch.testing.assert_close(z, depth[0], atol=0, rtol=1e-9)


@settings(max_examples=40, deadline=None)
@given(cameras())
def test_json_round_trip_is_exact(camera):
    again = Camera.from_json(json.loads(json.dumps(camera.to_json())))
    assert torch.equal(again.K, camera.K)
    assert torch.equal(again.world_from_camera, camera.world_from_camera)
    assert (again.width, again.height) == (camera.width, camera.height)


def test_a_right_angle_of_view_by_hand():
    camera = Camera.from_fov(90, 4, 2)
    assert camera.K[0, 0].item() == pytest.approx(2)
    assert camera.hfov_degrees == pytest.approx(90)
    torch.testing.assert_close(pixel_rays(camera)[0, 0], torch.tensor([-0.75, -0.25, 1]))
    torch.testing.assert_close(pixel_rays(camera)[1, 3], torch.tensor([0.75, 0.25, 1]))


def test_a_point_behind_has_negative_depth_and_one_in_the_camera_plane_is_finite():
    points, z = project(torch.tensor([[0.0, 0, -2], [0, 0, 0]]), GOOD)
    assert z.tolist() == [-2, 0]
    assert torch.isfinite(points).all()


def test_resizing_keeps_the_view():
    small = Camera.from_fov(70, 64, 48)
    large = small.resized(256, 192)
    assert large.hfov_degrees == pytest.approx(small.hfov_degrees)
    point = torch.tensor([0.3, -0.2, 2.0])
    torch.testing.assert_close(project(point, large)[0], 4 * project(point, small)[0])


def test_zooming_magnifies_about_the_principal_point():
    camera = Camera.from_fov(90, 40, 20)
    near = camera.zoomed(2.0)
    assert near.K.flatten().tolist() == pytest.approx([40, 0, 20, 0, 40, 10, 0, 0, 1])
    assert near.zoomed(0.5).K.tolist() == camera.K.tolist()


def test_moving_keeps_the_lens():
    moved = GOOD.moved(turned(10, 0, (1, 2, 3)))
    assert torch.equal(moved.K, GOOD.K)
    assert moved.position.tolist() == [1, 2, 3]
    torch.testing.assert_close(
        moved.camera_from_world @ moved.world_from_camera, torch.eye(4, dtype=torch.float64)
    )


def _changed(**entries: object) -> dict:
    return {**GOOD.to_json(), **entries}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (_changed(K=[[0, 0, 4], [0, 5, 3], [0, 0, 1]]), "singular"),
        (_changed(K=[[5, 0, 4], [0, -5, 3], [0, 0, 1]]), "mirrored"),
        (_changed(K=[[5, 0, math.nan], [0, 5, 3], [0, 0, 1]]), "K holds NaN"),
        (_changed(K=[[5, 0, 4], [0, 5, 3], [0, 0, 0]]), "last row"),
        (_changed(K=[[5, 0], [0, 5]]), "K has shape"),
        (_changed(K="wide"), "K is not a matrix"),
        (_changed(K=[[5, 0, 4], [0, 5]]), "K is not a matrix"),
        (_changed(world_from_camera=(2 * torch.eye(4)).tolist()), "not a rigid"),
        (_changed(world_from_camera=torch.diag(torch.tensor([-1.0, 1, 1, 1])).tolist()), "not a rigid"),
        (_changed(world_from_camera=torch.full((4, 4), math.inf).tolist()), "world_from_camera holds"),
        (_changed(width=0), "width is 0"),
        (_changed(height=-3), "height is -3"),
        (_changed(width=2.5), "width is 2.5"),
        (_changed(width=True), "width is True"),
        ({"K": [], "width": 1}, "missing height, world_from_camera"),
        ([1, 2], "JSON object"),
    ],
)
def test_nonsense_is_named(data, message):
    with pytest.raises(ValueError, match=message):
        Camera.from_json(data)


@pytest.mark.parametrize("degrees", [0, 180, -5, math.nan])
def test_impossible_fields_of_view_are_refused(degrees):
    with pytest.raises(ValueError, match="field of view"):
        Camera.from_fov(degrees, 4, 4)


def test_depth_of_another_size_is_refused():
    with pytest.raises(ValueError, match="8x6"):
        unproject(torch.ones(1, 8, 6), GOOD)


@settings(max_examples=40, deadline=None)
@given(cameras())
def test_what_a_pixel_sees_falls_into_that_pixel(camera):
    depth = torch.full((camera.height, camera.width), 3.0, dtype=torch.float64)
    inside, pixel, z = pixels_at(unproject(depth, camera), camera)
    assert inside.all()
    assert pixel.flatten().tolist() == list(range(camera.width * camera.height))
    torch.testing.assert_close(z, depth)


def test_points_beside_and_behind_fall_into_no_pixel():
    points = torch.tensor([[0.0, 0, 1], [9, 0, 1], [0, -9, 1], [0, 0, -1], [0, 0, 0]])
    inside, pixel, _ = pixels_at(points, GOOD)
    assert inside.tolist() == [True, False, False, False, False]
    assert pixel.tolist() == [3 * 8 + 4, 0, 0, 0, 0]


def test_a_camera_at_another_place_looks_in_the_same_direction():
    camera = GOOD.moved(turned(30, 10, (1, 2, 3)))
    there = camera.at(torch.tensor([4.0, 5, 6]))
    assert there.position.tolist() == [4, 5, 6]
    assert torch.equal(there.world_from_camera[:3, :3], camera.world_from_camera[:3, :3])
    assert camera.position.tolist() == [1, 2, 3]
