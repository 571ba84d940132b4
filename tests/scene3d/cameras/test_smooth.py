from __future__ import annotations

from itertools import pairwise

import pytest
import torch

from depthgen.geometry import Camera, compose, rotation_z, turned
from scene3d.cameras import smooth_path
from scene3d.scene import Scene


def test_smooth_path_passes_through_its_cameras_without_jumps(garden: Scene) -> None:
    cameras = [frame.camera for frame in garden.frames]
    path = smooth_path(cameras, 21)
    for camera, index in zip(cameras, (0, 10, 20), strict=True):
        assert torch.allclose(path[index].world_from_camera, camera.world_from_camera, atol=1e-9)
    forward = torch.stack([camera.world_from_camera[:3, 2] for camera in path])
    turns = torch.rad2deg(torch.arccos((forward[1:] * forward[:-1]).sum(1)))
    assert torch.allclose(turns, torch.full_like(turns, 2.0), atol=0.1)  # 40 degrees in 20 even steps


def test_the_focal_length_changes_evenly_and_positions_do_not_overshoot() -> None:
    first = Camera.from_fov(60, 32, 24)
    poses = [turned(0, translation=(x, 0, 0)) for x in (0, 1, 1, 0)]
    keys = [first.moved(pose).zoomed(2.0**-i) for i, pose in enumerate(poses)]
    path = smooth_path(keys, 31)
    focal = torch.stack([camera.K[0, 0] for camera in path])
    x = torch.stack([camera.position[0] for camera in path])
    assert (focal.diff() < 0).all()
    torch.testing.assert_close(focal[::10], torch.stack([key.K[0, 0] for key in keys]))
    assert x.max() == 1
    assert x.min() == 0
    assert torch.equal(x[10:21], torch.ones_like(x[10:21]))


def test_a_flight_between_upright_cameras_does_not_roll() -> None:
    first = Camera.from_fov(60, 32, 24)
    keys = [first.moved(turned(yaw, pitch)) for yaw, pitch in ((0, 0), (0, 50), (0, -50), (40, 0), (40, 50))]
    for camera in smooth_path(keys, 41):
        x_axis, y_axis, _ = camera.world_from_camera[:3, :3].T
        assert abs(x_axis[1]) < 1e-12
        assert y_axis[1] > 0.5
    for camera, key in zip(smooth_path(keys, 41)[::10], keys, strict=True):
        torch.testing.assert_close(camera.world_from_camera, key.world_from_camera, rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ((0, 90), (0, 90)),
        ((0, 0), (0, 90)),
        ((0, -90), (40, -90)),
        ((0, 180), (40, 180)),
        ((0, 85), (170, 85)),
    ],
)
def test_cameras_near_the_vertical_and_upside_down_are_left_to_roll(
    first: tuple[float, float], last: tuple[float, float]
) -> None:
    keys = [Camera.from_fov(60, 32, 24).moved(turned(*angles)) for angles in (first, last)]
    path = smooth_path(keys, 9)
    for camera, key in zip((path[0], path[-1]), keys, strict=True):
        torch.testing.assert_close(camera.world_from_camera, key.world_from_camera, rtol=0, atol=1e-9)
    steps = [(b.world_from_camera[:3, :3].T @ a.world_from_camera[:3, :3]).trace() for a, b in pairwise(path)]
    turns = torch.rad2deg(torch.arccos(((torch.stack(steps) - 1) / 2).clamp(-1, 1)))
    torch.testing.assert_close(turns, turns.mean().expand_as(turns), rtol=0, atol=0.5)


def test_a_flight_between_cameras_that_roll_passes_through_them() -> None:
    first = Camera.from_fov(60, 32, 24)
    keys = [first.moved(compose(rotation_z(angle), (0, 0, 0))) for angle in (0.0, 0.5, 1.0)]
    for camera, key in zip(smooth_path(keys, 5)[::2], keys, strict=True):
        torch.testing.assert_close(camera.world_from_camera, key.world_from_camera, rtol=0, atol=1e-9)


def test_one_camera_stays_and_pictures_of_different_sizes_are_refused() -> None:
    camera = Camera.from_fov(60, 32, 24)
    assert smooth_path([camera], 3) == [camera] * 3
    with pytest.raises(ValueError, match=r"different picture sizes.*\(16, 12\), \(32, 24\)"):
        smooth_path([camera, camera.resized(16, 12)], 3)
