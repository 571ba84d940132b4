from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from depthgen.geometry import Camera, turned
from scene3d.backdrop import Backdrop, make_backdrop, make_sky, panorama_position, world_directions
from scene3d.frame import Frame
from scene3d.scene import Scene


def coded(directions: torch.Tensor) -> torch.Tensor:
    """A colour for each direction, smooth everywhere."""
    return 0.5 + 0.4 * torch.nn.functional.normalize(directions, dim=-1).movedim(-1, 0)


def test_known_directions_have_known_places() -> None:
    directions = torch.tensor([[0.0, 0, 1], [1, 0, 0], [-1, 0, 0], [0, -1, 0], [0, 1, 0]])
    u, v = panorama_position(directions, 100)
    assert u[:3].tolist() == pytest.approx([100, 150, 50])
    assert v.tolist() == pytest.approx([50, 50, 50, 0, 100])


@settings(max_examples=20, deadline=None)
@given(yaw=st.floats(-180, 180), pitch=st.floats(-80, 80))
def test_a_panorama_shows_its_directions_to_every_camera(yaw: float, pitch: float) -> None:
    height = 256
    v, u = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(2 * height) + 0.5, indexing="ij")
    azimuth, down = (u / (2 * height) - 0.5) * 2 * torch.pi, (v / height - 0.5) * torch.pi
    directions = torch.stack((down.cos() * azimuth.sin(), down.sin(), down.cos() * azimuth.cos()), dim=-1)
    camera = Camera.from_fov(60, 24, 16, turned(yaw, pitch, (5, 6, 7)))
    seen = Backdrop(coded(directions)).seen_from(camera)
    assert (seen - coded(world_directions(camera))).abs().max() < 0.01


def sky_frame(yaw: float, valid: bool = False) -> Frame:
    camera = Camera.from_fov(90, 64, 64, turned(yaw))
    flags = torch.full((1, 64, 64), valid)
    return Frame(coded(world_directions(camera)), torch.ones(1, 64, 64), flags, ~flags & False, camera)


def test_the_sky_of_the_views_is_seen_again_and_the_rest_is_filled() -> None:
    backdrop = make_backdrop([sky_frame(0), sky_frame(170)], height=64)
    between = Camera.from_fov(40, 32, 32, turned(180))  # across the panorama's border
    assert (backdrop.seen_from(between) - coded(world_directions(between))).abs().max() < 0.03
    unseen = backdrop.seen_from(Camera.from_fov(60, 32, 32, turned(85, 60)))
    assert unseen.min() > 0.1


def test_surfaces_stand_in_for_the_sky_below_the_horizon_only(garden: Scene) -> None:
    backdrop = make_backdrop(garden.frames, height=128)
    picture = backdrop.seen_from(garden.frames[0].camera)
    sky = torch.tensor([0.5, 0.7, 0.95])
    assert (picture[:, :18] - sky[:, None, None]).abs().mean() < 0.05  # though the wall is higher than eyes
    assert (picture[:, 30:] - garden.frames[0].image[:, 30:]).abs().mean() < 0.1


def test_the_sky_alone_goes_on_above_the_horizon_and_the_ground_below_it(garden: Scene) -> None:
    panorama = make_sky(garden.frames, height=64).panorama
    sky, floor = torch.tensor([0.5, 0.7, 0.95]), torch.tensor([0.45, 0.575, 0.275])  # of both checkers
    assert (panorama[:, :31] - sky[:, None, None]).abs().max() < 0.02  # the wall is higher, but no sky
    assert (panorama[:, 60:].mean((1, 2)) - floor).abs().max() < 0.09  # and below the horizon it is mixed in


def test_indoors_every_surface_counts() -> None:
    frame = sky_frame(0, valid=True)
    assert (make_backdrop([frame], height=64).seen_from(frame.camera) - frame.image).abs().max() < 0.05
