"""The sky: its gradient, the sun or moon, stars and clouds; and what a room's windows show of the outside."""

from __future__ import annotations

import torch
from torch import Tensor

from depthgen.worlds.lighting import Light
from depthgen.worlds.textures import hashed, smoothstep, value_noise

SUN_COSINE = 0.9991  # of its radius, 2.4 degrees: larger than life
STARS_PER_UNIT = 55.0  # cells along an axis of the unit sphere
STAR_SHARE = 0.03  # of the cells
CITY_CELLS = 90.0  # lights of a far town, cells per radian


def sky_color(light: Light, direction: Tensor) -> Tensor:
    """Sky (B, 3, R) in unit directions (B, 3, R)."""
    height = (-direction[:, 1:2]).clamp(min=0)
    gradient = torch.lerp(light.horizon[:, :, None], light.zenith[:, :, None], height.sqrt())
    towards = (direction * light.sun[:, :, None]).sum(1, keepdim=True).clamp(min=0)
    glow = gradient + light.glow[:, :, None] * (towards**8 + 2 * towards**64)
    glow = glow + _stars(light, direction) * smoothstep(4 * height)
    glow = torch.lerp(glow, _disc_color(light, direction), smoothstep((towards - SUN_COSINE) / 2e-4))
    return _clouded(light, direction, height, towards, glow)


def _disc_color(light: Light, direction: Tensor) -> Tensor:
    """(B, 3, R) of the sun, or of the moon with its maria where stars shine."""
    night = light.stars[:, :, None]
    maria = _noise(14 * (direction - light.sun[:, :, None]) * 6)
    moon = torch.tensor([0.85, 0.87, 0.9], device=direction.device)[:, None] * (
        1 - 0.35 * smoothstep(3 * maria - 1)
    )
    return torch.lerp(light.horizon[:, :, None] + 4 * light.glow[:, :, None], moon, night)


def _stars(light: Light, direction: Tensor) -> Tensor:
    """(B, 1, R) light of stars, one in some cells of a lattice around the world."""
    place = STARS_PER_UNIT * direction
    chance = hashed(*place.unbind(1))[:, None]
    offset = (place - place.floor() - 0.5).square().sum(1, keepdim=True).sqrt()
    return (
        light.stars[:, :, None] * (chance < STAR_SHARE) * smoothstep(1 - offset / 0.42) * (0.3 + 23 * chance)
    )


def _clouded(light: Light, direction: Tensor, height: Tensor, towards: Tensor, behind: Tensor) -> Tensor:
    """The sky `behind` (B, 3, R) covered by a flat layer of clouds, lit from the sun's side."""
    cover, place = light.clouds[:, :1, None], light.clouds[:, 1:, None]
    flat = direction[:, [0, 2]] / (height + 0.12) + place
    density = _fractal(flat)
    lit = (0.5 + 2.5 * (density - _fractal(flat + 0.25 * light.sun[:, [0, 2], None]))).clamp(0, 1)
    share = smoothstep((density - 0.75 + 0.5 * cover) / 0.2) * smoothstep(7 * height - 0.2) * (cover > 0)
    shaded = torch.lerp(behind, light.cloud[:, :, None], 0.55)
    color = torch.lerp(shaded, light.cloud[:, :, None], lit) + light.glow[:, :, None] * towards**8
    return torch.lerp(behind, color, 0.9 * share)


def _fractal(place: Tensor) -> Tensor:
    """(B, 1, R) three octaves of noise in [0, 1] at place (B, 2, R)."""
    return 0.55 * _noise(place) + 0.3 * _noise(2.3 * place + 17) + 0.15 * _noise(5.1 * place + 31)


def _noise(place: Tensor) -> Tensor:
    """(B, 1, R) at place (B, D, R)."""
    return value_noise(place.transpose(1, 2).flatten(0, 1)).view(len(place), 1, -1)


def outside(light: Light, direction: Tensor) -> Tensor:
    """(B, 3, R) what a window shows in unit directions (B, 3, R): far hills, and a town at night."""
    x, y, z = direction.unbind(1)
    around = torch.stack([x, z], 1) / torch.hypot(x, z).clamp(min=1e-6)[:, None]
    ridge = -0.03 + 0.11 * _noise(2.5 * around) + 0.03 * _noise(9 * around)
    below = smoothstep((ridge + y[:, None]) * 90)
    depth = ((ridge + y[:, None]) / 0.5).clamp(0, 1)  # of the land, 0 at the ridge
    land = torch.lerp(0.6 * light.horizon, 1.3 * light.below, 0.6)[:, :, None] * (1 - 0.5 * depth)
    land = land * torch.tensor([0.8, 1.0, 0.75], device=direction.device)[:, None]
    return torch.lerp(sky_color(light, direction), land + _town(light, direction), below)


def _town(light: Light, direction: Tensor) -> Tensor:
    """(B, 3, R) warm dots in some cells of azimuth and slope, as bright as the stars."""
    x, y, z = direction.unbind(1)
    place = CITY_CELLS * torch.stack([torch.atan2(x, z), 1.5 * y / torch.hypot(x, z).clamp(min=1e-3)], 1)
    offset = (place - place.floor() - 0.5).square().sum(1, keepdim=True).sqrt()
    lit = (hashed(*place.unbind(1))[:, None] < 0.09) * smoothstep(1 - offset / 0.45)
    warm = torch.tensor([1.0, 0.62, 0.25], device=direction.device)[:, None]
    return light.stars[:, :, None] * warm * lit
