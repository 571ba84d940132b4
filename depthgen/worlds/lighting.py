"""The light of a world: sun, moon, lamps, windows, sky, ambient light and fog, by time of day and weather."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import torch
from torch import Tensor

from depthgen.worlds.builder import Color, Lamp, Shape
from depthgen.worlds.primitives import Primitives
from depthgen.worlds.semantics import Semantic

LAMPS, PANES = 6, 8  # a world, at most


@dataclass(frozen=True)
class Light:
    """What lights one world, colours in linear RGB; after `batched`, each with a leading B.

    source (4,): what casts shadows, homogeneous: towards the sun (last 0) or where the ceiling lamp hangs
    (last 1); color (3,) of its light; above and below (3,): ambient light from up and down; zenith and
    horizon (3,) of the sky; sun (3,): unit vector towards the sun or moon; glow (3,) around it; stars (1,):
    how bright they are; clouds (3,): the share of sky they cover, and where their pattern lies; cloud (3,):
    their colour; fog (1,): extinction per metre; indoor (1,): 1 in rooms, whose windows show the sky;
    sunlight (3,) and daylight (3,): what falls straight and softly through the windows; lamps (LAMPS, 7):
    position, colour and power of point lights, 0 of those that do not shine; panes (PANES, 3, 4): columns
    right and up from a pane's middle to its edges in metres, unit vector into the room, middle; 0 for those
    that do not exist.
    """

    source: Tensor
    color: Tensor
    above: Tensor
    below: Tensor
    zenith: Tensor
    horizon: Tensor
    sun: Tensor
    glow: Tensor
    stars: Tensor
    clouds: Tensor
    cloud: Tensor
    fog: Tensor
    indoor: Tensor
    sunlight: Tensor
    daylight: Tensor
    lamps: Tensor
    panes: Tensor


@dataclass(frozen=True)
class Sky:
    """A time of day: elevation of the sun in degrees, in the open and in windows, and linear colours."""

    elevation: tuple[float, float]
    low: tuple[float, float]
    sun: Color
    above: Color
    below: Color
    zenith: Color
    horizon: Color
    glow: Color
    cloud: Color
    stars: float = 0.0


SKIES = {
    "noon": Sky(
        elevation=(42, 62),
        low=(28, 42),
        sun=(1.12, 1.04, 0.88),
        above=(0.43, 0.50, 0.64),
        below=(0.25, 0.23, 0.18),
        zenith=(0.10, 0.30, 0.74),
        horizon=(0.55, 0.76, 0.96),
        glow=(0.3, 0.28, 0.2),
        cloud=(1.05, 1.03, 1.0),
    ),
    "sunset": Sky(
        elevation=(9, 16),
        low=(9, 15),
        sun=(1.8, 0.86, 0.32),
        above=(0.36, 0.27, 0.37),
        below=(0.18, 0.11, 0.09),
        zenith=(0.17, 0.17, 0.42),
        horizon=(1.0, 0.44, 0.17),
        glow=(0.6, 0.25, 0.05),
        cloud=(1.0, 0.46, 0.36),
    ),
    "night": Sky(
        elevation=(30, 50),
        low=(28, 42),
        sun=(0.18, 0.25, 0.39),
        above=(0.085, 0.13, 0.245),
        below=(0.045, 0.055, 0.095),
        zenith=(0.005, 0.010, 0.038),
        horizon=(0.026, 0.048, 0.125),
        glow=(0.03, 0.04, 0.06),
        cloud=(0.03, 0.045, 0.09),
        stars=0.9,
    ),
}
LAMPS_SHINE = {"noon": 0.0, "sunset": 0.45, "night": 1.0}  # share of their power
FOG_PER_METRE = {"clear": 1 / 400, "fog": 1 / 28, "snow": 1 / 80}
OVERCAST = {"clear": 0.0, "fog": 0.85, "snow": 0.6}  # how far the sky and the sun turn grey
CLOUD_COVER = (0.25, 0.6)  # of a clear sky


@dataclass(frozen=True)
class RoomLight:
    """A room's light by time of day: ceiling lamp, ambient from above and below, sun and sky in windows."""

    lamp: Color
    above: Color
    below: Color
    sunlight: Color
    daylight: Color


ROOMS = {
    "noon": RoomLight(
        lamp=(0.38, 0.36, 0.32),
        above=(0.51, 0.51, 0.51),
        below=(0.46, 0.43, 0.39),
        sunlight=(2.0, 1.75, 1.35),
        daylight=(2.0, 2.1, 2.3),
    ),
    "sunset": RoomLight(
        lamp=(0.42, 0.28, 0.15),
        above=(0.30, 0.22, 0.21),
        below=(0.25, 0.17, 0.14),
        sunlight=(2.2, 0.95, 0.32),
        daylight=(1.7, 0.95, 0.75),
    ),
    "night": RoomLight(
        lamp=(0.46, 0.35, 0.2),
        above=(0.10, 0.10, 0.13),
        below=(0.085, 0.075, 0.075),
        sunlight=(0.05, 0.075, 0.13),
        daylight=(0.04, 0.06, 0.12),
    ),
}
WINDOWLESS = 1.7  # times as bright is the ceiling lamp of a room without windows


def outdoor_light(time: str, weather: str, rng: np.random.Generator, lamps: Sequence[Lamp] = ()) -> Light:
    """Sun or moon in a random direction, clouds, all greyed by the weather, and the lamps that are on."""
    sky, grey = SKIES[time], OVERCAST[weather]
    sun = _towards(rng.uniform(*sky.elevation), rng.uniform(0, 360))
    horizon = _greyed(sky.horizon, grey)
    return _light(
        source=(*sun, 0.0),
        color=[c * (1 - 0.7 * grey) for c in sky.sun],
        above=[(1 + 0.5 * grey) * c for c in _greyed(sky.above, grey)],
        below=sky.below,
        zenith=[(1 - grey) * z + grey * h for z, h in zip(_greyed(sky.zenith, grey), horizon, strict=True)],
        horizon=horizon,
        sun=sun,
        glow=[c * (1 - grey) for c in sky.glow],
        stars=[sky.stars if grey == 0 else 0.0],
        clouds=_clouds(rng, grey),
        cloud=sky.cloud,
        fog=[FOG_PER_METRE[weather]],
        indoor=[0.0],
        sunlight=(0, 0, 0),
        daylight=(0, 0, 0),
        lamps=_lamps(lamps, time),
        panes=torch.zeros(PANES, 3, 4),
    )


def indoor_light(
    time: str,
    room: Primitives,
    middle: Sequence[float],
    rng: np.random.Generator,
    lamps: Sequence[Lamp] = (),
) -> Light:
    """A lamp under the ceiling at middle (x, y, z), the other lamps that are on, and what the windows let in.

    The sun stands before one of the room's panes, which are its glowing boxes of the class WINDOW.
    """
    sky, own, panes = SKIES[time], ROOMS[time], panes_of(room, middle)
    seen = panes[int(rng.integers(max(1, len(panes))))] if len(panes) else torch.eye(3, 4)
    facing = np.degrees(np.arctan2(-float(seen[0, 2]), -float(seen[2, 2])))
    return _light(
        source=(*middle, 1.0),
        color=[c * (1.0 if len(panes) else WINDOWLESS) for c in own.lamp],
        above=own.above,
        below=own.below,
        zenith=sky.zenith,
        horizon=sky.horizon,
        sun=_towards(rng.uniform(*sky.low), facing + rng.uniform(-35, 35)),
        glow=sky.glow,
        stars=[sky.stars],
        clouds=_clouds(rng, 0.0),
        cloud=sky.cloud,
        fog=[0.0],
        indoor=[1.0],
        sunlight=own.sunlight,
        daylight=own.daylight,
        lamps=_lamps(lamps, time),
        panes=torch.cat([panes, torch.zeros(PANES, 3, 4)])[:PANES],
    )


def panes_of(room: Primitives, middle: Sequence[float]) -> Tensor:
    """(K, 3, 4) the window panes of a room as in `Light`, turned towards its middle (x, y, z)."""
    chosen = (room.semantic == int(Semantic.WINDOW)) & (room.emissive > 0) & (room.shape == Shape.BOX)
    columns, center = room.world_from_local[chosen].split((3, 1), dim=2)
    x, up, z = columns.unbind(2)
    thin_x = (room.half_size[chosen, 0] < room.half_size[chosen, 2])[:, None]
    right, inward = torch.where(thin_x, z, x), torch.where(thin_x, x, z)
    to_middle = torch.tensor(middle, dtype=torch.float32) - center[:, :, 0]
    inward = inward * (inward * to_middle).sum(1, keepdim=True).sign()
    return torch.stack([right, up, torch.nn.functional.normalize(inward, dim=1), center[:, :, 0]], dim=2)


def batched(lights: Sequence[Light], device: torch.device | str = "cpu") -> Light:
    """The lights of B worlds with a leading axis B, with as many lamps and panes as the fullest has."""
    light = Light(*(torch.stack([getattr(light, f.name) for light in lights]) for f in fields(Light)))
    lamps, panes = (light.lamps[..., 6] > 0).any(0), light.panes.flatten(2).any(2).any(0)
    light = replace(light, lamps=light.lamps[:, lamps], panes=light.panes[:, panes])
    return Light(*(getattr(light, f.name).to(device) for f in fields(Light)))


def _towards(elevation: float, azimuth: float) -> tuple[float, float, float]:
    """The unit vector of a direction in degrees, azimuth from +z towards +x."""
    e, a = np.radians(elevation), np.radians(azimuth)
    return float(np.cos(e) * np.sin(a)), float(-np.sin(e)), float(np.cos(e) * np.cos(a))


def _clouds(rng: np.random.Generator, grey: float) -> list[float]:
    cover, *place = rng.uniform((CLOUD_COVER[0], -100, -100), (CLOUD_COVER[1], 100, 100))
    return [cover if grey == 0 else 0.0, *place]


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
