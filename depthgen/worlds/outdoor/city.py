"""The city street: facades on all sides, traffic, street furniture."""

from __future__ import annotations

import numpy as np

from depthgen.worlds.builder import Material, Texture
from depthgen.worlds.kinds import Layout
from depthgen.worlds.outdoor import buildings, nature, street
from depthgen.worlds.outdoor.buildings import FACADES
from depthgen.worlds.outdoor.nature import LEAVES
from depthgen.worlds.outdoor.site import Site
from depthgen.worlds.outdoor.street import LACQUER
from depthgen.worlds.outdoor.waterside import CLOTH
from depthgen.worlds.palette import RGB, Color, shade
from depthgen.worlds.recorder import Recorder
from depthgen.worlds.semantics import Semantic
from depthgen.worlds.spot import Spot

ASPHALT: RGB = (0.25, 0.26, 0.28)
PAVEMENT: RGB = (0.62, 0.61, 0.59)
STREET_END = 44.0  # metres to where a block closes the street at both ends


def city_street(builder: Recorder, rng: np.random.Generator, time: str, weather: str) -> Layout:
    """A straight street between rows of tall blocks with shops, cars, buses and what stands on pavements."""
    site = Site(builder, rng, time, weather)
    asphalt = site.frosted(ASPHALT, 0.5)
    builder.ground(Material(asphalt, Texture.NOISE, shade(asphalt, 0.9), scale=0.8), Semantic.ROAD)
    road, walk = site.uniform(3.8, 5.2), site.uniform(2.8, 4.2)  # half width, width of a pavement
    middle = site.spot(0, 0, site.uniform(0, 360))
    _ground(site, middle, road, walk)
    _facades(site, middle, road + walk)
    for side in (-1, 1):
        for i in (0, -1):
            _lamp(middle.shifted(side * (road + 0.5), 15 * i + 6 + 3 * side, -90 * side), site)
    _traffic(site, middle, road)
    _furniture(site, middle, road, walk)
    spots = [(site.uniform(-road - walk + 0.8, road + walk - 0.8), site.uniform(-6, 6)) for _ in range(200)]
    stands = [middle.ground(*at) for at in spots]
    clear = [(x, z) for x, z in stands if site.free(x, z, 1.0)][:40]
    return builder.layout("city street", clear)


def _lamp(spot: Spot, site: Site) -> None:
    site.taken.append((spot.x, spot.z, 0.3))
    street.street_lamp(spot, site)


def _ground(site: Site, middle: Spot, road: float, walk: float) -> None:
    """Raised pavements, dashes down the middle, a zebra crossing."""
    slabs = site.matter(PAVEMENT, Texture.TILES, 1.0, 0.85, 0.85)
    for side in (-1, 1):
        at = (side * (road + walk / 2), 0)
        middle.box(at, (walk, 0.15, 2 * STREET_END), slabs, Semantic.PAVEMENT)
    asphalt = site.frosted(ASPHALT, 0.5)
    dashes = Material((0.92, 0.92, 0.88), Texture.STRIPES, asphalt, 5.0)
    middle.box((0, 0), (2 * STREET_END, 0.01, 0.16), dashes, Semantic.ROAD, yaw=90.0)
    if site.chance(0.7):
        ahead = site.uniform(7, 12) * (1 if site.chance(0.5) else -1)
        street.crossing(middle.shifted(0, ahead), 2 * road - 0.6, asphalt)
        for side in (-1, 1):
            post = middle.shifted(side * (road + 0.4), ahead + 1.8, 90 - 90 * side)
            if site.take(post.x, post.z, 0.4) and site.chance(0.8):
                street.traffic_light(post)


def _facades(site: Site, middle: Spot, line: float) -> None:
    """Rows of blocks, some with shops, along both sides and across both ends."""
    main = site.named(FACADES)
    for side in (-1, 1):
        ahead = -STREET_END
        while ahead < STREET_END:
            width = site.uniform(9, 16)
            front = middle.shifted(side * line, ahead + width / 2, -90.0 * side)
            color = main if site.chance(0.4) else site.named(FACADES)
            varied = Color(color.name, site.varied(color.rgb))
            buildings.tower_block(front, varied, site, (width, site.uniform(9, 24), 10))
            if abs(ahead + width / 2) < 22 and site.chance(0.7):
                buildings.shop(front, site.named(CLOTH), site, 0.62 * width)
            ahead += width
    for sign in (-1, 1):
        end = middle.shifted(site.uniform(-5, 5), sign * STREET_END, 90 + 90 * sign)
        buildings.tower_block(end, site.named(FACADES), site, (36, site.uniform(14, 28), 10))


def _traffic(site: Site, middle: Spot, road: float) -> None:
    """Parked cars at the kerbs, perhaps a bus; cars that drive on the right."""
    first, same = site.named(LACQUER), site.chance(0.3)
    if site.chance(0.4):
        side = 1 if site.chance(0.5) else -1
        spot = middle.shifted(side * (road - 1.7), -side * site.uniform(10, 20), 90 - 90 * side)
        street.bus(spot, site.named({k: LACQUER[k] for k in ("red", "yellow", "blue", "white")}), site)
        for ahead in (-3.2, 0.0, 3.2):
            site.taken.append((*spot.ground(0, ahead), 2.0))
    slots = [(side, 6.4 * i + 2) for side in (-1, 1) for i in range(-3, 4)]
    wanted = site.count(2, 5)
    for index in site.rng.permutation(len(slots)):
        side, ahead = slots[index]
        spot = middle.shifted(side * (road - 1.1), ahead + site.uniform(-0.6, 0.6), 90 - 90 * side)
        if wanted and site.take(spot.x, spot.z, 2.2):
            street.car(spot, first if same else site.named(LACQUER), site)
            wanted -= 1


def _furniture(site: Site, middle: Spot, road: float, walk: float) -> None:
    """Trees, a bus stop, benches, hydrants, mailboxes on the pavements."""
    leaves = site.named(LEAVES) if site.chance(0.4) else Color("green", LEAVES["green"])
    if site.chance(0.6):
        for side in (-1, 1):
            for ahead in (-6.5, 9.5):
                spot = middle.shifted(side * (road + 1.3), ahead + side)
                if site.take(spot.x, spot.z, 1.7):
                    nature.oak(spot, leaves, site, site.uniform(3.8, 5.2))
    if site.chance(0.5):
        side = 1 if site.chance(0.5) else -1
        spot = middle.shifted(side * (road + walk - 1.6), site.uniform(4, 10), -90 * side)
        if site.take(spot.x, spot.z, 1.9):
            street.bus_stop(spot, site)
    bright = {k: LACQUER[k] for k in ("red", "yellow", "blue")}
    for build, chance in ((street.hydrant, 0.6), (street.mailbox, 0.6)):
        spot = _pavement(site, middle, road, 0.6)
        if site.chance(chance) and site.take(spot.x, spot.z, 0.4):
            build(spot, site.named(bright))
    for _ in range(site.count(0, 2)):
        spot = _pavement(site, middle, road, walk - 1.0)
        if site.take(spot.x, spot.z, 0.9):
            street.bench(spot, site)


def _pavement(site: Site, middle: Spot, road: float, inset: float) -> Spot:
    """A place on one of the pavements, `inset` metres from the kerb, facing the road."""
    side = 1 if site.chance(0.5) else -1
    return middle.shifted(
        side * (road + inset), site.uniform(3, 11) * (1 if site.chance(0.5) else -1), -90 * side
    )
