"""A smooth flight through a few cameras."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from depthgen.geometry import Camera

LEVEL = 1e-6  # downward part of a level camera's x axis
STEEP = 0.1  # downward part of a camera's y axis 6 degrees from looking straight up or down


def smooth_path(cameras: Sequence[Camera], count: int) -> list[Camera]:
    """`count` cameras on a smooth curve that begins with the first of the given ones and ends with the last.

    Positions and intrinsics are interpolated monotonically (no overshoot: Fritsch and Carlson 1980),
    rotations on the sphere with continuous angular velocity; between upright cameras none rolls.
    ValueError when the pictures differ in size.
    """
    from scipy.interpolate import PchipInterpolator
    from scipy.spatial.transform import Rotation, RotationSpline

    sizes = sorted({(camera.width, camera.height) for camera in cameras})
    if len(sizes) > 1:
        raise ValueError(f"cameras of different picture sizes ({sizes}) cannot be joined by one flight")
    if len(cameras) == 1:
        return list(cameras) * count
    keys, times = np.arange(len(cameras)), np.linspace(0, len(cameras) - 1, count)
    poses = np.stack([camera.world_from_camera.numpy() for camera in cameras])
    rotations = RotationSpline(keys, Rotation.from_matrix(poses[:, :3, :3]))(times).as_matrix()
    if _upright(poses[:, :3, :3]) and _upright(levelled := _levelled(rotations)):
        rotations = levelled
    positions = PchipInterpolator(keys, poses[:, :3, 3])(times)
    intrinsics = PchipInterpolator(keys, np.stack([camera.K.numpy() for camera in cameras]))(times)
    matrices = np.tile(np.eye(4), (count, 1, 1))
    matrices[:, :3, :3], matrices[:, :3, 3] = rotations, positions
    return [
        Camera(torch.from_numpy(K), torch.from_numpy(pose), *sizes[0])
        for K, pose in zip(intrinsics, matrices, strict=True)
    ]


def _upright(rotations: np.ndarray) -> bool:
    """Whether all cameras (N, 3, 3) are level, the right way up, and far from looking straight up or down."""
    return bool((abs(rotations[:, 1, 0]) < LEVEL).all() and (rotations[:, 1, 1] > STEEP).all())


def _levelled(rotations: np.ndarray) -> np.ndarray:
    """Rotations (N, 3, 3) turned about their own optical axes so that their x axes are level.

    NaN where the optical axis is vertical.
    """
    forward = rotations[:, :, 2]
    right = np.cross([0.0, 1.0, 0.0], forward)
    with np.errstate(invalid="ignore"):
        right /= np.linalg.norm(right, axis=1, keepdims=True)
    return np.stack([right, np.cross(forward, right), forward], axis=2)
