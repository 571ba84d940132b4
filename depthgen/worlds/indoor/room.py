"""A closed room and the frames in which furniture is placed in it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from depthgen.worlds.builder import Builder, Material
from depthgen.worlds.kinds import Layout
from depthgen.worlds.semantics import Semantic

Side = Literal["far", "right", "near", "left"]
Shape = Literal["box", "cylinder", "ellipsoid", "cone"]
Interval = tuple[float, float]
Size = tuple[float, float, float]
WALL_THICKNESS = 0.2
_INWARD_YAW = {"near": 0.0, "left": 90.0, "far": 180.0, "right": 270.0}


@dataclass(frozen=True)
class Spot:
    """A place on the floor with a direction: furniture is written in metres to its `right` and `ahead`.

    Pieces with a back (sofa, bed, cabinet) have it on `ahead = 0` and extend ahead of it; free-standing ones
    (table, rug, lamp) are centred on the origin. `yaw` in degrees: 0 faces world +z, 90 faces +x.
    """

    builder: Builder
    x: float
    z: float
    yaw: float = 0.0

    def shifted(self, right: float = 0.0, ahead: float = 0.0, turn: float = 0.0) -> Spot:
        """The spot moved in its own frame, then turned by `turn` degrees."""
        x, z = self.ground(right, ahead)
        return Spot(self.builder, x, z, self.yaw + turn)

    def ground(self, right: float, ahead: float) -> tuple[float, float]:
        """World ground coordinates of a point of the spot's frame."""
        sine, cosine = math.sin(math.radians(self.yaw)), math.cos(math.radians(self.yaw))
        return self.x + right * cosine + ahead * sine, self.z - right * sine + ahead * cosine

    def add(
        self, shape: Shape, at: Interval, size: Size, material: Material, semantic: Semantic, **pose: Any
    ) -> None:
        """Add a primitive whose footprint is centred on `at` = (right, ahead); `pose` as in `Builder.box`."""
        getattr(self.builder, shape)(*self.ground(*at), size, material, semantic, yaw=self.yaw, **pose)

    def box(self, at: Interval, size: Size, material: Material, semantic: Semantic, **pose: Any) -> None:
        """Add a box, as `add`."""
        self.add("box", at, size, material, semantic, **pose)


@dataclass(frozen=True)
class Room:
    """A room of `width` (x), `depth` (z), `height` metres, centred; `mirror` = -1 swaps left and right."""

    builder: Builder
    width: float
    depth: float
    height: float
    mirror: int = 1

    def spot(self, x: float, z: float, yaw: float = 0.0) -> Spot:
        """A free spot of the room, in room coordinates (mirrored with the room)."""
        return Spot(self.builder, self.mirror * x, z, self.mirror * yaw)

    def wall(self, side: Side, along: float = 0.0) -> Spot:
        """The spot on the inner face of a wall that looks into the room.

        `along` is the room's x (far and near walls) or z (left and right walls).
        """
        x = {"left": -self.width / 2, "right": self.width / 2}.get(side, along)
        z = {"near": -self.depth / 2, "far": self.depth / 2}.get(side, along)
        return self.spot(x, z, _INWARD_YAW[side])

    def close(self, walls: Material, floor: Material, ceiling: Material) -> None:
        """Build the six boxes that shut the room."""
        wide, deep, thick = self.width + 2 * WALL_THICKNESS, self.depth + 2 * WALL_THICKNESS, WALL_THICKNESS
        box = self.builder.box
        box(0, 0, (wide, thick, deep), floor, Semantic.FLOOR, base=-thick)
        box(0, 0, (wide, thick, deep), ceiling, Semantic.CEILING, base=self.height)
        for sign in (-1, 1):
            box(sign * (self.width + thick) / 2, 0, (thick, self.height, deep), walls, Semantic.WALL)
            box(0, sign * (self.depth + thick) / 2, (wide, self.height, thick), walls, Semantic.WALL)

    def layout(
        self, kind: str, phrases: tuple[str, ...], x: Interval, z: Interval, eye: Interval = (1.25, 1.75)
    ) -> Layout:
        """The layout of the finished room, whose cameras may stand in the room's `x` and `z` ranges."""
        low, high = sorted(self.mirror * side for side in x)
        return Layout(kind, phrases, (low, high), z, eye)


def new_room(
    builder: Builder,
    rng: np.random.Generator,
    width: Interval,
    depth: Interval,
    height: Interval = (2.6, 3.0),
) -> Room:
    """Draw a room's size from the ranges (metres) and whether it is mirrored."""
    return Room(
        builder, rng.uniform(*width), rng.uniform(*depth), rng.uniform(*height), int(rng.choice((-1, 1)))
    )
