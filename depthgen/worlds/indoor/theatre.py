"""A movie theatre: rows of seats before a bright screen."""

from __future__ import annotations

import numpy as np

from depthgen.worlds.builder import Material
from depthgen.worlds.indoor import equipment, fixtures, seating
from depthgen.worlds.indoor.room import Room, new_room
from depthgen.worlds.kinds import Layout
from depthgen.worlds.palette import (
    CHARCOAL,
    FABRICS,
    PAINTS,
    Color,
    cloth,
    folds,
    furniture,
    paint,
    pick,
    toned,
)
from depthgen.worlds.recorder import Recorder
from depthgen.worlds.semantics import Semantic

ROW_PITCH = 1.2
SEAT_PITCH = 0.62
STAGE = 2.6  # metres from the screen to the first row
FIRST_ROW = 2.0  # metres from the near wall to the last row's backs


def movie_theatre(builder: Recorder, rng: np.random.Generator) -> Layout:
    """Rows of coloured seats, dark walls with curtains and lamps, a big shining screen, a popcorn stand."""
    room = new_room(builder, rng, (6.4, 9.4), (7.6, 10.5), (3.4, 4.4))
    walls = pick(rng, PAINTS, ("dark red", "dark blue", "dark grey", "dark green", "teal"))
    carpet = pick(rng, FABRICS, ("red", "blue", "grey", "purple", "green"))
    room.close(paint(walls), cloth(toned(carpet, 0.5)), CHARCOAL, corner=0.0)
    builder.surround("walls", walls.name)
    builder.surround("carpet", f"dark {carpet.name}")
    curtain = pick(rng, FABRICS, ("red", "blue", "purple", "green", "orange"))
    _screen(room, curtain)
    _seats(room, pick(rng, FABRICS, ("red", "blue", "purple", "teal", "grey", "orange")))
    _side_walls(room, curtain)
    for sign in (-1, 1):
        fixtures.door(room.wall("near", sign * (room.width / 2 - 1.0)), furniture(rng, 0.5))
    if rng.random() < 0.7:
        stand = room.wall("near", float(rng.uniform(-0.8, 0.8)))
        room.claim(stand, 0.8, 0.7, 1.8)
        equipment.popcorn_stand(stand, pick(rng, FABRICS, ("red", "blue", "yellow")))
    return room.layout("movie theatre")


def _screen(room: Room, curtain: Color) -> None:
    """The screen above a low stage, curtains around it."""
    wall, width = room.wall("far"), room.width * 0.66
    height = min(room.height - 1.6, width * 0.5)
    wall.box((0, 0.6), (room.width - 0.6, 0.45, 1.2), Material((0.12, 0.09, 0.07)), Semantic.STAGE)
    room.claim(wall, room.width, 1.3, 0.5)
    equipment.cinema_screen(wall, (width, height), room.rng)
    for sign in (-1, 1):
        with room.builder.thing("curtain", curtain.name):
            at, size = (
                (sign * (room.width + width) / 4, 0.25),
                ((room.width - width) / 2 - 0.2, room.height, 0.3),
            )
            wall.box(at, size, folds(curtain, 0.3))
    top = (room.width, room.height - height - 1.1, 0.34)
    wall.box((0, 0.3), top, folds(curtain, 0.3), Semantic.CURTAIN, base=height + 1.1)


def _seats(room: Room, color: Color) -> None:
    """Rows that face the screen, in two blocks beside a middle aisle or in one between two side aisles."""
    rows = min(5, int((room.depth - FIRST_ROW - STAGE) / ROW_PITCH) + 1)
    two_blocks = room.rng.random() < 0.5
    half = room.width / 2
    usable = half - 0.9 - 0.3 if two_blocks else 2 * (half - 1.1)
    in_block = min(4 if two_blocks else 7, int(usable / SEAT_PITCH))
    width = in_block * SEAT_PITCH
    while rows * in_block * (2 if two_blocks else 1) > 26:  # to keep the hall's primitives few
        rows -= 1
    for row in range(rows):
        z = room.depth / 2 - STAGE - 0.7 - row * ROW_PITCH
        for middle in (-(0.9 + width / 2), 0.9 + width / 2) if two_blocks else (0.0,):
            block = room.spot(middle, z)
            room.claim(block, width, 0.6, 1.0)
            for i in range(in_block):
                seating.cinema_seat(block.shifted((i - (in_block - 1) / 2) * SEAT_PITCH), color)


def _side_walls(room: Room, curtain: Color) -> None:
    """Hanging curtains and shining wall lamps along both sides."""
    for along in (0.22, -0.12):
        for side in ("left", "right"):
            wall = room.wall(side, along * room.depth)  # type: ignore[arg-type]
            with room.builder.thing("curtain", curtain.name):
                wall.box((0, 0.08), (1.3, room.height - 0.9, 0.12), folds(toned(curtain, 0.8), 0.3), base=0.4)
            fixtures.wall_lamp(wall.shifted(1.1))
