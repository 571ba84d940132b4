"""Frames -> parquet files of the Waymo Open Dataset v2, to make small sets that the real reader reads back.

Every sample is a picture of the front camera at a time of its own. One TOP lidar in the camera's place scans
it, so that a beam through the middle of a pixel measures exactly that pixel's depth.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from depthgen.data import range_image as geometry
from depthgen.data.encode import jpeg
from depthgen.data.sample import RGBD
from depthgen.data.waymo import FOLDERS, TOP
from depthgen.data.waymo_segment import (
    CAMERA,
    FIRST_RETURN,
    IMAGE,
    INCLINATIONS,
    INTRINSICS,
    LASER,
    OF_CAMERA,
    OF_LIDAR,
    TIME,
    VEHICLE_POSE,
)

FRONT, SEGMENT, PERIOD = 1, "key.segment_context_name", 100_000  # microseconds between frames
BEAMS, COLUMNS = 64, 2650  # of Waymo's TOP lidar
MOUNT = np.array([[1, 0, 0, 1.5], [0, 1, 0, 0], [0, 0, 1, 2.1], [0, 0, 0, 1]], dtype=np.float64)


def write_waymo(
    root: Path,
    samples: Iterable[RGBD],
    split: str = "train",
    *,
    segment: str = "segment_0",
    beams: tuple[int, int] = (BEAMS, COLUMNS),
    rows_per_group: int = 8,
) -> int:
    """One segment of `samples` with K and pose, all of the first one's size and K; returns their number.

    beams: rows and columns of the range image, which turns once around; its rows span the picture's height.
    ValueError without samples or where one lacks K or pose.
    """
    frames = list(samples)
    if not frames or any(frame.K is None or frame.world_from_camera is None for frame in frames):
        raise ValueError(f"{segment}: Waymo needs frames that know their intrinsics and pose")
    limits = _vertical_limits(frames[0])
    tables: dict[str, list[dict[str, Any]]] = {
        "camera_calibration": [_camera_calibration(frames[0])],
        "lidar_calibration": [_lidar_calibration(limits)],
    }
    for number, frame in enumerate(frames):
        for component, row in _frame_rows(frame, limits, beams).items():
            tables.setdefault(component, []).append({TIME: number * PERIOD, **row})
    for component, rows in tables.items():
        path = root / FOLDERS[split] / component / f"{segment}.parquet"
        write_rows(path, [{SEGMENT: segment, **row} for row in rows], rows_per_group)
    return len(frames)


def write_rows(path: Path, rows: Sequence[Mapping[str, Any]], rows_per_group: int) -> None:
    """Write rows of equal keys as parquet with Waymo's types of columns."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {SEGMENT: pa.string(), TIME: pa.int64(), CAMERA: pa.int8(), LASER: pa.int8(), IMAGE: pa.binary()}

    def type_of(name: str) -> pa.DataType:
        """Of a column: by its name, else by how the name ends, else a number."""
        endings = {
            ".transform": pa.list_(pa.float64(), 16),
            "return1.values": pa.list_(pa.float32()),
            ".shape": pa.list_(pa.int32(), 3),
            "inclination.values": pa.list_(pa.float64()),
            ".width": pa.int32(),
            ".height": pa.int32(),
        }
        known = (kind for ending, kind in endings.items() if name.endswith(ending))
        return types.get(name) or next(known, pa.float64())

    schema = pa.schema([(name, type_of(name)) for name in rows[0]])
    columns = [pa.array([row[name] for row in rows], schema.field(name).type) for name in rows[0]]
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns, schema=schema), path, row_group_size=rows_per_group, compression="zstd")


def _frame_rows(
    frame: RGBD, limits: tuple[float, float], beams: tuple[int, int]
) -> dict[str, dict[str, Any]]:
    world_from_vehicle = _world_from_vehicle(frame)
    distance, projection = _scan(frame, limits, beams)
    poses = np.broadcast_to(_euler_pose(world_from_vehicle), (*beams, 6))
    ranges = np.concatenate([distance[..., None], np.zeros((*beams, 3))], axis=-1)
    images = {"lidar": ranges, "lidar_camera_projection": projection, "lidar_pose": poses}
    pose = world_from_vehicle.ravel()
    return {
        "camera_image": {
            CAMERA: FRONT,
            IMAGE: jpeg(frame.image, quality=90),
            "[CameraImageComponent].pose.transform": pose,
        },
        "vehicle_pose": {VEHICLE_POSE: pose},
        **{component: {LASER: TOP, **_first_return(component, image)} for component, image in images.items()},
    }


def _first_return(component: str, image: np.ndarray) -> dict[str, Any]:
    prefix = f"[{FIRST_RETURN[component][0]}].range_image_return1"
    return {f"{prefix}.values": image.astype(np.float32).ravel(), f"{prefix}.shape": list(image.shape)}


def _scan(frame: RGBD, limits: tuple[float, float], beams: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Range (H,W) in metres, 0 where a beam meets nothing valid in the picture, and projection (H,W,6)."""
    inclination = geometry.uniform_inclinations(*limits, beams[0])[::-1]
    azimuth = geometry.azimuths(beams[1], MOUNT)
    angles = np.meshgrid(inclination, azimuth, indexing="ij")
    rays = geometry.sensor_points(np.ones(angles[0].size), *(angle.ravel() for angle in angles))
    forward = np.maximum(rays[:, 0], 1e-6)
    K = frame.K.numpy()  # type: ignore[union-attr]
    u, v = K[0, 2] - K[0, 0] * rays[:, 1] / forward, K[1, 2] - K[1, 1] * rays[:, 2] / forward
    height, width = frame.image.shape[-2:]
    seen = (rays[:, 0] > 1e-6) & (u >= 0) & (u < width) & (v >= 0) & (v < height)
    row, column = (
        (v[seen] * frame.depth.shape[-2] / height).astype(int),
        u[seen] * frame.depth.shape[-1] / width,
    )
    z = np.where(frame.valid[0].numpy(), frame.depth[0].numpy(), 0)[row, column.astype(int)]
    distance, projection = np.zeros(len(rays)), np.zeros((len(rays), 6))
    distance[seen] = z / forward[seen]
    projection[seen, :3] = np.stack([np.full(len(z), FRONT), np.floor(u[seen]), np.floor(v[seen])], axis=-1)
    return distance.reshape(beams), projection.reshape(*beams, 6)


def _vertical_limits(frame: RGBD) -> tuple[float, float]:
    """Lowest and highest inclination in radians that the picture shows in its middle column."""
    K, height = frame.K.numpy(), frame.image.shape[-2]  # type: ignore[union-attr]
    return float(np.arctan((K[1, 2] - height) / K[1, 1])), float(np.arctan(K[1, 2] / K[1, 1]))


def _camera_calibration(frame: RGBD) -> dict[str, Any]:
    K = frame.K.numpy()  # type: ignore[union-attr]
    intrinsics = dict(zip(INTRINSICS, (K[0, 0], K[1, 1], K[0, 2], K[1, 2]), strict=True))
    lens = {f"{OF_CAMERA}intrinsic.{name}": 0.0 for name in ("k1", "k2", "p1", "p2", "k3")}
    size = {f"{OF_CAMERA}width": frame.image.shape[-1], f"{OF_CAMERA}height": frame.image.shape[-2]}
    return {CAMERA: FRONT, **intrinsics, **lens, f"{OF_CAMERA}extrinsic.transform": MOUNT.ravel(), **size}


def _lidar_calibration(limits: tuple[float, float]) -> dict[str, Any]:
    inclinations = dict(zip(INCLINATIONS, (*limits, None), strict=True))
    return {LASER: TOP, f"{OF_LIDAR}extrinsic.transform": MOUNT.ravel(), **inclinations}


def _world_from_vehicle(frame: RGBD) -> np.ndarray:
    pose = frame.world_from_camera.numpy()  # type: ignore[union-attr]
    return pose @ geometry.WAYMO_FROM_OPENCV.T @ np.linalg.inv(MOUNT)


def _euler_pose(pose: np.ndarray) -> np.ndarray:
    """(6,) roll, pitch, yaw in radians and x, y, z in metres of a (4,4) pose."""
    rotation = pose[:3, :3]
    roll, yaw = np.arctan2(rotation[2, 1], rotation[2, 2]), np.arctan2(rotation[1, 0], rotation[0, 0])
    pitch = np.arcsin(np.clip(-rotation[2, 0], -1, 1))
    return np.array([roll, pitch, yaw, *pose[:3, 3]])
