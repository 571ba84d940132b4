"""Meadow, village and forest."""

from __future__ import annotations

import numpy as np

from depthgen.worlds.builder import Texture
from depthgen.worlds.kinds import Layout
from depthgen.worlds.outdoor import buildings, nature, street, waterside
from depthgen.worlds.outdoor.buildings import PLANK, ROOFS, WALLS
from depthgen.worlds.outdoor.nature import BLOSSOMS, LEAVES
from depthgen.worlds.outdoor.site import Site
from depthgen.worlds.palette import RGB, Color, shade
from depthgen.worlds.recorder import Recorder
from depthgen.worlds.semantics import Semantic

GRASS: RGB = (0.36, 0.60, 0.20)
FAR_GRASS: RGB = shade(GRASS, 0.8)
FOREST_FLOOR: RGB = (0.25, 0.30, 0.13)
EARTH: RGB = (0.60, 0.50, 0.36)
BARNS: dict[str, RGB] = {"red": (0.66, 0.13, 0.11), "brown": (0.42, 0.26, 0.16), "white": WALLS["white"]}
TIMBER: dict[str, RGB] = {"wooden": PLANK, "white": (0.92, 0.91, 0.88), "brown": (0.33, 0.21, 0.13)}
COWS: dict[str, RGB] = {"brown": (0.38, 0.22, 0.13), "black": (0.09, 0.08, 0.08)}
CAPS: dict[str, RGB] = {"red": (0.82, 0.12, 0.09), "brown": (0.50, 0.33, 0.20)}


def grassland(site: Site) -> None:
    """Endless grass, noted; white under snow."""
    site.builder.ground(site.turf(site.varied(GRASS), Texture.GRASS, 0.8), Semantic.GROUND)
    site.builder.surround(*(("snow", "") if site.snowy else ("grass", "green")))


def hills(site: Site, count: int, near: float, high: float, color: RGB = FAR_GRASS) -> None:
    """Soft hills in the distance, noted."""
    for spot in site.ring(count, near, near + 14, 8):
        nature.hill(spot, site, (site.uniform(34, 50), site.uniform(0.5, 1) * high, 26), color)
    site.builder.surround("hills", "white" if site.snowy else "green")


def trees(site: Site, count: int, near: float, far: float, height: tuple[float, float]) -> None:
    """Trees of one species, or of two, all around."""
    species = [site.count(0, 2), site.count(0, 2)]
    leaves = site.named(LEAVES) if site.chance(0.4) else Color("green", LEAVES["green"])
    for i, spot in enumerate(site.ring(count, near, far, 2.2)):
        tall = site.uniform(*height)
        kind = species[0 if i % 3 else 1]
        if kind == 0:
            nature.pine(spot, site, tall * 1.15)
        elif kind == 1:
            nature.oak(spot, leaves, site, tall)
        else:
            nature.birch(spot, leaves, site, tall)


def footpath(site: Site, length: float = 26.0, through: bool = True) -> float:
    """A path of bare earth that passes the middle; its direction in degrees."""
    yaw, earth = site.uniform(0, 360), site.turf(EARTH, Texture.NOISE, 0.6)
    start = site.spot(0, 0, yaw).shifted(site.uniform(-2.5, 2.5), -length if through else 0.0)
    with site.builder.thing("path"):
        site.strip(start, length * (2 if through else 1), 1.4, earth, Semantic.PATH)
    return yaw


def along_path(site: Site, yaw: float, side: float, ahead: float, radius: float, turn: float) -> list:
    """A spot beside the path, if it is free: [spot] or []."""
    spot = site.spot(0, 0, yaw).shifted(side, ahead, turn)
    return [spot] if site.take(spot.x, spot.z, radius) else []


def meadow(builder: Recorder, rng: np.random.Generator, time: str, weather: str) -> Layout:
    """Flowers in a green field, trees and soft hills; a barn or windmill, animals, hay, fences, a path."""
    site = Site(builder, rng, time, weather)
    grassland(site)
    hills(site, 6, 46, 9)
    yaw = footpath(site) if site.chance(0.6) else None
    if site.chance(0.5):
        for spot in site.ring(1, 17, 24, 7):
            buildings.barn(spot, site.named(BARNS), site)
    if site.chance(0.35):
        for spot in site.ring(1, 16, 24, 4):
            buildings.windmill(spot, site.named({k: WALLS[k] for k in ("white", "beige")}), site)
    trees(site, site.count(4, 8), 10, 24, (5, 8))
    _livestock(site)
    if site.chance(0.5):
        for spot in site.ring(site.count(2, 4), 7, 15, 1.4):
            nature.hay_bale(spot.shifted(turn=site.uniform(-60, 60)), site)
    wood = site.named(TIMBER)
    for spot in site.ring(site.count(0, 3), 7, 12, 2.8):
        street.fence(spot.shifted(turn=site.uniform(-20, 20)), wood, site, 5.6)
    if yaw is not None and site.chance(0.6):
        for spot in along_path(site, yaw, 1.9, site.uniform(3, 7), 0.9, 270):
            street.bench(spot, site)
    _flowers(site)
    for spot in site.ring(site.count(0, 3), 5, 12, 0.8):
        nature.bush(spot, site, site.uniform(0.8, 1.5))
    return site.layout("meadow", 4.5)


def _livestock(site: Site) -> None:
    """Sheep or cows that graze, or a snowman in winter."""
    if site.snowy:
        for spot in site.ring(1, 4.5, 7, 0.8) if site.chance(0.5) else []:
            nature.snowman(spot)
        return
    if site.chance(0.6):
        cows, hide = site.chance(0.5), site.named(COWS)
        for spot in site.ring(site.count(2, 4), 6, 13, 1.4):
            grazing = spot.shifted(turn=site.uniform(-120, 120))
            if cows:
                nature.cow(grazing, hide)
            else:
                nature.sheep(grazing, Color("white", (0.93, 0.91, 0.86)))


def _flowers(site: Site) -> None:
    first, second = site.named(BLOSSOMS), site.named(BLOSSOMS)
    for i, spot in enumerate(site.ring(site.count(4, 8), 5, 12, 1.2)):
        nature.flower_bed(spot, (first, second)[i % 2], site, site.uniform(1.6, 2.8))


def village(builder: Recorder, rng: np.random.Generator, time: str, weather: str) -> Layout:
    """Gabled houses around a green or in two rows along a lane, with a well, a church or tower, trees."""
    site = Site(builder, rng, time, weather)
    grassland(site)
    main, roof = site.named(WALLS), ROOFS[site.count(0, 3)]
    yaw = _lane(site, main, roof) if site.chance(0.5) else _green(site, main, roof)
    if site.chance(0.6):
        for spot in site.ring(1, 16, 22, 5):
            buildings.church(spot, site.named({k: WALLS[k] for k in ("white", "beige")}), site)
    elif site.chance(0.5):
        for spot in site.ring(1, 15, 22, 3):
            buildings.tower(spot, site)
    if site.chance(0.6):
        for spot in site.ring(1, 5, 7.5, 1.2):
            buildings.well(spot, site)
    for spot in site.ring(site.count(1, 2), 4, 9, 0.5):
        street.lantern(spot, site)
    for spot in along_path(site, yaw, 3.2, site.uniform(2, 5), 0.9, 270):
        street.bench(spot, site)
    trees(site, site.count(3, 6), 8, 24, (4, 6.5))
    wood = site.named(TIMBER)
    for spot in site.ring(site.count(0, 2), 7, 11, 1.9):
        street.fence(spot, wood, site, 3.6)
    for spot in site.ring(site.count(0, 2), 5, 10, 0.6):
        street.mailbox(spot, site.named({k: street.LACQUER[k] for k in ("red", "yellow", "blue")}))
    for spot in site.ring(site.count(0, 3), 4.5, 9, 1.0):
        nature.flower_bed(spot, site.named(BLOSSOMS), site, 1.6)
    if site.snowy and site.chance(0.5):
        for spot in site.ring(1, 4, 7, 0.8):
            nature.snowman(spot)
    return site.layout("village", 4.5)


def _lane(site: Site, main: Color, roof: RGB) -> float:
    """Two rows of houses along a lane of cobbles; its direction in degrees."""
    yaw = site.uniform(0, 360)
    middle = site.spot(0, 0, yaw)
    with site.builder.thing("path"):
        stones = site.turf((0.55, 0.53, 0.50), Texture.COBBLES, 0.35)
        site.strip(middle.shifted(0, -30), 60, 4.0, stones, Semantic.PATH)
    site.builder.surround("cobbles", "white" if site.snowy else "grey")
    for side in (-1, 1):
        for i in range(-2, 3):
            ahead = 8.2 * i + 2.5 * side + site.uniform(-0.6, 0.6)
            spot = middle.shifted(side * site.uniform(7.6, 8.6), ahead, -90.0 * side)
            color = main if site.chance(0.5) else site.named(WALLS)
            if site.take(spot.x, spot.z, 3.9):
                buildings.house(spot, color, site, roof)
    return yaw


def _green(site: Site, main: Color, roof: RGB) -> float:
    """Houses on all sides of a round green; the direction of a lane that leads away."""
    cobbles = site.turf((0.60, 0.55, 0.46), Texture.COBBLES, 0.4)
    site.builder.cylinder(0, 0, (9, 0.06, 9), cobbles, Semantic.PAVEMENT, base=-0.03)
    site.builder.surround("cobbles", "white" if site.snowy else "grey")
    for spot in site.ring(site.count(6, 8), 10.5, 16, 4.0):
        color = main if site.chance(0.5) else site.named(WALLS)
        buildings.house(spot.shifted(turn=site.uniform(-12, 12)), color, site, roof)
    return footpath(site, 24, through=False)


def forest(builder: Recorder, rng: np.random.Generator, time: str, weather: str) -> Layout:
    """Trees close on all sides, of one or two species, bushes, logs, stumps and mushrooms; often a path."""
    site = Site(builder, rng, time, weather)
    builder.ground(site.turf(site.varied(FOREST_FLOOR), Texture.NOISE, 1.2), Semantic.GROUND)
    site.taken.append((0.0, 0.0, 1.0))  # the clearing where cameras stand
    if site.chance(0.65):
        footpath(site, 24)
    if site.chance(0.3):
        for spot in site.ring(1, 5.5, 8, 2.0):
            waterside.tent(spot, site.named(waterside.CLOTH), site)
        for spot in site.ring(1, 3.5, 5.5, 0.9):
            waterside.campfire(spot)
    for spot in site.ring(site.count(1, 2), 4.5, 8, 1.5):
        nature.log(spot.shifted(turn=site.uniform(-40, 40)), site, site.uniform(2, 3))
    for spot in site.ring(site.count(0, 3), 4, 8, 0.7):
        nature.stump(spot, site)
    cap = site.named(CAPS)
    for spot in site.ring(site.count(0, 5), 3, 6, 0.35):
        nature.mushroom(spot, cap, site.uniform(0.3, 0.55))
    _stand(site)
    for spot in site.ring(site.count(3, 6), 5, 11, 0.8):
        nature.bush(spot, site, site.uniform(0.8, 1.5), (0.20, 0.42, 0.16))
    for spot in site.ring(site.count(0, 3), 4.5, 10, 0.8):
        nature.rock(spot, site, site.uniform(0.7, 1.5))
    site.taken.remove((0.0, 0.0, 1.0))
    return site.layout("forest", 4.0)


def _stand(site: Site) -> None:
    """The trees: conifers, birches, oaks, or two of them; a dark line of crowns closes the view."""
    for i in range(9):
        far = site.spot(0, 0, 40 * i + site.uniform(-8, 8)).shifted(0, 36, 180)
        crowns = site.matter(site.varied(FOREST_FLOOR, 0.2), Texture.LEAVES, 2.5, 0.6, 1.3)
        far.ball((0, 0), (32, site.uniform(18, 26), 8), crowns, Semantic.TREE, base=-11)
    first, second = (str(name) for name in site.rng.choice(("pine", "birch", "oak"), 2))
    leaves = site.named(LEAVES) if site.chance(0.5) else Color("green", LEAVES["green"])
    for near, far, number in ((6.5, 10, 5), (10, 16, 7), (16, 26, 8)):
        for spot in site.ring(number, near, far, 1.1):
            height = site.uniform(8, 13)
            name = first if site.chance(0.65) else second
            if name == "pine":
                nature.pine(spot, site, height * 1.1)
            elif name == "birch":
                nature.birch(spot, leaves, site, height * 0.85)
            else:
                nature.oak(spot, leaves, site, height * 0.75)
