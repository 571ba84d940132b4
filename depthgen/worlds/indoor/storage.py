"""Furniture that stands along walls and keeps things: shelves, cabinets, wardrobes, kitchen runs."""

from __future__ import annotations

from depthgen.worlds.builder import Material, Texture
from depthgen.worlds.indoor.palette import BLACK, CHARCOAL, STEEL, Color, glow, paint, planks, shade
from depthgen.worlds.indoor.room import Spot
from depthgen.worlds.semantics import Semantic

SHELF_DEPTH = 0.36
COUNTER_DEPTH = 0.62
COUNTER_HEIGHT = 0.9


def bookshelf(spot: Spot, wood: Color, width: float, height: float = 2.1) -> None:
    """A shelf full of books: carcass, uprights about every 1.1 m, the books and the boards they stand on."""
    frame = planks(wood)
    spot.box((0, 0.14), (width, height, 0.28), frame, Semantic.SHELF)
    bays = max(1, round(width / 1.1))
    for i in range(bays + 1):
        spot.box(
            ((i / bays - 0.5) * (width - 0.05), SHELF_DEPTH / 2),
            (0.05, height, SHELF_DEPTH),
            frame,
            Semantic.SHELF,
        )
    spot.box((0, SHELF_DEPTH / 2), (width, 0.06, SHELF_DEPTH), frame, Semantic.SHELF, base=height - 0.06)
    shelves = 2 * round(
        (height - 0.16) / 0.8
    )  # even: the pattern starts in the middle and must end with a board
    books = Material(wood.rgb, Texture.BOOKS, wood.rgb, (height - 0.16) / shelves)
    spot.box((0, 0.16), (width - 0.08, height - 0.16, 0.32), books, Semantic.BOOKS, base=0.1)


def cabinet(
    spot: Spot,
    color: Color,
    size: tuple[float, float, float],
    doors: int,
    semantic: Semantic = Semantic.CABINET,
    base: float = 0.0,
) -> None:
    """A cabinet of `size` (width, height, depth) with `doors` upright door leaves and their handles."""
    width, height, depth = size
    body, leaf = paint(Color(color.name, shade(color.rgb, 0.7))), paint(color)
    spot.box((0, depth / 2 - 0.01), (width, height, depth - 0.02), body, semantic, base=base)
    pitch = width / doors
    for i in range(doors):
        right = (i - (doors - 1) / 2) * pitch
        spot.box((right, depth - 0.01), (pitch - 0.03, height - 0.06, 0.03), leaf, semantic, base=base + 0.03)


def drawers(
    spot: Spot,
    color: Color,
    size: tuple[float, float, float],
    count: int,
    semantic: Semantic = Semantic.CABINET,
) -> None:
    """A chest or filing cabinet of `size` (width, height, depth) with `count` drawers one above the other."""
    width, height, depth = size
    spot.box(
        (0, depth / 2 - 0.01),
        (width, height, depth - 0.02),
        paint(Color("", shade(color.rgb, 0.7))),
        semantic,
    )
    pitch = (height - 0.04) / count
    for i in range(count):
        base = 0.03 + i * pitch
        spot.box((0, depth - 0.01), (width - 0.06, pitch - 0.04, 0.03), paint(color), semantic, base=base)
        spot.box((0, depth + 0.015), (width * 0.3, 0.03, 0.03), CHARCOAL, semantic, base=base + pitch * 0.55)


def television(spot: Spot, wood: Color, width: float = 1.4) -> None:
    """A flat screen on a low sideboard."""
    spot.box((0, 0.22), (width + 0.4, 0.45, 0.44), planks(wood), Semantic.CABINET)
    spot.box((0, 0.2), (0.3, 0.08, 0.2), BLACK, Semantic.SCREEN, base=0.45)
    spot.box((0, 0.2), (width, width * 0.58, 0.06), BLACK, Semantic.SCREEN, base=0.52)
    screen = glow((0.10, 0.22, 0.38), 0.35)
    spot.box((0, 0.22), (width - 0.08, width * 0.58 - 0.08, 0.04), screen, Semantic.SCREEN, base=0.56)


def counter(spot: Spot, color: Color, worktop: Material, width: float) -> None:
    """A kitchen counter with a door leaf every 0.7 metres and a worktop."""
    cabinet(spot, color, (width, COUNTER_HEIGHT - 0.04, COUNTER_DEPTH - 0.04), max(1, round(width / 0.7)))
    spot.box(
        (0, COUNTER_DEPTH / 2),
        (width, 0.05, COUNTER_DEPTH),
        worktop,
        Semantic.CABINET,
        base=COUNTER_HEIGHT - 0.04,
    )


def stove(spot: Spot, hood_top: float) -> None:
    """A stove with four hot plates and an oven window, and the hood above it up to `hood_top` metres."""
    spot.box((0, 0.3), (0.6, COUNTER_HEIGHT, 0.6), STEEL, Semantic.STOVE)
    spot.box((0, 0.6), (0.46, 0.4, 0.02), BLACK, Semantic.STOVE, base=0.2)
    spot.box((0, 0.61), (0.5, 0.03, 0.04), CHARCOAL, Semantic.STOVE, base=0.68)
    spot.box((0, 0.3), (0.58, 0.02, 0.56), BLACK, Semantic.STOVE, base=COUNTER_HEIGHT)
    for right, ahead in ((-0.14, 0.16), (0.14, 0.16), (-0.14, 0.44), (0.14, 0.44)):
        spot.add(
            "cylinder",
            (right, ahead),
            (0.18, 0.015, 0.18),
            CHARCOAL,
            Semantic.STOVE,
            base=COUNTER_HEIGHT + 0.02,
        )
    spot.box((0, 0.25), (0.64, 0.14, 0.5), STEEL, Semantic.STOVE, base=1.6)
    spot.box((0, 0.15), (0.3, hood_top - 1.74, 0.3), STEEL, Semantic.STOVE, base=1.74)


def fridge(spot: Spot, color: Color) -> None:
    """A tall fridge with a freezer door below."""
    spot.box((0, 0.32), (0.7, 1.9, 0.64), paint(Color("", shade(color.rgb, 0.8))), Semantic.FRIDGE)
    for base, height in ((0.06, 0.66), (0.75, 1.12)):
        spot.box((0, 0.65), (0.67, height, 0.05), paint(color), Semantic.FRIDGE, base=base)
        spot.box(
            (0.26, 0.69), (0.035, height * 0.5, 0.04), CHARCOAL, Semantic.FRIDGE, base=base + height * 0.25
        )


def sink(spot: Spot) -> None:
    """A steel sink with a tap, on a counter behind which the wall is."""
    spot.box((0, 0.32), (0.6, 0.015, 0.44), STEEL, Semantic.SINK, base=COUNTER_HEIGHT + 0.01)
    spot.box((0, 0.32), (0.5, 0.02, 0.34), CHARCOAL, Semantic.SINK, base=COUNTER_HEIGHT + 0.01)
    spot.add("cylinder", (0, 0.1), (0.04, 0.3, 0.04), STEEL, Semantic.SINK, base=COUNTER_HEIGHT)
    spot.box((0, 0.19), (0.04, 0.03, 0.2), STEEL, Semantic.SINK, base=COUNTER_HEIGHT + 0.28)
