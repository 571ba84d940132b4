"""A closed room that knows which parts of its floor and walls are free."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import hypot
from typing import Literal, NamedTuple

import numpy as np

from depthgen.worlds.builder import Material
from depthgen.worlds.kinds import Layout
from depthgen.worlds.palette import WHITE
from depthgen.worlds.recorder import Recorder
from depthgen.worlds.semantics import Semantic
from depthgen.worlds.spot import Spot

Side = Literal["far", "right", "near", "left"]
SIDES: tuple[Side, ...] = ("far", "right", "near", "left")
Interval = tuple[float, float]
WALL_THICKNESS = 0.2
TRIES = 30
WALKWAY = 0.02  # metres kept between two pieces
HEAD = 1.1  # what is higher than this (metres) hides the view
CLEARANCE = {True: 0.65, False: 0.2}  # metres between a camera and a piece, by whether it is higher than HEAD
GRID = 0.35  # metres between places for a camera
_INWARD_YAW = {"near": 0.0, "left": 90.0, "far": 180.0, "right": 270.0}


class Footprint(NamedTuple):
    """The rectangle that a piece covers, and how high it is; metres."""

    left: float
    near: float
    right: float
    far: float
    height: float

    def distance(self, x: float, z: float) -> float:
        """From a point, 0 inside."""
        return hypot(max(self.left - x, 0, x - self.right), max(self.near - z, 0, z - self.far))

    def meets(self, other: Footprint, gap: float = WALKWAY) -> bool:
        """Whether two rectangles come closer than `gap`."""
        apart_x = max(self.left - other.right, other.left - self.right)
        return max(apart_x, self.near - other.far, other.near - self.far) < gap


@dataclass(frozen=True)
class Room:
    """A room of `width` (x), `depth` (z), `height` metres, centred on (0, 0)."""

    builder: Recorder
    rng: np.random.Generator
    width: float
    depth: float
    height: float
    taken: list[Footprint] = field(default_factory=list)
    hung: list[tuple[Side, float, float]] = field(default_factory=list)  # stretches of wall in use

    def spot(self, x: float, z: float, yaw: float = 0.0) -> Spot:
        """A spot anywhere on the floor."""
        return Spot(self.builder, x, z, yaw)

    def wall(self, side: Side, along: float = 0.0) -> Spot:
        """The spot on the inner face of a wall that looks into the room.

        `along` is the room's x (far and near walls) or z (left and right walls).
        """
        x = {"left": -self.width / 2, "right": self.width / 2}.get(side, along)
        z = {"near": -self.depth / 2, "far": self.depth / 2}.get(side, along)
        return self.spot(x, z, _INWARD_YAW[side])

    def close(self, walls: Material, floor: Material, ceiling: Material = WHITE, corner: float = 0.3) -> None:
        """Build the six boxes that shut the room; with probability `corner` it is L-shaped."""
        wide, deep, thick = self.width + 2 * WALL_THICKNESS, self.depth + 2 * WALL_THICKNESS, WALL_THICKNESS
        box = self.builder.box
        box(0, 0, (wide, thick, deep), floor, Semantic.FLOOR, base=-thick)
        box(0, 0, (wide, thick, deep), ceiling, Semantic.CEILING, base=self.height)
        for sign in (-1, 1):
            box(sign * (self.width + thick) / 2, 0, (thick, self.height, deep), walls, Semantic.WALL)
            box(0, sign * (self.depth + thick) / 2, (wide, self.height, thick), walls, Semantic.WALL)
        if self.rng.random() < corner:
            self._corner(walls)

    def _corner(self, walls: Material) -> None:
        """A block of wall in one corner, which leaves the room L-shaped."""
        wide, deep = self.rng.uniform(1.0, 0.34 * self.width), self.rng.uniform(0.8, 0.34 * self.depth)
        sign_x, sign_z = (int(s) for s in self.rng.choice((-1, 1), 2))
        x, z = sign_x * (self.width - wide) / 2, sign_z * (self.depth - deep) / 2
        self.builder.box(x, z, (wide, self.height, deep), walls, Semantic.WALL)
        self.taken.append(Footprint(x - wide / 2, z - deep / 2, x + wide / 2, z + deep / 2, self.height))
        side_x: Side = "left" if sign_x < 0 else "right"
        side_z: Side = "near" if sign_z < 0 else "far"
        self.hung.append((side_x, z - deep / 2 - 0.1, z + deep / 2 + 0.1))
        self.hung.append((side_z, x - wide / 2 - 0.1, x + wide / 2 + 0.1))

    def length(self, side: Side) -> float:
        """Of a wall, in metres."""
        return self.width if side in ("near", "far") else self.depth

    def against_wall(
        self, width: float, depth: float, height: float, sides: Sequence[Side] = SIDES, front: float = 0.0
    ) -> Spot | None:
        """A free spot at a wall for a piece of this size, and `front` metres before it that stay free.

        The piece then holds its ground, and the wall behind it where it is higher than HEAD. None if no room
        is left.
        """
        for _ in range(TRIES):
            side = sides[int(self.rng.integers(len(sides)))]
            reach = self.length(side) / 2 - width / 2 - 0.03
            if reach <= 0:
                continue
            along = self.rng.uniform(-reach, reach)
            spot = self.wall(side, along)
            needed = footprint(spot, width, depth + front, height)
            hidden = height > HEAD and self._is_hung(side, along, width)
            if not hidden and not any(needed.meets(other) for other in self.taken):
                self.taken.append(footprint(spot, width, depth, height))
                if height > HEAD:
                    self.hung.append((side, along - width / 2, along + width / 2))
                return spot
        return None

    def on_wall(self, width: float, sides: Sequence[Side] = SIDES) -> Spot | None:
        """A free stretch of wall for a thing that hangs there, or None."""
        for _ in range(TRIES):
            side = sides[int(self.rng.integers(len(sides)))]
            reach = self.length(side) / 2 - width / 2 - 0.15
            along = self.rng.uniform(-1, 1) * reach
            if reach > 0 and not self._is_hung(side, along, width):
                self.hung.append((side, along - width / 2, along + width / 2))
                return self.wall(side, along)
        return None

    def hang_above(self, spot: Spot, width: float) -> bool:
        """Take the wall behind a piece for something above it; False if something hangs there."""
        side = next(side for side, yaw in _INWARD_YAW.items() if yaw == spot.yaw)
        along = spot.x if side in ("near", "far") else spot.z
        if self._is_hung(side, along, width):
            return False
        self.hung.append((side, along - width / 2, along + width / 2))
        return True

    def _is_hung(self, side: Side, along: float, width: float) -> bool:
        return any(
            other == side and along - width / 2 < high and along + width / 2 > low
            for other, low, high in self.hung
        )

    def clear(self, spot: Spot, width: float, depth: float, height: float) -> bool:
        """Claim the rectangle from `spot` on ahead if it is free and inside; whether it was."""
        needed = footprint(spot, width, depth, height)
        inside = max(-needed.left, needed.right) <= self.width / 2 + 1e-6 and (
            max(-needed.near, needed.far) <= self.depth / 2 + 1e-6
        )
        free = inside and not any(needed.meets(other) for other in self.taken)
        if free:
            self.taken.append(needed)
        return free

    def claim(self, spot: Spot, width: float, depth: float, height: float) -> None:
        """Take the rectangle from `spot` on ahead, whatever is there."""
        self.taken.append(footprint(spot, width, depth, height))

    def somewhere(self, width: float, depth: float, height: float) -> Spot | None:
        """A free spot in the open floor for a piece centred on it, or None."""
        for _ in range(TRIES):
            x = self.rng.uniform(-1, 1) * (self.width - width) / 2
            z = self.rng.uniform(-1, 1) * (self.depth - depth) / 2
            if self.clear(self.spot(x, z - depth / 2), width, depth, height):
                return self.spot(x, z)
        return None

    def layout(self, kind: str) -> Layout:
        """The layout of the finished room: cameras stand wherever there is some air around them."""
        return self.builder.layout(kind, self._stands())

    def _stands(self) -> list[tuple[float, float]]:
        wide, deep = self.width / 2 - 0.4, self.depth / 2 - 0.4
        grid = [
            (float(x), float(z)) for x in np.arange(-wide, wide, GRID) for z in np.arange(-deep, deep, GRID)
        ]
        air = {
            spot: min((f.distance(*spot) - CLEARANCE[f.height > HEAD] for f in self.taken), default=1.0)
            for spot in grid
        }
        return [spot for spot in grid if air[spot] >= 0] or [max(grid, key=air.__getitem__)]


def footprint(spot: Spot, width: float, depth: float, height: float) -> Footprint:
    """Of a piece `width` metres wide that extends `depth` metres ahead of a spot turned by quarter turns."""
    corners = (spot.ground(-width / 2, 0), spot.ground(width / 2, depth))
    (left, right), (near, far) = (sorted(axis) for axis in zip(*corners, strict=True))
    return Footprint(left, near, right, far, height)


def new_room(
    builder: Recorder,
    rng: np.random.Generator,
    width: Interval,
    depth: Interval,
    height: Interval = (2.5, 3.0),
) -> Room:
    """Draw a room's size from the ranges (metres)."""
    return Room(builder, rng, *(float(rng.uniform(*size)) for size in (width, depth, height)))
