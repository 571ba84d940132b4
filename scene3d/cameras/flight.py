"""The cameras of a film through a finished scene."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

from depthgen.geometry import Camera
from scene3d.cameras.files import read_path
from scene3d.cameras.free_space import free_space, kept_free
from scene3d.cameras.paths import PATHS
from scene3d.cameras.route import cameras_from
from scene3d.cameras.smooth import smooth_path
from scene3d.frame import Frame

PICTURES = 120  # of a flight, unless told otherwise
CLOSED = ("turn", "look-around")  # paths after whose last view the first comes again
ROUND = 24  # views of a closed path that a flight goes through


def flight(
    frames: Sequence[Frame], name: str | None, count: int | None = None, anywhere: bool = False
) -> list[Camera]:
    """`count` cameras along the path or path file `name` through the views of a scene, or along these views.

    Views, named paths and keyframes are joined smoothly; the pictures of a path file are taken as they are if
    no `count` is given. Cameras that would leave the space that the views show to be free stop short of it,
    with a warning, unless they may go `anywhere`. ValueError when there is no such path, or when it starts
    inside a wall.
    """
    keys, as_they_are = _keys(frames, name)
    cameras = keys if as_they_are and count is None else smooth_path(keys, count or PICTURES)
    if anywhere:
        return cameras
    try:
        cameras, moved = kept_free(cameras, free_space(frames))
    except ValueError as error:
        raise ValueError(f"{name}: {error}; --anywhere goes there nevertheless") from error
    if moved:
        warnings.warn(
            f"{moved} of {len(cameras)} pictures were moved to stay in the space that is seen to be free",
            stacklevel=2,
        )
    return cameras


def flight_along(frames: Sequence[Frame], count: int) -> list[Camera]:
    """`count` cameras on a smooth flight through the views of a scene, in the space they show to be free."""
    return kept_free(smooth_path([frame.camera for frame in frames], count), free_space(frames))[0]


def _keys(frames: Sequence[Frame], name: str | None) -> tuple[list[Camera], bool]:
    """Cameras to fly through, and whether they are the pictures of a film already."""
    first = frames[0]
    if name is None:
        return [frame.camera for frame in frames], False
    if name in PATHS or not Path(name).is_file():
        if name in CLOSED:
            return [*cameras_from(first, name, ROUND), first.camera], False
        return cameras_from(first, name, max(2, len(frames))), False
    path = read_path(Path(name))
    if path.has_lens:
        return list(path.cameras), path.kind != "keyframes"
    return [first.camera.moved(camera.world_from_camera) for camera in path.cameras], path.kind != "keyframes"
