"""A fitted kitchen with a place to eat."""

from __future__ import annotations

import numpy as np

from depthgen.worlds.builder import Builder, Material, Texture
from depthgen.worlds.indoor import fixtures, seating, storage
from depthgen.worlds.indoor.palette import (
    CUPBOARDS,
    DOORS,
    FABRICS,
    PAINTS,
    WHITE,
    WOODS,
    Color,
    a,
    counted,
    paint,
    pick,
    planks,
    shade,
    tiles,
)
from depthgen.worlds.indoor.room import Room, new_room
from depthgen.worlds.indoor.storage import COUNTER_DEPTH, COUNTER_HEIGHT
from depthgen.worlds.kinds import Layout
from depthgen.worlds.semantics import Semantic

WALL_UNIT = (1.5, 0.7, 0.36)  # base height, height, depth in metres
TILED = ("white", "light blue", "light green", "yellow", "cream")


def kitchen(builder: Builder, rng: np.random.Generator) -> Layout:
    """Counters and wall units along two walls, sink, stove with hood, fridge and a dining table."""
    room = new_room(builder, rng, (5.0, 6.4), (4.6, 5.6))
    walls = pick(rng, PAINTS, ("white", "cream", "light green", "light blue", "yellow"))
    floor_name, floor = _floor(rng)
    room.close(paint(walls), floor, WHITE)
    cupboards, splash = pick(rng, CUPBOARDS), pick(rng, PAINTS, TILED)
    worktop = Material((0.24, 0.24, 0.26)) if sum(cupboards.rgb) > 1.4 else Material((0.86, 0.84, 0.80))
    _sink_wall(room, cupboards, splash, worktop)
    _stove_wall(room, cupboards, splash, worktop, rng)
    dining = _dining(room, rng)
    storage.cabinet(room.wall("near", -room.width / 2 + 1.5), cupboards, (1.2, 2.1, 0.45), 2)
    fixtures.door(room.wall("near", room.width / 2 - 1.9), pick(rng, DOORS))
    phrases = (
        f"{cupboards.name} cupboards",
        "a stove",
        "a fridge",
        *dining,
        floor_name,
        f"{walls.name} walls",
        f"{splash.name} wall tiles",
    )
    return room.layout(
        "kitchen",
        phrases,
        (-room.width / 2 + 1.55, room.width / 2 - 2.2),
        (-room.depth / 2 + 1.3, room.depth / 2 - 1.5),
    )


def _floor(rng: np.random.Generator) -> tuple[str, Material]:
    """A phrase and the floor it names."""
    dark = pick(rng, FABRICS, ("black", "grey", "red", "blue", "green"))
    if rng.random() < 0.5:
        return f"a {dark.name} and white checkered floor", Material(
            (0.88, 0.88, 0.86), Texture.CHECKER, dark.rgb, 0.9
        )
    floor = pick(rng, PAINTS, ("cream", "light grey", "orange"))
    return f"{a(floor.name)} tiled floor", tiles(Color(floor.name, shade(floor.rgb, 0.8)), 0.5)


def _sink_wall(room: Room, cupboards: Color, splash: Color, worktop: Material) -> None:
    """The far wall: one long counter, the sink under the window, wall units on both sides."""
    wall = room.wall("far")
    wall.box((0, 0.0), (room.width, 0.6, 0.03), tiles(splash, 0.15), Semantic.WALL, base=COUNTER_HEIGHT)
    storage.counter(wall, cupboards, worktop, room.width)
    storage.sink(wall)
    fixtures.window(wall, 1.3, 1.0, 1.2)
    width = room.width / 2 - 0.95
    for side in (-1, 1):
        unit = wall.shifted(side * (room.width / 2 - width / 2))
        storage.cabinet(
            unit, cupboards, (width, *WALL_UNIT[1:]), max(1, round(width / 0.9)), base=WALL_UNIT[0]
        )


def _stove_wall(
    room: Room, cupboards: Color, splash: Color, worktop: Material, rng: np.random.Generator
) -> None:
    """The left wall: counter, stove with hood, counter, fridge, from the far corner to the near one."""
    start, end = room.depth / 2 - COUNTER_DEPTH, -room.depth / 2 + 1.5
    stove_at = end + (start - end) * 0.5
    room.wall("left", (start + end) / 2).box(
        (0, 0.0), (start - end, 0.6, 0.03), tiles(splash, 0.15), Semantic.WALL, base=COUNTER_HEIGHT
    )
    width = (start - end - 0.62) / 2
    for low in (end, start - width):
        part = room.wall("left", low + width / 2)
        storage.counter(part, cupboards, worktop, width)
        storage.cabinet(
            part, cupboards, (width - 0.04, *WALL_UNIT[1:]), max(1, round(width / 0.8)), base=WALL_UNIT[0]
        )
    storage.stove(room.wall("left", stove_at), room.height)
    storage.fridge(room.wall("left", end - 0.4), pick(rng, FABRICS, ("white", "grey", "red", "teal")))


def _dining(room: Room, rng: np.random.Generator) -> tuple[str, ...]:
    """A table on the right wall with chairs at its ends and side, a lamp above it."""
    wood, seat = pick(rng, WOODS), pick(rng, FABRICS)
    chairs = int(rng.integers(2, 4))
    middle = -0.4
    table = room.wall("right", middle).shifted(0, 0.47)
    seating.table(table, planks(wood), (1.2, 0.84))
    for right, ahead, turn in ((-1.05, 0, 90), (1.05, 0, -90), (0, 0.85, 180))[:chairs]:
        seating.chair(table.shifted(right, ahead, turn), seat)
    table.add(
        "ellipsoid",
        (0, 0),
        (0.34, 0.12, 0.34),
        paint(Color("", FABRICS["orange"])),
        Semantic.TABLE,
        base=0.74,
    )
    fixtures.pendant(table, room.height, 0.7)
    fixtures.picture(room.wall("right", middle), rng, (0.9, 0.6), 1.4)
    return a(f"{wood.name} table"), counted(chairs, f"{seat.name} chair")
