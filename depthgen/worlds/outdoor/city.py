"""The city street: facades on all sides, parked cars, streetlights."""

from __future__ import annotations

import numpy as np

from depthgen.worlds.builder import Builder, Color, Material, Texture
from depthgen.worlds.kinds import Layout
from depthgen.worlds.outdoor.buildings import CAR_COLORS, CLOTH_COLORS, block, car, streetlight
from depthgen.worlds.outdoor.nature import LEAF_COLORS, leafy_tree
from depthgen.worlds.outdoor.site import Site, counted, layout, shaded
from depthgen.worlds.semantics import Semantic

ASPHALT: Color = (0.25, 0.26, 0.28)
PAVEMENT: Color = (0.62, 0.61, 0.59)
FACADE_COLORS: dict[str, Color] = {
    "brick": (0.62, 0.28, 0.20),
    "grey": (0.55, 0.56, 0.58),
    "beige": (0.83, 0.74, 0.58),
    "white": (0.88, 0.87, 0.84),
    "blue": (0.38, 0.50, 0.66),
}
ROAD_HALF_WIDTH = 5.0
FACADE_LINE = 8.5  # distance of the facades from the middle of the road
STREET_END = 46.0  # where a block closes the street at both ends


def city_street(builder: Builder, rng: np.random.Generator, time: str, weather: str) -> Layout:
    """A straight street along z between rows of tall blocks, the camera in the middle of the road."""
    site = Site(builder, rng, time, weather)
    asphalt = site.frosted(ASPHALT, 0.6)
    builder.ground(Material(asphalt, Texture.NOISE, shaded(asphalt, 0.9), scale=0.8), Semantic.ROAD)
    _pavements(site)
    phrases = _facades(site) + _cars(site) + _trees(site)
    for side in (-1, 1):
        for z in range(-32 + 5 * (side > 0), 36, 11):
            streetlight(site, side * (ROAD_HALF_WIDTH + 0.6), z, -side * 1.6)
    return layout("city street", [*phrases, "lit streetlights" if site.night else "streetlights"])


def _pavements(site: Site) -> None:
    """Raised pavements, and a dashed line down the middle as one striped strip."""
    stone = site.frosted(PAVEMENT)
    slabs = Material(stone, Texture.TILES, shaded(stone, 0.85), scale=1.0)
    width = FACADE_LINE - ROAD_HALF_WIDTH
    for side in (-1, 1):
        x = side * (ROAD_HALF_WIDTH + width / 2)
        site.builder.box(x, 0, (width, 0.15, 2 * STREET_END), slabs, Semantic.FLOOR)
    paint = Material((0.92, 0.92, 0.88))
    for z in range(-20, 24, 5):
        site.builder.box(0, z, (0.18, 0.02, 2.2), paint, Semantic.ROAD)


def _facades(site: Site) -> list[str]:
    name, color = site.named(FACADE_COLORS)
    for side in (-1, 1):
        z = -STREET_END
        while z < STREET_END:
            width = site.uniform(11, 17)
            walls = site.varied(color if site.chance(0.5) else site.named(FACADE_COLORS)[1])
            _block_with_shop(site, side, z + width / 2, width, walls)
            z += width
    for z in (-STREET_END - 5, STREET_END + 5):
        block(site, site.uniform(-6, 6), z, (34, site.uniform(14, 24), 10), site.varied(color))
    return [f"{name} buildings", "tall buildings"]


def _block_with_shop(site: Site, side: int, z: float, width: float, walls: Color) -> None:
    """One block of the row with a shop window and an awning at street level; 3 primitives."""
    x = side * (FACADE_LINE + 5)
    block(site, x, z, (10, site.uniform(9, 20), width), walls)
    face = side * FACADE_LINE
    shop = site.glass() if site.chance(0.8) else Material(shaded(walls, 0.5))
    site.builder.box(face, z, (0.2, 2.2, 0.7 * width), shop, Semantic.WINDOW, base=0.4)
    _, cloth = site.named(CLOTH_COLORS)
    awning = Material(
        site.frosted(cloth, 0.5), Texture.STRIPES, site.frosted((0.95, 0.94, 0.9), 0.5), scale=0.8
    )
    site.builder.box(face - side * 0.6, z, (1.3, 0.14, 0.75 * width), awning, Semantic.CURTAIN, base=2.75)


def _cars(site: Site) -> list[str]:
    """Cars parked along both kerbs, facing along the street."""
    name, color = site.named(CAR_COLORS)
    number, same = site.count(3, 6), site.chance(0.4)
    slots = [(side, z) for side in (-1, 1) for z in (-15, -8, -1, 6, 13, 20)]
    for i, slot in enumerate(site.rng.permutation(len(slots))[:number]):
        side, z = slots[slot]
        paint = color if same or i == 0 else site.named(CAR_COLORS)[1]
        car(
            site, side * (ROAD_HALF_WIDTH - 1.1), z + site.uniform(-0.8, 0.8), paint, 180.0 * site.chance(0.5)
        )
    return [counted(number, f"{name} car") if same else f"a {name} car", "parked cars"]


def _trees(site: Site) -> list[str]:
    name, color = site.named(LEAF_COLORS)
    if not site.chance(0.5):
        return []
    for side in (-1, 1):
        for z in (-12, 10):
            leafy_tree(site, side * (ROAD_HALF_WIDTH + 1.4), z, site.uniform(4, 5.5), color)
    return [f"{name} street trees"]
