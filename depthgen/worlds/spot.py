"""The frame in which an object is written down: metres to its right and ahead of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

from depthgen.worlds.builder import Material
from depthgen.worlds.recorder import Recorder
from depthgen.worlds.semantics import Semantic

Shape = Literal["box", "cylinder", "ellipsoid", "cone", "prism", "frustum"]
At = tuple[float, float]
Size = tuple[float, float, float]


@dataclass(frozen=True)
class Spot:
    """A place on the ground with a direction.

    Pieces with a back (sofa, bed, cabinet) have it on `ahead = 0` and extend ahead of it; free-standing ones
    (table, tree, house) are centred on the origin, their front ahead. `yaw` in degrees: 0 faces world +z, 90
    faces +x.
    """

    builder: Recorder
    x: float
    z: float
    yaw: float = 0.0

    def shifted(self, right: float = 0.0, ahead: float = 0.0, turn: float = 0.0) -> Spot:
        """The spot moved in its own frame, then turned by `turn` degrees."""
        x, z = self.ground(right, ahead)
        return Spot(self.builder, x, z, self.yaw + turn)

    def ground(self, right: float, ahead: float) -> At:
        """World ground coordinates of a point of the spot's frame."""
        sine, cosine = math.sin(math.radians(self.yaw)), math.cos(math.radians(self.yaw))
        return self.x + right * cosine + ahead * sine, self.z - right * sine + ahead * cosine

    def add(
        self,
        shape: Shape,
        at: At,
        size: Size,
        material: Material,
        semantic: Semantic | None = None,
        **pose: Any,
    ) -> None:
        """Add a primitive whose footprint is centred on `at` = (right, ahead); `pose` as in `Builder.box`.

        A `yaw` in the pose is counted from the spot's; the semantic is that of the object under construction.
        """
        pose["yaw"] = self.yaw + pose.get("yaw", 0.0)
        meaning = self.builder.semantic if semantic is None else semantic
        getattr(self.builder, shape)(*self.ground(*at), size, material, meaning, **pose)

    def box(
        self, at: At, size: Size, material: Material, semantic: Semantic | None = None, **pose: Any
    ) -> None:
        """Add a box, as `add`."""
        self.add("box", at, size, material, semantic, **pose)

    def rod(
        self, at: At, size: Size, material: Material, semantic: Semantic | None = None, **pose: Any
    ) -> None:
        """Add an upright cylinder, as `add`."""
        self.add("cylinder", at, size, material, semantic, **pose)

    def ball(
        self, at: At, size: Size, material: Material, semantic: Semantic | None = None, **pose: Any
    ) -> None:
        """Add an ellipsoid, as `add`."""
        self.add("ellipsoid", at, size, material, semantic, **pose)
