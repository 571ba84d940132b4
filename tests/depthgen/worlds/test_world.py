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
from depthgen.worlds.kinds import COLORS, OBJECTS
from depthgen.worlds.semantics import Semantic
from depthgen.worlds.world import FIELD_OF_VIEW, NEAREST_METRES, PITCH

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
        assert FIELD_OF_VIEW[0] <= camera.hfov_degrees <= FIELD_OF_VIEW[1]
        assert PITCH[0] - 1e-6 <= degrees(np.arcsin(-forward[1].item())) <= PITCH[1] + 1e-6
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
        assert torch.equal(neighbour.K, camera.K)


def test_fields_of_view_are_drawn_from_their_whole_range() -> None:
    assert FIELD_OF_VIEW == (45.0, 90.0)
    world = build_world(2, "desert")
    widths = [world.camera(np.random.default_rng(seed), 32).hfov_degrees for seed in range(12)]
    assert min(widths) < 55
    assert max(widths) > 80


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**33), st.sampled_from(KINDS))
def test_worlds_are_finite_and_speak_the_vocabulary(seed: int, kind: str) -> None:
    world = build_world(seed, kind)
    for values in vars(world.primitives).values():
        assert values.isfinite().all()
    assert {thing.noun for thing in world.things} <= set(OBJECTS)
    assert {thing.color for thing in world.things} <= {"", *COLORS}
    assert all(min(thing.size) > 0 for thing in world.things)
    assert np.isfinite([thing.position for thing in world.things]).all()
    assert world.layout.stands


def test_every_object_has_a_class_and_most_are_met_in_few_worlds() -> None:
    assert len(OBJECTS) == len(set(OBJECTS)) >= 100
    assert len({Semantic.of(noun) for noun in OBJECTS}) == len(OBJECTS)
    met = {thing.noun for kind in KINDS for seed in range(3) for thing in build_world(seed, kind).things}
    assert len(met) >= 80
