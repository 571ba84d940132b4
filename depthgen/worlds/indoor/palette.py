"""Named colours and surfaces: what a caption calls red is built from the same red."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from depthgen.worlds.builder import Material, Texture

RGB = tuple[float, float, float]


class Color(NamedTuple):
    """A colour as captions name it, with its linear RGB in [0, 1]."""

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
}
PAINTS: dict[str, RGB] = {
    "white": (0.90, 0.90, 0.88),
    "cream": (0.92, 0.86, 0.70),
    "light blue": (0.60, 0.77, 0.90),
    "light green": (0.66, 0.82, 0.62),
    "light grey": (0.76, 0.77, 0.79),
    "yellow": (0.94, 0.82, 0.44),
    "pink": (0.92, 0.70, 0.73),
    "lavender": (0.74, 0.68, 0.88),
    "orange": (0.90, 0.60, 0.36),
    "dark green": (0.16, 0.30, 0.22),
    "dark red": (0.36, 0.08, 0.09),
    "dark blue": (0.09, 0.13, 0.30),
    "dark grey": (0.17, 0.17, 0.19),
}
WOODS: dict[str, RGB] = {
    "light wooden": (0.80, 0.61, 0.38),
    "wooden": (0.58, 0.36, 0.18),
    "dark wooden": (0.31, 0.17, 0.09),
}
DOORS: dict[str, RGB] = {**WOODS, "white": PAINTS["white"]}
WARDROBES: dict[str, RGB] = {
    **WOODS,
    "white": PAINTS["white"],
    "green": (0.45, 0.60, 0.46),
    "blue": (0.36, 0.50, 0.66),
}
CUPBOARDS: dict[str, RGB] = {
    "white": (0.90, 0.90, 0.88),
    "light blue": (0.50, 0.70, 0.84),
    "dark blue": (0.13, 0.20, 0.38),
    "green": (0.38, 0.56, 0.40),
    "red": (0.70, 0.15, 0.13),
    "yellow": (0.92, 0.76, 0.30),
    "grey": (0.50, 0.52, 0.54),
    **WOODS,
}
NUMBERS = (
    "no",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
)


def pick(rng: np.random.Generator, table: dict[str, RGB], names: Sequence[str] = ()) -> Color:
    """Draw a colour of `table`, among `names` when given. Raises KeyError for a name the table lacks."""
    name = str(rng.choice(list(names or table)))
    return Color(name, table[name])


def shade(rgb: RGB, factor: float) -> RGB:
    """The colour `factor` times as bright, kept in [0, 1]."""
    return (min(1.0, rgb[0] * factor), min(1.0, rgb[1] * factor), min(1.0, rgb[2] * factor))


def paint(color: Color) -> Material:
    """One plain coat of a colour."""
    return Material(color.rgb)


def cloth(color: Color) -> Material:
    """A slightly uneven woven surface."""
    return Material(color.rgb, Texture.NOISE, shade(color.rgb, 0.82), 0.12)


def wallpaper(color: Color, width: float = 0.4) -> Material:
    """Broad upright stripes of two close shades."""
    return Material(color.rgb, Texture.STRIPES, shade(color.rgb, 0.88), width)


def planks(color: Color, width: float = 0.5) -> Material:
    """Boards of wood, `width` metres per texture period."""
    return Material(color.rgb, Texture.PLANKS, shade(color.rgb, 0.74), width)


def tiles(color: Color, size: float = 0.5, joint: float = 0.75) -> Material:
    """Square tiles of `size` metres whose joints are `joint` times as bright as the tiles."""
    return Material(color.rgb, Texture.TILES, shade(color.rgb, joint), size)


def glow(rgb: RGB, strength: float = 1.0) -> Material:
    """A surface that shines by itself."""
    return Material(rgb, emissive=strength)


def a(words: str) -> str:
    """The words with their indefinite article, e.g. "an orange sofa"."""
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def counted(count: int, words: str) -> str:
    """A noun phrase for 1 to 12 things: "a red chair", "four red chairs", "two bookshelves"."""
    if count == 1:
        return a(words)
    plural = f"{words[:-1]}ves" if words.endswith("shelf") else f"{words}s"
    return f"{NUMBERS[count]} {plural}"


WHITE = Material((0.90, 0.90, 0.89))
BLACK = Material((0.05, 0.05, 0.06))
STEEL = Material((0.66, 0.68, 0.71))
CHARCOAL = Material((0.16, 0.17, 0.19))
WARM_LIGHT: RGB = (1.0, 0.88, 0.62)
COOL_LIGHT: RGB = (0.97, 0.98, 1.0)
