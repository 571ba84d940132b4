"""Procedural patterns, evaluated at hit points only, in metres along the surface.

Every pattern maps surface coordinates in periods to how much of the material's second colour shows, in [0, 1]
(BOOKS, PAINTING and WINDOWS bring colours of their own). Edges are averaged over a pixel's width, and
patterns fade to their mean as pixels get as wide as a period, but for those that fill a face.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce

import torch
from torch import Tensor

from depthgen.worlds.builder import Shape, Texture

FACTORS = (374761393, 668265263, 1274126177)  # large primes, one for each axis


@dataclass(frozen=True)
class Surface:
    """P points to be coloured. point (P, 3) metres in the primitive's frame, across (P, 2) the same along the
    surface (second coordinate down), both in periods of the pattern; face (P, 2) the latter in half sizes of
    the primitive, [-1, 1] on a box, and extent (P, 2) those half sizes in metres; flat (P,) bool: horizontal
    surfaces; scale (P,) is the period in metres, blur (P,) the width of a pixel in periods."""

    point: Tensor
    across: Tensor
    face: Tensor
    extent: Tensor
    flat: Tensor
    scale: Tensor
    blur: Tensor

    @property
    def fade(self) -> Tensor:
        """(P,) 1 where the pattern is fully visible, 0 where it is finer than a pixel."""
        return (1.5 - 5.7 * self.blur).clamp(0, 1)


def surface(
    local: Tensor, normal: Tensor, half_size: Tensor, shape: Tensor, scale: Tensor, pixel: Tensor
) -> Surface:
    """Coordinates of P hits: local, normal there, half_size (P, 3); shape, scale, pixel (P,) metres."""
    endless = shape == Shape.PLANE
    point = torch.where(endless[:, None], local, local * half_size) / scale[:, None]
    steep = normal.abs() / half_size  # local normals to (unnormalised) ones in metres
    side_x = (steep[:, 0] >= steep[:, 1]) & (steep[:, 0] >= steep[:, 2])
    flat = ~side_x & (steep[:, 1] >= steep[:, 2])
    axes = torch.stack([torch.where(side_x, 2, 0), torch.where(flat, 2, 1)], 1)  # of the face, right and down
    across = torch.where(
        _wrapped(shape, normal)[:, None],
        _unrolled(local, half_size, shape, scale),
        point.gather(1, axes),
    )
    blur = (pixel / scale).clamp(min=1e-3)
    return Surface(point, across, local.gather(1, axes), half_size.gather(1, axes), flat, scale, blur)


def _wrapped(shape: Tensor, normal: Tensor) -> Tensor:
    """(P,) bool: on the mantle of a round shape or the slope of a roof, whose surface is unrolled."""
    mantle = (normal[:, 0].abs() + normal[:, 2].abs()) > 1e-6
    slope = (shape == Shape.PRISM) & (normal[:, 2] == 0) & mantle
    return (_is_round(shape) & mantle) | slope


def _is_round(shape: Tensor) -> Tensor:
    return (shape == Shape.CYLINDER) | (shape == Shape.CONE) | (shape == Shape.FRUSTUM)


def _unrolled(local: Tensor, half_size: Tensor, shape: Tensor, scale: Tensor) -> Tensor:
    """(P, 2) in periods: around and down a mantle, a whole number of periods; or along and down a roof."""
    around = torch.atan2(local[:, 0], local[:, 2]) / (2 * torch.pi)
    periods = (2 * torch.pi * half_size[:, [0, 2]].mean(1) / scale).round().clamp(min=1)
    mantle = torch.stack([around * periods, local[:, 1] * half_size[:, 1] / scale], 1)
    down = torch.hypot(local[:, 0] * half_size[:, 0], (local[:, 1] + 1) * half_size[:, 1])
    roof = torch.stack([local[:, 2] * half_size[:, 2], down], 1) / scale[:, None]
    return torch.where(_is_round(shape)[:, None], mantle, roof)


def smoothstep(x: Tensor) -> Tensor:
    """3 x^2 - 2 x^3, 0 below 0 and 1 above 1."""
    x = x.clamp(0, 1)
    return x * x * (3 - 2 * x)


def hashed(*lattice: Tensor) -> Tensor:
    """A number in [0, 1) for each integer lattice point, the same on every device (integers alone)."""
    terms = (c.floor().int() * factor for c, factor in zip(lattice, FACTORS, strict=False))
    return _mixed(reduce(torch.add, terms))


def _mixed(value: Tensor) -> Tensor:
    """int32 with wrap-around to [0, 1): two rounds of shift and multiply, as common hashes do."""
    value = (value ^ (value >> 13)) * 1103515245
    value = (value ^ (value >> 16)) * -2048144777
    return ((value ^ (value >> 15)) & 0xFFFFFF).float() / 0x1000000


def value_noise(point: Tensor) -> Tensor:
    """Smooth noise (P,) in [0, 1] with one feature a unit, at point (P, 3) or (P, 2)."""
    low = point.floor()
    weights = smoothstep(point - low).unbind(1)
    corners = torch.zeros(1, len(point), dtype=torch.int32, device=point.device)
    for cell, factor in zip(low.int().unbind(1), FACTORS, strict=False):
        start = cell * factor
        corners = torch.cat([corners + start, corners + (start + factor)])  # (2^axes, P)
    values = _mixed(corners)
    for weight in reversed(weights):  # the halves differ along the last axis that is left
        low_half, high_half = values.chunk(2)
        values = torch.lerp(low_half, high_half, weight)
    return values[0]


def _noise(s: Surface) -> Tensor:
    return 0.6 * value_noise(s.point) + 0.4 * value_noise(2.7 * s.point)


def _grass(s: Surface) -> Tensor:
    blades = value_noise(s.across * torch.tensor([9.0, 3.0], device=s.across.device))
    tufts = value_noise(s.across)
    return 0.35 * value_noise(0.17 * s.across) + 0.35 * tufts + 0.3 * blades


def _planks(s: Surface) -> Tensor:
    u, v = s.across.unbind(1)
    shifted = v / 6 + hashed(u)  # boards are six widths long
    seams = either(bars(u, 0, 0.06, s.blur), bars(shifted, 0, 0.012, s.blur / 6))
    return torch.lerp(0.6 * hashed(u, shifted), torch.ones_like(u), seams)


def _tiles(s: Surface) -> Tensor:
    return either(*(bars(along, 0, 0.06, s.blur) for along in s.across.unbind(1)))


def _bricks(s: Surface) -> Tensor:
    u, v = s.across[:, 0] / 2, s.across[:, 1]
    u = u + 0.5 * (v.floor() % 2)
    mortar = either(bars(u, 0, 0.06, s.blur / 2), bars(v, 0, 0.12, s.blur))
    return torch.lerp(0.35 * hashed(u, v), torch.ones_like(u), mortar)


def _checker(s: Surface) -> Tensor:
    u, v = (bars(along / 2, 0.5, 1, s.blur / 2) for along in s.across.unbind(1))
    return u * (1 - v) + v * (1 - u)


def _stripes(s: Surface) -> Tensor:
    return bars(s.across[:, 0], 0, 0.5, s.blur)


def _sand(s: Surface) -> Tensor:
    u, v = s.across.unbind(1)
    ripples = 0.5 + 0.5 * torch.sin(6.3 * (v + 0.6 * value_noise(s.across)) + u)
    return 0.5 * ripples + 0.5 * value_noise(1.7 * s.across)


def _water(s: Surface) -> Tensor:
    return value_noise(s.across * torch.tensor([0.6, 2.5], device=s.across.device)).square()


def _windows(s: Surface) -> Tensor:
    u, v = s.across.unbind(1)
    return bars(u, 0.22, 0.78, s.blur) * bars(v, 0.2, 0.75, s.blur) * ~s.flat


def _books(s: Surface) -> Tensor:
    return bars(s.across[:, 1], 0, 0.1, s.blur)  # the board they stand on


def _wood(s: Surface) -> Tensor:
    """Grain along the longer side of the face."""
    along = (s.extent[:, 1] > s.extent[:, 0])[:, None]
    a, b = torch.where(along, s.across, s.across.flip(1)).unbind(1)  # across and along the grain
    warped = a + 0.9 * value_noise(torch.stack([0.8 * a, 0.13 * b], 1))
    rings = 0.5 + 0.5 * torch.sin(6.2832 * 2 * warped)
    fibres = value_noise(torch.stack([14 * a, 0.7 * b], 1))
    return 0.65 * rings * rings + 0.35 * fibres


def _marble(s: Surface) -> Tensor:
    turbulence = value_noise(s.point) + 0.5 * value_noise(2.1 * s.point) + 0.25 * value_noise(4.3 * s.point)
    vein = 1 - torch.sin(3.1416 * (s.point.sum(1) + 2.5 * turbulence)).abs()
    return 0.75 * vein**4 + 0.25 * value_noise(0.7 * s.point)


def _fabric(s: Surface) -> Tensor:
    over = s.across.floor().sum(1) % 2 > 0
    thread = torch.sin(3.1416 * _fraction(s.across))  # rounded: dark where threads meet
    return 1 - torch.where(over, thread[:, 0], thread[:, 1])


def _cobbles(s: Surface) -> Tensor:
    u, v = s.across.unbind(1)
    u = u + 0.5 * (v.floor() % 2) + 0.12 * (value_noise(s.across) - 0.5)
    corner = (2 * torch.stack([_fraction(u), _fraction(v)], 1) - 1).abs()
    rim = ((corner**4).sum(1) ** 0.25 - 0.75).clamp(0, 0.2) / 0.2
    return torch.maximum(rim, 0.45 * hashed(u, v))


def _shingles(s: Surface) -> Tensor:
    u, v = s.across[:, 0], s.across[:, 1] / 0.8
    u = u + 0.5 * (v.floor() % 2)
    below = above(_fraction(v), 0.95 - 0.35 * (2 * _fraction(u) - 1) ** 4, s.blur)  # its rounded lower edge
    return torch.lerp(0.5 * hashed(u, v) + 0.15 * (1 - _fraction(v)), torch.ones_like(u), below)


def _leaves(s: Surface) -> Tensor:
    dapple = 0.55 * value_noise(1.3 * s.point) + 0.45 * value_noise(3.1 * s.point + 7)
    return smoothstep((dapple - 0.35) / 0.3)


def _rug(s: Surface) -> Tensor:
    shorter = s.extent.amin(1)
    blur, place = s.blur * s.scale / shorter, s.face * s.extent / shorter[:, None]
    to_edge = (s.extent / shorter[:, None] - place.abs()).amin(1)
    zigzag = bars(4 * place.sum(1), 0, 0.5, 5.7 * blur)
    border = between(to_edge, 0.12, 0.25, blur) * zigzag
    lines = between(to_edge, 0.05, 0.09, blur) + between(to_edge, 0.28, 0.31, blur)
    diamond = s.face.abs().sum(1)
    medallion = between(diamond, 0.22, 0.5, blur) + between(diamond, 0.58, 0.64, blur)
    pattern = (lines + border + medallion * above(to_edge, 0.31, blur)).clamp(max=1)
    return 0.9 * pattern + 0.1 * (0.5 + (_fabric(s) - 0.5) * s.fade)


def _painting(s: Surface) -> Tensor:
    """Three ranges of hills, each with more of the second colour than the one behind."""
    right, down = s.face.unbind(1)
    share, blur = 0.12 * (down + 1), s.blur * s.scale / s.extent[:, 1]
    for number, level in enumerate((-0.1, 0.25, 0.6)):
        outline = torch.stack([1.3 * right + 17 * number, 97 * s.scale], 1)
        hill = level - 0.7 * (value_noise(outline) - 0.4)
        share = share + (0.4 + 0.3 * number - share) * above(down, hill, blur)
    return share


def _wallpaper(s: Surface) -> Tensor:
    u, v = s.across.unbind(1)
    stripe = bars(u, 0, 0.07, s.blur)
    from_flower = torch.hypot(_fraction(u) - 0.535, _fraction(v + 0.5 * (u.floor() % 2)) - 0.5)
    petals = 0.13 + 0.04 * torch.cos(5 * torch.atan2(_fraction(u) - 0.535, _fraction(v) - 0.5))
    return torch.maximum(stripe, 0.8 * above(petals, from_flower, s.blur))


def _keys(s: Surface) -> Tensor:
    u, v = s.across.unbind(1)
    u = u + 0.3 * (v.floor() % 3)
    return bars(u, 0.15, 1, s.blur) * bars(v, 0.15, 1, s.blur)


def _fraction(x: Tensor) -> Tensor:
    return x - x.floor()


def bars(x: Tensor, low: float, high: float, width: Tensor) -> Tensor:
    """Share (P,) of the interval of `width` around x that lies in [low, high] of some period of 1."""

    def before(end: Tensor) -> Tensor:
        return end.floor() * (high - low) + _fraction(end).clamp(low, high) - low

    start = _fraction(x)  # near 0, where numbers are precise
    return ((before(start + width / 2) - before(start - width / 2)) / width).clamp(0, 1)


def above(x: Tensor, limit: Tensor | float, width: Tensor) -> Tensor:
    """Share (P,) of the interval of `width` around x that lies above the limit."""
    return (0.5 + (x - limit) / width).clamp(0, 1)


def between(x: Tensor, low: float, high: float, width: Tensor) -> Tensor:
    """Share (P,) of the interval of `width` around x that lies in [low, high]."""
    return above(x, low, width) - above(x, high, width)


def either(first: Tensor, second: Tensor) -> Tensor:
    """The share that two independent shares cover."""
    return first + second - first * second


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
    Texture.WOOD: (_wood, 0.42),
    Texture.MARBLE: (_marble, 0.25),
    Texture.FABRIC: (_fabric, 0.36),
    Texture.COBBLES: (_cobbles, 0.4),
    Texture.SHINGLES: (_shingles, 0.4),
    Texture.LEAVES: (_leaves, 0.5),
    Texture.RUG: (_rug, 0.4),
    Texture.PAINTING: (_painting, 0.5),
    Texture.WALLPAPER: (_wallpaper, 0.11),
    Texture.KEYS: (_keys, 0.72),
}
FACE_FILLING = {Texture.RUG, Texture.PAINTING}


def blend(texture: Texture, s: Surface) -> Tensor:
    """How much of the second colour shows (P,)."""
    pattern, mean = PATTERNS[texture]
    if texture in FACE_FILLING:
        return pattern(s)
    return mean + (pattern(s) - mean) * s.fade


def own_colors(texture: Texture, s: Surface, color: Tensor) -> Tensor:
    """What takes the place of the material's first colour (P, 3)."""
    if texture is Texture.BOOKS:
        return book_colors(s)
    return painting_colors(s, color) if texture is Texture.PAINTING else color


def painting_colors(s: Surface, sky: Tensor) -> Tensor:
    """The sky (P, 3) of a painted landscape, with a pale sun somewhere."""
    key = (97 * s.scale).floor()
    at = torch.stack([1.2 * hashed(key, key) - 0.6, -0.3 - 0.4 * hashed(key, key + 1)], 1)
    from_sun = ((s.face - at) * s.extent).square().sum(1).sqrt() / s.extent.amin(1)
    pale = torch.tensor([1.0, 0.93, 0.7], device=sky.device)
    return torch.lerp(sky, pale, above(-from_sun, -0.22, s.blur * s.scale / s.extent.amin(1))[:, None])


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
    return (hashed(*s.across.unbind(1)) < 0.5) * _windows(s)
