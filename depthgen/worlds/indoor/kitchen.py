"""A fitted kitchen with an island or a place to eat."""

from __future__ import annotations

import numpy as np

from depthgen.worlds.builder import Material, Texture
from depthgen.worlds.indoor import equipment, fixtures, seating, storage
from depthgen.worlds.indoor.equipment import COUNTER_DEPTH, COUNTER_HEIGHT
from depthgen.worlds.indoor.home import floor
from depthgen.worlds.indoor.room import Room, Side, new_room
from depthgen.worlds.kinds import Layout
from depthgen.worlds.palette import FABRICS, LACQUERS, PAINTS, Color, furniture, paint, pick, tiles
from depthgen.worlds.recorder import Recorder
from depthgen.worlds.semantics import Semantic
from depthgen.worlds.spot import Spot

WALL_UNIT = (1.5, 0.7, 0.36)  # base height, height, depth in metres
STOVE, FRIDGE = 0.62, 0.72  # widths
TILED = ("white", "light blue", "light green", "yellow", "beige", "teal")
AROUND = ((0, -1, 0), (0, 1, 180), (-1, 0, 90), (1, 0, -90))  # of a table: right, ahead, turn


def kitchen(builder: Recorder, rng: np.random.Generator) -> Layout:
    """Counters and wall units along one or two walls, sink, stove with hood, fridge, island or table."""
    room = new_room(builder, rng, (4.2, 6.4), (4.0, 5.8))
    walls = pick(rng, PAINTS, ("white", "beige", "light green", "light blue", "yellow", "orange", "pink"))
    room.close(paint(walls), _floor(room), corner=0.0)
    builder.surround("walls", walls.name)
    _runs(room)
    fixtures.openings(room, int(rng.integers(1, 3)))
    if rng.random() < 0.5:
        _island(room)
    _dining(room)
    if spot := room.against_wall(1.2, 0.45, 2.1, front=0.4):
        storage.cupboard(spot, furniture(rng), (1.2, 2.1, 0.45), 2)
    fixtures.decorate(room, 1, int(rng.integers(0, 2)), rng.random() < 0.6)
    return room.layout("kitchen")


def _floor(room: Room) -> Material:
    """Half of kitchens have a checkered floor."""
    if room.rng.random() < 0.5:
        return floor(room, carpeted=0.0)
    dark = pick(room.rng, FABRICS, ("black", "grey", "red", "blue", "green"))
    room.builder.surround("checkered floor", dark.name)
    return Material((0.88, 0.88, 0.86), Texture.CHECKER, dark.rgb, 0.9, mirror=0.05)


def _runs(room: Room) -> None:
    """Counters along the far wall with the sink, and for half of the kitchens along a side wall too."""
    rng = room.rng
    color, splash = furniture(rng, 0.4), pick(rng, PAINTS, TILED)
    worktop = Material((0.24, 0.24, 0.26)) if sum(color.rgb) > 1.4 else Material((0.86, 0.84, 0.80))
    if rng.random() < 0.4:
        worktop = Material((0.88, 0.87, 0.85), Texture.MARBLE, (0.6, 0.6, 0.62), 0.6, mirror=0.08)
    length = room.width if rng.random() < 0.5 else min(room.width, 3.6)
    middle = 0.0 if length == room.width else float(rng.choice((-1, 1))) * (room.width - length) / 2
    wall = room.wall("far", middle)
    _backed(room, wall, color, splash, worktop, length)
    room.builder.surround("wall tiles", splash.name)
    equipment.sink(wall)
    fixtures.window(wall, 1.2, 1.0, 1.25)
    for sign in (-1, 1):
        width = length / 2 - 0.85
        unit = wall.shifted(sign * (length / 2 - width / 2))
        if width > 0.5:
            storage.cupboard(unit, color, (width, *WALL_UNIT[1:]), max(1, round(width / 0.7)), WALL_UNIT[0])
    side: Side = "left" if middle < 0 or (middle == 0 and rng.random() < 0.5) else "right"
    _stove_wall(room, side, color, splash, worktop)


def _backed(room: Room, wall: Spot, color: Color, splash: Color, worktop: Material, width: float) -> None:
    """A counter with tiles on the wall above it; it takes the wall."""
    equipment.counter(wall, color, worktop, width)
    wall.box((0, 0.0), (width, 0.6, 0.03), tiles(splash, 0.15), Semantic.WALL, base=COUNTER_HEIGHT)
    room.claim(wall, width, COUNTER_DEPTH, COUNTER_HEIGHT)
    room.hang_above(wall, width)


def _stove_wall(room: Room, side: Side, color: Color, splash: Color, worktop: Material) -> None:
    """From the far corner on: counter, stove with hood, counter, fridge."""
    z, rng = room.depth / 2 - COUNTER_DEPTH, room.rng
    width = min(float(rng.uniform(0.5, 0.9)), (z + room.depth / 2 - STOVE - FRIDGE - 1.3) / 2)
    for part, length in (("counter", width), ("stove", STOVE), ("counter", width), ("fridge", FRIDGE)):
        spot = room.wall(side, z - length / 2)
        if part == "counter":
            _backed(room, spot, color, splash, worktop, length)
            storage.cupboard(spot, color, (length - 0.04, *WALL_UNIT[1:]), 1, WALL_UNIT[0])
        else:
            room.claim(spot, length, 0.7, 2.0)
            room.hang_above(spot, length)
        if part == "stove":
            equipment.stove(spot, room.height)
        if part == "fridge":
            equipment.fridge(spot, pick(rng, LACQUERS, ("white", "grey", "red", "teal", "black")))
        z -= length + 0.01


def _island(room: Room) -> None:
    """An island before the counter with bar stools and pots above it."""
    rng, width = room.rng, float(room.rng.uniform(1.3, 1.9))
    spot = room.spot(float(rng.uniform(-0.3, 0.3)), room.depth / 2 - COUNTER_DEPTH - 1.5)
    if not room.clear(spot.shifted(0, -0.95), width + 0.12, 1.4, 0.95):
        return
    equipment.kitchen_island(
        spot, furniture(rng, 0.5), Material((0.85, 0.84, 0.82), Texture.MARBLE, (0.6, 0.6, 0.62), 0.6), width
    )
    equipment.fruit_bowl(spot.shifted(0.3), 0.92)
    seat = pick(rng, FABRICS)
    for i in range(int(rng.integers(2, 4))):
        seating.bar_stool(spot.shifted((i - 1) * 0.5, -0.68), seat)
    metal = pick(rng, {"grey": (0.6, 0.6, 0.62), "orange": (0.75, 0.42, 0.22), "black": (0.1, 0.1, 0.1)})
    for i in range(int(rng.integers(0, 4))):
        equipment.hanging_pot(spot.shifted((i - 1) * 0.4), metal, room.height)


def _dining(room: Room) -> None:
    """A table where there is room, chairs around it, a lamp above."""
    rng = room.rng
    spot = room.somewhere(2.3, 2.1, 0.8) or room.somewhere(1.9, 1.9, 0.8)
    if spot is None:
        fixtures.pendant(room.spot(0, 0), room.height, 0.4)
        return
    top, seat = furniture(rng, 0.8), furniture(rng, 0.3)
    rounded = rng.random() < 0.35
    size = (1.0, 1.0) if rounded else (1.2, 0.84)
    if rounded:
        seating.round_table(spot, top, 1.0)
    else:
        seating.dining_table(spot, top, size)
    for right, ahead, turn in AROUND[: int(rng.integers(2, 5))]:
        chair = spot.shifted(right * (size[0] / 2 + 0.4), ahead * (size[1] / 2 + 0.4), turn)
        seating.chair(chair, seat)
    equipment.fruit_bowl(spot, seating.TABLE_HEIGHT)
    fixtures.pendant(spot, room.height, 0.7)
