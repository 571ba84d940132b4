from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from depthgen.geometry import Camera, turned
from scene3d.cameras import CLOSED, PATHS, cameras_from, distance_ahead, subject_depth
from scene3d.cameras.paths import dolly, fly_through, look_around, orbit, pan, spiral, turn, zoom
from scene3d.config import TRAJECTORIES
from scene3d.frame import Frame

View = Callable[..., Frame]

# a post at 2 m to the left, a wall at 6 m, and a gap in it to the right that shows the sky
DEPTH = torch.full((16, 24), 6.0)
DEPTH[:, 2:6], DEPTH[:, 17:22] = 2.0, math.inf


def seen_at_scale(view: View, scale: float) -> Frame:
    return view(scale * DEPTH)


@settings(max_examples=16, deadline=None)
@given(name=st.sampled_from(sorted(PATHS)), views=st.integers(1, 40), scale=st.floats(0.01, 1000))
def test_every_path_starts_at_the_first_camera_and_scales_with_the_scene(
    view: View, name: str, views: int, scale: float
) -> None:
    path = cameras_from(seen_at_scale(view, scale), name, views)
    unit = cameras_from(seen_at_scale(view, 1.0), name, views)
    assert len(path) == views
    torch.testing.assert_close(path[0].world_from_camera, torch.eye(4, dtype=torch.float64))
    for camera, reference in zip(path, unit, strict=True):
        torch.testing.assert_close(camera.K, reference.K)
        torch.testing.assert_close(camera.world_from_camera[:3, :3], reference.world_from_camera[:3, :3])
        torch.testing.assert_close(camera.position, scale * reference.position, rtol=1e-5, atol=1e-6 * scale)


def test_every_name_is_described_and_an_unknown_one_told_all_of_them(view: View) -> None:
    assert set(PATHS) <= set(TRAJECTORIES)
    with pytest.raises(ValueError, match="pan, turn, orbit, dolly, fly-through, spiral, look-around, zoom"):
        cameras_from(seen_at_scale(view, 1.0), "zigzag", 3)


@settings(max_examples=8, deadline=None)
@given(views=st.integers(1, 48))
def test_a_full_turn_ends_where_it_began(view: View, views: int) -> None:
    """One more step of the turn is the first view again: same place, same direction."""
    first = seen_at_scale(view, 1.0)
    path = turn(first, views)
    steps = [camera.world_from_camera[:3, :3] for camera in path]
    step = turned(360 / views)[:3, :3]
    for before, after in zip(steps, steps[1:] + steps[:1], strict=True):
        torch.testing.assert_close(before @ step, after)
    again = pan(first, views + 1, 360 / views)[-1]
    torch.testing.assert_close(again.world_from_camera, path[0].world_from_camera)
    eyes = torch.stack([camera.position for camera in path])
    arm = torch.tensor([0, 0, -0.2], dtype=torch.float64)  # a tenth of the 2 m to the post
    torch.testing.assert_close((eyes - arm).norm(dim=1), torch.full((views,), 0.2, dtype=torch.float64))


def test_looking_around_shows_every_direction_but_straight_up_and_down(view: View) -> None:
    path = look_around(view(torch.full((24, 24), 3.0)), 24)
    directions = torch.nn.functional.normalize(torch.randn(400, 3, dtype=torch.float64), dim=1)
    directions = directions[directions[:, 1].abs() < math.sin(math.radians(75))]
    seen = torch.zeros(len(directions), dtype=torch.bool)
    for camera in path:
        x, y, z = (directions @ camera.world_from_camera[:3, :3]).unbind(1)
        seen |= (z > 0) & (x.abs() < z * math.tan(math.pi / 6)) & (y.abs() < z * math.tan(math.pi / 6))
    assert seen.all()
    assert set(CLOSED) == {"turn", "look-around"}


def test_wide_cameras_look_around_upright(view: View) -> None:
    first = view(torch.full((24, 24), 3.0))
    wide = replace(first, camera=Camera.from_fov(120, 24, 24))
    down = torch.stack([camera.world_from_camera[:3, 1] for camera in look_around(wide, 6)])
    assert (down[:, 1] > 0.2).all()


def test_an_orbit_keeps_the_subjects_distance_and_looks_at_it(view: View) -> None:
    first = seen_at_scale(view, 1.0)
    assert subject_depth(first) == 6.0
    path = orbit(first, 10, degrees=40.0)
    subject = torch.tensor([0, 0, 6.0], dtype=torch.float64)
    for camera in path:
        torch.testing.assert_close(camera.position + 6 * camera.world_from_camera[:3, 2], subject)
    torch.testing.assert_close(path[9].world_from_camera, path[0].world_from_camera)  # 360 degrees later
    angle = torch.rad2deg(torch.arccos(path[1].world_from_camera[2, 2]))
    assert angle.item() == pytest.approx(40)
    step = (orbit(first, 2)[1].position - path[0].position).norm().item()
    assert step == pytest.approx(0.2 * 2, rel=0.01)  # 10 degrees would be a step of a metre, out of reach


def test_a_dolly_a_flight_and_a_spiral_keep_their_shares_of_the_depth(view: View) -> None:
    first = seen_at_scale(view, 1.0)
    assert distance_ahead(first) == 2.0
    assert dolly(first, 5)[-1].position.tolist() == [0, 0, 1]
    assert dolly(first, 5, share=-1.5)[-1].position.tolist() == [0, 0, -3]
    end = fly_through(first, 5)[-1]
    assert end.position.norm().item() == pytest.approx(0.6 * 4 * 2)  # the sky is far: four times the nearer
    torch.testing.assert_close(end.world_from_camera[:3, 2], end.position / end.position.norm())
    column = first.camera.K[0, 2] + first.camera.K[0, 0] * end.position[0] / end.position[2]
    assert 17 <= column <= 22  # the gap
    wound = spiral(first, 9)
    assert [camera.position.norm().item() for camera in wound] == pytest.approx([0.05 * i for i in range(9)])
    for camera in wound:
        axis = torch.tensor([0, 0, 6.0], dtype=torch.float64) - camera.position
        torch.testing.assert_close(camera.world_from_camera[:3, 2], axis / axis.norm())


def test_a_zoom_changes_the_field_of_view_alone(view: View) -> None:
    first = seen_at_scale(view, 1.0)
    wide, near = zoom(first, 3)[-1], zoom(first, 3, factor=2.0)
    assert math.tan(math.radians(wide.hfov_degrees / 2)) == pytest.approx(2 * math.tan(math.pi / 6))
    assert near[1].K[0, 0].item() == pytest.approx(math.sqrt(2) * first.camera.K[0, 0].item())
    assert wide.K[:2, 2].tolist() == first.camera.K[:2, 2].tolist()
    assert all(not camera.position.any() for camera in near)


def test_a_view_of_nothing_but_sky_still_has_a_scale(view: View) -> None:
    sky = view(torch.full((8, 8), math.inf))
    assert distance_ahead(sky) == subject_depth(sky) == 1
    for name in PATHS:
        assert all(isinstance(camera, Camera) for camera in cameras_from(sky, name, 4))
