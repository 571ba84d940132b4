"""Meadow, village, lake and forest."""

from __future__ import annotations

import numpy as np

from depthgen.worlds.builder import Builder, Color, Material, Texture
from depthgen.worlds.kinds import Layout
from depthgen.worlds.outdoor.buildings import (
    CLOTH_COLORS,
    ROOF_COLORS,
    STONE,
    WALL_COLORS,
    WOOD,
    church,
    fence,
    house,
    rowing_boat,
    sailing_boat,
)
from depthgen.worlds.outdoor.nature import (
    BARK,
    BIRCH_BARK,
    FLOWER_COLORS,
    LEAF_COLORS,
    bush,
    flower,
    flower_bed,
    hill,
    leafy_tree,
    pine,
    rock,
)
from depthgen.worlds.outdoor.site import Site, counted, layout, shaded, toward_camera
from depthgen.worlds.semantics import Semantic

GRASS: Color = (0.36, 0.60, 0.20)
FOREST_FLOOR: Color = (0.25, 0.30, 0.13)
LAKE_WATER: Color = (0.12, 0.34, 0.50)
SHORE: Color = (0.78, 0.70, 0.52)
HAY: Color = (0.85, 0.70, 0.32)
BARN_COLORS: dict[str, Color] = {
    "red": (0.68, 0.13, 0.11),
    "brown": (0.42, 0.26, 0.16),
    "white": WALL_COLORS["white"],
}
LAKE_RADIUS = 20.0
WATER_LEVEL = 0.04  # metres above the ground plane


def meadow(builder: Builder, rng: np.random.Generator, time: str, weather: str) -> Layout:
    """Flowers all over a green field, a few trees and soft hills; sometimes a barn, hay bales and a fence."""
    site = Site(builder, rng, time, weather)
    builder.ground(site.turf(site.varied(GRASS), Texture.GRASS, 0.8), Semantic.GROUND)
    for x, z in site.ring(5, 48, 60, 10):
        hill(site, x, z, (site.uniform(34, 46), site.uniform(5, 9), 26), shaded(GRASS, 0.85))
    phrases = _barn(site) + _hay(site) + _fences(site)
    leaves, leaf_color = site.named(LEAF_COLORS)
    trees = site.ring(site.count(3, 6), 11, 24, 3)
    for x, z in trees:
        leafy_tree(site, x, z, site.uniform(5, 8), leaf_color)
    phrases += [counted(len(trees), f"{leaves} tree"), "green hills" if weather != "snow" else "white hills"]
    return layout("meadow", phrases + _flowers(site))


def _flowers(site: Site) -> list[str]:
    """Beds of one or two colours and single blossoms between them, all around the camera."""
    first, second = site.named(FLOWER_COLORS), site.named(FLOWER_COLORS)
    for i, (x, z) in enumerate(site.ring(9, 5, 13, 1.2)):
        flower_bed(site, x, z, site.uniform(1.8, 3.2), (first, second)[i % 2][1])
    for i, (x, z) in enumerate(site.ring(14, 4.5, 9, 0.3)):
        flower(site, x, z, (first, second)[i % 2][1])
    names = dict.fromkeys((first[0], second[0]))
    return [f"{' and '.join(names)} flowers"]


def _barn(site: Site) -> list[str]:
    if not site.chance(0.4):
        return []
    (name, color), (x, z) = site.named(BARN_COLORS), site.ring(1, 18, 24, 6)[0]
    planks = Material(color, Texture.PLANKS, shaded(color, 0.75), scale=0.5)
    house(site, x, z, (7.5, 4.0, 9.0), planks, ROOF_COLORS["grey"])
    return [counted(1, f"{name} barn")]


def _hay(site: Site) -> list[str]:
    bales = site.ring(site.count(2, 4), 9, 16, 1.5) if site.chance(0.4) else []
    for x, z in bales:
        color = site.frosted(HAY, 0.4)
        straw = Material(color, Texture.STRIPES, shaded(color, 0.85), scale=0.25)
        site.builder.cylinder(
            x, z, (1.7, 1.5, 1.7), straw, Semantic.BUSH, base=0.1, yaw=site.uniform(0, 180), roll=90
        )
    return [counted(len(bales), "hay bale")] if bales else []


def _fences(site: Site) -> list[str]:
    parts = site.ring(3, 8, 12, 2.6) if site.chance(0.5) else []
    for x, z in parts:
        fence(site, x, z, 4.6, toward_camera(x, z) + site.uniform(-25, 25))
    return ["a wooden fence"] if parts else []


def village(builder: Builder, rng: np.random.Generator, time: str, weather: str) -> Layout:
    """Gabled houses on all sides of a green with a well, trees between them; sometimes a church."""
    site = Site(builder, rng, time, weather)
    builder.ground(site.turf(site.varied(GRASS), Texture.GRASS, 0.8), Semantic.GROUND)
    path = site.turf((0.66, 0.58, 0.46), Texture.NOISE, 0.6)
    builder.cylinder(0, 0, (13, 0.06, 13), path, Semantic.ROAD, base=-0.03)
    phrases = _village_church(site)
    (wall_name, walls), (roof_name, roof) = site.named(WALL_COLORS), site.named(ROOF_COLORS)
    spots = site.ring(7, 11, 17, 4.2)
    for x, z in spots:
        color = site.varied(walls) if site.chance(0.75) else site.named(WALL_COLORS)[1]
        house(
            site,
            x,
            z,
            (site.uniform(4.6, 6), site.uniform(2.7, 3.6), site.uniform(4.6, 6)),
            Material(color),
            roof,
        )
    phrases += [f"{wall_name} houses", f"{roof_name} roofs" if weather != "snow" else "snow-covered roofs"]
    phrases += _well(site)
    leaves, leaf_color = site.named(LEAF_COLORS)
    trees = site.ring(site.count(3, 5), 9, 24, 2)
    for x, z in trees:
        leafy_tree(site, x, z, site.uniform(4, 6.5), leaf_color)
    return layout("village", phrases + ([counted(len(trees), f"{leaves} tree")] if trees else []))


def _village_church(site: Site) -> list[str]:
    if not site.chance(0.55):
        return []
    (x, z) = site.ring(1, 16, 20, 5)[0]
    church(site, x, z, site.named(ROOF_COLORS)[1])
    return ["a white church"]


def _well(site: Site) -> list[str]:
    if not site.chance(0.6):
        return []
    (x, z) = site.ring(1, 5.5, 7, 1.2)[0]
    b, wood = site.builder, Material(WOOD)
    b.cylinder(
        x, z, (1.5, 0.9, 1.5), Material(STONE, Texture.BRICKS, shaded(STONE, 0.7), scale=0.4), Semantic.ROCK
    )
    b.box(x, z, (1.4, 2.1, 0.14), wood, Semantic.FENCE)
    b.prism(x, z, (1.5, 0.7, 1.9), Material(site.frosted(ROOF_COLORS["brown"])), Semantic.ROOF, base=2.0)
    return ["a well"]


def lake(builder: Builder, rng: np.random.Generator, time: str, weather: str) -> Layout:
    """Water on all sides of a wooden jetty, a sand shore, pines, hills, a cabin and boats."""
    site = Site(builder, rng, time, weather)
    builder.ground(site.turf(site.varied(GRASS), Texture.GRASS, 0.8), Semantic.GROUND)
    _water_and_jetty(site)
    for x, z in site.ring(6, 48, 62, 12):
        hill(site, x, z, (site.uniform(40, 56), site.uniform(8, 16), 30), (0.22, 0.42, 0.26))
    phrases = [*_cabins(site), *_boats(site), "a wooden jetty"]
    pines = site.ring(site.count(9, 13), LAKE_RADIUS + 4, LAKE_RADIUS + 12, 1.6)
    for x, z in pines:
        pine(site, x, z, site.uniform(6, 10))
    for x, z in site.ring(4, LAKE_RADIUS + 0.5, LAKE_RADIUS + 2.5, 1):
        rock(site, x, z, site.uniform(1.0, 2.2), STONE)
    return layout("lake", [*phrases, "pine trees"], half_width=1.0)


def _water_and_jetty(site: Site) -> None:
    water = Material(LAKE_WATER, Texture.WATER, shaded(LAKE_WATER, 1.35), scale=2.5)
    sand, across = site.turf(SHORE, Texture.SAND), 2 * LAKE_RADIUS
    site.builder.cylinder(0, 0, (across + 5, 0.04, across + 5), sand, Semantic.SAND, base=-0.02)
    site.builder.cylinder(0, 0, (across, 0.04, across), water, Semantic.WATER, base=0.0)
    planks = Material(
        site.frosted(WOOD, 0.4), Texture.PLANKS, shaded(site.frosted(WOOD, 0.3), 0.7), scale=0.3
    )
    site.builder.box(0, -LAKE_RADIUS / 2, (3.0, 0.25, LAKE_RADIUS + 7), planks, Semantic.FLOOR)


def _cabins(site: Site) -> list[str]:
    name, color = site.named({"brown": WOOD} | {key: WALL_COLORS[key] for key in ("red", "white", "blue")})
    spots = site.ring(site.count(1, 2), LAKE_RADIUS + 6, LAKE_RADIUS + 8, 5)
    for x, z in spots:
        planks = Material(color, Texture.PLANKS, shaded(color, 0.75), scale=0.5)
        house(site, x, z, (7.0, 3.2, 6.0), planks, site.named(ROOF_COLORS)[1])
    return [counted(len(spots), "cabin" if site.chance(0.5) else f"{name} cabin")]


def _boats(site: Site) -> list[str]:
    name, color = site.named(CLOTH_COLORS)
    build, noun = (sailing_boat, "sailing boat") if site.chance(0.5) else (rowing_boat, "rowing boat")
    spots = site.ring(site.count(1, 3), 7, 14, 3)
    for x, z in spots:
        build(site, x, z, color, WATER_LEVEL)
    if build is rowing_boat:
        return [counted(len(spots), f"{name} {noun}")]
    return [
        f"{counted(len(spots), noun)} with {name} sails"
        if len(spots) > 1
        else f"a {noun} with {counted(1, name)} sail"
    ]


def forest(builder: Builder, rng: np.random.Generator, time: str, weather: str) -> Layout:
    """Trees close on all sides, of one or two species, on a dark floor with bushes, logs and mushrooms."""
    site = Site(builder, rng, time, weather)
    builder.ground(site.turf(site.varied(FOREST_FLOOR), Texture.NOISE, 1.2), Semantic.GROUND)
    phrases = _log(site) + _mushrooms(site)
    conifers, (leaves, color) = site.chance(0.5), site.named(LEAF_COLORS)
    bark, birches = (BIRCH_BARK, True) if site.chance(0.3) else (BARK, False)
    for near, far, number in ((5, 9, 6), (9, 15, 8), (15, 24, 9)):
        for x, z in site.ring(number, near, far, 0.9):
            height = site.uniform(8, 13)
            if conifers:
                pine(site, x, z, height)
            else:
                leafy_tree(site, x, z, height * 0.85, color, bark)
    phrases.append(
        "tall pine trees" if conifers else f"birches with {leaves} leaves" if birches else f"{leaves} trees"
    )
    for x, z in site.ring(5, 5, 11, 0.8):
        bush(site, x, z, site.uniform(0.8, 1.5), LEAF_COLORS["dark green"])
    return layout("forest", [*phrases, "bushes"])


def _log(site: Site) -> list[str]:
    if not site.chance(0.5):
        return []
    (x, z) = site.ring(1, 5.5, 7, 1.8)[0]
    bark = Material(site.frosted(BARK, 0.4), Texture.STRIPES, shaded(BARK, 0.7), scale=0.3)
    site.builder.cylinder(
        x, z, (0.7, 3.4, 0.7), bark, Semantic.TREE, base=-1.4, yaw=site.uniform(0, 180), roll=90
    )
    return ["a fallen log"]


def _mushrooms(site: Site) -> list[str]:
    spots = site.ring(4, 4.6, 6.5, 0.4) if site.chance(0.5) else []
    for x, z in spots:
        size = site.uniform(0.4, 0.7)
        b = site.builder
        b.cylinder(
            x, z, (size * 0.35, size * 0.8, size * 0.35), Material((0.93, 0.90, 0.83)), Semantic.FLOWER
        )
        b.ellipsoid(
            x, z, (size, size * 0.6, size), Material((0.82, 0.12, 0.09)), Semantic.FLOWER, base=size * 0.55
        )
    return ["red mushrooms"] if spots else []
