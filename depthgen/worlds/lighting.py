"""The light of a world: sun, moon or lamp, sky, ambient light and fog, by time of day and weather."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import Tensor

from depthgen.worlds.builder import Lamp
from depthgen.worlds.raycast import length


@dataclass(frozen=True)
class Light:
    """What lights one world, colours in linear RGB; after `batched`, each with a leading B.

    source (4,): homogeneous, towards the sun (last 0) or where the lamp hangs (last 1); color (3,) of its
    light; above and below (3,): ambient light from up and down; zenith and horizon (3,) of the sky; glow (3,)
    around the sun; fog (1,): extinction per metre; indoor (1,): 1 in rooms, whose windows show the horizon;
    lamps (LAMPS, 7): position, colour and power of point lights, those that do not shine with power 0.
    """

    source: Tensor
    color: Tensor
    above: Tensor
    below: Tensor
    zenith: Tensor
    horizon: Tensor
    glow: Tensor
    fog: Tensor
    indoor: Tensor
    lamps: Tensor


@dataclass(frozen=True)
class Sky:
    """One time of day: elevation range of the sun in degrees, then linear colours."""

    elevation: tuple[float, float]
    sun: tuple[float, float, float]
    above: tuple[float, float, float]
    below: tuple[float, float, float]
    zenith: tuple[float, float, float]
    horizon: tuple[float, float, float]
    glow: tuple[float, float, float]


SKIES = {
    "noon": Sky(
        elevation=(45, 65),
        sun=(1.0, 0.95, 0.85),
        above=(0.42, 0.48, 0.58),
        below=(0.2, 0.19, 0.16),
        zenith=(0.12, 0.33, 0.75),
        horizon=(0.55, 0.75, 0.95),
        glow=(0.3, 0.28, 0.2),
    ),
    "sunset": Sky(
        elevation=(9, 16),
        sun=(1.15, 0.5, 0.18),
        above=(0.34, 0.25, 0.33),
        below=(0.16, 0.1, 0.08),
        zenith=(0.17, 0.16, 0.4),
        horizon=(1.0, 0.42, 0.16),
        glow=(0.6, 0.25, 0.05),
    ),
    "night": Sky(
        elevation=(35, 55),
        sun=(0.13, 0.18, 0.30),
        above=(0.07, 0.095, 0.18),
        below=(0.026, 0.032, 0.06),
        zenith=(0.004, 0.008, 0.03),
        horizon=(0.022, 0.04, 0.105),
        glow=(0.03, 0.035, 0.05),
    ),
}
LAMPS = 6  # a world, at most
LAMP_METRES = 1.0  # within about this distance of a lamp its light does not grow any more
LAMPS_SHINE = {"noon": 0.0, "sunset": 0.45, "night": 1.0}  # share of their power
FOG_PER_METRE = {"clear": 1 / 400, "fog": 1 / 28, "snow": 1 / 80}
OVERCAST = {"clear": 0.0, "fog": 0.85, "snow": 0.6}  # how far the sky and the sun turn grey

# a room's own light by time of day: lamp, ambient from above and from below
ROOMS = {
    "noon": ((0.62, 0.6, 0.55), (0.42, 0.43, 0.44), (0.3, 0.29, 0.27)),
    "sunset": ((0.75, 0.4, 0.17), (0.32, 0.2, 0.15), (0.2, 0.11, 0.08)),
    "night": ((0.42, 0.3, 0.14), (0.045, 0.055, 0.1), (0.03, 0.035, 0.06)),
}


def outdoor_light(time: str, weather: str, rng: np.random.Generator, lamps: Sequence[Lamp] = ()) -> Light:
    """Sun or moon in a random direction, greyed by the weather, and the lamps that are on at this time."""
    sky, grey = SKIES[time], OVERCAST[weather]
    elevation, azimuth = np.radians(rng.uniform(*sky.elevation)), rng.uniform(0, 2 * np.pi)
    flat = np.cos(elevation)
    source = (flat * np.sin(azimuth), -np.sin(elevation), flat * np.cos(azimuth), 0.0)
    horizon = _greyed(sky.horizon, grey)
    return _light(
        source=source,
        color=[c * (1 - 0.7 * grey) for c in sky.sun],
        above=[(1 + 0.5 * grey) * c for c in _greyed(sky.above, grey)],
        below=sky.below,
        zenith=[(1 - grey) * z + grey * h for z, h in zip(_greyed(sky.zenith, grey), horizon, strict=True)],
        horizon=horizon,
        glow=[c * (1 - grey) for c in sky.glow],
        fog=[FOG_PER_METRE[weather]],
        indoor=[0.0],
        lamps=_lamps(lamps, time),
    )


def indoor_light(time: str, weather: str, lamp: Sequence[float], lamps: Sequence[Lamp] = ()) -> Light:
    """A lamp at (x, y, z) metres under the ceiling, what comes through the windows, and smaller lamps."""
    color, above, below = ROOMS[time]
    sky = SKIES[time]
    horizon = _greyed([1.25 * h for h in sky.horizon], OVERCAST[weather])
    return _light(
        source=(*lamp, 1.0), color=color, above=above, below=below, zenith=sky.zenith, horizon=horizon,
        glow=(0, 0, 0), fog=[0.0], indoor=[1.0], lamps=_lamps(lamps, time),
    )  # fmt: skip


def batched(lights: Sequence[Light], device: torch.device | str = "cpu") -> Light:
    """The lights of B worlds with a leading axis B."""
    return Light(
        *(torch.stack([getattr(light, f.name) for light in lights]).to(device) for f in fields(Light))
    )


def sky_color(light: Light, direction: Tensor) -> Tensor:
    """Sky (B, 3, R) in unit directions (B, 3, R): horizon to zenith, and the sun with a glow."""
    height = (-direction[:, 1:2]).clamp(min=0)
    sun = light.source[:, :3, None] * (1 - light.source[:, 3:, None])  # a lamp is not in the sky
    towards = (direction * sun).sum(1, keepdim=True).clamp(min=0)
    gradient = torch.lerp(light.horizon[:, :, None], light.zenith[:, :, None], height.sqrt())
    disc = 3 * (towards > 0.9985)
    return gradient + light.glow[:, :, None] * (towards**8 + 2 * towards**64 + disc)


def shade(light: Light, color: Tensor, normal: Tensor, point: Tensor, shadowed: Tensor) -> Tensor:
    """Reflected light (B, 3, R) of matt surfaces: color and unit normal (B, 3, R) at point (B, 3, R)."""
    to_source = light.source[:, :3, None] - light.source[:, 3:, None] * point
    distance = length(to_source)
    cosine = ((to_source / distance) * normal).sum(1, keepdim=True).clamp(min=0)
    falloff = torch.where(light.source[:, 3:, None] > 0, 1 / (1 + (distance / 5) ** 2), 1.0)
    up = 0.5 - 0.5 * normal[:, 1:2]
    ambient = torch.lerp(light.below[:, :, None], light.above[:, :, None], up)
    direct = light.color[:, :, None] * cosine * falloff * ~shadowed[:, None]
    return color * (ambient + direct + lamp_light(light, normal, point))


def lamp_light(light: Light, normal: Tensor, point: Tensor) -> Tensor:
    """Light (B, 3, R) of the small lamps on surfaces with unit normal (B, 3, R) at point (B, 3, R).

    A lamp of power p at distance d gives p cos / (1 + (d / LAMP_METRES)^2), without shadows.
    """
    to_lamp = light.lamps[:, :, :3, None] - point[:, None]  # (B, LAMPS, 3, R)
    squared = (to_lamp * to_lamp).sum(2).clamp(min=1e-6)
    cosine = ((to_lamp * normal[:, None]).sum(2) * squared.rsqrt()).clamp(min=0)
    received = light.lamps[:, :, 6:] * cosine / (1 + squared / LAMP_METRES**2)  # (B, LAMPS, R)
    return torch.einsum("blc,blr->bcr", light.lamps[:, :, 3:6], received)


def fogged(light: Light, color: Tensor, distance: Tensor) -> Tensor:
    """Colours (B, 3, R) seen through distance (B, R) metres of air of the horizon's colour."""
    clear = torch.exp(-light.fog * distance)[:, None]
    return torch.lerp(light.horizon[:, :, None], color, clear)


def to_display(linear: Tensor) -> Tensor:
    """Linear light to sRGB-like [0, 1], with a soft shoulder instead of clipping."""
    compressed = linear / (1 + linear**3) ** (1 / 3)
    return compressed.clamp(0, 1) ** (1 / 2.2)


def to_linear(srgb: Tensor) -> Tensor:
    """Display colours in [0, 1] to linear light."""
    return srgb.clamp(min=0) ** 2.2


def _greyed(color: Sequence[float], amount: float) -> list[float]:
    grey = 0.3 * color[0] + 0.5 * color[1] + 0.2 * color[2]
    return [(1 - amount) * c + amount * (0.85 * grey + 0.15 * c) for c in color]


def _lamps(lamps: Sequence[Lamp], time: str) -> Tensor:
    """(LAMPS, 7) of the first lamps, with the power that they have at this time of day."""
    table = torch.zeros(LAMPS, 7)
    for row, lamp in zip(table, lamps, strict=False):
        row[:] = torch.tensor([*lamp.position, *lamp.color, LAMPS_SHINE[time] * lamp.power])
    return table


def _light(**values: Sequence[float] | Tensor) -> Light:
    return Light(**{name: torch.as_tensor(value, dtype=torch.float32) for name, value in values.items()})
