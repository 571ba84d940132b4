"""Machines and instruments: kitchen, screens, piano, fireplace, globe. Sizes in metres."""

from __future__ import annotations

import numpy as np

from depthgen.worlds.builder import Material, Texture
from depthgen.worlds.indoor.storage import doors
from depthgen.worlds.palette import (
    BLACK,
    BRASS,
    CHARCOAL,
    FABRICS,
    LACQUERS,
    STEEL,
    WHITE,
    Color,
    finish,
    glow,
    paint,
    pick,
    toned,
)
from depthgen.worlds.recorder import thing
from depthgen.worlds.spot import Spot

COUNTER_DEPTH = 0.62
COUNTER_HEIGHT = 0.9


@thing("television")
def television(spot: Spot, width: float = 1.3, base: float = 0.5) -> None:
    """A flat screen on a sideboard or bracket; the spot is at the wall."""
    height = width * 0.58
    spot.box((0, 0.2), (0.3, 0.06, 0.2), BLACK, base=base - 0.02)
    spot.box((0, 0.2), (width, height, 0.06), BLACK, base=base + 0.03)
    screen = Material((0.10, 0.22, 0.38), emissive=0.35, mirror=0.15)
    spot.box((0, 0.22), (width - 0.07, height - 0.07, 0.04), screen, base=base + 0.065)


@thing("fireplace")
def fireplace(spot: Spot, stone: Color, room_height: float) -> None:
    """A chimney breast with a burning fire, 1.5 m wide, 0.5 m deep."""
    block = Material(stone.rgb, Texture.BRICKS, toned(stone, 0.7).rgb, 0.3)
    spot.box((0, 0.18), (1.3, room_height, 0.36), block)
    spot.box((0, 0.25), (1.5, 0.1, 0.5), finish(Color("wooden", (0.40, 0.22, 0.11))), base=1.1)
    spot.box((0, 0.25), (1.5, 0.06, 0.6), CHARCOAL)
    spot.box((0, 0.3), (0.8, 0.75, 0.14), BLACK, base=0.06)
    for right, height in ((-0.18, 0.34), (0.05, 0.5), (0.22, 0.3)):
        spot.add("cone", (right, 0.38), (0.24, height, 0.12), glow((1.0, 0.5, 0.1)), base=0.1)
    spot.builder.lamp(*spot.ground(0, 0.7), 0.5, (1.0, 0.55, 0.2), 0.8)


@thing("piano")
def piano(spot: Spot, color: Color) -> None:
    """An upright piano, 1.45 x 1.2 x 0.6 m."""
    body = Material(finish(color).color, mirror=0.12)
    spot.box((0, 0.18), (1.45, 1.2, 0.36), body)
    spot.box((0, 0.42), (1.45, 0.1, 0.36), body, base=0.62)
    spot.box((0, 0.48), (1.3, 0.03, 0.18), Material(WHITE.color, Texture.KEYS, BLACK.color, 0.1), base=0.71)
    for side in (-1, 1):
        spot.box((side * 0.68, 0.52), (0.08, 0.62, 0.08), body)


@thing("globe")
def globe(spot: Spot) -> None:
    """A blue globe on a stand, 0.9 m high, centred."""
    spot.add("frustum", (0, 0), (0.36, 0.4, 0.36), finish(Color("wooden", (0.40, 0.22, 0.11))))
    earth = Material((0.16, 0.38, 0.66), Texture.NOISE, (0.40, 0.55, 0.25), 0.2)
    spot.ball((0, 0), (0.46, 0.46, 0.46), earth, base=0.44)
    spot.rod((0, 0), (0.56, 0.03, 0.56), BRASS, base=0.65)


@thing("monitor")
def monitor(spot: Spot, base: float = 0.74) -> None:
    """A computer screen on a desk, with its keyboard; the spot is at the desk's back."""
    spot.box((0, 0.22), (0.1, 0.14, 0.1), BLACK, base=base)
    spot.box((0, 0.24), (0.66, 0.4, 0.05), BLACK, base=base + 0.1)
    spot.box((0, 0.26), (0.61, 0.35, 0.04), glow((0.28, 0.55, 0.85), 0.7), base=base + 0.125)
    spot.box(
        (0, 0.5), (0.44, 0.02, 0.15), Material(CHARCOAL.color, Texture.KEYS, WHITE.color, 0.05), base=base
    )


@thing("laptop")
def laptop(spot: Spot, base: float = 0.74) -> None:
    """An open laptop, its back at -0.1."""
    spot.box((0, 0.03), (0.34, 0.02, 0.23), STEEL, base=base)
    spot.box((0, -0.1), (0.34, 0.22, 0.015), glow((0.4, 0.6, 0.85), 0.5), base=base, pitch=14)


@thing("whiteboard")
def whiteboard(spot: Spot, rng: np.random.Generator, width: float = 2.0) -> None:
    """A whiteboard with a few coloured strokes."""
    spot.box((0, 0.02), (width, 1.2, 0.04), STEEL, base=0.95)
    spot.box((0, 0.03), (width - 0.08, 1.12, 0.04), Material((0.97, 0.97, 0.98), mirror=0.05), base=0.99)
    for i, name in enumerate(("blue", "red", "green")):
        stroke, right = float(rng.uniform(0.4, 0.9)), float(rng.uniform(-0.4, 0.2))
        spot.box((right, 0.045), (stroke, 0.04, 0.02), Material(FABRICS[name]), base=1.3 + 0.22 * i)


@thing("projector screen")
def projector_screen(spot: Spot, width: float = 2.4) -> None:
    """A projection screen that shows a chart."""
    height = width * 0.58
    spot.box((0, 0.02), (width + 0.1, height + 0.1, 0.05), BLACK, base=0.9)
    spot.box((0, 0.04), (width, height, 0.04), glow((0.92, 0.95, 1.0), 0.8), base=0.95)
    for i, name in enumerate(("blue", "orange", "green")):
        bar, at = glow(FABRICS[name], 0.8), (0.22 * width * (i - 1), 0.06)
        spot.box(at, (0.14 * width, 0.3 + 0.22 * i, 0.02), bar, base=1.1)


def counter(spot: Spot, color: Color, worktop: Material, width: float) -> None:
    """A kitchen counter with a door leaf every 0.7 metres and a worktop, as one cupboard."""
    with spot.builder.thing("cupboard", color.name):
        size = (width, COUNTER_HEIGHT - 0.04, COUNTER_DEPTH - 0.04)
        doors(spot, color, size, max(1, round(width / 0.7)))
        top = (width, 0.05, COUNTER_DEPTH)
        spot.box((0, COUNTER_DEPTH / 2), top, worktop, base=COUNTER_HEIGHT - 0.04)


@thing("kitchen island")
def kitchen_island(spot: Spot, color: Color, worktop: Material, width: float) -> None:
    """A free-standing block of cupboards 0.7 m deep, centred."""
    spot.box((0, 0), (width, 0.86, 0.64), finish(toned(color, 0.9)))
    for i in range(3):
        right = (i - 1) * width / 3
        spot.box((right, 0), (width / 3 - 0.04, 0.74, 0.68), finish(color), base=0.06)
    spot.box((0, 0), (width + 0.12, 0.06, 0.84), worktop, base=0.86)


@thing("stove")
def stove(spot: Spot, hood_top: float) -> None:
    """A stove with four hot plates and an oven window, and the hood above it up to `hood_top` metres."""
    spot.box((0, 0.3), (0.6, COUNTER_HEIGHT, 0.6), STEEL)
    spot.box((0, 0.6), (0.46, 0.4, 0.02), BLACK, base=0.2)
    spot.box((0, 0.62), (0.5, 0.03, 0.04), CHARCOAL, base=0.68)
    spot.box((0, 0.3), (0.58, 0.02, 0.56), BLACK, base=COUNTER_HEIGHT)
    for right, ahead in ((-0.14, 0.16), (0.14, 0.16), (-0.14, 0.44), (0.14, 0.44)):
        spot.rod((right, ahead), (0.18, 0.015, 0.18), CHARCOAL, base=COUNTER_HEIGHT + 0.02)
    spot.rod((0.14, 0.16), (0.22, 0.14, 0.22), paint(Color("", LACQUERS["red"])), base=COUNTER_HEIGHT + 0.03)
    spot.add("frustum", (0, 0.25), (0.64, 0.2, 0.5), STEEL, base=1.6)
    spot.box((0, 0.15), (0.3, hood_top - 1.78, 0.3), STEEL, base=1.78)


@thing("fridge")
def fridge(spot: Spot, color: Color) -> None:
    """A tall fridge with a freezer door below, 0.7 x 1.9 x 0.68 m."""
    spot.box((0, 0.32), (0.7, 1.9, 0.64), paint(toned(color, 0.8)))
    for base, height in ((0.06, 0.66), (0.75, 1.12)):
        spot.box((0, 0.65), (0.67, height, 0.05), Material(color.rgb, mirror=0.06), base=base)
        spot.box((0.26, 0.69), (0.035, height * 0.5, 0.04), CHARCOAL, base=base + height * 0.25)


@thing("sink")
def sink(spot: Spot) -> None:
    """A steel sink with a tap, on a counter behind which the wall is."""
    spot.box((0, 0.32), (0.6, 0.015, 0.44), STEEL, base=COUNTER_HEIGHT + 0.01)
    spot.box((0, 0.32), (0.5, 0.02, 0.34), CHARCOAL, base=COUNTER_HEIGHT + 0.01)
    spot.rod((0, 0.1), (0.04, 0.3, 0.04), STEEL, base=COUNTER_HEIGHT)
    spot.box((0, 0.19), (0.04, 0.03, 0.2), STEEL, base=COUNTER_HEIGHT + 0.28)


@thing("hanging pot")
def hanging_pot(spot: Spot, color: Color, ceiling: float) -> None:
    """A pot on a rod from the ceiling, its bottom 1.75 m high, centred."""
    spot.rod((0, 0), (0.02, ceiling - 1.95, 0.02), CHARCOAL, base=1.95)
    spot.add("frustum", (0, 0), (0.28, 0.2, 0.28), Material(color.rgb, mirror=0.1), base=1.75)


@thing("fruit bowl")
def fruit_bowl(spot: Spot, base: float) -> None:
    """A bowl of oranges on a surface `base` metres high."""
    spot.add("frustum", (0, 0), (0.34, 0.1, 0.34), WHITE, base=base, flipped=True)
    for right, ahead in ((-0.07, 0.03), (0.07, 0.05), (0.0, -0.07)):
        spot.ball((right, ahead), (0.1, 0.1, 0.1), Material((0.95, 0.55, 0.1)), base=base + 0.07)


@thing("cinema screen")
def cinema_screen(spot: Spot, size: tuple[float, float], rng: np.random.Generator) -> None:
    """The bright screen: a film of a landscape with a sun; its lower edge is 1 m high."""
    width, height = size
    sky, land = (pick(rng, FABRICS, names).rgb for names in (("blue", "orange", "teal"), ("green", "brown")))
    spot.box((0, 0.05), (width + 0.3, height + 0.3, 0.1), BLACK, base=0.85)
    film = Material(toned(Color("", sky), 1.6).rgb, Texture.PAINTING, land, float(rng.uniform(0.5, 2)), 0.9)
    spot.box((0, 0.08), (width, height, 0.08), film, base=1.0)
    spot.builder.lamp(*spot.ground(0, 1.5), 1.0 + height / 2, (0.75, 0.85, 1.0), 1.5)


@thing("popcorn stand")
def popcorn_stand(spot: Spot, color: Color) -> None:
    """A cart with a glass case of popcorn, 0.7 x 1.8 x 0.6 m, its back at the spot."""
    spot.box((0, 0.3), (0.7, 0.8, 0.55), Material(color.rgb, Texture.STRIPES, WHITE.color, 0.2), base=0.1)
    spot.box((0, 0.3), (0.64, 0.5, 0.5), glow((1.0, 0.9, 0.6), 0.7), base=0.95)
    spot.box((0, 0.3), (0.74, 0.06, 0.6), paint(color), base=0.9)
    spot.add("prism", (0, 0.3), (0.8, 0.3, 0.64), paint(color), base=1.45)
    for side in (-1, 1):
        spot.box((side * 0.25, 0.3), (0.1, 0.1, 0.5), BLACK)
