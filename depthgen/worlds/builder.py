"""How worlds are written down: shapes placed on the ground, each with a material and a meaning."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from math import cos, radians, sin
from typing import Any

import numpy as np

from depthgen.worlds.kinds import Layout
from depthgen.worlds.semantics import Semantic

__all__ = ["Builder", "Lamp", "Layout", "Material", "Shape", "Texture", "rotation"]

Color = tuple[float, float, float]
Size = tuple[float, float, float]


class Shape(IntEnum):
    """Unit shapes; every primitive is one of them under an affine map."""

    BOX = 0  # [-1, 1]^3
    ELLIPSOID = 1  # the unit sphere
    CYLINDER = 2  # x^2 + z^2 <= 1, |y| <= 1
    CONE = 3  # apex (0, -1, 0), base circle of radius 1 at y = 1 (y points down)
    PRISM = 4  # a gable: ridge along z at y = -1, base [-1, 1]^2 at y = 1
    PLANE = 5  # y = 0, without end
    FRUSTUM = 6  # an upright cone cut off: radius 1 at y = 1, 0.6 at y = -1


class Texture(IntEnum):
    """Procedural surface patterns."""

    PLAIN = 0
    NOISE = 1
    GRASS = 2
    PLANKS = 3
    TILES = 4
    BRICKS = 5
    CHECKER = 6
    STRIPES = 7
    SAND = 8
    WATER = 9
    WINDOWS = 10  # a facade; color2 is that of the panes
    BOOKS = 11  # upright spines of many colours
    WOOD = 12  # grain and growth rings, without seams
    MARBLE = 13  # veins of color2
    FABRIC = 14  # a weave; its threads are as wide as `scale`
    COBBLES = 15  # rounded stones; color2 between them
    SHINGLES = 16  # overlapping roof tiles in rows across the slope
    LEAVES = 17  # dappled foliage; color2 in the light
    RUG = 18  # a border and a medallion of color2 that fill the face, a weave of `scale`
    PAINTING = 19  # a landscape that fills the face: sky color, hills color2; another one for each `scale`
    WALLPAPER = 20  # fine stripes of color2 and small flowers between them
    KEYS = 21  # rows of small keys of color2


@dataclass(frozen=True)
class Material:
    """Colours in [0, 1] sRGB; `color2` is the pattern's second colour, `scale` its period in metres.

    emissive: 0 is lit by the world's light, 1 glows with its own colour (for WINDOWS: the panes do).
    mirror: share of light reflected as by a mirror when seen straight on; it grows towards grazing views.
    WATER always reflects; give it 0.
    """

    color: Color
    texture: Texture = Texture.PLAIN
    color2: Color | None = None
    scale: float = 1.0
    emissive: float = 0.0
    mirror: float = 0.0


@dataclass(frozen=True)
class Lamp:
    """A point light at position (x, y, z) metres in the world's axes; linear RGB times power at 1 metre."""

    position: tuple[float, float, float]
    color: Color
    power: float


@dataclass
class Builder:
    """Collects primitives.

    Authors think in ground coordinates (x, z), heights above the ground and yaw in degrees about the vertical
    (0 keeps the axes, positive turns +z towards +x); the world's own axes are OpenCV's, y down.
    """

    shapes: list[int] = field(default_factory=list)
    world_from_local: list[np.ndarray] = field(default_factory=list)  # (3, 4) each
    materials: list[Material] = field(default_factory=list)
    semantics: list[int] = field(default_factory=list)
    lamps: list[Lamp] = field(default_factory=list)

    def box(
        self, x: float, z: float, size: Size, material: Material, semantic: Semantic, **pose: Any
    ) -> None:
        """A box of size (width, height, depth) metres whose footprint is centred on (x, z).

        pose: base (height of its bottom), and yaw, pitch, roll in degrees, all 0 unless given; `flipped`
        turns it upside down within the box that it fills.
        """
        self._add(Shape.BOX, x, z, size, material, semantic, **pose)

    def ellipsoid(
        self, x: float, z: float, size: Size, material: Material, semantic: Semantic, **pose: Any
    ) -> None:
        """An ellipsoid that fills the box of the same arguments."""
        self._add(Shape.ELLIPSOID, x, z, size, material, semantic, **pose)

    def cylinder(
        self, x: float, z: float, size: Size, material: Material, semantic: Semantic, **pose: Any
    ) -> None:
        """An upright elliptic cylinder that fills the box of the same arguments."""
        self._add(Shape.CYLINDER, x, z, size, material, semantic, **pose)

    def cone(
        self, x: float, z: float, size: Size, material: Material, semantic: Semantic, **pose: Any
    ) -> None:
        """A cone, apex up, that fills the box of the same arguments."""
        self._add(Shape.CONE, x, z, size, material, semantic, **pose)

    def prism(
        self, x: float, z: float, size: Size, material: Material, semantic: Semantic, **pose: Any
    ) -> None:
        """A gable roof, ridge along its own z, that fills the box of the same arguments."""
        self._add(Shape.PRISM, x, z, size, material, semantic, **pose)

    def frustum(
        self, x: float, z: float, size: Size, material: Material, semantic: Semantic, **pose: Any
    ) -> None:
        """A cut-off cone that fills the box of the same arguments; its top is 0.6 times as wide."""
        self._add(Shape.FRUSTUM, x, z, size, material, semantic, **pose)

    def lamp(
        self, x: float, z: float, height: float, color: Color = (1.0, 0.8, 0.5), power: float = 1.0
    ) -> None:
        """A point light, on at night and dimly at sunset; of each world the first six shine.

        It has no body and casts no shadow; color is linear RGB, power scales it.
        """
        self.lamps.append(Lamp((x, -height, z), color, power))

    def ground(self, material: Material, semantic: Semantic) -> None:
        """An endless plane at height 0."""
        self._add(Shape.PLANE, 0.0, 0.0, (2.0, 0.0, 2.0), material, semantic)

    def _add(
        self,
        shape: Shape,
        x: float,
        z: float,
        size: Size,
        material: Material,
        semantic: Semantic,
        *,
        base: float = 0.0,
        flipped: bool = False,
        **angles: float,
    ) -> None:
        half = (1.0, 1.0, 1.0) if shape is Shape.PLANE else (size[0] / 2, size[1] / 2, size[2] / 2)
        upright = (1, -1, -1) if flipped else (1, 1, 1)  # half a turn about x
        matrix = np.empty((3, 4))
        matrix[:, :3] = rotation(**angles) * [u * h for u, h in zip(upright, half, strict=True)]
        matrix[:, 3] = x, -(base + size[1] / 2), z
        self.shapes.append(int(shape))
        self.world_from_local.append(matrix)
        self.materials.append(material)
        self.semantics.append(int(semantic))


def rotation(yaw: float = 0.0, pitch: float = 0.0, roll: float = 0.0) -> np.ndarray:
    """(3, 3) yaw about the vertical after pitch about x (lifts the far end) after roll about z; degrees."""
    (sy, cy), (sp, cp), (sr, cr) = ((sin(radians(a)), cos(radians(a))) for a in (yaw, pitch, roll))
    return np.array(
        [
            [cy * cr + sy * sp * sr, sy * sp * cr - cy * sr, sy * cp],
            [cp * sr, cp * cr, -sp],
            [cy * sp * sr - sy * cr, sy * sr + cy * sp * cr, cy * cp],
        ]
    )
