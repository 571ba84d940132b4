"""Houses, city blocks, cars, lamps, fences and boats, each from a handful of primitives."""

from __future__ import annotations

from depthgen.worlds.builder import Color, Material, Size, Texture
from depthgen.worlds.outdoor.site import GLASS, LAMP_LIGHT, SNOW, Site, offset_point, shaded, toward_camera
from depthgen.worlds.semantics import Semantic

FLOOR_HEIGHT = 3.0  # metres of a city block
WOOD: Color = (0.52, 0.35, 0.20)
IRON: Color = (0.16, 0.17, 0.19)
TYRE: Color = (0.06, 0.06, 0.06)
STONE: Color = (0.58, 0.56, 0.53)
WALL_COLORS: dict[str, Color] = {
    "white": (0.93, 0.91, 0.86),
    "red": (0.75, 0.18, 0.15),
    "yellow": (0.93, 0.77, 0.32),
    "blue": (0.32, 0.50, 0.76),
    "green": (0.42, 0.60, 0.42),
    "pink": (0.91, 0.65, 0.64),
}
ROOF_COLORS: dict[str, Color] = {
    "red": (0.67, 0.23, 0.16),
    "brown": (0.42, 0.27, 0.18),
    "grey": (0.38, 0.39, 0.43),
    "blue": (0.23, 0.32, 0.48),
}
CAR_COLORS: dict[str, Color] = {
    "red": (0.80, 0.10, 0.10),
    "blue": (0.12, 0.28, 0.72),
    "yellow": (0.95, 0.78, 0.10),
    "white": (0.93, 0.93, 0.93),
    "green": (0.12, 0.50, 0.25),
    "black": (0.09, 0.09, 0.10),
}
CLOTH_COLORS: dict[str, Color] = {
    "red": (0.88, 0.17, 0.15),
    "blue": (0.15, 0.42, 0.85),
    "yellow": (0.98, 0.80, 0.15),
    "green": (0.15, 0.62, 0.35),
    "orange": (0.97, 0.52, 0.12),
    "pink": (0.95, 0.45, 0.62),
}


def house(site: Site, x: float, z: float, size: Size, walls: Material, roof: Color) -> None:
    """A gabled house whose front faces the camera; `size` is width, wall height and depth; 5 primitives.

    Door and windows are bars that stick out of the walls by a few centimetres on both sides.
    """
    b, yaw, (width, height, depth) = site.builder, toward_camera(x, z), size
    b.box(x, z, size, walls, Semantic.HOUSE, yaw=yaw)
    _roof(site, x, z, size, roof, yaw)
    _opening(site, x, z, yaw, -0.28 * width, (0.18 * width, 0.36 * height, depth + 0.12), 0.42 * height)
    _opening(site, x, z, yaw, 0.28 * width, (0.18 * width, 0.36 * height, depth + 0.12), 0.42 * height)
    door = Material(shaded(roof, 0.7), Texture.PLANKS, shaded(roof, 0.55), scale=0.3)
    b.box(x, z, (0.17 * width, 0.72 * height, depth + 0.16), door, Semantic.DOOR, yaw=yaw)


def _roof(site: Site, x: float, z: float, size: Size, color: Color, yaw: float) -> None:
    """A gable roof with eaves; the ridge runs across the view or along it."""
    width, height, depth = size
    tone = site.frosted(color)
    material = Material(tone, Texture.TILES, shaded(tone, 0.82), scale=0.6)
    rise = 0.36 * (width + depth) * site.uniform(0.8, 1.1)
    across = site.chance(0.5)
    shape = (depth + 0.8, rise, width + 0.8) if across else (width + 0.8, rise, depth + 0.8)
    site.builder.prism(x, z, shape, material, Semantic.ROOF, base=height, yaw=yaw + (90 if across else 0))


def _opening(site: Site, x: float, z: float, yaw: float, offset: float, size: Size, base: float) -> None:
    """A window bar through a house, `offset` metres to the right of its middle."""
    px, pz = offset_point(x, z, yaw, offset, 0.0)
    site.builder.box(px, pz, size, site.glass(), Semantic.WINDOW, base=base, yaw=yaw)


def church(site: Site, x: float, z: float, roof: Color) -> None:
    """A white church with a pointed tower; 5 primitives."""
    b, yaw = site.builder, toward_camera(x, z)
    walls, slate = Material(WALL_COLORS["white"]), site.frosted(roof, 0.6)
    b.box(x, z, (5.0, 4.5, 9.0), walls, Semantic.HOUSE, yaw=yaw)
    tiles = Material(slate, Texture.TILES, shaded(slate, 0.8), scale=0.6)
    b.prism(x, z, (5.6, 3.0, 9.4), tiles, Semantic.ROOF, base=4.5, yaw=yaw)
    tx, tz = offset_point(x, z, yaw, 0.0, -4.0)
    b.box(tx, tz, (2.8, 9.5, 2.8), walls, Semantic.HOUSE, yaw=yaw)
    b.cone(tx, tz, (3.9, 5.5, 3.9), Material(slate), Semantic.ROOF, base=9.5)
    b.box(tx, tz, (0.9, 1.6, 2.94), site.glass(), Semantic.WINDOW, base=6.5, yaw=yaw)


def block(site: Site, x: float, z: float, size: Size, walls: Color) -> None:
    """A city building with a grid of windows on every side; 1 primitive. `size` is width, height, depth."""
    panes = LAMP_LIGHT if site.night else GLASS
    facade = Material(walls, Texture.WINDOWS, panes, scale=FLOOR_HEIGHT, emissive=1.0 if site.night else 0.0)
    site.builder.box(x, z, size, facade, Semantic.BUILDING)
    if site.weather == "snow":
        site.builder.box(x, z, (size[0], 0.3, size[2]), Material(SNOW), Semantic.SNOW, base=size[1])


def car(site: Site, x: float, z: float, color: Color, yaw: float) -> None:
    """A parked car along local z: body, cabin and two axles of wheels; 4 primitives."""
    b = site.builder
    b.box(x, z, (1.75, 0.62, 4.1), Material(color), Semantic.CAR, base=0.32, yaw=yaw)
    tyre, cabin = Material(TYRE), Material(site.frosted(shaded(GLASS, 0.8), 0.7))
    b.box(x, z, (1.5, 0.52, 2.1), cabin, Semantic.CAR, base=0.94, yaw=yaw)
    for ahead in (-1.3, 1.3):
        wx, wz = offset_point(x, z, yaw, 0.0, ahead)
        b.cylinder(wx, wz, (0.66, 1.85, 0.66), tyre, Semantic.CAR, base=-0.6, yaw=yaw, roll=90)


def streetlight(site: Site, x: float, z: float, reach: float) -> None:
    """A lamp post whose arm reaches `reach` metres along x; the lamp glows at night; 3 primitives."""
    b, lamp = site.builder, Material(LAMP_LIGHT, emissive=1.0) if site.night else Material((0.85, 0.85, 0.80))
    b.cylinder(x, z, (0.16, 5.0, 0.16), Material(IRON), Semantic.STREETLIGHT)
    b.box(x + reach / 2, z, (abs(reach), 0.1, 0.1), Material(IRON), Semantic.STREETLIGHT, base=4.95)
    b.ellipsoid(x + reach, z, (0.55, 0.36, 0.55), lamp, Semantic.STREETLIGHT, base=4.68)


def fence(site: Site, x: float, z: float, length: float, yaw: float) -> None:
    """Two rails between three posts, `length` metres along local x; 5 primitives."""
    wood = Material(site.frosted(WOOD, 0.3))
    for level in (0.45, 0.9):
        site.builder.box(x, z, (length, 0.12, 0.07), wood, Semantic.FENCE, base=level, yaw=yaw)
    for right in (-0.48 * length, 0.0, 0.48 * length):
        px, pz = offset_point(x, z, yaw, right, 0.0)
        site.builder.box(px, pz, (0.14, 1.2, 0.14), wood, Semantic.FENCE, yaw=yaw)


def rowing_boat(site: Site, x: float, z: float, color: Color, base: float) -> None:
    """An open boat on the water; 2 primitives."""
    yaw = site.uniform(0, 180)
    site.builder.ellipsoid(x, z, (1.5, 1.1, 3.8), Material(color), Semantic.BOAT, base=base - 0.4, yaw=yaw)
    site.builder.box(x, z, (1.35, 0.1, 0.5), Material(WOOD), Semantic.BOAT, base=base + 0.62, yaw=yaw)


def sailing_boat(site: Site, x: float, z: float, sail: Color, base: float) -> None:
    """A small boat with a triangular sail; 3 primitives."""
    yaw = site.uniform(0, 180)
    b = site.builder
    b.ellipsoid(x, z, (1.9, 1.6, 5.2), Material((0.93, 0.92, 0.90)), Semantic.BOAT, base=base - 0.6, yaw=yaw)
    b.cylinder(x, z, (0.12, 6.4, 0.12), Material(WOOD), Semantic.BOAT, base=base)
    b.prism(x, z, (3.6, 4.8, 0.12), Material(sail), Semantic.BOAT, base=base + 1.4, yaw=yaw)


def umbrella(site: Site, x: float, z: float, color: Color, base: float) -> None:
    """A striped beach umbrella with a towel in its shade; 3 primitives."""
    b, white = site.builder, (0.96, 0.95, 0.92)
    b.cylinder(x, z, (0.08, 2.3, 0.08), Material(white), Semantic.UMBRELLA, base=base)
    shade = Material(site.frosted(color, 0.6), Texture.STRIPES, white, scale=0.8)
    b.cone(x, z, (2.7, 0.75, 2.7), shade, Semantic.UMBRELLA, base=base + 1.8)
    towel = Material(color, Texture.STRIPES, white, scale=0.5)
    b.box(x + 0.4, z, (0.9, 0.05, 1.9), towel, Semantic.TOWEL, base=base, yaw=site.uniform(0, 180))
