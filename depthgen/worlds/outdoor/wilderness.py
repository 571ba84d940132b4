"""Mountains and desert."""

from __future__ import annotations

import numpy as np

from depthgen.worlds.builder import Material, Texture
from depthgen.worlds.kinds import Layout
from depthgen.worlds.outdoor import buildings, nature, street, waterside
from depthgen.worlds.outdoor.buildings import PLANK
from depthgen.worlds.outdoor.countryside import BLOSSOMS, TIMBER, footpath
from depthgen.worlds.outdoor.site import Site
from depthgen.worlds.palette import RGB, shade
from depthgen.worlds.recorder import Recorder
from depthgen.worlds.semantics import Semantic

ALPINE_GRASS: RGB = (0.42, 0.52, 0.26)
PEAKS: dict[str, RGB] = {"grey": (0.46, 0.47, 0.51), "brown": (0.47, 0.38, 0.31), "blue": (0.34, 0.42, 0.56)}
SANDS: dict[str, RGB] = {
    "yellow": (0.91, 0.74, 0.42),
    "orange": (0.84, 0.52, 0.30),
    "white": (0.93, 0.87, 0.74),
}
MESAS: dict[str, RGB] = {"red": (0.72, 0.36, 0.21), "brown": (0.58, 0.40, 0.27)}
HUTS: dict[str, RGB] = {"wooden": PLANK, "brown": (0.36, 0.22, 0.14), "red": (0.58, 0.16, 0.13)}
STREAM: RGB = (0.16, 0.40, 0.52)


def mountains(builder: Recorder, rng: np.random.Generator, time: str, weather: str) -> Layout:
    """Peaks with snow around a valley: boulders, pines, flowers, a hut, a path, a stream with a bridge."""
    site = Site(builder, rng, time, weather)
    builder.ground(site.turf(site.varied(ALPINE_GRASS), Texture.GRASS, 1.0), Semantic.GROUND)
    builder.surround(*(("snow", "") if site.snowy else ("grass", "green")))
    peaks = site.named(PEAKS)
    builder.surround("peaks", peaks.name)
    for count, near, far, low, high in ((7, 32, 40, 11, 18), (7, 48, 60, 24, 38)):
        for spot in site.ring(count, near, far, 7):
            height = site.uniform(low, high)
            nature.mountain(spot, site, height * site.uniform(1.3, 1.8), height, peaks.rgb)
    _track(site)
    if site.chance(0.6):
        for spot in site.ring(1, 11, 17, 4.5):
            buildings.mountain_hut(spot, site.named(HUTS), site)
    for spot in site.ring(site.count(0, 2), 6, 11, 2.6):
        street.fence(spot, site.named(TIMBER), site, 5)
    for spot in site.ring(site.count(4, 9), 8, 22, 1.6):
        nature.pine(spot, site, site.uniform(4, 8))
    for spot in site.ring(site.count(3, 6), 4, 14, 1.2):
        nature.rock(spot, site, site.uniform(0.8, 2.2), peaks.rgb)
    if site.chance(0.5) and not site.snowy:
        for spot in site.ring(site.count(2, 4), 4, 9, 1.1):
            nature.flower_bed(spot, site.named(BLOSSOMS), site, site.uniform(1.0, 1.8))
    if site.chance(0.3):
        for spot in site.ring(1, 5, 9, 1.8):
            waterside.tent(spot, site.named(waterside.CLOTH), site)
    if site.snowy and site.chance(0.5):
        for spot in site.ring(1, 4, 7, 0.8):
            nature.snowman(spot)
    return site.layout("mountains", 4.5)


def _track(site: Site) -> None:
    """A path with a signpost, for half of them a stream across it and a bridge."""
    yaw = footpath(site)
    post = site.spot(0, 0, yaw).shifted(4.4, site.uniform(1, 4), 180)
    if site.chance(0.7) and site.take(post.x, post.z, 0.5):
        street.signpost(post, site)
    if site.chance(0.5):
        path = site.builder.things[-1 if site.builder.things[-1].noun == "path" else -2].position
        crossing = site.spot(path[0], path[2], yaw).shifted(0, site.uniform(6, 9))
        bank = crossing.shifted(-30, 0, 90)
        water = Material(STREAM, Texture.WATER, shade(STREAM, 1.3), 1.5)
        site.builder.surround("water", "blue")
        bank.box((0, 30), (2.2, 0.05, 60), water, Semantic.WATER)
        for i in range(31):
            site.taken.append((*bank.ground(0, 2 * i), 1.2))
        buildings.bridge(crossing, site, 3.6)


def desert(builder: Recorder, rng: np.random.Generator, time: str, weather: str) -> Layout:
    """Sand with dunes and cacti; often table mountains, rocks, dry shrubs, a tent, a track, a signpost."""
    site = Site(builder, rng, time, weather)
    sand = site.named(SANDS)
    builder.ground(site.matter(sand.rgb, Texture.SAND, 1.2, 0.75, 0.9), Semantic.SAND)
    builder.surround("sand", "white" if site.snowy else sand.name)
    if site.chance(0.75):
        mesa = site.named(MESAS)
        for spot in site.ring(site.count(3, 6), 40, 56, 9):
            nature.table_mountain(spot, mesa, site)
    if site.chance(0.4):
        footpath(site)
    for spot in site.ring(site.count(4, 7), 22, 42, 7):
        nature.dune(spot, site, sand.rgb)
    for spot in site.ring(site.count(4, 8), 5, 18, 1.3):
        nature.cactus(spot, site, site.uniform(2.0, 4.6))
    for spot in site.ring(site.count(2, 5), 5, 13, 1.0):
        nature.rock(spot, site, site.uniform(0.7, 1.8), MESAS["red"])
    for spot in site.ring(site.count(2, 5), 4, 12, 0.6):
        nature.bush(spot, site, site.uniform(0.5, 0.9), (0.60, 0.52, 0.26))
    if site.chance(0.4):
        for spot in site.ring(1, 6, 9, 2.0):
            waterside.tent(spot, site.named(waterside.CLOTH), site)
        for spot in site.ring(1, 4, 6.5, 1.0):
            waterside.campfire(spot)
    for spot in site.ring(site.count(0, 1), 5, 8, 0.5):
        street.signpost(spot, site)
    if site.chance(0.25):
        for spot in site.ring(2, 9, 15, 2.4):
            nature.palm(spot, site, site.uniform(4, 6))
    return site.layout("desert", 4.5)
