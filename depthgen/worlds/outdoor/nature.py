"""Trees, plants, animals, rocks, hills and mountains, each from a handful of primitives. Sizes in metres."""

from __future__ import annotations

from depthgen.worlds.builder import Material, Texture
from depthgen.worlds.outdoor.site import SNOW, Site
from depthgen.worlds.palette import RGB, Color, shade
from depthgen.worlds.recorder import thing
from depthgen.worlds.semantics import Semantic
from depthgen.worlds.spot import Spot

BARK: RGB = (0.40, 0.27, 0.17)
BIRCH_BARK: RGB = (0.88, 0.87, 0.82)
PINE_GREEN: RGB = (0.10, 0.34, 0.19)
LEAVES: dict[str, RGB] = {
    "green": (0.28, 0.52, 0.17),
    "yellow": (0.88, 0.70, 0.15),
    "orange": (0.87, 0.45, 0.12),
    "red": (0.70, 0.20, 0.12),
}
BLOSSOMS: dict[str, RGB] = {
    "red": (0.90, 0.12, 0.12),
    "yellow": (0.98, 0.85, 0.10),
    "white": (0.97, 0.97, 0.95),
    "purple": (0.58, 0.25, 0.75),
    "pink": (0.96, 0.45, 0.65),
    "blue": (0.25, 0.38, 0.92),
    "orange": (0.98, 0.55, 0.10),
}
STONE: RGB = (0.58, 0.56, 0.53)
HAY: RGB = (0.85, 0.70, 0.32)


@thing("pine")
def pine(spot: Spot, site: Site, height: float) -> None:
    """A conifer: a short trunk under three stacked cones."""
    width, stem = height * 0.4, height * 0.14
    spot.rod((0, 0), (height * 0.06, stem * 1.6, height * 0.06), Material(BARK))
    green, tier = site.varied(PINE_GREEN, 0.25), height * 0.44
    for i in range(3):
        spread = width * (1 - 0.26 * i)
        needles = site.matter(green, Texture.LEAVES, 0.5, 0.35 + 0.2 * i, 1.3)
        spot.add("cone", (0, 0), (spread, tier, spread), needles, base=stem + 0.21 * height * 1.0 * i)


@thing("oak")
def oak(spot: Spot, leaves: Color, site: Site, height: float) -> None:
    """A broad-leaved tree: a trunk and three overlapping crowns."""
    _crowned(spot, leaves.rgb, site, height, Material(BARK, Texture.WOOD, shade(BARK, 0.7), 0.3), 0.75)


@thing("birch")
def birch(spot: Spot, leaves: Color, site: Site, height: float) -> None:
    """A slender tree with a white trunk."""
    bark = Material(BIRCH_BARK, Texture.NOISE, (0.25, 0.24, 0.22), 0.25)
    _crowned(spot, leaves.rgb, site, height, bark, 0.42)


def _crowned(spot: Spot, leaves: RGB, site: Site, height: float, bark: Material, breadth: float) -> None:
    width, thick = height * breadth * site.uniform(0.85, 1.15), height * (0.03 + 0.05 * breadth)
    low = 0.3 if breadth > 0.5 else 0.36
    spot.add("frustum", (0, 0), (thick, height * 0.6, thick), bark)
    tone = site.varied(leaves, 0.12)
    spread = width * 0.2
    parts = (
        (-spread, 0, 0.72, 0.42, low),
        (spread, 0.1, 0.66, 0.4, low + 0.06),
        (0, 0, 0.62, 0.42, 0.98 - 0.42),
    )
    for i, (right, ahead, wide, tall, base) in enumerate(parts):
        crown = site.matter(shade(tone, 0.92 + 0.1 * i), Texture.LEAVES, 0.5, 0.4 + 0.2 * i, 1.3)
        spot.ball((right, ahead), (wide * width, tall * height, wide * width), crown, base=base * height)


@thing("palm")
def palm(spot: Spot, site: Site, height: float) -> None:
    """A palm: a slender leaning trunk and a star of six drooping fronds."""
    width = height * 0.055
    bark = Material((0.55, 0.40, 0.25), Texture.STRIPES, (0.42, 0.30, 0.18), scale=0.4)
    spot.add("frustum", (0, 0), (width, height, width), bark)
    start, reach = site.uniform(0, 60), height * 0.4
    for i in range(6):
        turn = start + 60 * i
        leaf = site.matter(site.varied((0.20, 0.52, 0.18), 0.15), Texture.LEAVES, 0.25, 0.6, 1.3)
        frond = spot.shifted(turn=turn)
        frond.ball((0, reach * 0.46), (reach * 0.3, 0.16, reach), leaf, base=height - 0.3, pitch=-24.0)
    spot.ball((0, 0), (0.5, 0.4, 0.5), Material((0.36, 0.24, 0.13)), base=height - 0.35)


@thing("cactus")
def cactus(spot: Spot, site: Site, height: float) -> None:
    """A saguaro: a ribbed column with two raised arms."""
    color = site.frosted(site.varied((0.22, 0.46, 0.24), 0.12), 0.45)
    skin, thick = Material(color, Texture.STRIPES, shade(color, 0.75), scale=0.16), height * 0.14
    spot.ball((0, 0), (thick * 1.25, height * 1.1, thick * 1.25), skin, base=-0.1 * height)
    for side, level in ((-1, 0.38), (1, 0.5)):
        reach = side * height * 0.2
        spot.box((reach / 2, 0), (abs(reach), thick * 0.6, thick * 0.6), skin, base=level * height)
        spot.ball((reach, 0), (thick * 0.8, height * 0.42, thick * 0.8), skin, base=(level - 0.03) * height)


@thing("bush")
def bush(spot: Spot, site: Site, size: float, leaves: RGB = LEAVES["green"]) -> None:
    """Two round lumps of leaves, about `size` metres wide."""
    leaf = site.matter(site.varied(leaves, 0.15), Texture.LEAVES, 0.25, 0.7, 1.3)
    spot.ball((0, 0), (size, size * 0.8, size), leaf, base=-0.1 * size)
    spot.ball((size * 0.35, 0.1), (size * 0.7, size * 0.55, size * 0.7), leaf, base=-0.08 * size)


@thing("flower bed")
def flower_bed(spot: Spot, color: Color, site: Site, size: float) -> None:
    """A flat mound dotted with blossoms, `size` metres wide, and three tall blossoms."""
    leaves = site.frosted(LEAVES["green"])
    shape = (size, 0.44, size * site.uniform(0.6, 1.0))
    spot.ball((0, 0), shape, Material(color.rgb, Texture.LEAVES, leaves, scale=0.22), base=-0.22)
    for right, ahead in ((-0.25, 0.1), (0.2, 0.2), (0.05, -0.2)):
        spot.ball(
            (right * size, ahead * size), (0.2, 0.14, 0.2), Material(color.rgb), base=site.uniform(0.16, 0.3)
        )


@thing("mushroom")
def mushroom(spot: Spot, color: Color, size: float) -> None:
    """A toadstool, `size` metres wide."""
    stem = (size * 0.4, size * 0.8, size * 0.4)
    spot.add("frustum", (0, 0), stem, Material((0.93, 0.90, 0.83)))
    spot.ball((0, 0), (size, size * 0.6, size), Material(color.rgb), base=size * 0.55)


@thing("rock")
def rock(spot: Spot, site: Site, size: float, color: RGB = STONE) -> None:
    """A boulder about `size` metres wide, partly sunk into the ground, and a smaller one at it."""
    stone = site.matter(site.varied(color, 0.15), Texture.NOISE, 0.5, 0.5, 0.75)
    shape = (size, size * site.uniform(0.6, 0.95), size * site.uniform(0.7, 1.0))
    spot.ball((0, 0), shape, stone, base=-0.2 * size, roll=site.uniform(-12, 12))
    spot.ball((0.45 * size, 0.2 * size), (0.5 * size, 0.4 * size, 0.5 * size), stone, base=-0.1 * size)


@thing("log")
def log(spot: Spot, site: Site, length: float = 2.6) -> None:
    """A fallen trunk."""
    bark = site.matter(BARK, Texture.WOOD, 0.3, 0.4, 0.7)
    spot.rod((0, 0), (0.5, length, 0.5), bark, base=0.22 - length / 2, roll=90)
    for side in (-1, 1):
        end = Material((0.72, 0.55, 0.35))
        spot.rod((side * (length / 2 + 0.005), 0), (0.42, 0.02, 0.42), end, base=0.21, roll=90)


@thing("stump")
def stump(spot: Spot, site: Site) -> None:
    """The foot of a felled tree, 0.5 m high."""
    spot.add("frustum", (0, 0), (0.9, 0.5, 0.9), site.matter(BARK, Texture.WOOD, 0.3, 0.2, 0.7))
    spot.rod((0, 0), (0.5, 0.03, 0.5), Material(site.frosted((0.74, 0.58, 0.38), 0.8)), base=0.49)


@thing("reeds")
def reeds(spot: Spot, site: Site) -> None:
    """A clump of upright stalks with brown heads, 1.4 m high."""
    green = Material(site.frosted(site.varied((0.36, 0.48, 0.20), 0.2), 0.3))
    for i in range(4):
        at = (site.uniform(-0.4, 0.4), site.uniform(-0.4, 0.4))
        height = site.uniform(0.9, 1.5)
        spot.box(at, (0.05, height, 0.03), green, roll=site.uniform(-8, 8))
        if i < 1:
            spot.ball(at, (0.09, 0.3, 0.09), Material((0.32, 0.20, 0.10)), base=height - 0.1)


@thing("sheep")
def sheep(spot: Spot, color: Color) -> None:
    """A woolly body on two pairs of legs, head ahead; 0.9 m high."""
    spot.ball(
        (0, 0), (0.65, 0.6, 1.05), Material(color.rgb, Texture.NOISE, shade(color.rgb, 0.85), 0.12), base=0.3
    )
    dark = Material((0.13, 0.11, 0.10))
    spot.ball((0, 0.6), (0.28, 0.3, 0.42), dark, base=0.6, pitch=-18)
    for ahead in (-0.28, 0.28):
        for side in (-1, 1):
            spot.box((side * 0.17, ahead), (0.1, 0.42, 0.1), dark)


@thing("cow")
def cow(spot: Spot, color: Color) -> None:
    """A spotted body on legs, head ahead; 1.45 m high."""
    hide = Material(color.rgb, Texture.NOISE, (0.93, 0.91, 0.87), 1.1)
    spot.ball((0, 0), (0.85, 0.95, 2.0), hide, base=0.5)
    spot.ball((0, 1.15), (0.4, 0.45, 0.7), Material(color.rgb), base=0.95, pitch=-22)
    for ahead in (-0.6, 0.6):
        for side in (-1, 1):
            spot.box((side * 0.24, ahead), (0.17, 0.75, 0.17), hide)
    for side in (-1, 1):
        spot.add("cone", (side * 0.15, 0.95), (0.07, 0.2, 0.07), Material((0.9, 0.88, 0.8)), base=1.35)


@thing("snowman")
def snowman(spot: Spot) -> None:
    """Three balls of snow with a carrot and a hat, 1.7 m high; it looks ahead."""
    snow, black = Material((0.95, 0.96, 0.99)), Material((0.07, 0.07, 0.08))
    for size, base in ((0.85, -0.06), (0.62, 0.6), (0.42, 1.1)):
        spot.ball((0, 0), (size, size, size), snow, base=base)
    spot.add("cone", (0, 0.3), (0.08, 0.26, 0.08), Material((0.95, 0.45, 0.08)), base=1.19, pitch=-90)
    for side in (-1, 1):
        spot.ball((side * 0.08, 0.19), (0.05, 0.05, 0.05), black, base=1.36)
    spot.rod((0, 0), (0.44, 0.04, 0.44), black, base=1.46)
    spot.rod((0, 0), (0.28, 0.26, 0.28), black, base=1.48)


@thing("hay bale")
def hay_bale(spot: Spot, site: Site) -> None:
    """A round bale on its side, 1.4 m."""
    straw = site.matter(HAY, Texture.STRIPES, 0.22, 0.3, 0.8)
    spot.rod((0, 0), (1.4, 1.2, 1.4), straw, base=0.08, roll=90)


def hill(spot: Spot, site: Site, size: tuple[float, float, float], color: RGB) -> None:
    """A rounded hill of full width, height above the ground and depth `size` metres."""
    width, height, depth = size
    ground = site.matter(site.varied(color, 0.1), Texture.NOISE, 3.0, 0.9, 0.88)
    spot.ball((0, 0), (width, 2 * height, depth), ground, Semantic.HILL, base=-height)


def mountain(spot: Spot, site: Site, width: float, height: float, color: RGB) -> None:
    """A peak with a shoulder and a snow cap. Under snow the cap reaches far down."""
    rock_face = site.matter(site.varied(color, 0.12), Texture.NOISE, 3.5, 0.35, 0.72)
    depth, yaw = width * site.uniform(0.7, 1.0), site.uniform(0, 180)
    spot.add("cone", (0, 0), (width, height, depth), rock_face, Semantic.MOUNTAIN, yaw=yaw)
    side, low = width * site.uniform(0.25, 0.4), height * site.uniform(0.5, 0.75)
    shoulder = (width * 0.7, low, depth * 0.8)
    spot.add("cone", (side, 0), shoulder, rock_face, Semantic.MOUNTAIN, yaw=yaw)
    share = 0.6 if site.snowy else site.uniform(0.28, 0.42)  # of the height that is white
    # a hair wider: it covers the rock
    cap = (width * share * 1.06, height * share * 1.01, depth * share * 1.06)
    snow = Material(SNOW, Texture.NOISE, shade(SNOW, 0.9), scale=2.5)
    spot.add("cone", (0, 0), cap, snow, Semantic.SNOW, base=height * (1 - share), yaw=yaw)


@thing("dune")
def dune(spot: Spot, site: Site, sand: RGB) -> None:
    """A long hill of sand, 16 to 28 m wide."""
    width, height = site.uniform(16, 28), site.uniform(2.5, 5)
    grains = site.matter(site.varied(sand, 0.06), Texture.SAND, 1.5, 0.6, 0.9)
    shape = (width, 2 * height, width * site.uniform(0.4, 0.6))
    spot.ball((0, 0), shape, grains, base=-height, yaw=site.uniform(-40, 40))


@thing("table mountain")
def table_mountain(spot: Spot, color: Color, site: Site) -> None:
    """Two blocks with level bands, one on the other."""
    width, height, yaw = site.uniform(10, 18), site.uniform(6, 11), site.uniform(0, 90)
    depth = width * site.uniform(0.7, 1.1)
    _strata(spot.shifted(turn=yaw), site, (width, height, depth), color.rgb)
    upper = (0.6 * width, 1.5 * height, 0.7 * depth)
    _strata(spot.shifted(turn=yaw + site.uniform(-20, 20)), site, upper, shade(color.rgb, 1.1))


def _strata(spot: Spot, site: Site, size: tuple[float, float, float], color: RGB) -> None:
    """A block with level bands: stripes run along a box's own x, so the box lies on its side."""
    width, height, depth = size
    layers = site.matter(color, Texture.STRIPES, 2.2, 0.3, 0.8)
    base = (height - width) / 2  # the builder lifts the middle by half of the second size
    spot.box((0, 0), (height, width, depth), layers, base=base, roll=90)
