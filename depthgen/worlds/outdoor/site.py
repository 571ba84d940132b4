"""What every outdoor kind works with: the builder, the season's colours, and places to put things."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import atan2, cos, degrees, hypot, radians, sin

import numpy as np

from depthgen.worlds.builder import Material, Texture
from depthgen.worlds.kinds import Layout
from depthgen.worlds.palette import RGB, Color, shade
from depthgen.worlds.recorder import Recorder
from depthgen.worlds.semantics import Semantic
from depthgen.worlds.spot import Spot

SNOW: RGB = (0.93, 0.95, 0.99)
LAMP_LIGHT: RGB = (1.0, 0.84, 0.45)
GLASS: RGB = (0.30, 0.42, 0.54)
TRIES = 14
CAMERAS = 40  # places for a camera that are kept
Disc = tuple[float, float, float]  # x, z, radius in metres
AIR = 0.7  # metres between a camera and what stands


@dataclass(frozen=True)
class Site:
    """One outdoor world under construction. Positions are metres on the ground; cameras are near (0, 0)."""

    builder: Recorder
    rng: np.random.Generator
    time: str
    weather: str
    taken: list[Disc] = field(default_factory=list)  # of what stands
    paths: list[Disc] = field(default_factory=list)  # where people walk: free for cameras alone

    @property
    def night(self) -> bool:
        """Whether lamps and windows are lit."""
        return self.time == "night"

    @property
    def snowy(self) -> bool:
        """Whether snow lies."""
        return self.weather == "snow"

    def uniform(self, low: float, high: float) -> float:
        """A number in [low, high)."""
        return float(self.rng.uniform(low, high))

    def count(self, low: int, high: int) -> int:
        """A whole number in [low, high]."""
        return int(self.rng.integers(low, high + 1))

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return bool(self.rng.random() < probability)

    def named(self, colors: Mapping[str, RGB]) -> Color:
        """One of the named colours."""
        name = list(colors)[int(self.rng.integers(len(colors)))]
        return Color(name, colors[name])

    def varied(self, color: RGB, amount: float = 0.08) -> RGB:
        """The colour, a little brighter or darker."""
        return shade(color, 1.0 + self.uniform(-amount, amount))

    def frosted(self, color: RGB, amount: float = 0.85) -> RGB:
        """What the colour becomes where snow lies on it; unchanged in other weather."""
        return mixed(color, SNOW, amount) if self.snowy else color

    def matter(
        self, color: RGB, texture: Texture, scale: float, frost: float = 0.0, dark: float = 0.8
    ) -> Material:
        """A patterned surface of two shades of a colour, `frost` of it hidden where snow lies."""
        tone = self.frosted(color, frost)
        return Material(tone, texture, shade(tone, dark), scale)

    def turf(self, color: RGB, texture: Texture, scale: float = 1.0) -> Material:
        """Ground of this colour: under snow white, with hardly a trace of what is below."""
        if self.snowy:
            return Material(mixed(color, SNOW, 0.9), Texture.NOISE, mixed(color, SNOW, 0.8), scale=2.0)
        return Material(color, texture, shade(color, 0.82), scale=scale)

    def glass(self) -> Material:
        """Window panes: lit from inside at night."""
        return Material(LAMP_LIGHT, emissive=1.0) if self.night else Material(GLASS, mirror=0.25)

    def spot(self, x: float, z: float, yaw: float | None = None) -> Spot:
        """A spot that faces the middle unless `yaw` is given, in degrees."""
        return Spot(self.builder, x, z, toward_middle(x, z) if yaw is None else yaw)

    def free(self, x: float, z: float, radius: float) -> bool:
        """Whether a disc meets nothing that stands."""
        return _clear(x, z, radius, self.taken) and _clear(x, z, radius, self.paths)

    def take(self, x: float, z: float, radius: float) -> bool:
        """Claim a disc if it is free; whether it was."""
        free = self.free(x, z, radius)
        if free:
            self.taken.append((x, z, radius))
        return free

    def ring(
        self, count: int, near: float, far: float, radius: float, facing: tuple[float, float] = (0.0, 360.0)
    ) -> list[Spot]:
        """Up to `count` free places of this radius, [near, far] metres away, evenly spread in direction.

        `facing`: the sector in degrees (start, width). Every part of it gets a place, or none if it is full.
        """
        start, width = radians(facing[0]), radians(facing[1])
        offset = self.uniform(0, 1) if facing[1] == 360 else 0.5
        angles = [start + width * (i + offset) / count for i in range(count)]
        found = [self._place(angle, width / 2 / count, near, far, radius) for angle in angles]
        return [spot for spot in found if spot is not None]

    def _place(self, angle: float, spread: float, near: float, far: float, radius: float) -> Spot | None:
        for _ in range(TRIES):
            direction, distance = angle + self.uniform(-spread, spread), self.uniform(near, far)
            x, z = distance * sin(direction), distance * cos(direction)
            if self.take(x, z, radius):
                return self.spot(x, z)
        return None

    def strip(self, start: Spot, length: float, width: float, material: Material, semantic: Semantic) -> None:
        """A flat strip on the ground from a spot on ahead, kept free of what is placed later."""
        start.box((0, length / 2), (width, 0.05, length), material, semantic, base=-0.02)
        for i in range(int(length / width) + 1):
            self.paths.append((*start.ground(0, i * width), width / 2))

    def layout(self, kind: str, reach: float, sights: Sequence[Spot] = ()) -> Layout:
        """The finished place, seen from free ground within `reach` metres of the middle."""
        spots = [(self.uniform(-reach, reach), self.uniform(-reach, reach)) for _ in range(6 * CAMERAS)]
        clear = [spot for spot in spots if _clear(*spot, AIR, self.taken)]
        return self.builder.layout(kind, clear[:CAMERAS] or [(0.0, 0.0)], [(s.x, s.z) for s in sights])


def _clear(x: float, z: float, radius: float, discs: list[Disc]) -> bool:
    return all(hypot(x - at_x, z - at_z) > radius + width for at_x, at_z, width in discs)


def mixed(first: RGB, second: RGB, amount: float) -> RGB:
    """`first` blended towards `second` by `amount` in [0, 1]."""
    r, g, b = (low + (high - low) * amount for low, high in zip(first, second, strict=True))
    return r, g, b


def toward_middle(x: float, z: float) -> float:
    """The yaw in degrees that turns a spot at (x, z) to face (0, 0)."""
    return degrees(atan2(-x, -z))
