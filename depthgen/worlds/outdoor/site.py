"""What every outdoor kind works with: the builder, the season's colours, and places to put things."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import atan2, cos, degrees, hypot, pi, radians, sin

import numpy as np

from depthgen.worlds.builder import Builder, Color, Material, Texture
from depthgen.worlds.kinds import Layout

SNOW: Color = (0.93, 0.95, 0.99)
LAMP_LIGHT: Color = (1.0, 0.84, 0.45)
GLASS: Color = (0.30, 0.42, 0.54)
EYE_HEIGHTS = (1.2, 1.8)  # metres
COUNT_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


@dataclass(frozen=True)
class Site:
    """One outdoor world under construction. Positions are metres on the ground; the camera is near (0, 0)."""

    builder: Builder
    rng: np.random.Generator
    time: str
    weather: str
    taken: list[tuple[float, float, float]] = field(default_factory=list)  # (x, z, radius) of what stands

    @property
    def night(self) -> bool:
        """Whether lamps and windows are lit."""
        return self.time == "night"

    def uniform(self, low: float, high: float) -> float:
        """A number in [low, high)."""
        return float(self.rng.uniform(low, high))

    def count(self, low: int, high: int) -> int:
        """A whole number in [low, high]."""
        return int(self.rng.integers(low, high + 1))

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return bool(self.rng.random() < probability)

    def named(self, colors: Mapping[str, Color]) -> tuple[str, Color]:
        """One of the named colours."""
        name = list(colors)[int(self.rng.integers(len(colors)))]
        return name, colors[name]

    def varied(self, color: Color, amount: float = 0.08) -> Color:
        """The colour, a little brighter or darker."""
        return shaded(color, 1.0 + self.uniform(-amount, amount))

    def frosted(self, color: Color, amount: float = 0.85) -> Color:
        """What the colour becomes where snow lies on it; unchanged in other weather."""
        return mixed(color, SNOW, amount) if self.weather == "snow" else color

    def turf(self, color: Color, texture: Texture, scale: float = 1.0) -> Material:
        """Ground of this colour: under snow white, with hardly a trace of what is below."""
        if self.weather == "snow":
            return Material(mixed(color, SNOW, 0.9), Texture.NOISE, mixed(color, SNOW, 0.8), scale=2.0)
        return Material(color, texture, shaded(color, 0.82), scale=scale)

    def glass(self) -> Material:
        """Window panes: lit from inside at night."""
        return Material(LAMP_LIGHT, emissive=1.0) if self.night else Material(GLASS)

    def ring(self, count: int, near: float, far: float, radius: float) -> list[tuple[float, float]]:
        """Up to `count` free places of this radius, spread evenly in direction around the camera.

        Every sector of 360 / count degrees gets one place [near, far] metres away, or none if it has no room.
        """
        start = self.uniform(0, 2 * pi)
        sectors = [start + 2 * pi * i / count for i in range(count)]
        found = [self._place(angle, pi / count, near, far, radius) for angle in sectors]
        return [spot for spot in found if spot is not None]

    def _place(
        self, angle: float, spread: float, near: float, far: float, radius: float
    ) -> tuple[float, float] | None:
        for _ in range(12):
            direction, distance = angle + self.uniform(-spread, spread), self.uniform(near, far)
            x, z = distance * sin(direction), distance * cos(direction)
            if all(hypot(x - at_x, z - at_z) > radius + width for at_x, at_z, width in self.taken):
                self.taken.append((x, z, radius))
                return x, z
        return None


def mixed(first: Color, second: Color, amount: float) -> Color:
    """`first` blended towards `second` by `amount` in [0, 1]."""
    r, g, b = (low + (high - low) * amount for low, high in zip(first, second, strict=True))
    return r, g, b


def shaded(color: Color, factor: float) -> Color:
    """The colour times `factor`, clipped to [0, 1]."""
    r, g, b = (min(1.0, max(0.0, channel * factor)) for channel in color)
    return r, g, b


def counted(number: int, singular: str, plural: str | None = None) -> str:
    """ "a red barn" for one, "three red barns" for more; up to ten, then "many"."""
    if number == 1:
        return f"{'an' if singular[0] in 'aeiou' else 'a'} {singular}"
    word = COUNT_WORDS[number] if number < len(COUNT_WORDS) else "many"
    return f"{word} {plural or singular + 's'}"


def toward_camera(x: float, z: float) -> float:
    """The yaw in degrees that turns a thing's front (its local -z side) at (x, z) to the camera."""
    return degrees(atan2(x, z))


def offset_point(x: float, z: float, yaw: float, right: float, ahead: float) -> tuple[float, float]:
    """The point `right` and `ahead` metres from (x, z) in the frame turned by `yaw` degrees."""
    c, s = cos(radians(yaw)), sin(radians(yaw))
    return x + right * c + ahead * s, z - right * s + ahead * c


def layout(kind: str, phrases: Sequence[str], half_width: float = 1.8) -> Layout:
    """The Layout of a place seen from eye height in a square of 2 x `half_width` metres around (0, 0)."""
    side = (-half_width, half_width)
    return Layout(kind, tuple(phrases), side, side, EYE_HEIGHTS)
