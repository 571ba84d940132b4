"""From which camera the next view of a scene is taken: planned from the start, and kept in free space."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from depthgen.geometry import Camera
from scene3d.cameras.free_space import FreeSpace, at, free_space
from scene3d.cameras.paths import PATHS
from scene3d.config import TRAJECTORIES, GenerateConfig
from scene3d.frame import Frame


def cameras_from(first: Frame, name: str, views: int) -> list[Camera]:
    """The cameras of the named path that begins with `first`; ValueError lists the names there are."""
    if name not in PATHS:
        raise ValueError(f"no path {name!r}: neither a file nor one of {', '.join(TRAJECTORIES)}")
    return PATHS[name](first, views)


@dataclass(frozen=True)
class Route:
    """Grows with the scene, view by view, and depends on nothing but its committed views.

    planned: one camera a view. space: what is free so far. keeps_free: whether cameras stay in it.
    """

    planned: tuple[Camera, ...]
    space: FreeSpace
    keeps_free: bool = True

    def after(self, frame: Frame) -> Route:
        """The route once one more view is committed."""
        return replace(self, space=self.space.after(frame))

    def next_camera(self) -> Camera:
        """The camera of the first view that is not committed yet.

        Where its place is not seen to be free, it stops short on the way there, with a warning when the route
        leaves the free space.
        """
        view = len(self.space.views)
        camera, before = self.planned[view], self.space.views[-1].camera
        if not self.keeps_free:
            return camera
        position = self.space.toward(before.position, camera.position)
        short = float((camera.position - position).norm())
        if short and torch.equal(before.position, self.planned[view - 1].position):
            warnings.warn(
                f"the path leaves the space that is seen to be free: view {view} stops {short:.2f} m short",
                stacklevel=2,
            )
        return at(camera, position)


def route_of(frames: Sequence[Frame], config: GenerateConfig, path: list[dict] | None) -> Route:
    """The route of a scene with the given views so far.

    path: its cameras as scene.json keeps them if they came from a file, None for a named path.
    """
    if path is None:
        cameras = cameras_from(frames[0], config.trajectory, config.views)
    else:
        cameras = [Camera.from_json(camera) for camera in path]
    return Route(tuple(cameras), free_space(frames), config.collision_free)
