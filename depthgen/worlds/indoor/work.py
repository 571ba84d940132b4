"""Rooms to work in: meeting room and office."""

from __future__ import annotations

import numpy as np

from depthgen.worlds.builder import Builder, Material
from depthgen.worlds.indoor import fixtures, seating, storage
from depthgen.worlds.indoor.palette import (
    BLACK,
    CHARCOAL,
    DOORS,
    FABRICS,
    PAINTS,
    WHITE,
    WOODS,
    Color,
    a,
    counted,
    glow,
    paint,
    pick,
    planks,
    tiles,
)
from depthgen.worlds.indoor.room import Room, Spot, new_room
from depthgen.worlds.kinds import Layout
from depthgen.worlds.semantics import Semantic

CARPETS = ("grey", "blue", "green", "purple")
DESK = (1.5, 0.72)
TOPS = {**WOODS, "white": PAINTS["white"]}


def meeting_room(builder: Builder, rng: np.random.Generator) -> Layout:
    """A long table with chairs on both sides, a projection screen, a whiteboard and a wall of windows."""
    room = new_room(builder, rng, (5.8, 7.2), (5.2, 6.8))
    walls = pick(rng, PAINTS, ("white", "light grey", "light blue", "orange", "dark blue"))
    carpet = pick(rng, FABRICS, CARPETS)
    room.close(paint(walls), tiles(carpet, 0.6, 0.88), WHITE)
    table = _conference_table(room, rng)
    windows = 2 if room.depth < 6.0 else 3
    for i in range(windows):
        fixtures.window(room.wall("left", 1.75 * (i - (windows - 1) / 2)), 1.5, 1.6, 0.7, CHARCOAL)
    _projection(room.wall("far", -room.width / 2 + 1.9))
    whiteboard(room.wall("right"), rng)
    fixtures.plant(
        room.spot(room.width / 2 - 0.5, room.depth / 2 - 0.5), pick(rng, FABRICS, ("white", "grey", "black"))
    )
    fixtures.door(room.wall("near", room.width / 2 - 1.5), pick(rng, DOORS))
    fixtures.clock(room.wall("near", -0.3))
    buffet = room.wall("near", -room.width / 2 + 1.6)
    storage.cabinet(buffet, pick(rng, TOPS), (1.6, 0.85, 0.42), 3)
    fixtures.picture(buffet, rng, (1.1, 0.7))
    fixtures.light_panels(room)
    phrases = (
        *table,
        "a projection screen",
        "a whiteboard",
        counted(windows, "wide window"),
        f"{walls.name} walls",
        f"{a(carpet.name)} carpet",
        "a potted plant",
    )
    return room.layout(
        "meeting room",
        phrases,
        (-room.width / 2 + 3.75, room.width / 2 - 0.9),
        (-room.depth / 2 + 0.95, room.depth / 2 - 1.65),
    )


def _conference_table(room: Room, rng: np.random.Generator) -> tuple[str, ...]:
    """The table along the room's depth with its chairs, and laptops on it."""
    top, seat = pick(rng, TOPS), pick(rng, FABRICS, ("black", "blue", "red", "grey", "orange", "green"))
    a_side = int(rng.integers(3, 5)) if room.depth > 5.9 else 3
    length = 0.78 * a_side + 0.2
    table = room.spot(-room.width / 2 + 1.75, 0, 90)
    seating.table(table, paint(top) if top.name == "white" else planks(top), (length, 1.2))
    for i in range(a_side):
        right = 0.78 * (i - (a_side - 1) / 2)
        seating.chair(table.shifted(right, 1.0, 180), seat)
        seating.chair(table.shifted(right, -1.0), seat)
        table.box((right, 0.3 * (-1) ** i), (0.32, 0.02, 0.22), WHITE, Semantic.TABLE, base=0.74)
    return f"a long {top.name} table", counted(2 * a_side, f"{seat.name} chair")


def _projection(spot: Spot) -> None:
    """A projection screen that shows a chart."""
    spot.box((0, 0.02), (2.5, 1.5, 0.05), BLACK, Semantic.SCREEN, base=0.95)
    spot.box((0, 0.04), (2.4, 1.4, 0.04), glow((0.92, 0.95, 1.0), 0.8), Semantic.SCREEN, base=1.0)
    for i, name in enumerate(("blue", "orange", "green")):
        bar = glow(FABRICS[name], 0.8)
        spot.box((0.55 * (i - 1), 0.06), (0.34, 0.35 + 0.25 * i, 0.02), bar, Semantic.SCREEN, base=1.2)


def whiteboard(spot: Spot, rng: np.random.Generator) -> None:
    """A whiteboard with a few coloured strokes."""
    spot.box((0, 0.02), (2.3, 1.25, 0.04), Material((0.55, 0.57, 0.60)), Semantic.SCREEN, base=0.9)
    spot.box((0, 0.03), (2.2, 1.15, 0.04), Material((0.97, 0.97, 0.98)), Semantic.SCREEN, base=0.95)
    for i, name in enumerate(("blue", "red", "green")):
        spot.box(
            (rng.uniform(-0.5, 0.3), 0.045),
            (rng.uniform(0.5, 1.1), 0.05, 0.02),
            Material(FABRICS[name]),
            Semantic.SCREEN,
            base=1.2 + 0.28 * i,
        )


def office(builder: Builder, rng: np.random.Generator) -> Layout:
    """Desks with monitors and swivel chairs along two walls, filing cabinets, windows and light panels."""
    room = new_room(builder, rng, (5.8, 7.4), (5.2, 6.6))
    walls = pick(rng, PAINTS, ("white", "light grey", "light blue", "light green", "cream"))
    carpet = pick(rng, FABRICS, CARPETS)
    room.close(paint(walls), tiles(carpet, 0.6, 0.88), WHITE)
    desks = _desks(room, rng)
    cabinets = _filing(room, rng)
    fixtures.window(room.wall("left", -0.2), 1.7, 1.2, 1.2, CHARCOAL)
    fixtures.door(room.wall("near", -0.4), pick(rng, DOORS))
    fixtures.clock(room.wall("near", 0.8))
    fixtures.plant(
        room.spot(-room.width / 2 + 0.5, -room.depth / 2 + 0.5), pick(rng, FABRICS, ("white", "grey", "blue"))
    )
    fixtures.light_panels(room)
    phrases = (*desks, *cabinets, f"{walls.name} walls", f"{a(carpet.name)} carpet")
    return room.layout(
        "office",
        phrases,
        (-room.width / 2 + 2.2, room.width / 2 - 1.45),
        (-room.depth / 2 + 0.95, room.depth / 2 - 2.2),
    )


def _desks(room: Room, rng: np.random.Generator) -> tuple[str, ...]:
    """Two or three desks along the far wall and one on the left wall."""
    top, seat = pick(rng, TOPS), pick(rng, FABRICS, ("black", "blue", "red", "grey", "green", "orange"))
    far = int(rng.integers(2, 4))
    start = room.width / 2 - 0.1 - DESK[0] / 2
    for i in range(far):
        _desk(room.wall("far", start - i * (DESK[0] + 0.15)), top, seat)
    _desk(room.wall("left", -0.2), top, seat)
    return (
        counted(far + 1, f"{top.name} desk"),
        counted(far + 1, f"{seat.name} office chair"),
        counted(far + 1, "computer screen"),
    )


def _desk(spot: Spot, top: Color, seat: Color) -> None:
    """A desk on the wall with monitor and keyboard, its chair drawn up."""
    surface = paint(top) if top.name == "white" else planks(top)
    seating.table(spot.shifted(0, DESK[1] / 2 + 0.02), surface, DESK, semantic=Semantic.DESK)
    spot.box((0, 0.24), (0.08, 0.2, 0.08), BLACK, Semantic.SCREEN, base=0.74)
    spot.box((0, 0.26), (0.72, 0.44, 0.05), BLACK, Semantic.SCREEN, base=0.86)
    spot.box((0, 0.28), (0.66, 0.38, 0.04), glow((0.28, 0.55, 0.85), 0.7), Semantic.SCREEN, base=0.89)
    spot.box((0, 0.52), (0.44, 0.02, 0.15), CHARCOAL, Semantic.DESK, base=0.74)
    seating.swivel_chair(spot.shifted(0, 1.3, 180), seat)


def _filing(room: Room, rng: np.random.Generator) -> tuple[str, ...]:
    """Filing cabinets and a shelf of binders on the right wall, a whiteboard on the near one."""
    color = pick(rng, FABRICS, ("grey", "white", "blue", "green"))
    count = int(rng.integers(2, 4))
    fixtures.picture(room.wall("right", -room.depth / 2 + 1.1), rng, (1.2, 0.7), 1.55)
    for i in range(count):
        storage.drawers(room.wall("right", -room.depth / 2 + 0.5 + 0.56 * i), color, (0.52, 1.3, 0.6), 3)
    storage.bookshelf(room.wall("right", room.depth / 2 - 1.9), pick(rng, WOODS), 1.3, 1.9)
    whiteboard(room.wall("near", room.width / 2 - 1.5 - 0.6), rng)
    return counted(count, f"{color.name} filing cabinet"), "a shelf with binders", "a whiteboard"
