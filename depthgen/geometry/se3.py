"""Rigid transforms as (4,4) float64 matrices; `b_from_a` maps coordinates in a to coordinates in b.

Axes are OpenCV's: x right, y down, z forward. Positions in metres.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor


def rotation_x(radians: float) -> Tensor:
    """(3,3) rotation about x; a positive angle turns forward (+z) towards up (-y)."""
    c, s = math.cos(radians), math.sin(radians)
    return torch.tensor([[1, 0, 0], [0, c, -s], [0, s, c]], dtype=torch.float64)


def rotation_y(radians: float) -> Tensor:
    """(3,3) rotation about y; a positive angle turns forward (+z) towards the right (+x)."""
    c, s = math.cos(radians), math.sin(radians)
    return torch.tensor([[c, 0, s], [0, 1, 0], [-s, 0, c]], dtype=torch.float64)


def rotation_z(radians: float) -> Tensor:
    """(3,3) rotation about z; a positive angle turns right (+x) towards down (+y)."""
    c, s = math.cos(radians), math.sin(radians)
    return torch.tensor([[c, -s, 0], [s, c, 0], [0, 0, 1]], dtype=torch.float64)


def compose(rotation: Tensor, translation: Tensor | Sequence[float]) -> Tensor:
    """(4,4) transform `x -> rotation @ x + translation`: a (3,3) rotation, a (3,) translation in metres."""
    transform = torch.eye(4, dtype=torch.float64)
    transform[:3, :3] = rotation
    transform[:3, 3] = torch.as_tensor(translation, dtype=torch.float64)
    return transform


def orthonormal(poses: Tensor) -> Tensor:
    """Poses (...,4,4) that are nearly rigid, as few digits say them, with the nearest rotations.

    Those that have such, as far as float64 tells, stay as they are.
    """
    u, _, v = torch.linalg.svd(poses[..., :3, :3])
    rigid = torch.zeros_like(poses)
    rigid[..., :3, :3], rigid[..., :3, 3], rigid[..., 3, 3] = u @ v, poses[..., :3, 3], 1
    already = (rigid - poses).abs().amax(dim=(-2, -1), keepdim=True) < 1e-12
    return torch.where(already, poses, rigid)


def inverse(transform: Tensor) -> Tensor:
    """Inverse of a rigid (4,4) transform by transposing its rotation, which keeps it exactly rigid."""
    rotation = transform[:3, :3].T
    return compose(rotation, -rotation @ transform[:3, 3])


def turned(
    yaw_degrees: float, pitch_degrees: float = 0.0, translation: Sequence[float] = (0, 0, 0)
) -> Tensor:
    """(4,4) `world_from_camera` of a camera at `translation` (metres), level but for its pitch.

    Yaw > 0 looks to the right, pitch > 0 looks up.
    """
    rotation = rotation_y(math.radians(yaw_degrees)) @ rotation_x(math.radians(pitch_degrees))
    return compose(rotation, translation)


def look_at(eye: Sequence[float], target: Sequence[float], up: Sequence[float] = (0, -1, 0)) -> Tensor:
    """(4,4) `world_from_camera` of a camera at `eye` that looks at `target` (metres), its top towards `up`.

    Raises ValueError when `target` is at `eye` or straight along `up`, where the view is undefined.
    """
    start, end, top = (torch.as_tensor(point, dtype=torch.float64) for point in (eye, target, up))
    forward = end - start
    right = torch.linalg.cross(forward, top)
    if not right.norm() > 1e-9 * forward.norm() * top.norm():
        raise ValueError(
            f"look_at: the direction from {start.tolist()} to {end.tolist()} is zero or along "
            f"up {top.tolist()}; move the target or give another up"
        )
    forward, right = forward / forward.norm(), right / right.norm()
    return compose(torch.stack([right, torch.linalg.cross(forward, right), forward], dim=1), start)
