"""One segment (20 s of driving) of the Waymo Open Dataset v2: a parquet file a component, found by keys.

Column names and shapes: src/waymo_open_dataset/v2/perception of waymo-open-dataset.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from depthgen.data.parquet_rows import KeyedRows
from depthgen.data.range_image import uniform_inclinations
from depthgen.data.sample import BrokenSample

TIME, CAMERA, LASER = "key.frame_timestamp_micros", "key.camera_name", "key.laser_name"
KEYS = {  # component -> the columns by which its rows are found
    "camera_image": (TIME, CAMERA),
    "camera_calibration": (CAMERA,),
    "lidar": (TIME, LASER),
    "lidar_calibration": (LASER,),
    "lidar_camera_projection": (TIME, LASER),
    "lidar_pose": (TIME, LASER),
    "vehicle_pose": (TIME,),
}
IMAGE = "[CameraImageComponent].image"
VEHICLE_POSE = "[VehiclePoseComponent].world_from_vehicle.transform"
OF_CAMERA, OF_LIDAR = "[CameraCalibrationComponent].", "[LiDARCalibrationComponent]."
INTRINSICS = tuple(f"{OF_CAMERA}intrinsic.{name}" for name in ("f_u", "f_v", "c_u", "c_v"))
CAMERA_FIELDS = (*INTRINSICS, *(f"{OF_CAMERA}{name}" for name in ("extrinsic.transform", "width", "height")))
INCLINATIONS = tuple(f"{OF_LIDAR}beam_inclination.{name}" for name in ("min", "max", "values"))
LIDAR_FIELDS = (*INCLINATIONS, f"{OF_LIDAR}extrinsic.transform")
FIRST_RETURN = {  # component -> its class there, and the channels of a pixel
    "lidar": ("LiDARComponent", 4),
    "lidar_camera_projection": ("LiDARCameraProjectionComponent", 6),
    "lidar_pose": ("LiDARPoseComponent", 6),
}


@dataclass(frozen=True, eq=False)
class CameraCalibration:
    """K (3,3) float64 in pixels, vehicle_from_camera (4,4) in Waymo's axes, and the picture's (H, W)."""

    K: Tensor
    vehicle_from_camera: np.ndarray
    size: tuple[int, int]


@dataclass(frozen=True, eq=False)
class LaserCalibration:
    """vehicle_from_lidar (4,4); inclinations, radians, lowest first: `values`, or if empty by `limits`."""

    vehicle_from_lidar: np.ndarray
    limits: tuple[float, float]
    values: np.ndarray

    def inclinations(self, height: int) -> np.ndarray:
        """(height,) radians, the top beam first as in a range image."""
        values = self.values if len(self.values) else uniform_inclinations(*self.limits, height)
        return values[::-1]


class Segment:
    """The components of the segment `name` below `root`. Opening it reads nothing.

    Every method raises BrokenSample that names the component's file where a row or a value is missing.
    """

    def __init__(self, root: Path, name: str) -> None:
        self.root, self.name = root, name
        self._rows: dict[str, KeyedRows] = {}
        self._tables: dict[str, dict[int, dict[str, Any]]] = {}

    def path(self, component: str) -> Path:
        """The parquet file of `component`."""
        return self.root / component / f"{self.name}.parquet"

    def frames(self, cameras: Collection[int]) -> list[tuple[int, int]]:
        """(time in microseconds, camera) of every picture of `cameras` (1 to 5), in order."""
        keys = self._keyed("camera_image").keys.tolist()
        return sorted((time, camera) for time, camera in keys if camera in cameras)

    def image(self, time: int, camera: int) -> bytes:
        """The JPEG of `camera` (1 to 5) at `time` (microseconds)."""
        rows = self._read("camera_image", (time, camera), (IMAGE,))
        if len(rows) != 1 or rows[0][IMAGE] is None:
            raise BrokenSample(self.path("camera_image"), f"no picture of camera {camera} at {time}")
        return rows[0][IMAGE]

    def camera(self, camera: int) -> CameraCalibration:
        """The calibration of `camera` (1 to 5)."""
        row = self._row("camera_calibration", CAMERA_FIELDS, camera)
        focal_u, focal_v, centre_u, centre_v = (row[name] for name in INTRINSICS)
        K = torch.tensor([[focal_u, 0, centre_u], [0, focal_v, centre_v], [0, 0, 1]], dtype=torch.float64)
        pose = self._transform("camera_calibration", row[f"{OF_CAMERA}extrinsic.transform"])
        return CameraCalibration(K, pose, (row[f"{OF_CAMERA}height"], row[f"{OF_CAMERA}width"]))

    def laser(self, laser: int) -> LaserCalibration:
        """The calibration of `laser` (1 TOP to 5)."""
        row = self._row("lidar_calibration", LIDAR_FIELDS, laser)
        lowest, highest, values = (row[name] for name in INCLINATIONS)
        pose = self._transform("lidar_calibration", row[f"{OF_LIDAR}extrinsic.transform"])
        return LaserCalibration(pose, (lowest, highest), values)

    def world_from_vehicle(self, time: int) -> np.ndarray:
        """(4,4) pose of the vehicle at the frame `time`, metres."""
        row = self._row("vehicle_pose", (VEHICLE_POSE,), time)
        return self._transform("vehicle_pose", row[VEHICLE_POSE])

    def range_images(self, component: str, time: int) -> dict[int, np.ndarray]:
        """By laser, the first return (H,W,C) of "lidar", "lidar_camera_projection" or "lidar_pose"."""
        kind, channels = FIRST_RETURN[component]
        values, shape = (f"[{kind}].range_image_return1.{part}" for part in ("values", "shape"))
        images = {}
        for row in self._read(component, (time,), (LASER, values, shape)):
            size = tuple(row[shape].tolist())
            if len(size) != 3 or size[2] != channels or np.prod(size) != len(row[values]):
                where = f"laser {row[LASER]} at {time}"
                raise BrokenSample(self.path(component), f"{where}: {len(row[values])} values, shape {size}")
            images[row[LASER]] = row[values].reshape(size)
        return images

    def _read(self, component: str, key: tuple[int, ...], columns: tuple[str, ...]) -> list[dict[str, Any]]:
        rows = self._keyed(component)
        return rows.read(rows.find(*key), columns)

    def _row(self, component: str, columns: tuple[str, ...], key: int) -> dict[str, Any]:
        """The row `key` of a small component, which is read once as a whole."""
        if component not in self._tables:
            rows = self._keyed(component)
            found = rows.read(range(len(rows.keys)), columns)
            self._tables[component] = dict(zip(rows.keys[:, 0].tolist(), found, strict=True))
        if key not in self._tables[component]:
            raise BrokenSample(self.path(component), f"no row with {KEYS[component][0]} {key}")
        return self._tables[component][key]

    def _keyed(self, component: str) -> KeyedRows:
        if component not in self._rows:
            self._rows[component] = KeyedRows(self.path(component), KEYS[component])
        return self._rows[component]

    def _transform(self, component: str, values: np.ndarray) -> np.ndarray:
        if len(values) != 16 or not np.isfinite(values).all():
            raise BrokenSample(self.path(component), "a transform is not 4x4 finite numbers")
        return values.reshape(4, 4)
