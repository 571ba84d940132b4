"""What stands along streets and paths. Fronts are ahead of the spot. Sizes in metres."""

from __future__ import annotations

from depthgen.worlds.builder import Material, Texture
from depthgen.worlds.outdoor.buildings import PLANK, planked
from depthgen.worlds.outdoor.site import GLASS, LAMP_LIGHT, Site
from depthgen.worlds.palette import RGB, Color, glow, shade
from depthgen.worlds.recorder import thing
from depthgen.worlds.spot import Spot

IRON = Material((0.16, 0.17, 0.19))
TYRE = Material((0.06, 0.06, 0.06))
PALE = Material((0.92, 0.92, 0.88))
LACQUER: dict[str, RGB] = {
    "red": (0.80, 0.10, 0.10),
    "blue": (0.12, 0.28, 0.72),
    "yellow": (0.95, 0.78, 0.10),
    "white": (0.93, 0.93, 0.93),
    "green": (0.12, 0.50, 0.25),
    "black": (0.09, 0.09, 0.10),
    "grey": (0.50, 0.52, 0.55),
    "orange": (0.92, 0.45, 0.08),
}


@thing("car")
def car(spot: Spot, color: Color, site: Site) -> None:
    """A car that points ahead, 4.1 m long: body, cabin, wheels and lights."""
    shine = Material(color.rgb, mirror=0.12)
    spot.box((0, 0), (1.75, 0.55, 4.1), shine, base=0.32)
    spot.add("frustum", (0, -0.2), (1.62, 0.58, 2.6), Material(shade(GLASS, 0.7), mirror=0.3), base=0.87)
    spot.box((0, -0.2), (0.98, 0.05, 1.5), Material(site.frosted(color.rgb, 0.8)), base=1.44)
    for ahead in (-1.3, 1.3):
        spot.rod((0, ahead), (0.66, 1.82, 0.66), TYRE, base=-0.58, roll=90)
    spot.box((0, 2.04), (1.5, 0.13, 0.06), glow((1.0, 0.95, 0.8), 1.0 if site.night else 0.3), base=0.6)
    spot.box((0, -2.04), (1.5, 0.13, 0.06), glow((0.9, 0.1, 0.08), 0.7), base=0.62)


@thing("bus")
def bus(spot: Spot, color: Color, site: Site) -> None:
    """A bus that points ahead, 9 m long."""
    spot.box((0, 0), (2.4, 2.6, 9.0), Material(color.rgb, mirror=0.06), base=0.4)
    panes = glow((1.0, 0.92, 0.7), 0.9) if site.night else Material(shade(GLASS, 0.7), mirror=0.3)
    spot.box((0, -0.1), (2.46, 0.95, 8.4), panes, base=1.55)
    spot.box((0, 4.5), (2.1, 1.3, 0.08), panes, base=1.2)
    spot.box((0, 0), (2.46, 0.25, 9.06), PALE, base=1.1)
    for ahead in (-2.8, 2.8):
        spot.rod((0, ahead), (0.95, 2.46, 0.95), TYRE, base=-0.75, roll=90)


@thing("street lamp")
def street_lamp(spot: Spot, site: Site, reach: float = 1.3) -> None:
    """A lamp post whose arm reaches ahead; the lamp glows at night."""
    lamp = glow(LAMP_LIGHT) if site.night else Material((0.85, 0.85, 0.80))
    spot.add("frustum", (0, 0), (0.2, 5.0, 0.2), IRON)
    spot.box((0, reach / 2), (0.1, 0.1, reach), IRON, base=4.93)
    spot.ball((0, reach), (0.5, 0.32, 0.6), lamp, base=4.68)
    spot.builder.lamp(*spot.ground(0, reach), 4.6, power=2.5)


@thing("street lamp")
def lantern(spot: Spot, site: Site) -> None:
    """An old lantern on a low post, 3 m."""
    lamp = glow(LAMP_LIGHT) if site.night else Material((0.85, 0.85, 0.80))
    spot.add("frustum", (0, 0), (0.16, 2.6, 0.16), IRON)
    spot.add("frustum", (0, 0), (0.36, 0.4, 0.36), lamp, base=2.55, flipped=True)
    spot.add("cone", (0, 0), (0.46, 0.22, 0.46), IRON, base=2.95)
    spot.builder.lamp(spot.x, spot.z, 2.9, power=1.3)


@thing("traffic light")
def traffic_light(spot: Spot) -> None:
    """Red, yellow and green in a black case on a post, 3.2 m; they look ahead."""
    spot.rod((0, 0), (0.14, 2.4, 0.14), IRON)
    spot.box((0, 0), (0.36, 1.0, 0.3), TYRE, base=2.3)
    for i, rgb in enumerate(((0.1, 0.9, 0.3), (0.95, 0.7, 0.1), (0.95, 0.12, 0.1))):
        spot.ball((0, 0.15), (0.24, 0.24, 0.1), glow(rgb, 1.0 if i != 1 else 0.25), base=2.37 + 0.31 * i)


@thing("bus stop")
def bus_stop(spot: Spot, site: Site) -> None:
    """A glass shelter 3 m wide with a bench, open ahead, and its sign."""
    glass = Material((0.62, 0.72, 0.78), mirror=0.3)
    spot.box((0, 0), (3.0, 2.0, 0.06), glass, base=0.25)
    spot.box((-1.5, 0.55), (0.06, 2.0, 1.1), glass, base=0.25)
    for side in (-1, 1):
        spot.box((side * 1.45, 0), (0.1, 2.4, 0.1), IRON)
    spot.box((0, 0.6), (3.2, 0.1, 1.5), Material(site.frosted((0.2, 0.3, 0.4))), base=2.4)
    spot.box((0, 0.4), (2.2, 0.08, 0.4), planked(PLANK), base=0.45)
    spot.rod((1.9, 0.9), (0.08, 2.6, 0.08), IRON)
    spot.box((1.9, 0.9), (0.5, 0.5, 0.06), Material((0.95, 0.8, 0.1)), base=2.3)


@thing("hydrant")
def hydrant(spot: Spot, color: Color) -> None:
    """A fire hydrant, 0.75 m."""
    paint = Material(color.rgb)
    spot.add("frustum", (0, 0), (0.36, 0.6, 0.36), paint)
    spot.ball((0, 0), (0.3, 0.3, 0.3), paint, base=0.45)
    spot.rod((0, 0), (0.14, 0.5, 0.14), paint, base=0.15, roll=90)


@thing("mailbox")
def mailbox(spot: Spot, color: Color) -> None:
    """A pillar box with a slot, 1.35 m."""
    spot.rod((0, 0), (0.5, 1.2, 0.5), Material(color.rgb))
    spot.ball((0, 0), (0.56, 0.3, 0.56), Material(color.rgb), base=1.08)
    spot.box((0, 0.23), (0.28, 0.05, 0.06), TYRE, base=0.98)


@thing("bench")
def bench(spot: Spot, site: Site) -> None:
    """A wooden bench 1.6 m wide, its back behind."""
    wood = site.matter(PLANK, Texture.PLANKS, 0.16, 0.5)
    spot.box((0, 0), (1.6, 0.07, 0.45), wood, base=0.43)
    spot.box((0, -0.26), (1.6, 0.42, 0.06), wood, base=0.52, pitch=8)
    for side in (-1, 1):
        spot.box((side * 0.65, 0), (0.08, 0.43, 0.42), IRON)


@thing("fence")
def fence(spot: Spot, color: Color, site: Site, length: float) -> None:
    """Two rails between posts about every 2 m, `length` metres across the spot's direction."""
    wood = Material(
        site.frosted(color.rgb, 0.3), Texture.WOOD, site.frosted(shade(color.rgb, 0.75), 0.3), 0.3
    )
    for level in (0.4, 0.8):
        spot.box((0, 0), (length, 0.12, 0.06), wood, base=level)
    posts = max(2, round(length / 2) + 1)
    for i in range(posts):
        spot.box(((i / (posts - 1) - 0.5) * (length - 0.14), 0), (0.13, 1.1, 0.13), wood)


@thing("signpost")
def signpost(spot: Spot, site: Site) -> None:
    """A post with two boards, 2.2 m."""
    spot.box((0, 0), (0.12, 2.2, 0.12), planked(PLANK))
    for side, base, turn in ((-1, 1.75, 15), (1, 1.4, -20)):
        spot.shifted(turn=turn).box(
            (side * 0.35, 0.07), (0.85, 0.24, 0.05), planked((0.75, 0.58, 0.36)), base=base
        )


@thing("crossing")
def crossing(spot: Spot, width: float, asphalt: RGB) -> None:
    """White bars across a road `width` metres wide along the spot's right."""
    bars = Material((0.92, 0.92, 0.9), Texture.STRIPES, asphalt, 1.2)
    spot.box((0, 0), (width, 0.02, 2.6), bars)
