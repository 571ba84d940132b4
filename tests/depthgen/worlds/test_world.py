"""Worlds are functions of their seeds; cameras stand where they should."""

from __future__ import annotations

from math import degrees

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from depthgen.geometry import Camera
from depthgen.worlds import INDOOR_KINDS, KINDS, TIMES, WEATHERS, build_world, neighbour_camera, render
from depthgen.worlds.world import HFOV_DEGREES, NEAREST_METRES

SEEDS = range(40)


def turn_degrees(first: Camera, second: Camera) -> float:
    relative = first.world_from_camera[:3, :3].T @ second.world_from_camera[:3, :3]
    return degrees(torch.acos(((relative.trace() - 1) / 2).clamp(-1, 1)).item())


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**33))
def test_same_seed_same_world_and_camera(seed: int) -> None:
    first, second = build_world(seed), build_world(seed)
    assert (first.kind, first.time, first.weather, first.layout) == (
        second.kind,
        second.time,
        second.weather,
        second.layout,
    )
    for name, values in vars(first.primitives).items():
        assert torch.equal(values, getattr(second.primitives, name))
    poses = [w.camera(np.random.default_rng(seed), 64).world_from_camera for w in (first, second)]
    assert torch.equal(*poses)


def test_seeds_draw_every_time_and_weather_and_a_kind_can_be_asked_for() -> None:
    worlds = [build_world(seed) for seed in SEEDS]
    assert {world.time for world in worlds} == set(TIMES)
    assert {world.weather for world in worlds} == set(WEATHERS)
    assert len({world.kind for world in worlds}) > 10
    assert all(world.weather == "clear" for world in worlds if world.indoor)
    assert build_world(5, "beach").kind == "beach"


def test_an_unknown_kind_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="'moon'; there are: living room, bedroom"):
        build_world(0, "moon")


@pytest.mark.parametrize("kind", KINDS)
def test_cameras_stand_at_eye_height_with_a_free_view(kind: str) -> None:
    nearest = []
    for seed in range(4):
        world = build_world(seed, kind)
        camera = world.camera(np.random.default_rng(seed), 32)
        forward = camera.world_from_camera[:3, 2]
        assert camera.hfov_degrees == pytest.approx(HFOV_DEGREES)
        assert abs(degrees(np.arcsin(-forward[1].item()))) <= 8 + 1e-6
        assert world.layout.eye[0] <= -camera.position[1] <= world.layout.eye[1]
        assert abs(camera.world_from_camera[1, 0]) < 1e-9  # no roll
        views = render([world], [camera])
        nearest.append(views.depth.min().item())
        assert not (world.indoor and views.sky.any())
    assert np.median(nearest) > NEAREST_METRES
    assert min(nearest) > 0.3


@pytest.mark.parametrize("kind", [INDOOR_KINDS[0], "village"])
def test_neighbours_turn_and_step_a_little(kind: str) -> None:
    world, rng = build_world(11, kind), np.random.default_rng(1)
    camera = world.camera(rng, 32)
    for _ in range(6):
        neighbour = neighbour_camera(world, camera, rng)
        step = neighbour.position - camera.position
        assert 4.9 <= turn_degrees(camera, neighbour) <= 40.1
        assert step[1] == 0  # at the same height
        assert step.norm() <= 0.4 * 2**0.5
