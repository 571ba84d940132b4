"""Waymo's range images -> points -> sparse depth of a camera, one equation a function.

Frames: Waymo's sensors and vehicle have x forward, y left, z up. A range image (H,W) has the top beam in row
0; column 0 looks backwards and the azimuth falls from left to right. Source: utils/range_image_utils.py and
v2/perception/utils/lidar_utils.py of the Waymo Open Dataset. All arrays are numpy, lengths in metres.
"""

from __future__ import annotations

import numpy as np

# maps OpenCV's camera axes (x right, y down, z forward) to Waymo's (x forward, y left, z up)
WAYMO_FROM_OPENCV = np.array([[0, 0, 1, 0], [-1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 0, 1]], dtype=np.float64)


def uniform_inclinations(lowest: float, highest: float, height: int) -> np.ndarray:
    """(height,) centres in radians of equal steps from `lowest` to `highest`, in that order."""
    return lowest + (np.arange(height) + 0.5) / height * (highest - lowest)


def azimuths(width: int, vehicle_from_lidar: np.ndarray) -> np.ndarray:
    """(width,) angle in radians about the sensor's z axis of each column, counted from its x axis.

    Columns are cut in the vehicle's directions, so the sensor's own heading in the (4,4) extrinsic is taken
    off.
    """
    ratio = (width - np.arange(width) - 0.5) / width
    heading = np.arctan2(vehicle_from_lidar[1, 0], vehicle_from_lidar[0, 0])
    return (2 * ratio - 1) * np.pi - heading


def sensor_points(distance: np.ndarray, inclination: np.ndarray, azimuth: np.ndarray) -> np.ndarray:
    """(N,3) points in the sensor's frame from ranges (N,) in metres and angles (N,) in radians."""
    level = np.cos(inclination)
    rays = np.stack([np.cos(azimuth) * level, np.sin(azimuth) * level, np.sin(inclination)], axis=-1)
    return rays * distance[:, None]


def transformed(points: np.ndarray, b_from_a: np.ndarray) -> np.ndarray:
    """(N,3) points of frame a in frame b, given the (4,4) transform."""
    return points @ b_from_a[:3, :3].T + b_from_a[:3, 3]


def euler_rotations(roll: np.ndarray, pitch: np.ndarray, yaw: np.ndarray) -> np.ndarray:
    """(N,3,3) rotations Rz(yaw) Ry(pitch) Rx(roll) (3-2-1 Euler) from angles (N,) in radians."""
    (sr, sp, sy), (cr, cp, cy) = np.sin([roll, pitch, yaw]), np.cos([roll, pitch, yaw])
    entries = [
        [cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr],
        [sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr],
        [-sp, cp * sr, cp * cr],
    ]
    return np.moveaxis(np.array(entries), -1, 0)


def at_frame_time(points: np.ndarray, pixel_pose: np.ndarray, world_from_vehicle: np.ndarray) -> np.ndarray:
    """Undo the vehicle's motion during a turn of the lidar.

    points (N,3) in the vehicle's frame at the moment each was measured, pixel_pose (N,6) its pose then (roll,
    pitch, yaw, x, y, z: vehicle -> world), world_from_vehicle (4,4) the frame's pose. Returns (N,3) in the
    vehicle's frame at the frame's time.
    """
    rotated = np.einsum("nij,nj->ni", euler_rotations(*pixel_pose[:, :3].T), points)
    return transformed(rotated + pixel_pose[:, 3:], np.linalg.inv(world_from_vehicle))


def projected_pixels(
    projection: np.ndarray, measured: np.ndarray, camera: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which `measured` (H,W) pixels hit a camera's image: hit (H,W) bool; column, row (n,) int64 of those n.

    projection (H,W,6): camera, x, y of at most two cameras. Pixel 0 is the left edge of the first pixel:
    floor.
    """
    first = projection[..., 0] == camera
    hit = measured & (first | (projection[..., 3] == camera))
    place = np.where(first[hit][:, None], projection[hit, 1:3], projection[hit, 4:6])
    column, row = np.floor(place).astype(np.int64).T
    return hit, column, row


def nearest_per_pixel(
    column: np.ndarray, row: np.ndarray, z: np.ndarray, size: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Sparse depth (H,W) float32, 0 where nothing fell, and valid (H,W) bool, for `size` (H, W).

    Of several points (N,) in one pixel the nearest counts; points behind the camera or outside are left out.
    """
    height, width = size
    kept = (z > 0) & (column >= 0) & (column < width) & (row >= 0) & (row < height)
    pixel, z = (row[kept] * width + column[kept]), z[kept].astype(np.float32)
    far_first = np.argsort(-z)  # of several values for one place numpy keeps the last, here the nearest
    depth, valid = np.zeros(height * width, dtype=np.float32), np.zeros(height * width, dtype=bool)
    depth[pixel[far_first]] = z[far_first]
    valid[pixel] = True
    return depth.reshape(size), valid.reshape(size)
