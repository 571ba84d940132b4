"""Furniture to sit, lie and eat at: sofas, chairs, tables, beds. Sizes in metres."""

from __future__ import annotations

from depthgen.worlds.builder import Material
from depthgen.worlds.palette import BLACK, CHARCOAL, STEEL, WHITE, Color, cloth, finish, paint, toned
from depthgen.worlds.recorder import thing
from depthgen.worlds.spot import Spot

SOFA_DEPTH = 0.95
BED_LENGTH = 2.1
TABLE_HEIGHT = 0.74


@thing("sofa")
def sofa(spot: Spot, color: Color, cushion: Color, width: float = 2.1) -> None:
    """A sofa with two or three seats, arms and cushions."""
    _upholstered(spot, color, cushion, width, seats=3 if width > 2.2 else 2)


@thing("armchair")
def armchair(spot: Spot, color: Color, cushion: Color) -> None:
    """A one-seat sofa 0.95 m wide."""
    _upholstered(spot, color, cushion, 0.95, seats=1)


def _upholstered(spot: Spot, color: Color, cushion: Color, width: float, seats: int) -> None:
    fabric, seat = cloth(color), cloth(toned(color, 1.15))
    spot.box((0, 0.5), (width, 0.28, 0.86), fabric, base=0.1)
    spot.box((0, 0.16), (width, 0.55, 0.24), fabric, base=0.3, pitch=6)
    spot.box((0, 0.48), (width - 0.1, 0.1, 0.8), CHARCOAL)
    for side in (-1, 1):
        spot.box((side * (width / 2 - 0.09), 0.5), (0.18, 0.5, 0.9), fabric, base=0.1)
    seat_width = (width - 0.4) / seats
    for i in range(seats):
        right = (i - (seats - 1) / 2) * (seat_width + 0.01)
        spot.box((right, 0.6), (seat_width, 0.13, 0.66), seat, base=0.38)
    for side in (-1, 1) if seats > 1 else (0,):
        spot.box(
            (side * (width / 2 - 0.45), 0.36), (0.4, 0.36, 0.13), cloth(cushion), base=0.5, pitch=12, roll=6
        )


@thing("coffee table")
def coffee_table(spot: Spot, top: Color, size: tuple[float, float] = (1.1, 0.6)) -> None:
    """A low table, centred."""
    _legged(spot, finish(top), size, 0.42)


@thing("dining table")
def dining_table(spot: Spot, top: Color, size: tuple[float, float]) -> None:
    """A table on four legs, centred; `size` = (along right, along ahead)."""
    _legged(spot, finish(top), size, TABLE_HEIGHT)


@thing("dining table")
def round_table(spot: Spot, top: Color, width: float) -> None:
    """A round table on one foot, centred."""
    spot.rod((0, 0), (width, 0.05, width), finish(top), base=TABLE_HEIGHT - 0.05)
    spot.rod((0, 0), (0.12, TABLE_HEIGHT - 0.05, 0.12), finish(top))
    spot.add("frustum", (0, 0), (0.6, 0.06, 0.6), finish(top))


@thing("reading table")
def reading_table(spot: Spot, top: Color, size: tuple[float, float]) -> None:
    """A heavy table on two slabs, centred."""
    _slabbed(spot, finish(top), size)


@thing("conference table")
def conference_table(spot: Spot, top: Color, size: tuple[float, float]) -> None:
    """A long table on two slabs, centred."""
    _slabbed(spot, finish(top), size)


@thing("desk")
def desk(spot: Spot, top: Color, size: tuple[float, float] = (1.5, 0.72)) -> None:
    """A desk whose back is on the spot, with a drawer unit under its right end."""
    width, depth = size
    _legged(spot.shifted(0, depth / 2 + 0.02), finish(top), size, TABLE_HEIGHT)
    spot.box((width / 2 - 0.3, depth / 2), (0.4, 0.56, depth - 0.16), finish(toned(top, 0.85)), base=0.12)


def _legged(spot: Spot, top: Material, size: tuple[float, float], height: float) -> None:
    width, depth = size
    spot.box((0, 0), (width, 0.05, depth), top, base=height - 0.05)
    for right in (-1, 1):
        for ahead in (-1, 1):
            at = (right * (width / 2 - 0.06), ahead * (depth / 2 - 0.06))
            spot.box(at, (0.06, height - 0.05, 0.06), top)


def _slabbed(spot: Spot, top: Material, size: tuple[float, float]) -> None:
    width, depth = size
    spot.box((0, 0), (width, 0.06, depth), top, base=TABLE_HEIGHT - 0.06)
    for side in (-1, 1):
        spot.box((side * (width / 2 - 0.2), 0), (0.08, TABLE_HEIGHT - 0.06, depth * 0.7), top)
    spot.box((0, 0), (width - 0.4, 0.1, 0.06), top, base=0.3)


@thing("chair")
def chair(spot: Spot, color: Color, frame: Material = CHARCOAL) -> None:
    """A plain chair: seat, back, two pairs of legs."""
    spot.box((0, 0.25), (0.44, 0.05, 0.44), paint(color), base=0.43)
    spot.box((0, 0.04), (0.42, 0.4, 0.04), paint(color), base=0.54, pitch=5)
    for side in (-1, 1):
        spot.box((side * 0.19, 0.05), (0.04, 0.56, 0.04), frame)
        spot.box((side * 0.19, 0.44), (0.04, 0.43, 0.04), frame)


@thing("office chair")
def swivel_chair(spot: Spot, color: Color) -> None:
    """An office chair: thick seat, high back, column and a flat round foot."""
    spot.box((0, 0.28), (0.5, 0.1, 0.48), cloth(color), base=0.42)
    spot.box((0, 0.05), (0.46, 0.56, 0.08), cloth(color), base=0.56, pitch=6)
    spot.rod((0, 0.28), (0.07, 0.4, 0.07), STEEL, base=0.04)
    spot.add("frustum", (0, 0.28), (0.56, 0.07, 0.56), BLACK)


@thing("bar stool")
def bar_stool(spot: Spot, color: Color) -> None:
    """A round seat 0.7 m high on one leg, centred."""
    spot.rod((0, 0), (0.38, 0.09, 0.38), cloth(color), base=0.64)
    spot.rod((0, 0), (0.05, 0.64, 0.05), STEEL)
    spot.rod((0, 0), (0.4, 0.03, 0.4), STEEL)


@thing("bed")
def bed(spot: Spot, color: Color, wood: Color, width: float) -> None:
    """A bed with its headboard on the wall behind the spot, pillows and a blanket of `color`."""
    spot.box((0, 0.04), (width + 0.1, 1.1, 0.08), finish(wood))
    spot.box((0, BED_LENGTH / 2), (width + 0.06, 0.28, BED_LENGTH), finish(wood), base=0.06)
    spot.box((0, BED_LENGTH / 2 + 0.02), (width, 0.2, BED_LENGTH - 0.1), WHITE, base=0.34)
    spot.box((0, 1.4), (width + 0.08, 0.3, 1.38), cloth(color), base=0.28)
    spot.box((0, 0.8), (width + 0.1, 0.06, 0.3), cloth(toned(color, 1.3)), base=0.54)
    for side in (-1, 1) if width > 1.2 else (0,):
        spot.ball((side * width / 4, 0.36), (min(0.7, width * 0.5), 0.22, 0.44), WHITE, base=0.5)


@thing("cinema seat")
def cinema_seat(spot: Spot, color: Color) -> None:
    """A folding seat, the spot behind its back; its arm rest is at the right."""
    fabric = cloth(color)
    spot.box((0, 0.32), (0.5, 0.16, 0.46), fabric, base=0.36)
    spot.box((0, 0.06), (0.52, 0.74, 0.14), fabric, base=0.34, pitch=8)
    spot.box((0.3, 0.3), (0.07, 0.6, 0.44), BLACK)
