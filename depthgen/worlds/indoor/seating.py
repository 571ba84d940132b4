"""Furniture to sit, lie and eat at: sofas, chairs, tables, beds."""

from __future__ import annotations

from depthgen.worlds.builder import Material
from depthgen.worlds.indoor.palette import BLACK, CHARCOAL, STEEL, WHITE, Color, cloth, paint, planks, shade
from depthgen.worlds.indoor.room import Spot
from depthgen.worlds.semantics import Semantic

SOFA_DEPTH = 0.95
BED_LENGTH = 2.1


def sofa(spot: Spot, color: Color, cushion: Color, width: float = 2.1) -> None:
    """A sofa with two seats, arms and two cushions; an armchair when narrower than 1.3 m."""
    fabric, seat = cloth(color), paint(Color(color.name, shade(color.rgb, 1.12)))
    spot.box((0, 0.5), (width, 0.3, 0.86), fabric, Semantic.SOFA, base=0.08)
    spot.box((0, 0.16), (width, 0.55, 0.24), fabric, Semantic.SOFA, base=0.32)
    for side in (-1, 1):
        spot.box((side * (width / 2 - 0.1), 0.5), (0.2, 0.52, 0.9), fabric, Semantic.SOFA, base=0.08)
    seats = 1 if width < 1.3 else 2
    seat_width = (width - 0.44) / seats
    for i in range(seats):
        right = (i - (seats - 1) / 2) * (seat_width + 0.01)
        spot.box((right, 0.6), (seat_width, 0.14, 0.66), seat, Semantic.SOFA, base=0.38)
        spot.box((right, 0.36), (0.42, 0.36, 0.14), cloth(cushion), Semantic.SOFA, base=0.52)


def armchair(spot: Spot, color: Color, cushion: Color) -> None:
    """A one-seat sofa."""
    sofa(spot, color, cushion, width=0.95)


def table(
    spot: Spot,
    top: Material,
    size: tuple[float, float],
    height: float = 0.74,
    semantic: Semantic = Semantic.TABLE,
) -> None:
    """A table on two slab legs, centred on the spot; `size` = (along right, along ahead)."""
    width, depth = size
    spot.box((0, 0), (width, 0.05, depth), top, semantic, base=height - 0.05)
    for side in (-1, 1):
        spot.box((side * (width / 2 - 0.12), 0), (0.07, height - 0.05, depth * 0.8), top, semantic)


def chair(spot: Spot, color: Color, frame: Material = CHARCOAL) -> None:
    """A plain chair: seat, back and a middle foot."""
    spot.box((0, 0.25), (0.44, 0.06, 0.44), paint(color), Semantic.CHAIR, base=0.43)
    spot.box((0, 0.04), (0.42, 0.44, 0.05), paint(color), Semantic.CHAIR, base=0.5)
    spot.box((0, 0.25), (0.3, 0.43, 0.3), frame, Semantic.CHAIR)


def swivel_chair(spot: Spot, color: Color) -> None:
    """An office chair: thick seat, high back, column and a flat round foot."""
    spot.box((0, 0.28), (0.5, 0.1, 0.48), cloth(color), Semantic.CHAIR, base=0.42)
    spot.box((0, 0.05), (0.46, 0.56, 0.08), cloth(color), Semantic.CHAIR, base=0.56)
    spot.add("cylinder", (0, 0.28), (0.07, 0.4, 0.07), STEEL, Semantic.CHAIR, base=0.04)
    spot.add("cylinder", (0, 0.28), (0.52, 0.06, 0.52), BLACK, Semantic.CHAIR)


def bed(spot: Spot, wood: Color, blanket: Color, width: float) -> None:
    """A bed with its headboard on the wall behind the spot, two pillows and a coloured blanket."""
    spot.box((0, 0.04), (width + 0.1, 1.15, 0.08), planks(wood), Semantic.BED)
    spot.box((0, BED_LENGTH / 2), (width + 0.06, 0.3, BED_LENGTH), planks(wood), Semantic.BED, base=0.06)
    spot.box((0, BED_LENGTH / 2 + 0.02), (width, 0.2, BED_LENGTH - 0.1), WHITE, Semantic.BED, base=0.34)
    spot.box((0, 1.38), (width + 0.1, 0.3, 1.4), cloth(blanket), Semantic.BED, base=0.28)
    for side in (-1, 1):
        spot.add(
            "ellipsoid", (side * width / 4, 0.38), (width * 0.42, 0.2, 0.46), WHITE, Semantic.BED, base=0.5
        )
