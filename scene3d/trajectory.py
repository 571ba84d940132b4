"""Camera paths: by name, or read from a file.

A path is a list of (4, 4) float64 world_from_camera matrices in the scene's frame: the first camera's,
metres, x right, y down, z forward.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from depthgen.geometry import Camera, inverse, look_at, turned
from scene3d.frame import Frame

TURN_PER_VIEW = 18.0  # degrees; at 60 degrees of view a pan shows 30 % new pixels in each view
ARM = 0.1  # a pan turns about a point this share of `distance` behind the camera, as a person does

_OPENGL = torch.diag(torch.tensor([1.0, -1.0, -1.0, 1.0], dtype=torch.float64))  # from and to its axes


def trajectory(name: str, views: int, *, distance: float = 1.0) -> list[Tensor]:
    """`views` poses of the path `name`, or of the file `name` moved so that its first pose is the identity.

    distance: metres to what stands in front of the first camera; the scale of every sideways move.
    Raises ValueError when there is neither such a path nor such a file, or the file has too few poses.
    """
    if name in PATHS:
        return PATHS[name](views, distance)
    poses = read_path(Path(name))
    if len(poses) < views:
        raise ValueError(f"{name} has {len(poses)} poses, too few for {views} views")
    return [inverse(poses[0]) @ pose for pose in poses[:views]]


def cameras_from(
    first: Frame, name: str, views: int, path: Sequence[Sequence[Sequence[float]]] | None = None
) -> list[Camera]:
    """The cameras of `views` views: those of `path` if given, else the path `name` at the scale of view 0."""
    poses = trajectory(name, views, distance=distance_ahead(first)) if path is None else path
    return [first.camera.moved(torch.as_tensor(pose, dtype=torch.float64)) for pose in poses]


def distance_ahead(frame: Frame) -> float:
    """Metres to the nearer things of a view: the 10th percentile of its depth, 1 if it shows only sky."""
    return float(frame.depth[frame.valid].quantile(0.1)) if frame.valid.any() else 1.0


def pan(views: int, distance: float) -> list[Tensor]:
    """Turn right by 18 degrees a view, the camera at arm's length from the axis."""
    return [_swung(TURN_PER_VIEW * i, ARM * distance) for i in range(views)]


def turn(views: int, distance: float) -> list[Tensor]:
    """A full turn in `views` equal steps; needs about 9 views at 60 degrees to overlap well."""
    return [_swung(360 / views * i, ARM * distance) for i in range(views)]


def orbit(views: int, distance: float) -> list[Tensor]:
    """Circle to the left around the point 1.5 `distance` ahead, 10 degrees a view, looking at it."""
    radius = 1.5 * distance
    angles = [math.radians(10 * i) for i in range(views)]
    eyes = [(-radius * math.sin(a), 0.0, radius * (1 - math.cos(a))) for a in angles]
    return [look_at(eye, (0, 0, radius)) for eye in eyes]


def dolly(views: int, distance: float) -> list[Tensor]:
    """Walk straight ahead, half of `distance` in all."""
    return [turned(0, translation=(0, 0, 0.5 * distance * i / max(1, views - 1))) for i in range(views)]


PATHS: dict[str, Callable[[int, float], list[Tensor]]] = {
    "pan": pan,
    "turn": turn,
    "orbit": orbit,
    "dolly": dolly,
}


def read_path(file: Path) -> list[Tensor]:
    """Poses (4, 4) world_from_camera in the scene's frame from a JSON file.

    Understands nerfstudio's camera paths ({"camera_path": [{"camera_to_world": ...}]}) and transforms
    ({"frames": [{"transform_matrix": ...}]}), both with OpenGL axes as in our own transforms.json, and a
    plain list of 4x4 matrices with OpenCV axes. ValueError names the file and the pose that cannot be used.
    """
    if not file.is_file():
        raise ValueError(f"no camera path {str(file)!r}: neither a file nor one of {', '.join(PATHS)}")
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"{file} is not JSON ({error}); give a nerfstudio camera path") from error
    poses = [_checked(pose, f"{file}, pose {i}") for i, pose in enumerate(_poses_in(data, file))]
    if not poses:
        raise ValueError(f"{file} holds no camera pose")
    return poses


def _poses_in(data: Any, file: Path) -> list[Tensor]:
    """The matrices of any of the three layouts, in OpenCV axes."""
    try:
        if isinstance(data, list):
            return [_matrix(pose) for pose in data]
        if "camera_path" in data:
            return [_OPENGL @ _matrix(view["camera_to_world"]) @ _OPENGL for view in data["camera_path"]]
        return [_OPENGL @ _matrix(view["transform_matrix"]) @ _OPENGL for view in data["frames"]]
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise ValueError(
            f"{file} is not a camera path ({type(error).__name__}: {error}); "
            "give a list of 4x4 matrices, or nerfstudio's camera_path or frames"
        ) from error


def _matrix(values: Any) -> Tensor:
    return torch.tensor(values, dtype=torch.float64).reshape(4, 4)


def _checked(pose: Tensor, where: str) -> Tensor:
    """The pose if a camera can stand there (finite, invertible, rigid)."""
    try:
        return Camera.from_fov(60, 1, 1, pose).world_from_camera
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error


def _swung(yaw_degrees: float, arm: float) -> Tensor:
    """Turned to the right about the vertical axis `arm` metres behind the first camera."""
    yaw = math.radians(yaw_degrees)
    return turned(yaw_degrees, translation=(arm * math.sin(yaw), 0, arm * (math.cos(yaw) - 1)))
