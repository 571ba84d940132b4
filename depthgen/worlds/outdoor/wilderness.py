"""Mountains, desert and beach."""

from __future__ import annotations

import numpy as np

from depthgen.worlds.builder import Builder, Color, Material, Size, Texture
from depthgen.worlds.kinds import Layout
from depthgen.worlds.outdoor.buildings import (
    CLOTH_COLORS,
    ROOF_COLORS,
    STONE,
    WALL_COLORS,
    WOOD,
    house,
    sailing_boat,
    umbrella,
)
from depthgen.worlds.outdoor.nature import bush, cactus, mountain, palm, pine, rock
from depthgen.worlds.outdoor.site import Site, counted, layout, mixed, shaded
from depthgen.worlds.semantics import Semantic

ALPINE_GRASS: Color = (0.42, 0.50, 0.28)
PEAK_COLORS: dict[str, Color] = {
    "grey": (0.46, 0.47, 0.51),
    "brown": (0.47, 0.38, 0.31),
    "blue-grey": (0.38, 0.44, 0.54),
}
DESERT_SANDS: dict[str, Color] = {
    "yellow": (0.91, 0.74, 0.42),
    "red": (0.82, 0.50, 0.30),
    "pale": (0.92, 0.84, 0.64),
}
MESA: Color = (0.72, 0.36, 0.21)
BEACH_SAND: Color = (0.94, 0.85, 0.64)
SEA: Color = (0.08, 0.48, 0.66)


def mountains(builder: Builder, rng: np.random.Generator, time: str, weather: str) -> Layout:
    """Snow-capped peaks all around a high valley with boulders and pines; sometimes a hut."""
    site = Site(builder, rng, time, weather)
    builder.ground(site.turf(site.varied(ALPINE_GRASS), Texture.NOISE, 1.5), Semantic.GROUND)
    name, color = site.named(PEAK_COLORS)
    for near, far, low, high in ((34, 42, 14, 22), (50, 60, 26, 38)):
        for x, z in site.ring(8, near, far, 7):
            height = site.uniform(low, high)
            mountain(site, x, z, height * site.uniform(1.3, 1.7), height, color)
    phrases = [f"{name} peaks with snow on top", *_hut(site)]
    pines = site.ring(site.count(3, 7), 9, 20, 1.6) if site.chance(0.8) else []
    for x, z in pines:
        pine(site, x, z, site.uniform(4, 7))
    boulders = site.ring(site.count(5, 8), 5, 14, 1.2)
    for x, z in boulders:
        rock(site, x, z, site.uniform(0.8, 2.2), color)
    phrases += [counted(len(pines), "pine tree")] if pines else []
    return layout("mountains", [*phrases, f"{name} rocks"])


def _hut(site: Site) -> list[str]:
    if not site.chance(0.4):
        return []
    (x, z) = site.ring(1, 13, 18, 4.5)[0]
    planks = Material(WOOD, Texture.PLANKS, shaded(WOOD, 0.75), scale=0.4)
    house(site, x, z, (5.5, 2.6, 5.0), planks, ROOF_COLORS["grey"])
    return ["a wooden hut"]


def desert(builder: Builder, rng: np.random.Generator, time: str, weather: str) -> Layout:
    """Sand to the horizon with dunes and cacti; often striped table mountains, rocks and dry shrubs."""
    site = Site(builder, rng, time, weather)
    name, sand = site.named(DESERT_SANDS)
    ground = Material(
        site.frosted(sand, 0.75), Texture.SAND, site.frosted(shaded(sand, 0.9), 0.75), scale=1.2
    )
    builder.ground(ground, Semantic.SAND)
    phrases = [f"{name} sand", *_mesas(site)]
    for x, z in site.ring(7, 24, 44, 7):
        _dune(site, x, z, sand)
    cacti = site.ring(site.count(4, 7), 6, 17, 1.3)
    for x, z in cacti:
        cactus(site, x, z, site.uniform(2.4, 4.6))
    for x, z in site.ring(site.count(2, 5), 5, 12, 0.9):
        rock(site, x, z, site.uniform(0.7, 1.6), MESA)
    for x, z in site.ring(3, 5, 12, 0.6):
        bush(site, x, z, site.uniform(0.5, 0.9), (0.60, 0.52, 0.26))
    return layout("desert", [*phrases, "sand dunes", counted(len(cacti), "cactus", "cacti"), "rocks"])


def _dune(site: Site, x: float, z: float, sand: Color) -> None:
    width, height = site.uniform(18, 30), site.uniform(2.5, 5)
    color = site.frosted(site.varied(sand, 0.06), 0.6)
    material = Material(color, Texture.SAND, shaded(color, 0.9), scale=1.5)
    shape = (width, 2 * height, width * site.uniform(0.4, 0.6))
    site.builder.ellipsoid(x, z, shape, material, Semantic.SAND, base=-height, yaw=site.uniform(0, 180))


def _mesas(site: Site) -> list[str]:
    spots = site.ring(site.count(4, 6), 42, 56, 9) if site.chance(0.75) else []
    for x, z in spots:
        color, width, yaw = site.frosted(site.varied(MESA), 0.3), site.uniform(10, 18), site.uniform(0, 90)
        height, depth = site.uniform(6, 11), width * site.uniform(0.7, 1.1)
        _strata(site, x, z, (width, height, depth), color, yaw)
        _strata(
            site,
            x,
            z,
            (0.6 * width, 1.5 * height, 0.7 * depth),
            shaded(color, 1.1),
            yaw + site.uniform(-20, 20),
        )
    return ["red table mountains"] if spots else []


def _strata(site: Site, x: float, z: float, size: Size, color: Color, yaw: float) -> None:
    """A block with level bands: stripes run along a box's own x, so the box lies on its side."""
    width, height, depth = size
    rock_layers = Material(color, Texture.STRIPES, shaded(color, 0.8), scale=2.2)
    lying = (height, width, depth)
    base = (height - width) / 2  # the builder lifts the middle by half of the second size
    site.builder.box(x, z, lying, rock_layers, Semantic.MOUNTAIN, base=base, yaw=yaw, roll=90)


def beach(builder: Builder, rng: np.random.Generator, time: str, weather: str) -> Layout:
    """A sandy island in a turquoise sea: palms, umbrellas and towels; often a hut and sailing boats."""
    site = Site(builder, rng, time, weather)
    builder.ground(
        Material(SEA, Texture.WATER, mixed(SEA, (0.5, 0.85, 0.85), 0.5), scale=3.0), Semantic.WATER
    )
    _island(site)
    phrases = _beach_hut(site)
    color_name, color = site.named(CLOTH_COLORS)
    umbrellas = site.ring(site.count(2, 4), 5, 8, 1.7)
    for x, z in umbrellas:
        umbrella(site, x, z, color, 0.06)
    palms = site.ring(site.count(3, 5), 6, 10, 1.5)
    for x, z in palms:
        palm(site, x, z, site.uniform(4.5, 7))
    for x, z in site.ring(3, 4.6, 7, 0.5):
        rock(site, x, z, site.uniform(0.4, 0.9), STONE)
    phrases += [
        counted(len(umbrellas), f"{color_name} umbrella"),
        *([counted(len(palms), "palm tree")] if palms else []),
    ]
    return layout("beach", [*phrases, *_sails(site), "the sea"])


def _island(site: Site) -> None:
    """Sand, its wet rim and the foam around it: three flat discs, each wider and lower."""
    sand = Material(
        site.frosted(BEACH_SAND, 0.75), Texture.SAND, site.frosted(shaded(BEACH_SAND, 0.92), 0.75), scale=0.8
    )
    rings = (
        (0.0, 0.06, sand, Semantic.SAND),
        (
            1.6,
            0.04,
            Material(shaded(BEACH_SAND, 0.72), Texture.SAND, shaded(BEACH_SAND, 0.66)),
            Semantic.SAND,
        ),
        (
            3.0,
            0.02,
            Material((0.88, 0.95, 0.97), Texture.NOISE, (0.55, 0.82, 0.87), scale=0.6),
            Semantic.WATER,
        ),
    )
    for rim, height, material, semantic in rings:
        site.builder.cylinder(0, -2, (28 + rim, height, 22 + rim), material, semantic)


def _beach_hut(site: Site) -> list[str]:
    if not site.chance(0.5):
        return []
    name, color = site.named(WALL_COLORS)
    (x, z) = site.ring(1, 7.5, 8.5, 2.8)[0]
    house(
        site,
        x,
        z,
        (3.4, 2.4, 3.0),
        Material(color, Texture.PLANKS, shaded(color, 0.8), scale=0.35),
        (0.80, 0.66, 0.38),
    )
    return [counted(1, f"{name} beach hut")]


def _sails(site: Site) -> list[str]:
    spots = site.ring(site.count(2, 5), 24, 45, 4) if site.chance(0.7) else []
    for x, z in spots:
        sailing_boat(site, x, z, site.named(CLOTH_COLORS)[1] if site.chance(0.5) else (0.97, 0.97, 0.95), 0.0)
    return ["sailing boats on the water"] if spots else []
