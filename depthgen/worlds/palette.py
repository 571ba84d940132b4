"""Named colours and surfaces: what a caption calls red is built from the same red."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from depthgen.worlds.builder import Material, Texture

RGB = tuple[float, float, float]


class Color(NamedTuple):
    """A colour as captions name it ("" if they do not), with its sRGB in [0, 1]."""

    name: str
    rgb: RGB


FABRICS: dict[str, RGB] = {
    "red": (0.72, 0.11, 0.10),
    "blue": (0.13, 0.27, 0.66),
    "green": (0.16, 0.45, 0.20),
    "yellow": (0.90, 0.70, 0.14),
    "orange": (0.88, 0.42, 0.10),
    "purple": (0.42, 0.18, 0.52),
    "teal": (0.07, 0.47, 0.49),
    "pink": (0.90, 0.50, 0.60),
    "grey": (0.45, 0.46, 0.48),
    "brown": (0.38, 0.22, 0.12),
    "black": (0.07, 0.07, 0.08),
    "white": (0.90, 0.90, 0.88),
    "beige": (0.80, 0.70, 0.54),
}
PAINTS: dict[str, RGB] = {  # of walls and other surroundings
    "white": (0.90, 0.90, 0.88),
    "beige": (0.90, 0.82, 0.66),
    "light blue": (0.60, 0.77, 0.90),
    "light green": (0.66, 0.82, 0.62),
    "light grey": (0.76, 0.77, 0.79),
    "yellow": (0.94, 0.82, 0.44),
    "pink": (0.92, 0.70, 0.73),
    "light purple": (0.74, 0.68, 0.88),
    "orange": (0.90, 0.60, 0.36),
    "teal": (0.30, 0.58, 0.58),
    "dark green": (0.16, 0.30, 0.22),
    "dark red": (0.36, 0.08, 0.09),
    "dark blue": (0.09, 0.13, 0.30),
    "dark grey": (0.17, 0.17, 0.19),
}
WOODS: tuple[RGB, ...] = ((0.80, 0.61, 0.38), (0.58, 0.36, 0.18), (0.40, 0.22, 0.11), (0.68, 0.45, 0.25))
LACQUERS: dict[str, RGB] = {  # of painted furniture
    "white": (0.90, 0.90, 0.88),
    "green": (0.40, 0.58, 0.42),
    "blue": (0.30, 0.46, 0.66),
    "red": (0.70, 0.15, 0.13),
    "yellow": (0.92, 0.76, 0.30),
    "grey": (0.50, 0.52, 0.54),
    "black": (0.10, 0.10, 0.11),
    "teal": (0.16, 0.46, 0.48),
}


def pick(rng: np.random.Generator, table: Mapping[str, RGB], names: Sequence[str] = ()) -> Color:
    """Draw a colour of `table`, among `names` when given. Raises KeyError for a name the table lacks."""
    name = str(rng.choice(list(names or table)))
    return Color(name, table[name])


def wood(rng: np.random.Generator) -> Color:
    """A light or dark wood."""
    return Color("wooden", WOODS[int(rng.integers(len(WOODS)))])


def furniture(rng: np.random.Generator, wooden: float = 0.6) -> Color:
    """Wood, or with probability 1 - `wooden` a lacquer."""
    return wood(rng) if rng.random() < wooden else pick(rng, LACQUERS)


def shade(rgb: RGB, factor: float) -> RGB:
    """The colour `factor` times as bright, kept in [0, 1]."""
    return (min(1.0, rgb[0] * factor), min(1.0, rgb[1] * factor), min(1.0, rgb[2] * factor))


def toned(color: Color, factor: float) -> Color:
    """The colour `factor` times as bright under the same name."""
    return Color(color.name, shade(color.rgb, factor))


def paint(color: Color) -> Material:
    """One plain coat of a colour."""
    return Material(color.rgb)


def finish(color: Color) -> Material:
    """Boards where the colour is that of wood, else a plain coat."""
    return (
        Material(color.rgb, Texture.WOOD, shade(color.rgb, 0.74), 0.4)
        if color.name == "wooden"
        else paint(color)
    )


def cloth(color: Color) -> Material:
    """A woven surface."""
    return Material(color.rgb, Texture.FABRIC, shade(color.rgb, 0.85), 0.03)


def folds(color: Color, width: float = 0.16) -> Material:
    """Hanging cloth in folds `width` metres wide."""
    return Material(color.rgb, Texture.STRIPES, shade(color.rgb, 0.7), width)


def planks(color: Color, width: float = 0.5) -> Material:
    """Boards, `width` metres per texture period."""
    return Material(color.rgb, Texture.PLANKS, shade(color.rgb, 0.74), width)


def tiles(color: Color, size: float = 0.5, joint: float = 0.75) -> Material:
    """Square tiles of `size` metres whose joints are `joint` times as bright as the tiles."""
    return Material(color.rgb, Texture.TILES, shade(color.rgb, joint), size)


def glow(rgb: RGB, strength: float = 1.0) -> Material:
    """A surface that shines by itself."""
    return Material(rgb, emissive=strength)


WHITE = Material((0.90, 0.90, 0.89))
BLACK = Material((0.05, 0.05, 0.06))
STEEL = Material((0.66, 0.68, 0.71))
CHARCOAL = Material((0.16, 0.17, 0.19))
BRASS = Material((0.85, 0.72, 0.35))
LEAF = Material((0.13, 0.42, 0.16), Texture.NOISE, (0.24, 0.58, 0.22), 0.2)
WARM_LIGHT: RGB = (1.0, 0.88, 0.62)
COOL_LIGHT: RGB = (0.97, 0.98, 1.0)
