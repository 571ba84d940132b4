"""Sweeps of KITTI's laser scanner -> sparse depth of camera 2, from the calibration of either KITTI layout.

A point in the scanner's frame (x forward, y left, z up, metres) is seen at
    (u w, v w, w) = P_rect_02 R_rect_00 Tr_velo_to_cam (x, y, z, 1)
and w is its planar z in the frame of camera 2. Source: the KITTI development kits (object, raw).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from depthgen.data.decode import picture_levels, to_picture
from depthgen.data.sample import RGBD, BrokenSample

NEAREST = 0.1  # metres: what is nearer than this lies on the car's own camera, or behind it


@dataclass(frozen=True, eq=False)
class Calibration:
    """How the scanner's points meet the pixels of a rectified camera.

    projection          (3,4) float64 image from rectified camera 0, its last column holds the baseline
    camera_from_lidar   (4,4) float64 rectified camera 0 from the scanner, metres
    """

    projection: Tensor
    camera_from_lidar: Tensor

    @property
    def K(self) -> Tensor:  # noqa: N802 (the name of the field)
        """(3,3) float64 intrinsics in pixels."""
        return self.projection[:, :3].clone()


def read_sweep(path: Path) -> Tensor:
    """(N,4) float32 of a .bin file: x, y, z in metres in the scanner's frame, reflectance.

    BrokenSample if it is missing, empty or cut off within a point.
    """
    try:
        values = np.fromfile(path, dtype="<f4")
        size = path.stat().st_size
    except OSError as error:
        raise BrokenSample(path, f"cannot be read: {error.strerror}") from error
    if size == 0 or size % 16:
        raise BrokenSample(path, f"{size} bytes; a sweep is a whole number of points of 16 bytes")
    return torch.from_numpy(values.reshape(-1, 4))


def project_sweep(points: Tensor, calibration: Calibration, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Depth (1,H,W) float32 metres, the nearest point of each pixel, and valid (1,H,W): the pixels hit.

    points: (N,3+) in the scanner's frame, metres; size: (H, W). Pixel (i, j) covers u in [j, j+1) and v in
    [i, i+1). A point that is not finite hits no pixel.
    """
    height, width = size
    matrix = calibration.projection @ calibration.camera_from_lidar
    image = points[:, :3].double() @ matrix[:, :3].T + matrix[:, 3]
    image = image[image[:, 2] > NEAREST]
    z = image[:, 2]
    u, v = (image[:, :2] / z[:, None]).floor().unbind(-1)
    inside = (u >= 0) & (u < width) & (v >= 0) & (v < height)
    pixel = (v[inside] * width + u[inside]).long()
    depth = torch.full((height * width,), torch.inf)
    depth.scatter_reduce_(0, pixel, z[inside].float(), "amin")
    depth = depth.reshape(1, height, width)
    valid = depth.isfinite()
    return depth.where(valid, 0.0), valid


def object_calibration(path: Path, camera: int = 2) -> Calibration:
    """Calibration from a file of the object layout (`calib/000000.txt`: P0-P3, R0_rect, Tr_velo_to_cam)."""
    entries = read_calibration(path)
    lidar = _transform(_matrix(entries, "Tr_velo_to_cam", (3, 4), path))
    rectify = _transform(_matrix(entries, "R0_rect", (3, 3), path))
    return Calibration(_matrix(entries, f"P{camera}", (3, 4), path), rectify @ lidar)


def raw_calibration(date_folder: Path, camera: int = 2) -> Calibration:
    """Calibration from a date folder of the raw layout (calib_cam_to_cam.txt and calib_velo_to_cam.txt)."""
    cameras, scanner = date_folder / "calib_cam_to_cam.txt", date_folder / "calib_velo_to_cam.txt"
    entries, rigid = read_calibration(cameras), read_calibration(scanner)
    rotation, shift = _matrix(rigid, "R", (3, 3), scanner), _matrix(rigid, "T", (3, 1), scanner)
    rectify = _transform(_matrix(entries, "R_rect_00", (3, 3), cameras))
    projection = rectified_projection(entries, camera, cameras)
    return Calibration(projection, rectify @ _transform(torch.cat([rotation, shift], dim=1)))


def rectified_projection(entries: dict[str, list[float]], camera: int, path: Path) -> Tensor:
    """(3,4) float64 P_rect_0N of a calib_cam_to_cam.txt; ValueError names the file that lacks it."""
    return _matrix(entries, f"P_rect_{camera:02d}", (3, 4), path)


def read_calibration(path: Path) -> dict[str, list[float]]:
    """The lines `key: numbers` of a KITTI calibration file; lines of text (dates) are left out.

    BrokenSample if there is no such file.
    """
    try:
        lines = path.read_text(encoding="utf8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BrokenSample(path, "no calibration file that can be read") from error
    entries = {}
    for line in lines:
        key, _, values = line.partition(":")
        try:
            entries[key.strip()] = [float(value) for value in values.split()]
        except ValueError:
            continue
    return entries


def read_object_frame(root: Path, name: str) -> RGBD:
    """Frame `name` ("000000") of the object layout; `root` holds image_2, velodyne and calib."""
    levels = picture_levels(root / "image_2" / f"{name}.png")
    calibration = object_calibration(root / "calib" / f"{name}.txt")
    points = read_sweep(root / "velodyne" / f"{name}.bin")
    depth, valid = project_sweep(points, calibration, (levels.shape[0], levels.shape[1]))
    return RGBD(to_picture(levels), depth, valid, f"image_2/{name}.png", calibration.K)


def _matrix(entries: dict[str, list[float]], key: str, shape: tuple[int, int], path: Path) -> Tensor:
    values = entries.get(key, [])
    if len(values) != shape[0] * shape[1]:
        raise BrokenSample(path, f"{key} should be {shape[0]}x{shape[1]} numbers, {len(values)} found")
    return torch.tensor(values, dtype=torch.float64).reshape(shape)


def _transform(matrix: Tensor) -> Tensor:
    """(3,3) or (3,4) -> (4,4)."""
    whole = torch.eye(4, dtype=torch.float64)
    whole[:3, : matrix.shape[1]] = matrix
    return whole
