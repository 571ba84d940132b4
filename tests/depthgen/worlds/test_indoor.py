"""Indoor worlds: rooms are closed and hold their furniture, cameras have air, pieces keep apart."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import torch

from depthgen.worlds.indoor import INDOOR
from depthgen.worlds.indoor.room import HEAD, Footprint, Room, footprint
from depthgen.worlds.kinds import INDOOR_KINDS, Layout
from depthgen.worlds.palette import WHITE
from depthgen.worlds.primitives import batched, primitives_of
from depthgen.worlds.raycast import nearest_hits
from depthgen.worlds.recorder import Recorder
from depthgen.worlds.spot import Spot

SEEDS = range(6)
FURNITURE = ("sofa", "bed", "bookshelf", "wardrobe", "dresser", "desk", "piano", "fridge", "filing cabinet")


@cache
def built(kind: str, seed: int) -> tuple[Recorder, Layout]:
    builder = Recorder()
    return builder, INDOOR[kind](builder, np.random.default_rng(seed))


def plain_room() -> Room:
    return Room(Recorder(), np.random.default_rng(0), 6.0, 4.0, 2.7)


def test_every_indoor_kind_has_its_function() -> None:
    assert set(INDOOR) == set(INDOOR_KINDS)


@pytest.mark.parametrize("kind", INDOOR_KINDS)
def test_same_seed_builds_the_same_room_and_another_seed_does_not(kind: str) -> None:
    (first, layout), (again, same), (other, _) = built(kind, 3), built.__wrapped__(kind, 3), built(kind, 4)
    assert layout == same
    assert np.array_equal(first.world_from_local, again.world_from_local)
    assert not np.array_equal(first.world_from_local[0], other.world_from_local[0])


@pytest.mark.parametrize("kind", INDOOR_KINDS)
def test_rooms_hold_their_furniture_above_the_floor(kind: str) -> None:
    for seed in SEEDS:
        builder, layout = built(kind, seed)
        shell = np.stack(builder.world_from_local[:6])
        half = np.abs(shell[:, :, :3]).sum(2)
        low, high = (shell[:, :, 3] - half).min(0), (shell[:, :, 3] + half).max(0)
        for thing in layout.things:
            position, size = np.array(thing.position), np.array(thing.size)
            assert (position - size / 2 >= low - 1e-6).all(), thing
            assert (position + size / 2 <= high + 1e-6).all(), thing
            assert position[1] + size[1] / 2 <= 0.03, thing  # not below the floor
        assert 40 <= len(builder.shapes) <= 150


@pytest.mark.parametrize("kind", INDOOR_KINDS)
def test_large_furniture_does_not_stand_in_other_furniture(kind: str) -> None:
    for seed in SEEDS:
        things = [thing for thing in built(kind, seed)[1].things if thing.noun in FURNITURE]
        for i, a in enumerate(things):
            for b in things[:i]:
                apart = [abs(a.position[k] - b.position[k]) - (a.size[k] + b.size[k]) / 2 for k in (0, 2)]
                assert max(apart) > -0.12, (seed, a, b)


@pytest.mark.parametrize("kind", INDOOR_KINDS)
def test_cameras_have_air_around_them_and_no_ray_leaves_the_room(kind: str) -> None:
    turn = torch.linspace(0.0, 2 * torch.pi, 17)[:-1]
    for seed in SEEDS:
        builder, layout = built(kind, seed)
        stands = torch.tensor(layout.stands[::7])
        around = torch.stack([turn.sin(), torch.zeros_like(turn), turn.cos()])
        directions = around.repeat(1, len(stands))[None]
        eyes = torch.stack([stands[:, 0], torch.full((len(stands),), -1.4), stands[:, 1]])
        origins = eyes.repeat_interleave(len(turn), dim=1)[None]
        reach = nearest_hits(batched([primitives_of(builder)]), origins, directions).t
        assert reach.max() < 15
        nearest = reach[0].view(len(stands), -1).amin(1)
        assert nearest.median() > 0.3  # a lamp or a door may come closer to a few


def test_spot_frame_and_walls() -> None:
    assert Spot(Recorder(), 1.0, 2.0, 90.0).ground(0.5, 3.0) == pytest.approx((4.0, 1.5))
    room = plain_room()
    for side, wall_point in (("near", (0, -2)), ("far", (0, 2)), ("left", (-3, 0)), ("right", (3, 0))):
        assert room.wall(side).ground(0, 0) == pytest.approx(wall_point)
        assert room.wall(side).ground(0, np.hypot(*wall_point)) == pytest.approx((0, 0), abs=1e-9)


def test_footprints_by_hand() -> None:
    room = plain_room()
    covered = footprint(room.wall("left", 0.5), 1.0, 0.4, 2.0)
    assert covered == pytest.approx((-3.0, 0.0, -2.6, 1.0, 2.0))
    assert covered.distance(-2.6, 2.0) == pytest.approx(1.0)
    assert covered.distance(-2.3, 1.4) == pytest.approx(0.5)
    assert covered.distance(-2.8, 0.5) == 0
    assert covered.meets(Footprint(-2.65, 0.9, 0, 3, 1))
    assert not covered.meets(Footprint(-2.5, 0.9, 0, 3, 1))


def test_walls_fill_up_and_then_have_no_room() -> None:
    room = plain_room()
    spots = [room.against_wall(1.5, 0.5, HEAD + 1) for _ in range(40)]
    assert 4 <= sum(spot is not None for spot in spots) <= 12
    assert spots[-1] is None
    for i, first in enumerate(room.taken):
        assert not any(first.meets(other) for other in room.taken[:i])
    assert not room.clear(room.spot(2.9, 0), 1.0, 1.0, 1.0)  # it would pass the wall


def test_high_pieces_take_the_wall_behind_them() -> None:
    room = plain_room()
    spot = room.against_wall(1.0, 0.4, 2.0)
    assert spot
    assert not room.hang_above(spot, 0.5)
    low = room.against_wall(1.0, 0.4, 0.8)
    assert low
    assert room.hang_above(low, 0.3) != room.hang_above(low, 0.3)


def test_a_corner_that_is_walled_off_is_taken() -> None:
    room = plain_room()
    room.close(WHITE, WHITE, corner=1.0)
    (corner,) = room.taken
    assert corner.height == room.height
    assert len(room.builder.shapes) == 7
    assert len(room.hung) == 2
