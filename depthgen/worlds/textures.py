"""Procedural patterns, evaluated at hit points only, in metres along the surface.

Every pattern maps surface coordinates in periods to how much of the material's second colour shows, in [0, 1]
(BOOKS and WINDOWS bring their own colours). Patterns fade to their mean as pixels get as wide as a period.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from depthgen.worlds.builder import Shape, Texture


@dataclass(frozen=True)
class Surface:
    """P points to be coloured. point (P, 3) metres in the primitive's frame, across (P, 2) the same along the
    surface (second coordinate down), both in periods of the pattern; flat (P,) bool: horizontal surfaces;
    fade (P,) 1 where the pattern is fully visible, 0 where it is finer than a pixel."""

    point: Tensor
    across: Tensor
    flat: Tensor
    fade: Tensor


def surface(
    local: Tensor, normal: Tensor, half_size: Tensor, shape: Tensor, scale: Tensor, pixel: Tensor
) -> Surface:
    """Coordinates of P hits: local, normal there, half_size (P, 3); shape, scale, pixel (P,) metres."""
    endless = shape == Shape.PLANE
    point = torch.where(endless[:, None], local, local * half_size) / scale[:, None]
    x, y, z = point.unbind(1)
    steep = normal.abs() / half_size  # local normals to (unnormalised) ones in metres
    side_x = (steep[:, 0] >= steep[:, 1]) & (steep[:, 0] >= steep[:, 2])
    flat = ~side_x & (steep[:, 1] >= steep[:, 2])
    across = torch.stack([torch.where(side_x, z, x), torch.where(flat, z, y)], 1)
    return Surface(point, across, flat, (1.5 - pixel / (0.35 * scale)).clamp(0, 1))


def hashed(*lattice: Tensor) -> Tensor:
    """A number in [0, 1) for each integer lattice point, the same on every device (integers alone)."""
    value = torch.zeros_like(lattice[0], dtype=torch.int64)
    for coordinate, factor in zip(lattice, (374761393, 668265263, 1274126177), strict=False):
        value = value + coordinate.floor().long() * factor
    value = (value ^ (value >> 13)) * 1103515245 & 0xFFFFFFFF
    value = (value ^ (value >> 16)) * 2246822519 & 0xFFFFFFFF
    return ((value ^ (value >> 15)) & 0xFFFFFF).float() / 0x1000000


def value_noise(point: Tensor) -> Tensor:
    """Smooth noise (P,) in [0, 1] with one feature a unit, at point (P, 3) or (P, 2)."""
    low = point.floor()
    part = point - low
    weight = part * part * (3 - 2 * part)
    total = torch.zeros_like(point[:, 0])
    for corner in range(2 ** point.shape[1]):
        bits = torch.tensor([corner >> axis & 1 for axis in range(point.shape[1])], device=point.device)
        share = torch.where(bits.bool(), weight, 1 - weight).prod(1)
        total = total + share * hashed(*(low + bits).unbind(1))
    return total


def _noise(s: Surface) -> Tensor:
    return 0.6 * value_noise(s.point) + 0.4 * value_noise(2.7 * s.point)


def _grass(s: Surface) -> Tensor:
    blades = value_noise(s.across * torch.tensor([9.0, 3.0], device=s.across.device))
    return 0.55 * value_noise(s.across) + 0.45 * blades


def _planks(s: Surface) -> Tensor:
    u, v = s.across.unbind(1)
    shifted = v / 6 + hashed(u)  # boards are six widths long
    seam = (_fraction(u) < 0.06) | (_fraction(shifted) < 0.012)
    return torch.where(seam, 1.0, 0.6 * hashed(u, shifted))


def _tiles(s: Surface) -> Tensor:
    return (_fraction(s.across) < 0.06).any(1).float()


def _bricks(s: Surface) -> Tensor:
    u, v = s.across[:, 0] / 2, s.across[:, 1]
    u = u + 0.5 * (v.floor() % 2)
    mortar = (_fraction(u) < 0.06) | (_fraction(v) < 0.12)
    return torch.where(mortar, 1.0, 0.35 * hashed(u, v))


def _checker(s: Surface) -> Tensor:
    return s.across.floor().sum(1) % 2


def _stripes(s: Surface) -> Tensor:
    return (_fraction(s.across[:, 0]) < 0.5).float()


def _sand(s: Surface) -> Tensor:
    u, v = s.across.unbind(1)
    ripples = 0.5 + 0.5 * torch.sin(6.3 * (v + 0.6 * value_noise(s.across)) + u)
    return 0.5 * ripples + 0.5 * value_noise(1.7 * s.across)


def _water(s: Surface) -> Tensor:
    return value_noise(s.across * torch.tensor([0.6, 2.5], device=s.across.device)).square()


def _windows(s: Surface) -> Tensor:
    u, v = _fraction(s.across).unbind(1)
    pane = (u > 0.22) & (u < 0.78) & (v > 0.2) & (v < 0.75)
    return (pane & ~s.flat).float()


def _books(s: Surface) -> Tensor:
    return (_fraction(s.across[:, 1]) < 0.1).float()  # the board they stand on


def _fraction(x: Tensor) -> Tensor:
    return x - x.floor()


PATTERNS: dict[Texture, tuple[Callable[[Surface], Tensor], float]] = {  # with the mean they fade to
    Texture.NOISE: (_noise, 0.5),
    Texture.GRASS: (_grass, 0.5),
    Texture.PLANKS: (_planks, 0.35),
    Texture.TILES: (_tiles, 0.12),
    Texture.BRICKS: (_bricks, 0.3),
    Texture.CHECKER: (_checker, 0.5),
    Texture.STRIPES: (_stripes, 0.5),
    Texture.SAND: (_sand, 0.5),
    Texture.WATER: (_water, 0.3),
    Texture.WINDOWS: (_windows, 0.3),
    Texture.BOOKS: (_books, 0.1),
}


def blend(texture: Texture, s: Surface) -> Tensor:
    """How much of the second colour shows (P,)."""
    pattern, mean = PATTERNS[texture]
    return mean + (pattern(s) - mean) * s.fade


def book_colors(s: Surface) -> Tensor:
    """Spines (P, 3): a hue for each of eight books a period and shelf, muted, some pale."""
    u, v = s.across.unbind(1)
    book, shelf = (8 * u).floor(), v.floor()
    hue, shade = hashed(book, shelf), hashed(book, shelf + 77)
    phase = torch.tensor([0.0, 0.33, 0.67], device=hue.device)
    rainbow = 0.5 + 0.5 * torch.cos(6.2832 * (hue[:, None] - phase))
    return (0.25 + 0.55 * shade)[:, None] * (0.35 + 0.65 * rainbow)


def lit_panes(s: Surface) -> Tensor:
    """Which windows of a facade are lit at night (P,): about half."""
    return (hashed(*s.across.unbind(1)) < 0.5).float() * _windows(s)
