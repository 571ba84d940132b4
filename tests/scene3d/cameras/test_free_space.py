"""Free space of hand-made depth maps and of a room."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from depthgen.geometry import Camera, turned
from scene3d.cameras import free_space, kept_free
from scene3d.frame import Frame

View = Callable[..., Frame]

WALL = torch.full((24, 24), 4.0)
WALL[:, :12] = 2.0  # the left half is a nearer wall; both fill the picture


def points(*places: tuple[float, float, float]) -> torch.Tensor:
    return torch.tensor(places, dtype=torch.float64)


@pytest.mark.parametrize("scale", [0.1, 1.0, 100.0])
def test_free_is_what_a_view_looks_through_at_a_distance_from_what_it_sees(view: View, scale: float) -> None:
    space = free_space([view(scale * WALL)])
    assert space.reach == pytest.approx(0.4 * scale)  # a fifth of the nearer depth
    asked = {
        (0.0, 0.0, 1.0): True,  # ahead
        (-0.5, 0.0, 1.5): True,
        (0.5, 0.0, 3.0): True,  # beside the nearer wall
        (-0.5, 0.0, 2.5): False,  # behind it
        (-0.5, 0.0, 1.95): False,  # in front of it, but closer than a tenth of the depth
        (0.05, 0.0, 2.1): False,  # too close to its edge
        (3.0, 0.0, 3.0): False,  # out of sight
        (0.0, 0.0, -0.3): True,  # a step back, within reach
        (0.0, 0.0, -0.5): False,  # farther back than was ever seen
    }
    found = space.holds(scale * points(*asked))
    assert found.tolist() == list(asked.values())


def test_the_sky_is_free_and_a_second_view_adds_what_it_sees(view: View) -> None:
    sky = view(torch.full((8, 8), math.inf))
    space = free_space([sky])
    assert space.holds(points((0, 0, 50), (1, 0, 0))).tolist() == [True, False]
    sideways = view(torch.full((8, 8), 5.0), turned(90))
    assert space.after(sideways).holds(points((0, 0, 50), (1, 0, 0), (6, 0, 0))).tolist() == [
        True,
        True,
        False,
    ]


def test_a_path_stops_where_free_space_ends_and_does_not_jump_through_walls(view: View) -> None:
    space = free_space([view(WALL)])
    camera = space.views[0].camera
    ahead = [camera.moved(turned(5 * i, translation=(-0.2, 0, 0.5 * i))) for i in range(1, 9)]
    kept, moved = kept_free([camera, *ahead], space)
    assert moved == 5  # from 2 metres on
    for found, planned in zip(kept[1:4], ahead[:3], strict=True):
        assert torch.equal(found.world_from_camera, planned.world_from_camera)
    assert all(1.5 <= found.position[2] <= 1.8 for found in kept[4:])
    assert all(
        torch.equal(f.world_from_camera[:3, :3], p.world_from_camera[:3, :3])
        for f, p in zip(kept[1:], ahead, strict=True)
    )
    assert space.holds(torch.stack([found.position for found in kept])).all()
    behind_the_post = view(torch.full((24, 24), 9.0), turned(0, translation=(-0.5, 0, 2.5)))
    both = space.after(replace(behind_the_post, valid=behind_the_post.valid & False))
    assert both.holds(points((-0.5, 0, 4.0))).all()  # free there,
    kept, _ = kept_free([camera, camera.moved(turned(0, translation=(-0.5, 0, 4.0)))], both)
    assert kept[1].position[2] < 2  # but not to be reached through the wall


def test_a_path_that_starts_inside_a_wall_is_refused(view: View) -> None:
    space = free_space([view(WALL)])
    inside = Camera.from_fov(60, 8, 8, turned(0, translation=(-0.5, 0, 2.5)))
    with pytest.raises(ValueError, match=r"starts at \(-0.50, 0.00, 2.50\)"):
        kept_free([inside], space)
