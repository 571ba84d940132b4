"""Furniture that stands along walls and keeps things: shelves, cabinets, chests. Sizes in metres."""

from __future__ import annotations

from depthgen.worlds.builder import Material, Texture
from depthgen.worlds.palette import BRASS, CHARCOAL, Color, finish, toned
from depthgen.worlds.recorder import thing
from depthgen.worlds.spot import Spot

SHELF_DEPTH = 0.36
Box = tuple[float, float, float]


@thing("bookshelf")
def bookshelf(spot: Spot, color: Color, width: float, height: float = 2.1) -> None:
    """A shelf full of books: carcass, uprights about every 1.1 m, the books and the boards they stand on."""
    frame = finish(color)
    spot.box((0, 0.14), (width, height, 0.28), frame)
    bays = max(1, round(width / 1.1))
    for i in range(bays + 1):
        right = (i / bays - 0.5) * (width - 0.05)
        spot.box((right, SHELF_DEPTH / 2), (0.05, height, SHELF_DEPTH), frame)
    spot.box((0, SHELF_DEPTH / 2), (width, 0.06, SHELF_DEPTH), frame, base=height - 0.06)
    # even: the pattern starts in the middle and must end with a board
    shelves = 2 * max(1, round((height - 0.16) / 0.8))
    books = Material(color.rgb, Texture.BOOKS, color.rgb, (height - 0.16) / shelves)
    spot.box((0, 0.16), (width - 0.08, height - 0.16, 0.32), books, base=0.1)


@thing("wardrobe")
def wardrobe(spot: Spot, color: Color, leaves: int) -> None:
    """A wardrobe with 2 to 4 doors, 0.55 m each, and their knobs."""
    doors(spot, color, (0.55 * leaves, 2.1, 0.6), leaves)


@thing("cupboard")
def cupboard(spot: Spot, color: Color, size: Box, leaves: int, base: float = 0.0) -> None:
    """A cabinet of `size` (width, height, depth) with doors."""
    doors(spot, color, size, leaves, base)


@thing("sideboard")
def sideboard(spot: Spot, color: Color, width: float = 1.5) -> None:
    """A low cabinet of 0.8 m with three doors."""
    doors(spot, color, (width, 0.7, 0.42), 3, base=0.1)
    for side in (-1, 1):
        spot.box((side * (width / 2 - 0.1), 0.2), (0.06, 0.1, 0.3), CHARCOAL)


def doors(spot: Spot, color: Color, size: Box, leaves: int, base: float = 0.0) -> None:
    """A cabinet's body, its upright door leaves and a knob at each."""
    width, height, depth = size
    spot.box((0, depth / 2 - 0.01), (width, height, depth - 0.02), finish(toned(color, 0.7)), base=base)
    pitch = width / leaves
    for i in range(leaves):
        right = (i - (leaves - 1) / 2) * pitch
        leaf = (pitch - 0.03, height - 0.06, 0.03)
        spot.box((right, depth - 0.01), leaf, finish(color), base=base + 0.03)
        if height > 1.2:
            spot.box(
                (right + pitch * 0.36, depth + 0.02), (0.03, 0.2, 0.03), CHARCOAL, base=base + height / 2
            )


@thing("dresser")
def dresser(spot: Spot, color: Color, width: float = 1.1) -> None:
    """A chest of three drawers, 0.85 m high."""
    _drawers(spot, color, (width, 0.85, 0.45), 3)


@thing("nightstand")
def nightstand(spot: Spot, color: Color) -> None:
    """A small chest of two drawers beside a bed, 0.46 m wide, 0.5 m high."""
    _drawers(spot, color, (0.46, 0.5, 0.4), 2)


@thing("filing cabinet")
def filing_cabinet(spot: Spot, color: Color) -> None:
    """A narrow cabinet of three large drawers, 0.5 x 1.25 x 0.6 m."""
    _drawers(spot, color, (0.5, 1.25, 0.6), 3)


def _drawers(spot: Spot, color: Color, size: Box, count: int) -> None:
    width, height, depth = size
    spot.box((0, depth / 2 - 0.01), (width, height, depth - 0.02), finish(toned(color, 0.7)))
    pitch = (height - 0.04) / count
    for i in range(count):
        base = 0.03 + i * pitch
        spot.box((0, depth - 0.01), (width - 0.06, pitch - 0.04, 0.03), finish(color), base=base)
        spot.box((0, depth + 0.015), (width * 0.3, 0.03, 0.03), BRASS, base=base + pitch * 0.55)


@thing("ladder")
def ladder(spot: Spot, color: Color, height: float) -> None:
    """A ladder that leans on the shelf or wall behind the spot."""
    wood = finish(color)
    for side in (-1, 1):
        spot.box((side * 0.22, 0.22), (0.05, height, 0.05), wood, pitch=9)
    for i in range(6):
        share = (i + 0.8) / 6.6
        ahead = 0.22 + (0.5 - share) * height * 0.158
        spot.box((0, ahead), (0.44, 0.04, 0.05), wood, base=share * height)
