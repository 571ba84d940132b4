"""How surfaces answer light: ambient light, sun, lamps and windows, then fog, halos and the tone curve."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from depthgen.worlds.lighting import Light
from depthgen.worlds.raycast import length, plane_distance

LAMP_METRES = 1.0  # within about this distance of a lamp its light does not grow any more
LAMP_REACH = 5.0  # metres; the same for the lamp under a room's ceiling
HALO_METRES = 0.12  # how wide clear air around a lamp shines
HALO_IN_FOG = 130.0  # how much wider with every 1 / m of extinction
HALO = 0.5  # of the lamp's light


@dataclass(frozen=True)
class Reach:
    """What reaches R points of B worlds, shares in [0, 1], each (B, R): the sun or the ceiling lamp, ambient
    light, and the sun through windows."""

    source: Tensor
    ambient: Tensor
    sun: Tensor


def shade(light: Light, color: Tensor, normal: Tensor, point: Tensor, reach: Reach) -> Tensor:
    """Reflected light (B, 3, R) of matt surfaces: color and unit normal (B, 3, R) at point (B, 3, R)."""
    ambient, sun = reach.ambient[:, None], reach.sun[:, None]
    up = 0.5 - 0.5 * normal[:, 1:2]
    soft = torch.lerp(light.below[:, :, None], light.above[:, :, None], up) + pane_light(light, normal, point)
    straight = source_light(light, normal, point) * reach.source[:, None]
    straight = straight + light.sunlight[:, :, None] * sun * _cosine(light.sun[:, :, None], normal)
    return color * (ambient * soft + straight + (0.4 + 0.6 * ambient) * lamp_light(light, normal, point))


def source_light(light: Light, normal: Tensor, point: Tensor) -> Tensor:
    """Light (B, 3, R) of the sun or the ceiling lamp on surfaces with unit normal (B, 3, R) in its sight."""
    to_source = light.source[:, :3, None] - light.source[:, 3:, None] * point
    distance = length(to_source)
    falloff = torch.where(light.source[:, 3:, None] > 0, 1 / (1 + (distance / LAMP_REACH) ** 2), 1.0)
    return light.color[:, :, None] * falloff * _cosine(to_source / distance, normal)


def lamp_light(light: Light, normal: Tensor, point: Tensor) -> Tensor:
    """Light (B, 3, R) of lamps on surfaces with unit normal (B, 3, R) at point (B, 3, R), without shadows.

    A lamp of power p at distance d gives p cos / (1 + (d / LAMP_METRES)^2).
    """
    to_lamp = light.lamps[:, :, :3, None] - point[:, None]  # (B, LAMPS, 3, R)
    squared = (to_lamp * to_lamp).sum(2).clamp(min=1e-6)
    cosine = ((to_lamp * normal[:, None]).sum(2) * squared.rsqrt()).clamp(min=0)
    received = light.lamps[:, :, 6:] * cosine / (1 + squared / LAMP_METRES**2)  # (B, LAMPS, R)
    return light.lamps[:, :, 3:6].transpose(1, 2) @ received


def pane_light(light: Light, normal: Tensor, point: Tensor) -> Tensor:
    """Light (B, 3, R) of the sky that falls through window panes, without shadows.

    A pane of area A at distance d gives A cos cos' / (pi d^2 + A), as a disc would straight before it.
    """
    right, up, inward, center = light.panes.unbind(3)  # (B, PANES, 3) each
    area = 4 * (right.square().sum(2) * up.square().sum(2)).sqrt()[:, :, None]
    away = plane_distance(inward, center, point)  # d cos', metres before the pane
    to_center = center[..., None] - point[:, None]  # (B, PANES, 3, R)
    squared = (to_center * to_center).sum(2).clamp(min=1e-6)
    faced = (to_center * normal[:, None]).sum(2)  # d cos
    form = (
        area * faced.clamp(min=0) * away.clamp(min=0) / squared / (torch.pi * squared + area).clamp(min=1e-6)
    )
    return light.daylight[:, :, None] * form.sum(1, keepdim=True)


def _cosine(direction: Tensor, normal: Tensor) -> Tensor:
    """(B, 1, R) of the angle between unit vectors (B, 3, R), 0 behind the surface."""
    return (direction * normal).sum(1, keepdim=True).clamp(min=0)


def halos(light: Light, origin: Tensor, unit: Tensor, distance: Tensor) -> Tensor:
    """Light (B, 3, R) of the open air around lamps, seen along unit (B, 3, R) for distance (B, R) metres."""
    to_lamp = light.lamps[:, :, :3, None] - origin[:, None]  # (B, LAMPS, 3, R or 1)
    along = (to_lamp * unit[:, None]).sum(2)
    nearest = torch.minimum(along.clamp(min=0), distance[:, None])[:, :, None] * unit[:, None]
    squared = (to_lamp - nearest).square().sum(2)
    width = HALO_METRES * (1 + HALO_IN_FOG * light.fog[..., None])
    strength = HALO * light.lamps[:, :, 6:] * (1 - light.indoor[..., None]) / (1 + squared / width**2)
    return light.lamps[:, :, 3:6].transpose(1, 2) @ strength


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
