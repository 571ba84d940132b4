"""Boats, jetties, and what people bring to shores and camps. Sizes in metres."""

from __future__ import annotations

from depthgen.worlds.builder import Material, Texture
from depthgen.worlds.outdoor.buildings import PLANK, planked
from depthgen.worlds.outdoor.nature import BARK
from depthgen.worlds.outdoor.site import Site
from depthgen.worlds.palette import RGB, Color, glow, shade
from depthgen.worlds.recorder import thing
from depthgen.worlds.spot import Spot

WHITE = (0.96, 0.95, 0.92)
CLOTH: dict[str, RGB] = {
    "red": (0.88, 0.17, 0.15),
    "blue": (0.15, 0.42, 0.85),
    "yellow": (0.98, 0.80, 0.15),
    "green": (0.15, 0.62, 0.35),
    "orange": (0.97, 0.52, 0.12),
    "pink": (0.95, 0.45, 0.62),
    "purple": (0.50, 0.25, 0.70),
    "teal": (0.10, 0.58, 0.60),
}


@thing("rowing boat")
def rowing_boat(spot: Spot, color: Color, base: float) -> None:
    """An open boat on the water, 3.6 m, with two benches."""
    spot.ball((0, 0), (1.45, 1.0, 3.7), Material(color.rgb), base=base - 0.42)
    spot.ball((0, 0), (1.2, 0.5, 3.3), Material(shade(PLANK, 0.8)), base=base + 0.12)
    for ahead in (-0.7, 0.6):
        spot.box((0, ahead), (1.2, 0.07, 0.35), planked(PLANK), base=base + 0.6)


@thing("sailing boat")
def sailing_boat(spot: Spot, color: Color, base: float) -> None:
    """A small boat with a triangular sail of `color`."""
    spot.ball((0, 0), (1.9, 1.5, 5.4), Material((0.93, 0.92, 0.90)), base=base - 0.65)
    spot.box((0, -0.3), (1.2, 0.4, 1.6), Material(PLANK), base=base + 0.6)
    spot.rod((0, 0.3), (0.1, 6.4, 0.1), Material(PLANK), base=base)
    spot.add("prism", (0, -0.1), (3.6, 4.9, 0.1), Material(color.rgb), base=base + 1.3, yaw=90.0)


@thing("jetty")
def jetty(spot: Spot, site: Site, length: float, width: float = 1.8) -> None:
    """A wooden jetty from the spot on ahead, its deck 0.4 m high on posts."""
    deck = site.matter(PLANK, Texture.PLANKS, 0.3, 0.4, 0.7)
    spot.box((0, length / 2), (width, 0.14, length), deck, base=0.26)
    for i in range(3):
        for side in (-1, 1):
            ahead = length * (0.3 + 0.33 * i)
            spot.rod((side * width / 2, ahead), (0.18, 0.95, 0.18), Material(shade(PLANK, 0.7)), base=-0.2)


@thing("umbrella")
def umbrella(spot: Spot, color: Color, site: Site, base: float) -> None:
    """A striped beach umbrella, 2.4 m."""
    spot.rod((0, 0), (0.07, 2.3, 0.07), Material(WHITE), base=base)
    cover = Material(site.frosted(color.rgb, 0.5), Texture.STRIPES, WHITE, scale=0.8)
    spot.add("cone", (0, 0), (2.7, 0.7, 2.7), cover, base=base + 1.75)


@thing("towel")
def towel(spot: Spot, color: Color, base: float) -> None:
    """A striped towel, 0.9 x 1.9 m."""
    spot.box((0, 0), (0.9, 0.04, 1.9), Material(color.rgb, Texture.STRIPES, WHITE, scale=0.3), base=base)


@thing("deckchair")
def deckchair(spot: Spot, color: Color, base: float) -> None:
    """A folding chair of cloth that faces ahead."""
    canvas = Material(color.rgb, Texture.STRIPES, WHITE, 0.25)
    spot.box((0, 0.3), (0.6, 0.05, 0.75), canvas, base=base + 0.32, pitch=8)
    spot.box((0, -0.3), (0.6, 0.95, 0.05), canvas, base=base + 0.3, pitch=32)
    for side in (-1, 1):
        spot.box((side * 0.31, 0.1), (0.05, 0.05, 1.0), planked(PLANK), base=base + 0.18, pitch=-24)
        spot.box((side * 0.31, 0.1), (0.05, 0.05, 1.0), planked(PLANK), base=base + 0.18, pitch=24)


@thing("beach ball")
def beach_ball(spot: Spot, color: Color, base: float) -> None:
    """A striped ball, 0.5 m."""
    spot.ball((0, 0), (0.5, 0.5, 0.5), Material(color.rgb, Texture.STRIPES, WHITE, 0.4), base=base)


@thing("sandcastle")
def sandcastle(spot: Spot, sand: RGB, base: float) -> None:
    """Four towers around a keep, 0.8 m high."""
    wet = Material(shade(sand, 0.8), Texture.SAND, shade(sand, 0.7), 0.5)
    spot.add("frustum", (0, 0), (1.5, 0.2, 1.5), wet, base=base)
    spot.add("frustum", (0, 0), (0.55, 0.55, 0.55), wet, base=base + 0.15)
    spot.add("cone", (0, 0), (0.4, 0.25, 0.4), wet, base=base + 0.65)
    for right in (-0.42, 0.42):
        for ahead in (-0.42, 0.42):
            spot.add("frustum", (right, ahead), (0.32, 0.42, 0.32), wet, base=base + 0.1)


@thing("tent")
def tent(spot: Spot, color: Color, site: Site) -> None:
    """A ridge tent, 2.2 m wide, 2.8 m deep, its entrance ahead."""
    cover = Material(
        site.frosted(color.rgb, 0.3), Texture.FABRIC, site.frosted(shade(color.rgb, 0.8), 0.3), 0.1
    )
    spot.add("prism", (0, 0), (2.3, 1.6, 2.8), cover)
    inside = glow((1.0, 0.8, 0.5), 0.8) if site.night else Material((0.10, 0.09, 0.09))
    spot.add("prism", (0, 1.38), (1.1, 1.25, 0.1), inside)
    if site.night:
        spot.builder.lamp(*spot.ground(0, 1.8), 0.7, power=0.5)


@thing("campfire")
def campfire(spot: Spot) -> None:
    """Burning logs in a ring of stones."""
    for i in range(3):
        spot.rod((0, 0), (0.14, 1.1, 0.14), Material(BARK), base=-0.45, roll=82, yaw=60.0 * i)
    for right, ahead, height in ((0, 0, 0.9), (-0.15, 0.1, 0.55), (0.14, -0.06, 0.65)):
        spot.add("cone", (right, ahead), (0.34, height, 0.34), glow((1.0, 0.52, 0.1)), base=0.1)
    for i in range(5):
        ring = spot.shifted(turn=72.0 * i)
        ring.ball((0, 0.62), (0.3, 0.26, 0.3), Material((0.4, 0.39, 0.38)), base=-0.06)
    spot.builder.lamp(spot.x, spot.z, 0.9, (1.0, 0.5, 0.18), 2.0)
