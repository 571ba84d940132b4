"""Where a camera may stand: the space that the views of a scene show to be empty.

A point is free when some view looks through it at a surface farther away, or when it lies within reach of a
camera of the scene, and no seen surface is nearer than half that reach. The reach is a share of the scene's
own depth: nothing here depends on the unit of length.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional as F

from depthgen.geometry import Camera, pixels_at, unproject
from scene3d.cameras.paths import REACH, distance_ahead
from scene3d.frame import Frame

MARGIN = 0.1  # of the depth: points this little before a surface do not count as seen to be free
MOST_STEPS = 256  # in which a way is tested
FINEST = 48  # surfaces are known at so many points along the longer side of each view


@dataclass(frozen=True)
class FreeSpace:
    """views: those that look. surface: (N, 3) points on what they saw. reach: metres.

    What lies within reach of a camera is free, seen or not, as the camera has to stand somewhere: a seen wall
    cannot lie between two places that both keep half a reach away from it.
    """

    views: tuple[Frame, ...]
    surface: Tensor
    reach: float

    @staticmethod
    def unseen(first: Frame) -> FreeSpace:
        """The space before any view, at the scale of the first."""
        return FreeSpace((), torch.zeros(0, 3), REACH * distance_ahead(first))

    def after(self, frame: Frame) -> FreeSpace:
        """The space with one more view."""
        surface = torch.cat((self.surface, _nearest_points(frame)))
        return replace(self, views=(*self.views, frame), surface=surface)

    def seen(self, points: Tensor) -> Tensor:
        """Which (P,) of the points (P, 3), metres in the scene's frame, the views show to be empty."""
        points = points.float()
        eyes = torch.stack([frame.camera.position for frame in self.views]).float()
        seen = _distance(points, eyes) <= self.reach
        for frame in reversed(self.views):  # the last ones are the likeliest to look here
            if seen.all():
                break
            seen |= _looks_through(frame, points)
        return seen

    def holds(self, points: Tensor) -> Tensor:
        """Which (P,) of points (P, 3), metres in the scene's frame, are free and not too close to walls."""
        return self.seen(points) & (_distance(points.float(), self.surface) >= self.reach / 2)

    def toward(self, start: Tensor, end: Tensor) -> Tensor:
        """The last point (3,) of the way from `start` that is free all along; `end` if the whole way is."""
        steps = max(1, min(MOST_STEPS, math.ceil(float((end - start).norm()) / (self.reach / 2))))
        way = torch.lerp(start, end, torch.linspace(0, 1, steps + 1, dtype=start.dtype)[:, None])
        free = int(self.holds(way[1:]).long().cumprod(0).sum())
        return end if free == steps else way[free]


def free_space(frames: Sequence[Frame]) -> FreeSpace:
    """What the views of a scene, in the order of their making, show to be empty."""
    space = FreeSpace.unseen(frames[0])
    for frame in frames:
        space = space.after(frame)
    return space


def kept_free(cameras: Iterable[Camera], space: FreeSpace) -> tuple[list[Camera], int]:
    """The cameras, each moved towards the one before as far as it takes to be free, and how many were moved.

    ValueError when the first of them is not seen to be in free space.
    """
    kept: list[Camera] = []
    moved = 0
    for camera in cameras:
        position = camera.position
        if kept:
            position = space.toward(kept[-1].position, camera.position)
        elif not space.seen(camera.position[None]).all():
            place = ", ".join(f"{x:.2f}" for x in camera.position.tolist())
            raise ValueError(f"the path starts at ({place}), which no view of the scene shows to be free")
        moved += not torch.equal(position, camera.position)
        kept.append(camera.at(position))
    return kept, moved


def _looks_through(frame: Frame, points: Tensor) -> Tensor:
    """Which (P,) points (P, 3) a view has in sight, with a surface clearly behind them, or the sky."""
    inside, pixel, z = pixels_at(points, frame.camera)
    depth = frame.depth.where(frame.valid, math.inf).flatten()[pixel]
    return inside & (z <= (1 - MARGIN) * depth)


def _nearest_points(frame: Frame) -> Tensor:
    """(N, 3) surface points that a view was the first to see: the nearest of each block of pixels."""
    block = -(-max(frame.depth.shape) // FINEST)
    nearness = (1 / frame.depth).where(frame.valid & ~frame.known, 0.0)
    nearest, index = F.max_pool2d(nearness, block, ceil_mode=True, return_indices=True)
    return unproject(frame.depth, frame.camera).flatten(0, 1)[index[nearest > 0]]


def _distance(points: Tensor, surface: Tensor) -> Tensor:
    """Metres (P,) from points (P, 3) to the nearest of the surface points (N, 3), inf if there are none."""
    if not len(surface):
        return torch.full((len(points),), math.inf)
    return torch.cdist(points, surface, compute_mode="donot_use_mm_for_euclid_dist").amin(1)
