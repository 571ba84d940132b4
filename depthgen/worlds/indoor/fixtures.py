"""What hangs on walls, lies on floors or gives light: windows, doors, paintings, rugs, lamps, plants."""

from __future__ import annotations

import numpy as np

from depthgen.worlds.builder import Material, Texture
from depthgen.worlds.indoor.room import SIDES, Room, Side
from depthgen.worlds.palette import (
    BLACK,
    BRASS,
    CHARCOAL,
    COOL_LIGHT,
    FABRICS,
    LEAF,
    RGB,
    WARM_LIGHT,
    WHITE,
    Color,
    finish,
    folds,
    furniture,
    glow,
    paint,
    pick,
    shade,
)
from depthgen.worlds.recorder import thing
from depthgen.worlds.semantics import Semantic
from depthgen.worlds.spot import Spot

# what glows, however little, casts no shadow: no streaks on the ceiling
CORD = glow((0.05, 0.05, 0.05), 0.01)
SKYLIGHT = (0.72, 0.86, 1.0)  # the engine recolours window panes by the time of day
SKIES = ((0.62, 0.78, 0.92), (0.92, 0.72, 0.45), (0.85, 0.85, 0.80), (0.35, 0.45, 0.62))
LANDS = ((0.22, 0.40, 0.24), (0.45, 0.28, 0.20), (0.20, 0.28, 0.45), (0.55, 0.20, 0.22))


@thing("window")
def window(spot: Spot, width: float = 1.4, height: float = 1.3, base: float = 0.95) -> None:
    """A window of two panes on the wall behind `spot`, with a sill."""
    spot.box((0, 0.0), (width + 0.16, height + 0.16, 0.08), WHITE, Semantic.WALL, base=base - 0.08)
    spot.box((0, 0.06), (width + 0.24, 0.04, 0.16), WHITE, Semantic.WALL, base=base - 0.1)
    pane = glow(SKYLIGHT)
    for side in (-1, 1):
        size = (width / 2 - 0.04, height, 0.06)
        spot.box((side * (width / 4 + 0.02), 0.03), size, pane, base=base)


def curtains(spot: Spot, color: Color, width: float = 1.4, top: float = 2.4) -> None:
    """A pair of hanging curtains beside a window of `width` metres, and their rod."""
    for side in (-1, 1):
        with spot.builder.thing("curtain", color.name):
            spot.box((side * (width / 2 + 0.15), 0.1), (0.4, top - 0.05, 0.09), folds(color), base=0.05)
    spot.box((0, 0.1), (width + 0.9, 0.04, 0.04), BRASS, Semantic.CURTAIN, base=top)


@thing("door")
def door(spot: Spot, color: Color) -> None:
    """A closed door with its frame, two panels and a knob."""
    spot.box((0, 0.0), (1.06, 2.12, 0.08), WHITE)
    spot.box((0, 0.03), (0.9, 2.04, 0.06), finish(color))
    for base, height in ((0.2, 0.7), (1.1, 0.75)):
        spot.box((0, 0.05), (0.6, height, 0.04), finish(Color(color.name, shade(color.rgb, 0.85))), base=base)
    spot.ball((0.36, 0.09), (0.07, 0.07, 0.07), BRASS, base=0.98)


def openings(room: Room, windows: int, curtain: Color | None = None, sides: tuple[Side, ...] = SIDES) -> None:
    """A door in one wall and up to so many windows in others, curtained or not."""
    rng = room.rng
    for _ in range(8):  # a wall that is full of furniture has no place for a door
        if (entry := room.on_wall(1.2)) and room.clear(entry, 1.1, 0.9, 0.0):
            door(entry, furniture(rng))
            break
    width, height = float(rng.uniform(1.0, 1.7)), float(rng.uniform(1.2, 1.5))
    for _ in range(windows):
        spot = room.on_wall(width + (1.2 if curtain else 0.3), sides)
        if spot is None:
            continue
        window(spot, width, height)
        if curtain:
            curtains(spot, curtain, width, 1.05 + height + 0.05)
            room.clear(spot, width + 1.1, 0.16, 0.5)


@thing("painting")
def painting(spot: Spot, rng: np.random.Generator, size: tuple[float, float] = (0.8, 0.6)) -> None:
    """A framed landscape whose middle hangs 1.65 m high."""
    width, height = size
    base = 1.65 - height / 2
    sky, land = (colors[int(rng.integers(4))] for colors in (SKIES, LANDS))
    spot.box((0, 0.01), (width, height, 0.06), BLACK if rng.random() < 0.5 else BRASS, base=base)
    canvas = Material(sky, Texture.PAINTING, land, float(rng.uniform(0.5, 2.0)))
    spot.box((0, 0.03), (width - 0.1, height - 0.1, 0.04), canvas, base=base + 0.05)


@thing("mirror")
def mirror(spot: Spot, base: float = 1.0) -> None:
    """A tall mirror in a frame, above a piece of furniture."""
    spot.box((0, 0.01), (0.74, 1.1, 0.05), BRASS, base=base)
    spot.box((0, 0.03), (0.66, 1.02, 0.04), Material((0.74, 0.84, 0.90), mirror=0.85), base=base + 0.04)


@thing("clock")
def clock(spot: Spot, base: float = 1.9) -> None:
    """A round white wall clock with a dark rim and two hands."""
    spot.ball((0, 0.01), (0.38, 0.38, 0.06), BLACK, base=base - 0.19)
    spot.ball((0, 0.03), (0.32, 0.32, 0.06), WHITE, base=base - 0.16)
    spot.box((0, 0.06), (0.02, 0.12, 0.01), BLACK, base=base)
    spot.box((0.04, 0.06), (0.09, 0.02, 0.01), BLACK, base=base)


@thing("rug")
def rug(spot: Spot, color: Color, size: tuple[float, float]) -> None:
    """A rug with a border and a medallion, centred on the spot."""
    light = shade(color.rgb, 1.5)
    spot.box((0, 0), (size[0], 0.015, size[1]), Material(color.rgb, Texture.RUG, light, 0.06))


@thing("floor lamp")
def floor_lamp(spot: Spot) -> None:
    """A standing lamp with a shining shade, centred."""
    spot.rod((0, 0), (0.3, 0.03, 0.3), CHARCOAL)
    spot.rod((0, 0), (0.035, 1.45, 0.035), CHARCOAL)
    spot.add("frustum", (0, 0), (0.46, 0.34, 0.46), glow(WARM_LIGHT), base=1.36)
    spot.builder.lamp(spot.x, spot.z, 1.5)


@thing("table lamp")
def table_lamp(spot: Spot, base: float) -> None:
    """A small shining lamp on a surface `base` metres high."""
    spot.add("frustum", (0, 0), (0.16, 0.2, 0.16), CHARCOAL, base=base)
    spot.add("frustum", (0, 0), (0.32, 0.24, 0.32), glow(WARM_LIGHT), base=base + 0.19)
    spot.builder.lamp(spot.x, spot.z, base + 0.4, power=0.6)


@thing("ceiling lamp")
def pendant(spot: Spot, ceiling: float, drop: float = 0.6) -> None:
    """A round lamp on a cord `drop` metres below the ceiling."""
    spot.rod((0, 0), (0.02, drop, 0.02), CORD, base=ceiling - drop)
    spot.add("frustum", (0, 0), (0.44, 0.26, 0.44), glow(WARM_LIGHT), base=ceiling - drop - 0.24)
    spot.builder.lamp(spot.x, spot.z, ceiling - drop - 0.25)


@thing("wall lamp")
def wall_lamp(spot: Spot, base: float = 1.8) -> None:
    """A small shining bowl on the wall."""
    spot.add("frustum", (0, 0.08), (0.24, 0.3, 0.16), glow(WARM_LIGHT), base=base, flipped=True)
    spot.builder.lamp(*spot.ground(0, 0.3), base + 0.3, power=0.5)


def light_panels(room: Room, count: int = 3) -> None:
    """A row of flat shining panels under the ceiling."""
    for i in range(count):
        spot = room.spot(room.width * ((i + 0.5) / count - 0.5), 0)
        spot.box((0, 0), (0.5, 0.03, 1.4), glow(COOL_LIGHT), Semantic.LAMP, base=room.height - 0.03)
        room.builder.lamp(spot.x, spot.z, room.height - 0.2, COOL_LIGHT)


@thing("potted plant")
def plant(spot: Spot, pot: RGB, height: float = 1.2) -> None:
    """A leafy plant in a pot, centred; 0.5 m wide."""
    leaves = Material(LEAF.color, Texture.LEAVES, LEAF.color2, 0.14)
    spot.add("frustum", (0, 0), (0.4, 0.36, 0.4), Material(pot), flipped=True)
    spot.ball((0, 0), (0.6, height * 0.5, 0.6), leaves, base=0.33)
    spot.ball((0.08, 0.05), (0.44, height * 0.45, 0.44), leaves, base=height * 0.55)


@thing("vase")
def vase(spot: Spot, color: Color, base: float) -> None:
    """A vase with flowers on a surface `base` metres high."""
    spot.add("frustum", (0, 0), (0.14, 0.22, 0.14), paint(color), base=base)
    petals = Material((0.95, 0.55, 0.6), Texture.LEAVES, (0.25, 0.5, 0.2), 0.1)
    spot.ball((0, 0), (0.26, 0.22, 0.26), petals, base=base + 0.19)


@thing("column")
def column(spot: Spot, height: float) -> None:
    """A round column up to the ceiling, with base and capital."""
    spot.rod((0, 0), (0.34, height, 0.34), WHITE)
    for base in (0.0, height - 0.14):
        spot.box((0, 0), (0.5, 0.14, 0.5), WHITE, base=base)


def decorate(room: Room, paintings: int, plants: int, with_clock: bool = False) -> None:
    """Paintings on free walls, plants on free floor along the walls, perhaps a clock."""
    rng = room.rng
    for _ in range(paintings):
        size = (float(rng.uniform(0.6, 1.3)), float(rng.uniform(0.5, 0.8)))
        if spot := room.on_wall(size[0] + 0.1):
            painting(spot, rng, size)
    for _ in range(plants):
        height = float(rng.uniform(0.9, 1.5))
        if spot := room.against_wall(0.55, 0.6, height):
            pot = pick(rng, FABRICS, ("white", "grey", "blue", "orange", "teal")).rgb
            plant(spot.shifted(0, 0.32), pot, height)
    if with_clock and (spot := room.on_wall(0.5)):
        clock(spot)
