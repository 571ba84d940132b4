"""From which camera the next view of a scene is taken: planned from the start, or explored.

A route grows with the scene, view by view, and depends on nothing but its committed views, so that a resumed
scene goes the same way.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import torch

from depthgen.geometry import Camera
from scene3d.cameras.free_space import FreeSpace, free_space
from scene3d.cameras.paths import PATHS
from scene3d.cameras.planner import explorer
from scene3d.config import EXPLORE, TRAJECTORIES, GenerateConfig
from scene3d.frame import Frame


class Route(Protocol):
    """What the loop asks for the way."""

    def after(self, frame: Frame) -> Route:
        """The route once one more view is committed."""
        ...

    def next_camera(self) -> Camera:
        """The camera of the first view that is not committed yet."""
        ...


@dataclass(frozen=True)
class PlannedRoute:
    """One camera a view, known from the start. space: what is free so far, if cameras are to stay in it."""

    planned: tuple[Camera, ...]
    space: FreeSpace
    keeps_free: bool = True

    def after(self, frame: Frame) -> PlannedRoute:
        """See `Route`."""
        return replace(self, space=self.space.after(frame))

    def next_camera(self) -> Camera:
        """See `Route`.

        A camera whose place is not seen to be free stops short on the way there, with a warning when the
        route leaves the free space.
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
        return camera.at(position)


def route_of(frames: Sequence[Frame], config: GenerateConfig, path: list[dict] | None) -> Route:
    """The route of a scene with the given views so far.

    path: its cameras as scene.json keeps them if they came from a file, None for a named path.
    """
    if path is None and config.trajectory == EXPLORE:
        route: Route = explorer(frames[0])
        for frame in frames[1:]:
            route = route.after(frame)
        return route
    if path is None:
        cameras = cameras_from(frames[0], config.trajectory, config.views)
    else:
        cameras = [Camera.from_json(camera) for camera in path]
    return PlannedRoute(tuple(cameras), free_space(frames), config.collision_free)


def cameras_from(first: Frame, name: str, views: int) -> list[Camera]:
    """The cameras of the named path that begins with `first`.

    ValueError for `explore`, whose cameras depend on the views, and for another name that is none.
    """
    if name == EXPLORE:
        raise ValueError(f"{EXPLORE} picks views while a scene is made; give a path or a file")
    if name not in PATHS:
        raise ValueError(f"no camera path {name!r}: neither a file nor one of {', '.join(TRAJECTORIES)}")
    return PATHS[name](first, views)
