"""A movie theatre: rows of seats before a bright screen."""

from __future__ import annotations

import numpy as np

from depthgen.worlds.builder import Builder, Material, Texture
from depthgen.worlds.indoor import fixtures
from depthgen.worlds.indoor.palette import (
    BLACK,
    CHARCOAL,
    COOL_LIGHT,
    FABRICS,
    NUMBERS,
    PAINTS,
    WARM_LIGHT,
    Color,
    cloth,
    glow,
    paint,
    pick,
    shade,
)
from depthgen.worlds.indoor.room import Room, new_room
from depthgen.worlds.kinds import Layout
from depthgen.worlds.semantics import Semantic

ROW_PITCH = 1.15
SEAT_PITCH = 0.7
AISLE = 2.2
FIRST_ROW = 2.2  # metres from the near wall to the last row's backs


def movie_theatre(builder: Builder, rng: np.random.Generator) -> Layout:
    """Rows of coloured seats in two blocks, dark walls with curtains and lamps, and a big shining screen."""
    room = new_room(builder, rng, (8.2, 9.8), (10.0, 11.6), (3.7, 4.1))
    walls = pick(rng, PAINTS, ("dark red", "dark blue", "dark grey", "dark green"))
    seat = pick(rng, FABRICS, ("red", "blue", "purple", "teal"))
    curtain = pick(rng, FABRICS, ("red", "blue", "purple", "green"))
    carpet = pick(rng, FABRICS, ("red", "blue", "grey", "purple"))
    room.close(paint(walls), cloth(Color(carpet.name, shade(carpet.rgb, 0.5))), CHARCOAL)
    film = pick(rng, FABRICS, ("green", "blue", "orange", "purple"))
    _screen(room, curtain, film, pick(rng, FABRICS, ("yellow", "red", "orange")))
    rows = _seats(room, seat)
    _side_walls(room, curtain)
    door = pick(rng, FABRICS, ("red", "brown", "black"))
    for side in (-1, 1):
        fixtures.door(room.wall("near", side * (room.width / 2 - 1.2)), door)
    phrases = (
        f"{NUMBERS[rows]} rows of {seat.name} seats",
        f"{seat.name} seats",
        "a big bright screen",
        f"{curtain.name} curtains",
        f"{walls.name} walls",
        f"a dark {carpet.name} carpet",
    )
    aisle = (-room.depth / 2 + 0.9, room.depth / 2 - 3.4)  # from behind the last row to before the first
    return room.layout("movie theatre", phrases, (-0.28, 0.28), aisle)


def _screen(room: Room, curtain: Color, ground: Color, sun: Color) -> None:
    """The screen above a low stage, curtains around it; the film shows a sun over a ground."""
    wall, width = room.wall("far"), room.width * 0.66
    height = min(room.height - 1.7, width * 0.5)
    fabric = Material(curtain.rgb, Texture.STRIPES, shade(curtain.rgb, 0.55), 0.3)
    wall.box((0, 0.6), (room.width - 0.6, 0.45, 1.2), Material((0.12, 0.09, 0.07)), Semantic.STAGE)
    wall.box((0, 0.05), (width + 0.3, height + 0.3, 0.1), BLACK, Semantic.SCREEN, base=0.85)
    wall.box((0, 0.08), (width, height, 0.08), glow((0.80, 0.88, 1.0)), Semantic.SCREEN, base=1.0)
    wall.box((0, 0.09), (width, height * 0.3, 0.08), glow(ground.rgb), Semantic.SCREEN, base=1.0)
    wall.add(
        "ellipsoid",
        (width * 0.2, 0.12),
        (height * 0.34, height * 0.34, 0.04),
        glow(sun.rgb),
        Semantic.SCREEN,
        base=1.0 + height * 0.5,
    )
    for side in (-1, 1):
        wall.box(
            (side * (room.width + width) / 4, 0.25),
            ((room.width - width) / 2 - 0.2, room.height, 0.3),
            fabric,
            Semantic.CURTAIN,
        )
    wall.box(
        (0, 0.3), (room.width, room.height - height - 1.1, 0.34), fabric, Semantic.CURTAIN, base=height + 1.1
    )


def _seats(room: Room, color: Color) -> int:
    """All the rows, facing the screen, left and right of the aisle; their number."""
    rows = int((room.depth - FIRST_ROW - 3.4) / ROW_PITCH)
    in_block = int((room.width / 2 - AISLE / 2 - 0.5) / SEAT_PITCH)
    width = in_block * SEAT_PITCH
    fabric, back = cloth(color), cloth(Color(color.name, shade(color.rgb, 0.85)))
    for row in range(rows):
        for side in (-1, 1):
            block = room.spot(side * (AISLE + width) / 2, -room.depth / 2 + FIRST_ROW + row * ROW_PITCH)
            block.box((0, 0.3), (width, 0.46, 0.5), fabric, Semantic.SEAT)
            for i in range(in_block):
                right = (i - (in_block - 1) / 2) * SEAT_PITCH
                block.box((right, 0.02), (SEAT_PITCH - 0.08, 0.72, 0.14), back, Semantic.SEAT, base=0.28)
    return rows


def _side_walls(room: Room, curtain: Color) -> None:
    """Hanging curtains and shining wall lamps along both sides, small lights under the ceiling."""
    fabric = Material(shade(curtain.rgb, 0.8), Texture.STRIPES, shade(curtain.rgb, 0.45), 0.3)
    for along in (-0.3, 0.0, 0.3):
        for side in ("left", "right"):
            wall = room.wall(side, along * room.depth)
            wall.box((0, 0.08), (1.5, room.height - 0.9, 0.12), fabric, Semantic.CURTAIN, base=0.4)
            wall.add("ellipsoid", (1.3, 0.05), (0.26, 0.4, 0.26), glow(WARM_LIGHT), Semantic.LAMP, base=1.9)
        light = room.spot(0, along * room.depth)
        light.box((0, 0), (0.4, 0.03, 0.4), glow(COOL_LIGHT, 0.6), Semantic.LAMP, base=room.height - 0.03)
