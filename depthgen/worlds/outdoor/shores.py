"""Lake and beach."""

from __future__ import annotations

import numpy as np

from depthgen.worlds.builder import Material, Texture
from depthgen.worlds.kinds import Layout
from depthgen.worlds.outdoor import buildings, nature, street, waterside
from depthgen.worlds.outdoor.buildings import PLANK, ROOFS, WALLS
from depthgen.worlds.outdoor.countryside import grassland, hills, trees
from depthgen.worlds.outdoor.nature import STONE
from depthgen.worlds.outdoor.site import Site, mixed
from depthgen.worlds.outdoor.waterside import CLOTH
from depthgen.worlds.palette import RGB, shade
from depthgen.worlds.recorder import Recorder
from depthgen.worlds.semantics import Semantic

LAKE_WATER: RGB = (0.12, 0.34, 0.50)
SHORE: RGB = (0.78, 0.70, 0.52)
BEACH_SAND: RGB = (0.94, 0.85, 0.64)
SEA: RGB = (0.08, 0.48, 0.66)
CABINS: dict[str, RGB] = {
    "wooden": PLANK,
    "red": WALLS["red"],
    "white": WALLS["white"],
    "blue": WALLS["blue"],
}
LAKE = 40.0  # metres across
SURFACE = 0.04  # height of the water


def lake(builder: Recorder, rng: np.random.Generator, time: str, weather: str) -> Layout:
    """A round lake before or around the camera: a jetty, boats, reeds, pines, hills, a cabin, a bench."""
    site = Site(builder, rng, time, weather)
    grassland(site)
    hills(site, 8, 50, 16, (0.22, 0.42, 0.26))
    direction = site.uniform(0, 360)
    shore = site.spot(0, 0, direction)  # cameras stand here and the water begins 5 m ahead
    center = shore.ground(0, 5 + LAKE / 2)
    sand = site.turf(SHORE, Texture.SAND)
    builder.cylinder(*center, (LAKE + 6, 0.04, LAKE + 6), sand, Semantic.SAND, base=-0.01)
    water = Material(LAKE_WATER, Texture.WATER, shade(LAKE_WATER, 1.35), scale=2.5)
    builder.cylinder(*center, (LAKE, SURFACE, LAKE), water, Semantic.WATER)
    builder.surround("water", "blue")
    builder.surround("sandy shore")
    pier = shore.shifted(site.uniform(-4, 4), 4.0)
    waterside.jetty(pier, site, site.uniform(8, 12))
    _afloat(site, center, pier.ground(0, 5))
    site.taken.append((*center, LAKE / 2 + 0.5))
    ashore = (direction + 75, 210.0)
    for spot in site.ring(site.count(0, 2), 12, 20, 5, ashore):
        buildings.cabin(spot, site.named(CABINS), site, ROOFS[site.count(0, 3)])
    for angle in (-0.5, -0.36, -0.24, 0.22, 0.34, 0.46):
        edge = site.spot(*center, direction + 180 + 90 * angle).shifted(0, LAKE / 2 - 0.2)
        nature.reeds(edge, site)
    if site.chance(0.6):
        for spot in site.ring(1, 3, 5, 1.0, (direction - 50, 100.0)):
            street.bench(spot.shifted(turn=180), site)
    if site.chance(0.35):
        for spot in site.ring(1, 5, 9, 1.8, ashore):
            waterside.tent(spot, site.named(CLOTH), site)
        for spot in site.ring(1, 3.5, 6, 1.0, ashore):
            waterside.campfire(spot)
    for spot in site.ring(3, 3, 8, 0.9):
        nature.rock(spot, site, site.uniform(0.6, 1.5))
    trees(site, site.count(4, 7), 8, 26, (6, 10))
    for i in range(5):  # on the other side of the water
        far = site.spot(*center, direction + site.uniform(-70, 70)).shifted(0, LAKE / 2 + 4 + 0.7 * i)
        nature.pine(far, site, site.uniform(7, 11))
    sights = [shore.shifted(right, 16) for right in (-12, -6, 0, 6, 12)]
    return site.layout("lake", 3.4, sights)


def _afloat(site: Site, center: tuple[float, float], clear: tuple[float, float]) -> None:
    """Boats on the lake, away from the jetty at `clear`."""
    color = site.named(CLOTH)
    sails = site.chance(0.5)
    site.taken.append((*clear, 6.0))
    for _ in range(site.count(1, 4)):
        spot = site.spot(*center, site.uniform(0, 360)).shifted(
            0, site.uniform(0, LAKE / 2 - 4), site.uniform(0, 360)
        )
        if site.take(spot.x, spot.z, 2.8):
            if sails:
                waterside.sailing_boat(spot, color, SURFACE)
            else:
                waterside.rowing_boat(spot, color, SURFACE)
    site.taken.remove((*clear, 6.0))


def beach(builder: Recorder, rng: np.random.Generator, time: str, weather: str) -> Layout:
    """Sand along a turquoise sea: palms, umbrellas, towels, huts, sandcastles, boats, a lighthouse, dunes."""
    site = Site(builder, rng, time, weather)
    foam = mixed(SEA, (0.5, 0.85, 0.85), 0.5)
    builder.ground(Material(SEA, Texture.WATER, foam, scale=3.0), Semantic.WATER)
    builder.surround("sea")
    builder.surround("sand", "white" if site.snowy else "beige")
    seaward = site.uniform(0, 360)
    _strand(site, seaward)
    inland = seaward + 180
    if site.chance(0.5):
        color = site.named(CLOTH)
        for spot in site.ring(site.count(2, 4), 9, 11, 1.6, (inland - 60, 120.0)):
            buildings.beach_hut(spot, color if site.chance(0.5) else site.named(CLOTH), site)
    for spot in site.ring(4, 20, 30, 6, (inland - 80, 160.0)):
        nature.dune(spot, site, BEACH_SAND)
    builder.surround("dunes")
    if site.chance(0.35):
        for spot in site.ring(1, 14, 20, 3, (inland - 110, 50.0)):
            buildings.lighthouse(spot, site.named({k: CLOTH[k] for k in ("red", "blue")}), site)
    for spot in site.ring(site.count(3, 6), 6, 14, 1.4, (inland - 95, 190.0)):
        nature.palm(spot, site, site.uniform(4.5, 7))
    _resting(site, seaward)
    _at_sea(site, seaward)
    shore = site.spot(0, 0, seaward)
    sights = [shore.shifted(right, 9) for right in (-16, -9, 0, 9, 16)]
    return site.layout("beach", 4.0, sights)


def _strand(site: Site, seaward: float) -> None:
    """The sand, its wet rim and the foam: three flat boxes, each longer and lower; the sea begins 6 m off."""
    tone = site.frosted(BEACH_SAND, 0.75)
    dry = Material(tone, Texture.SAND, shade(tone, 0.92), scale=0.8)
    wet = Material(shade(BEACH_SAND, 0.72), Texture.SAND, shade(BEACH_SAND, 0.66))
    white = Material((0.88, 0.95, 0.97), Texture.NOISE, (0.55, 0.82, 0.87), scale=0.6)
    start = site.spot(0, 0, seaward).shifted(0, -70)
    for length, height, material, semantic in (
        (75.5, 0.06, dry, Semantic.SAND),
        (77.0, 0.04, wet, Semantic.SAND),
        (78.2, 0.02, white, Semantic.WATER),
    ):
        start.box((0, length / 2), (160, height, length), material, semantic)


def _resting(site: Site, seaward: float) -> None:
    """Umbrellas with towels or deckchairs, sandcastles, a ball; all on the dry sand."""
    land, color = (seaward + 70, 220.0), site.named(CLOTH)
    for spot in site.ring(site.count(2, 4), 3.5, 8, 1.6, land):
        tint = color if site.chance(0.6) else site.named(CLOTH)
        waterside.umbrella(spot, tint, site, 0.06)
        beside = site.spot(*spot.ground(0.6, 0.4), seaward + site.uniform(-15, 15))
        if site.chance(0.5):
            waterside.towel(beside, site.named(CLOTH), 0.06)
        else:
            waterside.deckchair(beside, site.named(CLOTH), 0.06)
    for spot in site.ring(site.count(0, 2), 3, 6, 0.9, land):
        waterside.sandcastle(spot, BEACH_SAND, 0.06)
    for spot in site.ring(site.count(0, 1), 3, 6, 0.4, land):
        waterside.beach_ball(spot, site.named(CLOTH), 0.06)
    for spot in site.ring(site.count(0, 3), 4, 8, 0.6, land):
        nature.rock(spot, site, site.uniform(0.4, 0.9), STONE)


def _at_sea(site: Site, seaward: float) -> None:
    """Boats, the nearer ones rowed, and sometimes a jetty."""
    for spot in site.ring(site.count(1, 4), 20, 45, 3, (seaward - 60, 120.0)):
        sail = site.named({**CLOTH, "white": (0.97, 0.97, 0.95)})
        waterside.sailing_boat(spot.shifted(turn=site.uniform(0, 360)), sail, 0.0)
    if site.chance(0.4):
        waterside.jetty(site.spot(0, 0, seaward).shifted(site.uniform(-7, 7), 4.6), site, 10)
    for spot in site.ring(site.count(0, 2), 11, 16, 2, (seaward - 40, 80.0)):
        waterside.rowing_boat(spot.shifted(turn=site.uniform(0, 360)), site.named(CLOTH), 0.0)
