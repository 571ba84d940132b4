"""Houses and towers, each from a handful of primitives; fronts are ahead of the spot. Sizes in metres."""

from __future__ import annotations

from depthgen.worlds.builder import Material, Texture
from depthgen.worlds.outdoor.nature import STONE
from depthgen.worlds.outdoor.site import GLASS, LAMP_LIGHT, SNOW, Site
from depthgen.worlds.palette import RGB, Color, shade
from depthgen.worlds.recorder import thing
from depthgen.worlds.semantics import Semantic
from depthgen.worlds.spot import Spot

FLOOR_HEIGHT = 3.0  # metres of a city block
PLANK: RGB = (0.52, 0.35, 0.20)
WALLS: dict[str, RGB] = {
    "white": (0.93, 0.91, 0.86),
    "red": (0.75, 0.18, 0.15),
    "yellow": (0.93, 0.77, 0.32),
    "blue": (0.32, 0.50, 0.76),
    "green": (0.42, 0.60, 0.42),
    "pink": (0.91, 0.65, 0.64),
    "beige": (0.84, 0.74, 0.58),
    "orange": (0.88, 0.55, 0.30),
}
ROOFS: tuple[RGB, ...] = ((0.67, 0.23, 0.16), (0.42, 0.27, 0.18), (0.38, 0.39, 0.43), (0.23, 0.32, 0.48))
FACADES: dict[str, RGB] = {
    "red": (0.62, 0.28, 0.20),
    "grey": (0.55, 0.56, 0.58),
    "beige": (0.83, 0.74, 0.58),
    "white": (0.88, 0.87, 0.84),
    "blue": (0.38, 0.50, 0.66),
    "brown": (0.45, 0.33, 0.25),
}
Box = tuple[float, float, float]


def planked(color: RGB) -> Material:
    """A wall of boards."""
    return Material(color, Texture.PLANKS, shade(color, 0.78), 0.4)


@thing("house")
def house(spot: Spot, color: Color, site: Site, roof: RGB) -> None:
    """A gabled house of plaster with a chimney, 4.6 to 6.5 m wide."""
    size = (site.uniform(4.8, 6.5), site.uniform(2.7, 4.6), site.uniform(4.6, 6.2))
    _gabled(spot, site, size, Material(color.rgb), roof)
    brick = Material((0.5, 0.25, 0.2), Texture.BRICKS, (0.4, 0.2, 0.16), 0.25)
    spot.box((0.25 * size[0], -0.2 * size[2]), (0.6, 2.6, 0.6), brick, base=size[1])


@thing("cabin")
def cabin(spot: Spot, color: Color, site: Site, roof: RGB) -> None:
    """A low house of boards with a porch."""
    size = (site.uniform(5.0, 6.2), 2.6, 4.8)
    _gabled(spot, site, size, planked(color.rgb), roof)
    spot.box((0, size[2] / 2 + 0.7), (size[0], 0.2, 1.4), planked(PLANK))
    for side in (-1, 1):
        spot.box((side * (size[0] / 2 - 0.15), size[2] / 2 + 1.25), (0.14, 2.4, 0.14), planked(PLANK))
    spot.box((0, size[2] / 2 + 0.75), (size[0] + 0.2, 0.1, 1.7), planked(PLANK), base=2.35, pitch=-8)


@thing("mountain hut")
def mountain_hut(spot: Spot, color: Color, site: Site) -> None:
    """A hut of boards on a stone foot, its roof steep."""
    spot.box((0, 0), (5.4, 0.7, 5.0), Material(STONE, Texture.COBBLES, shade(STONE, 0.7), 0.5))
    _gabled(spot, site, (5.2, 2.9, 4.8), planked(color.rgb), ROOFS[2])


@thing("beach hut")
def beach_hut(spot: Spot, color: Color, site: Site) -> None:
    """A small striped hut with a gable to the front."""
    stripes = Material(color.rgb, Texture.STRIPES, (0.95, 0.94, 0.9), 0.5)
    spot.box((0, 0), (2.0, 2.1, 2.2), stripes)
    spot.add("prism", (0, 0), (2.5, 0.9, 2.6), Material(site.frosted(shade(color.rgb, 0.8))), base=2.1)
    spot.box((0, 1.1), (0.9, 1.8, 0.08), Material((0.95, 0.94, 0.9)))


@thing("barn")
def barn(spot: Spot, color: Color, site: Site) -> None:
    """A large barn with a white-framed gate."""
    spot.box((0, 0), (7.5, 3.8, 9.5), planked(color.rgb))
    _roof(spot, site, (7.5, 3.8, 9.5), ROOFS[2], along=True)
    spot.box((0, 4.75), (3.3, 3.1, 0.1), Material((0.93, 0.92, 0.88)))
    for side in (-1, 1):
        spot.box((side * 0.75, 4.78), (1.35, 2.85, 0.1), planked(shade(color.rgb, 0.8)))
    spot.box((0, 4.76), (1.0, 1.0, 0.1), site.glass(), base=4.3)


def _gabled(spot: Spot, site: Site, size: Box, walls: Material, roof: RGB) -> None:
    """Walls, roof, door and four windows; the ridge runs across the front or along it."""
    width, height, depth = size
    spot.box((0, 0), size, walls)
    _roof(spot, site, size, roof, along=site.chance(0.5))
    frame = Material((0.95, 0.94, 0.9))
    for right in (-0.3, 0.3):
        at = (right * width, 0)
        spot.box(at, (0.2 * width, 1.15, depth + 0.08), frame, base=1.05)
        spot.box(at, (0.2 * width - 0.16, 0.99, depth + 0.12), site.glass(), Semantic.WINDOW, base=1.13)
    spot.box((0, depth / 2), (1.0, 2.05, 0.16), planked(shade(roof, 0.7)), Semantic.DOOR)
    if site.night:
        site.builder.lamp(*spot.ground(0, depth / 2 + 1.2), 2.2, power=0.8)
    if height > 3.6:
        spot.box((0, 0), (0.8, 1.0, depth + 0.12), site.glass(), Semantic.WINDOW, base=height - 1.3)


def _roof(spot: Spot, site: Site, size: Box, color: RGB, along: bool) -> None:
    """A gable roof with eaves; its ridge runs along the spot's direction or across it."""
    width, height, depth = size
    cover = site.matter(color, Texture.SHINGLES, 0.5, 0.85, 0.75)
    rise = 0.3 * (width + depth) * site.uniform(0.8, 1.1)
    shape = (width + 0.8, rise, depth + 0.8) if along else (depth + 0.8, rise, width + 0.8)
    spot.add("prism", (0, 0), shape, cover, base=height, yaw=0.0 if along else 90.0)


@thing("church")
def church(spot: Spot, color: Color, site: Site) -> None:
    """A church with a pointed tower at its front."""
    walls, slate = Material(color.rgb), site.matter(ROOFS[2], Texture.SHINGLES, 0.5, 0.7, 0.75)
    spot.box((0, 0), (5.0, 4.5, 9.0), walls)
    spot.add("prism", (0, 0), (5.6, 3.0, 9.4), slate, base=4.5)
    spot.box((0, 4.0), (2.8, 9.5, 2.8), walls)
    spot.add("cone", (0, 4.0), (3.9, 5.5, 3.9), slate, base=9.5)
    spot.box((0, 4.0), (0.9, 1.6, 2.94), site.glass(), base=6.5)
    spot.box((0, 5.4), (1.3, 2.4, 0.14), planked((0.35, 0.2, 0.12)))
    for ahead in (-2.5, 0.5):
        spot.box((0, ahead), (5.12, 1.9, 0.9), site.glass(), base=1.6)


@thing("windmill")
def windmill(spot: Spot, color: Color, site: Site) -> None:
    """A tapering tower with a cap and four sails."""
    spot.add(
        "frustum", (0, 0), (4.6, 8.0, 4.6), Material(color.rgb, Texture.BRICKS, shade(color.rgb, 0.85), 0.4)
    )
    spot.add(
        "cone", (0, 0), (3.4, 2.0, 3.4), site.matter((0.40, 0.28, 0.2), Texture.SHINGLES, 0.4, 0.6), base=8.0
    )
    spot.box((0, 2.3), (1.1, 2.1, 0.2), planked((0.4, 0.25, 0.15)))
    turn = site.uniform(0, 90)
    for i in range(2):
        spot.box((0, 1.95), (0.9, 10.0, 0.1), Material((0.94, 0.92, 0.86)), base=3.2, roll=turn + 90 * i)
    spot.ball((0, 2.0), (0.6, 0.6, 0.5), Material(PLANK), base=7.9)


@thing("tower")
def tower(spot: Spot, site: Site) -> None:
    """A round tower of old stones with a pointed roof, 11 m."""
    spot.rod((0, 0), (3.6, 8.0, 3.6), site.matter(STONE, Texture.COBBLES, 0.6, 0.2, 0.7))
    spot.rod((0, 0), (4.2, 1.0, 4.2), site.matter(STONE, Texture.COBBLES, 0.6, 0.2, 0.6), base=7.4)
    spot.add("cone", (0, 0), (4.6, 3.2, 4.6), site.matter(ROOFS[0], Texture.SHINGLES, 0.5, 0.7), base=8.4)
    spot.box((0, 1.75), (0.6, 1.0, 0.2), site.glass(), base=4.6)
    spot.box((0, 1.8), (1.2, 2.1, 0.2), planked((0.35, 0.22, 0.14)))


@thing("lighthouse")
def lighthouse(spot: Spot, color: Color, site: Site) -> None:
    """A striped tower with a lantern, 12 m."""
    white = (0.95, 0.94, 0.92)
    for i, rgb in enumerate((white, color.rgb, white, color.rgb)):
        width = 3.4 - 0.36 * i
        spot.rod((0, 0), (width, 2.3, width), Material(rgb), base=2.3 * i)
    spot.rod((0, 0), (2.9, 0.2, 2.9), Material((0.2, 0.2, 0.22)), base=9.2)
    spot.rod((0, 0), (1.5, 1.5, 1.5), Material(LAMP_LIGHT, emissive=1.0 if site.night else 0.2), base=9.4)
    spot.add("cone", (0, 0), (2.2, 1.2, 2.2), Material(color.rgb), base=10.9)
    site.builder.lamp(spot.x, spot.z, 10.2, power=3.0)


@thing("well")
def well(spot: Spot, site: Site) -> None:
    """A round well with a roof on two posts."""
    spot.rod((0, 0), (1.5, 0.85, 1.5), Material(STONE, Texture.COBBLES, shade(STONE, 0.7), scale=0.4))
    spot.rod((0, 0), (1.1, 0.02, 1.1), Material((0.05, 0.08, 0.12)), base=0.85)
    for side in (-1, 1):
        spot.box((side * 0.66, 0), (0.12, 2.1, 0.12), planked(PLANK))
    roof = site.matter(ROOFS[1], Texture.SHINGLES, 0.3, 0.85)
    spot.add("prism", (0, 0), (1.5, 0.7, 2.0), roof, base=2.0, yaw=90.0)


@thing("bridge")
def bridge(spot: Spot, site: Site, length: float) -> None:
    """A low wooden bridge along the spot's direction, with rails."""
    deck = site.matter(PLANK, Texture.PLANKS, 0.3, 0.5)
    spot.box((0, 0), (2.0, 0.16, length), deck, base=0.12)
    for side in (-1, 1):
        spot.box((side * 0.95, 0), (0.08, 0.1, length), deck, base=0.95)
        for ahead in (-0.45, 0.0, 0.45):
            spot.box((side * 0.95, ahead * length), (0.12, 1.05, 0.12), deck)


@thing("tower block")
def tower_block(spot: Spot, color: Color, site: Site, size: Box) -> None:
    """A city building with a grid of windows on every side and a ledge on top; its front is the spot."""
    panes = LAMP_LIGHT if site.night else GLASS
    facade = Material(
        color.rgb, Texture.WINDOWS, panes, scale=FLOOR_HEIGHT, emissive=1.0 if site.night else 0.0
    )
    spot.box((0, -size[2] / 2), size, facade)
    cornice = Material(SNOW if site.snowy else shade(color.rgb, 0.8))
    spot.box((0, -size[2] / 2), (size[0] + 0.4, 0.5, size[2] + 0.4), cornice, base=size[1])


@thing("shop")
def shop(spot: Spot, color: Color, site: Site, width: float) -> None:
    """A shop window, a door and an awning of `color` on a facade."""
    light = Material((1.0, 0.92, 0.72), emissive=1.0) if site.night else Material(GLASS, mirror=0.3)
    spot.box((0, 0), (width, 3.0, 0.16), Material(shade(color.rgb, 0.55)))
    spot.box((-0.6, 0.02), (width - 1.8, 1.9, 0.2), light, base=0.5)
    spot.box((width / 2 - 0.75, 0.02), (0.95, 2.2, 0.2), light, base=0.1)
    cloth = site.frosted(color.rgb, 0.5)
    awning = Material(cloth, Texture.STRIPES, site.frosted((0.95, 0.94, 0.9), 0.5), scale=0.8)
    spot.box((0, 0.6), (width, 0.1, 1.35), awning, base=2.65, pitch=-14)
    site.builder.lamp(*spot.ground(0, 1.2), 2.3, power=0.7)
