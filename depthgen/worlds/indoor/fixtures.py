"""What hangs on walls, lies on floors or gives light: windows, doors, pictures, rugs, lamps, plants."""

from __future__ import annotations

import numpy as np

from depthgen.worlds.builder import Material, Texture
from depthgen.worlds.indoor.palette import (
    BLACK,
    CHARCOAL,
    COOL_LIGHT,
    FABRICS,
    WARM_LIGHT,
    WHITE,
    Color,
    cloth,
    glow,
    paint,
    pick,
    shade,
)
from depthgen.worlds.indoor.room import Room, Spot
from depthgen.worlds.semantics import Semantic

CORD = glow(
    (0.05, 0.05, 0.05), 0.01
)  # what glows, however little, casts no shadow: no streaks on the ceiling
SKYLIGHT = (0.72, 0.86, 1.0)  # the engine recolours window panes by the time of day


def window(
    spot: Spot, width: float = 1.4, height: float = 1.3, base: float = 0.95, frame: Material = WHITE
) -> None:
    """A window of two panes on the wall behind `spot`."""
    spot.box((0, 0.0), (width + 0.16, height + 0.16, 0.08), frame, Semantic.WALL, base=base - 0.08)
    pane = glow(SKYLIGHT)
    for side in (-1, 1):
        spot.box(
            (side * (width / 4 + 0.02), 0.03),
            (width / 2 - 0.04, height, 0.06),
            pane,
            Semantic.WINDOW,
            base=base,
        )


def curtains(spot: Spot, color: Color, width: float = 1.4, top: float = 2.4) -> None:
    """A pair of hanging curtains beside a window of `width` metres, and their rod."""
    fabric = Material(color.rgb, Texture.STRIPES, shade(color.rgb, 0.72), 0.16)
    for side in (-1, 1):
        spot.box(
            (side * (width / 2 + 0.15), 0.1), (0.38, top - 0.05, 0.09), fabric, Semantic.CURTAIN, base=0.05
        )
    spot.box((0, 0.1), (width + 0.9, 0.04, 0.04), CHARCOAL, Semantic.CURTAIN, base=top)


def door(spot: Spot, color: Color) -> None:
    """A closed door with its frame and knob."""
    spot.box((0, 0.0), (1.06, 2.12, 0.08), WHITE, Semantic.WALL)
    spot.box((0, 0.03), (0.9, 2.04, 0.06), paint(color), Semantic.DOOR)
    spot.add(
        "ellipsoid", (0.36, 0.09), (0.07, 0.07, 0.07), Material((0.85, 0.72, 0.35)), Semantic.DOOR, base=0.98
    )


def picture(
    spot: Spot, rng: np.random.Generator, size: tuple[float, float] = (0.8, 0.6), base: float = 1.3
) -> None:
    """A framed picture of a coloured field and a smaller one in it."""
    width, height = size
    field, detail = pick(rng, FABRICS), pick(rng, FABRICS)
    spot.box((0, 0.01), (width, height, 0.05), BLACK, Semantic.PICTURE, base=base)
    spot.box(
        (0, 0.03),
        (width - 0.08, height - 0.08, 0.04),
        paint(Color("", shade(field.rgb, 1.3))),
        Semantic.PICTURE,
        base=base + 0.04,
    )
    spot.box((0, 0.04), (width * 0.8, height * 0.35, 0.04), paint(detail), Semantic.PICTURE, base=base + 0.1)


def mirror(spot: Spot, base: float = 1.0) -> None:
    """A tall pale mirror in a dark frame, above a piece of furniture."""
    spot.box((0, 0.01), (0.74, 1.14, 0.05), CHARCOAL, Semantic.PICTURE, base=base)
    spot.box((0, 0.03), (0.66, 1.06, 0.04), Material((0.74, 0.84, 0.90)), Semantic.PICTURE, base=base + 0.04)


def clock(spot: Spot, base: float = 2.0) -> None:
    """A round white wall clock with a dark rim."""
    spot.add("ellipsoid", (0, 0.01), (0.36, 0.36, 0.06), BLACK, Semantic.PICTURE, base=base - 0.18)
    spot.add("ellipsoid", (0, 0.03), (0.30, 0.30, 0.06), WHITE, Semantic.PICTURE, base=base - 0.15)


def rug(spot: Spot, color: Color, size: tuple[float, float]) -> None:
    """A rug with a lighter middle, centred on the spot."""
    width, depth = size
    spot.box((0, 0), (width, 0.012, depth), cloth(color), Semantic.RUG)
    inner = Material(shade(color.rgb, 1.35), Texture.NOISE, color.rgb, 0.12)
    spot.box((0, 0), (width - 0.4, 0.016, depth - 0.4), inner, Semantic.RUG)


def floor_lamp(spot: Spot) -> None:
    """A standing lamp with a shining shade."""
    spot.add("cylinder", (0, 0), (0.3, 0.03, 0.3), CHARCOAL, Semantic.LAMP)
    spot.add("cylinder", (0, 0), (0.035, 1.45, 0.035), CHARCOAL, Semantic.LAMP)
    spot.add("cylinder", (0, 0), (0.42, 0.32, 0.42), glow(WARM_LIGHT), Semantic.LAMP, base=1.38)


def table_lamp(spot: Spot, base: float, shade_rgb: tuple[float, float, float] = WARM_LIGHT) -> None:
    """A small shining lamp on a surface `base` metres high."""
    spot.add("cylinder", (0, 0), (0.06, 0.22, 0.06), CHARCOAL, Semantic.LAMP, base=base)
    spot.add("cone", (0, 0), (0.32, 0.26, 0.32), glow(shade_rgb), Semantic.LAMP, base=base + 0.18)


def pendant(spot: Spot, ceiling: float, drop: float = 0.6) -> None:
    """A round lamp on a cord `drop` metres below the ceiling."""
    spot.add("cylinder", (0, 0), (0.02, drop, 0.02), CORD, Semantic.LAMP, base=ceiling - drop)
    spot.add(
        "ellipsoid", (0, 0), (0.4, 0.32, 0.4), glow(WARM_LIGHT), Semantic.LAMP, base=ceiling - drop - 0.25
    )


def light_panels(room: Room, count: int = 3) -> None:
    """A row of flat shining panels under the ceiling."""
    for i in range(count):
        x = room.width * ((i + 0.5) / count - 0.5)
        room.spot(x, 0).box(
            (0, 0), (0.5, 0.03, 1.4), glow(COOL_LIGHT), Semantic.LAMP, base=room.height - 0.03
        )


def plant(spot: Spot, pot: Color, height: float = 1.3) -> None:
    """A leafy plant in a pot."""
    leaves = Material((0.13, 0.42, 0.16), Texture.NOISE, (0.24, 0.58, 0.22), 0.2)
    spot.add("cylinder", (0, 0), (0.38, 0.36, 0.38), paint(pot), Semantic.PLANT)
    spot.add("ellipsoid", (0, 0), (0.62, height * 0.55, 0.62), leaves, Semantic.PLANT, base=0.33)
    spot.add("ellipsoid", (0.1, 0.05), (0.46, height * 0.5, 0.46), leaves, Semantic.PLANT, base=height * 0.55)
