"""Trees, plants, rocks, hills and mountains, each from a handful of primitives."""

from __future__ import annotations

from depthgen.worlds.builder import Color, Material, Size, Texture
from depthgen.worlds.outdoor.site import SNOW, Site, offset_point, shaded
from depthgen.worlds.semantics import Semantic

BARK: Color = (0.40, 0.27, 0.17)
BIRCH_BARK: Color = (0.88, 0.87, 0.82)
PINE_GREEN: Color = (0.10, 0.34, 0.19)
LEAF_COLORS: dict[str, Color] = {
    "green": (0.30, 0.56, 0.18),
    "dark green": (0.16, 0.42, 0.16),
    "yellow": (0.88, 0.70, 0.15),
    "orange": (0.87, 0.45, 0.12),
    "pink": (0.92, 0.58, 0.68),
}
FLOWER_COLORS: dict[str, Color] = {
    "red": (0.90, 0.12, 0.12),
    "yellow": (0.98, 0.85, 0.10),
    "white": (0.97, 0.97, 0.95),
    "purple": (0.58, 0.25, 0.75),
    "pink": (0.96, 0.45, 0.65),
    "blue": (0.25, 0.38, 0.92),
}
SAGUARO_GREEN: Color = (0.22, 0.46, 0.24)
PALM_BARK: Color = (0.55, 0.40, 0.25)
PALM_GREEN: Color = (0.20, 0.55, 0.20)


def pine(site: Site, x: float, z: float, height: float, tiers: int = 2) -> None:
    """A conifer: a short trunk under `tiers` stacked cones; 1 + tiers primitives."""
    width, stem = height * 0.42, height * 0.16
    site.builder.cylinder(x, z, (height * 0.07, stem * 1.4, height * 0.07), Material(BARK), Semantic.TREE)
    green, tier = site.varied(PINE_GREEN, 0.2), (height - stem) / (1 + 0.62 * (tiers - 1))
    for i in range(tiers):
        spread, needles = width * (1 - 0.24 * i), site.frosted(green, 0.5 + 0.4 * i / tiers)
        material = Material(needles, Texture.NOISE, shaded(needles, 0.8), scale=0.7)
        site.builder.cone(x, z, (spread, tier, spread), material, Semantic.TREE, base=stem + 0.62 * tier * i)


def leafy_tree(site: Site, x: float, z: float, height: float, leaves: Color, bark: Color = BARK) -> None:
    """A broad-leaved tree: trunk and two overlapping crowns; 3 primitives."""
    width = height * site.uniform(0.55, 0.7)
    site.builder.cylinder(x, z, (height * 0.08, height * 0.55, height * 0.08), Material(bark), Semantic.TREE)
    low, high = site.frosted(site.varied(leaves), 0.5), site.frosted(shaded(leaves, 1.12))
    crown = Material(low, Texture.NOISE, shaded(low, 0.8), scale=0.8)
    site.builder.ellipsoid(x, z, (width, height * 0.55, width), crown, Semantic.TREE, base=height * 0.33)
    top = Material(high, Texture.NOISE, shaded(high, 0.85), scale=0.8)
    shift = width * 0.12
    size = (width * 0.7, height * 0.42, width * 0.7)
    site.builder.ellipsoid(x + shift, z - shift, size, top, Semantic.TREE, base=height * 0.58)


def bush(site: Site, x: float, z: float, size: float, leaves: Color) -> None:
    """A low round shrub, `size` metres wide."""
    color = site.frosted(site.varied(leaves), 0.7)
    material = Material(color, Texture.NOISE, shaded(color, 0.75), scale=0.35)
    site.builder.ellipsoid(x, z, (size, size * 0.8, size), material, Semantic.BUSH, base=-0.12 * size)


def rock(site: Site, x: float, z: float, size: float, color: Color) -> None:
    """A boulder about `size` metres wide, half sunk into the ground."""
    tone = site.frosted(site.varied(color, 0.15), 0.55)
    shape = (size, size * site.uniform(0.6, 0.95), size * site.uniform(0.7, 1.0))
    material = Material(tone, Texture.NOISE, shaded(tone, 0.75), scale=0.5)
    site.builder.ellipsoid(x, z, shape, material, Semantic.ROCK, base=-0.2 * size, yaw=site.uniform(0, 180))


def flower(site: Site, x: float, z: float, color: Color) -> None:
    """One large blossom near the ground."""
    size = site.uniform(0.22, 0.34)
    site.builder.ellipsoid(
        x, z, (size, size * 0.7, size), Material(color), Semantic.FLOWER, base=site.uniform(0.15, 0.4)
    )


def flower_bed(site: Site, x: float, z: float, size: float, color: Color) -> None:
    """A flat mound dotted with blossoms, `size` metres wide."""
    leaves = site.frosted(LEAF_COLORS["green"])
    material = Material(color, Texture.NOISE, leaves, scale=0.3)
    shape = (size, 0.5, size * site.uniform(0.6, 1.0))
    site.builder.ellipsoid(x, z, shape, material, Semantic.FLOWER, base=-0.2, yaw=site.uniform(0, 180))


def hill(site: Site, x: float, z: float, size: Size, color: Color) -> None:
    """A rounded hill of full width, height above the ground and depth `size` metres."""
    width, height, depth = size
    tone = site.frosted(site.varied(color, 0.1), 0.9)
    material = Material(tone, Texture.NOISE, shaded(tone, 0.88), scale=3.0)
    shape = (width, 2 * height, depth)
    site.builder.ellipsoid(x, z, shape, material, Semantic.GROUND, base=-height, yaw=site.uniform(0, 180))


def mountain(site: Site, x: float, z: float, width: float, height: float, color: Color) -> None:
    """A pyramid-like peak with a snow cap; 2 primitives. Under snow the cap reaches far down."""
    rock_color = site.frosted(site.varied(color, 0.12), 0.35)
    body = Material(rock_color, Texture.NOISE, shaded(rock_color, 0.72), scale=3.5)
    depth, yaw = width * site.uniform(0.7, 1.0), site.uniform(0, 180)
    site.builder.cone(x, z, (width, height, depth), body, Semantic.MOUNTAIN, yaw=yaw)
    share = 0.6 if site.weather == "snow" else site.uniform(0.28, 0.42)  # of the height that is white
    cap = (
        width * share * 1.06,
        height * share * 1.01,
        depth * share * 1.06,
    )  # a hair wider: it covers the rock
    snow = Material(SNOW, Texture.NOISE, shaded(SNOW, 0.9), scale=2.5)
    site.builder.cone(x, z, cap, snow, Semantic.SNOW, base=height * (1 - share), yaw=yaw)


def palm(site: Site, x: float, z: float, height: float) -> None:
    """A palm: a slender trunk and a star of five drooping fronds; 6 primitives."""
    b, width, bark = (
        site.builder,
        height * 0.05,
        Material(PALM_BARK, Texture.STRIPES, shaded(PALM_BARK, 0.75), scale=0.4),
    )
    b.cylinder(x, z, (width, height, width), bark, Semantic.PALM)
    start, reach = site.uniform(0, 72), height * 0.42
    for i in range(5):
        turn = start + 72 * i
        color = site.frosted(site.varied(PALM_GREEN, 0.15), 0.6)
        px, pz = offset_point(x, z, turn, 0.0, reach * 0.45)
        frond = (reach * 0.34, 0.22, reach)
        b.ellipsoid(px, pz, frond, Material(color), Semantic.PALM, base=height - 0.25, yaw=turn, pitch=-22.0)


def cactus(site: Site, x: float, z: float, height: float) -> None:
    """A saguaro: a ribbed column with two raised arms; 5 primitives."""
    b, color, turn = site.builder, site.frosted(site.varied(SAGUARO_GREEN, 0.12), 0.45), site.uniform(-40, 40)
    skin, thick = Material(color, Texture.STRIPES, shaded(color, 0.75), scale=0.16), height * 0.14
    b.ellipsoid(x, z, (thick * 1.25, height * 1.1, thick * 1.25), skin, Semantic.CACTUS, base=-0.1 * height)
    for side, level in ((-1, 0.38), (1, 0.5)):
        reach = side * height * 0.2
        ax, az = offset_point(x, z, turn, reach, 0.0)
        mx, mz = offset_point(x, z, turn, reach / 2, 0.0)
        elbow = (abs(reach), thick * 0.6, thick * 0.6)
        b.box(mx, mz, elbow, skin, Semantic.CACTUS, base=level * height, yaw=turn)
        arm = (thick * 0.8, height * 0.42, thick * 0.8)
        b.ellipsoid(ax, az, arm, skin, Semantic.CACTUS, base=(level - 0.03) * height)
