"""A library: books on every wall."""

from __future__ import annotations

import numpy as np

from depthgen.worlds.builder import Builder
from depthgen.worlds.indoor import fixtures, seating, storage
from depthgen.worlds.indoor.palette import (
    DOORS,
    FABRICS,
    PAINTS,
    WHITE,
    WOODS,
    Color,
    a,
    cloth,
    counted,
    paint,
    pick,
    planks,
)
from depthgen.worlds.indoor.room import Room, new_room
from depthgen.worlds.kinds import Layout

LAMP_GREEN = (0.45, 0.85, 0.45)


def library(builder: Builder, rng: np.random.Generator) -> Layout:
    """Tall shelves full of books along all walls and a reading table with lamps."""
    room = new_room(builder, rng, (6.0, 7.6), (5.4, 7.2), (2.8, 3.1))
    walls = pick(rng, PAINTS, ("dark green", "dark red", "cream", "dark blue"))
    wood = pick(rng, WOODS)
    carpeted = rng.random() < 0.5
    carpet = pick(rng, FABRICS, ("red", "green", "blue", "purple"))
    floor = pick(rng, WOODS)
    room.close(paint(walls), cloth(carpet) if carpeted else planks(floor), WHITE)
    _shelves(room, wood, rng)
    table = _reading_table(room, rng)
    phrases = (
        f"tall {wood.name} bookshelves",
        "shelves full of books",
        *table,
        f"{walls.name} walls",
        f"{a(carpet.name)} carpet" if carpeted else f"{a(floor.name)} floor",
    )
    return room.layout(
        "library",
        phrases,
        (-room.width * 0.2 + 1.85, room.width / 2 - 1.2),
        (-room.depth / 2 + 1.2, room.depth / 2 - 1.2),
    )


def _shelves(room: Room, wood: Color, rng: np.random.Generator) -> None:
    """Bookshelves on all four walls, with a window in the left one and a door in the near one."""
    height = room.height - rng.uniform(0.25, 0.5)
    storage.bookshelf(room.wall("far"), wood, room.width - 0.1, height)
    storage.bookshelf(room.wall("right"), wood, room.depth - 2 * storage.SHELF_DEPTH - 0.1, height)
    beside_window = room.depth / 2 - storage.SHELF_DEPTH - 1.0
    for sign in (-1, 1):
        storage.bookshelf(room.wall("left", sign * (1.0 + beside_window / 2)), wood, beside_window, height)
    fixtures.window(room.wall("left"), 1.4, 1.5, 0.9)
    beside_door = room.width / 2 - storage.SHELF_DEPTH - 0.65
    for sign in (-1, 1):
        storage.bookshelf(room.wall("near", sign * (0.6 + beside_door / 2)), wood, beside_door, height)
    fixtures.door(room.wall("near"), pick(rng, DOORS))


def _reading_table(room: Room, rng: np.random.Generator) -> tuple[str, ...]:
    """The table left of the middle, chairs on its long sides, green lamps on it and a rug below."""
    wood, seat, rug = (
        pick(rng, WOODS),
        pick(rng, FABRICS, ("red", "green", "brown", "blue")),
        pick(rng, FABRICS),
    )
    table = room.spot(-room.width * 0.2, 0, 90)
    fixtures.rug(table, rug, (2.6, 2.2))
    seating.table(table, planks(wood), (1.9, 0.9))
    lamps = int(rng.integers(1, 3))
    for i in range(lamps):
        fixtures.table_lamp(table.shifted(1.0 * (i - (lamps - 1) / 2)), 0.74, LAMP_GREEN)
    chairs = int(rng.choice((2, 4)))
    for right in (-0.5, 0.5)[: chairs // 2]:
        seating.chair(table.shifted(right, 0.85, 180), seat, paint(wood))
        seating.chair(table.shifted(right, -0.85), seat, paint(wood))
    fixtures.pendant(table, room.height, 0.5)
    return (
        a(f"{wood.name} reading table"),
        counted(chairs, f"{seat.name} chair"),
        counted(lamps, "green table lamp"),
        a(f"{rug.name} rug"),
    )
