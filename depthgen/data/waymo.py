"""Waymo Open Dataset v2 (parquet): camera pictures with the lidar points that fall into them.

Layout: `training/<component>/<segment>.parquet` and `validation/...`, or the components right below the root,
which then are the split "train". Needs pyarrow alone (`pip install scene3d[data]`), no TensorFlow.

Depth is planar z: the forward coordinate in the camera's frame. Waymo's own `build_camera_depth_image` gives
the Euclidean distance to the camera instead. First returns only. The pictures are not undistorted: the data
set itself says which pixel a point hits (lens and rolling shutter included), while K is the pinhole part of
the calibration and off by some pixels near the borders.

The files as downloaded hold some 256 rows a row group, so that one random access decodes hundreds of rows
(waymo-open-dataset issue 841); `repack` rewrites a file with a row group a frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch

from depthgen.data import range_image as geometry
from depthgen.data.decode import picture_levels, to_picture
from depthgen.data.parquet_rows import open_parquet
from depthgen.data.sample import RGBD, BrokenSample, Diagnosis, LeaveOut, open_each
from depthgen.data.waymo_segment import KEYS, TIME, Segment

FOLDERS = {"train": "training", "val": "validation"}
CAMERAS = ("front", "front_left", "front_right", "side_left", "side_right")  # 1 to 5 in the files
TOP = 1  # the laser that turns, so that each of its pixels has a pose of its own
LARGE_GROUP = 32  # rows; above that random access is slow


class Waymo:
    """The pictures of `cameras`, by segment, time and camera, with sparse depth at the picture's own size."""

    page: ClassVar[str] = "Waymo Open Dataset, Perception v2 (waymo.com/open)"
    splits: ClassVar[tuple[str, ...]] = tuple(FOLDERS)

    def __init__(
        self,
        root: Path,
        split: str,
        cameras: Sequence[str] = CAMERAS[:3],
        leave_out: LeaveOut | None = None,
    ) -> None:
        unknown = sorted(set(cameras) - set(CAMERAS))
        if unknown:
            raise ValueError(f"Waymo has no camera {unknown[0]!r}; there are: {', '.join(CAMERAS)}")
        folder = _split_folder(Path(root), split)
        self.segments = [Segment(folder, name) for name in _segment_names(folder)]
        if not self.segments:
            raise ValueError(f"{folder}: no camera_image/*.parquet there; it comes from: {self.page}")
        numbers = {CAMERAS.index(camera) + 1 for camera in cameras}
        listed = open_each(lambda s: [(s, *frame) for frame in s.frames(numbers)], self.segments, leave_out)
        self.frames = [frame for of_segment in listed for frame in of_segment]

    def __len__(self) -> int:
        return len(self.frames)

    def __getitem__(self, index: int) -> RGBD:
        segment, time, camera = self.frames[index]
        levels = picture_levels(segment.path("camera_image"), segment.image(time, camera))
        calibration = segment.camera(camera)
        if levels.shape[:2] != calibration.size:
            sizes = f"picture of {levels.shape[:2]}, calibration of {calibration.size} rows and columns"
            raise BrokenSample(segment.path("camera_image"), f"camera {camera} at {time}: {sizes}")
        depth, valid = geometry.nearest_per_pixel(*camera_points(segment, time, camera), calibration.size)
        pose = segment.world_from_vehicle(time) @ calibration.vehicle_from_camera @ geometry.WAYMO_FROM_OPENCV
        return RGBD(
            to_picture(levels),
            torch.from_numpy(depth)[None],
            torch.from_numpy(valid)[None],
            f"{segment.name}/{time}/{CAMERAS[camera - 1]}",
            K=calibration.K,
            world_from_camera=torch.from_numpy(pose),
        )

    @classmethod
    def doctor(cls, root: Path) -> Diagnosis:
        """Segments a split, components that lack a segment's file, and files whose row groups are large."""
        folders = {split: _split_folder(Path(root), split) for split in cls.splits}
        names = {split: _segment_names(folder) for split, folder in folders.items()}
        missing = [
            str(segment.path(component).relative_to(root))
            for split, folder in folders.items()
            for segment in (Segment(folder, name) for name in names[split])
            for component in KEYS
            if not segment.path(component).is_file()
        ]
        if not any(names.values()):
            missing = [f"training/{component}/*.parquet" for component in KEYS]
        counts = {split: len(names[split]) for split in cls.splits}
        notes = tuple(note for split in cls.splits for note in _notes(folders[split], names[split]))
        return Diagnosis(
            "waymo", Path(root), cls.page, counts, tuple(missing), ("counts are segments", *notes)
        )


def camera_points(segment: Segment, time: int, camera: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Column and row (N,) int64 and planar z (N,) metres of all first returns that hit `camera` (1 to 5)."""
    ranges = segment.range_images("lidar", time)
    projections = segment.range_images("lidar_camera_projection", time)
    if not ranges or {k: v.shape[:2] for k, v in ranges.items()} != {
        k: v.shape[:2] for k, v in projections.items()
    }:
        path = segment.path("lidar_camera_projection")
        raise BrokenSample(path, f"frame {time} does not fit the range images of component lidar")
    columns, rows, points = [], [], []
    for laser, image in ranges.items():
        hit, column, row = geometry.projected_pixels(projections[laser], image[..., 0] > 0, camera)
        columns.append(column)
        rows.append(row)
        points.append(vehicle_points(segment, time, laser, image[..., 0], hit))
    camera_from_vehicle = np.linalg.inv(segment.camera(camera).vehicle_from_camera)
    z = geometry.transformed(np.concatenate(points), camera_from_vehicle)[:, 0]  # x is forward
    return np.concatenate(columns), np.concatenate(rows), z


def vehicle_points(
    segment: Segment, time: int, laser: int, distance: np.ndarray, chosen: np.ndarray
) -> np.ndarray:
    """(n,3) points in the vehicle's frame at `time` of the n `chosen` pixels (H,W) of a range image (H,W)."""
    calibration = segment.laser(laser)
    line, step = np.nonzero(chosen)
    height, width = distance.shape
    sensor = geometry.sensor_points(
        distance[chosen].astype(np.float64),
        calibration.inclinations(height)[line],
        geometry.azimuths(width, calibration.vehicle_from_lidar)[step],
    )
    points = geometry.transformed(sensor, calibration.vehicle_from_lidar)
    if laser != TOP:
        return points
    poses = segment.range_images("lidar_pose", time)
    if TOP not in poses or poses[TOP].shape[:2] != distance.shape:
        raise BrokenSample(
            segment.path("lidar_pose"), f"frame {time} has no pose for each pixel of laser {TOP}"
        )
    return geometry.at_frame_time(points, poses[TOP][chosen], segment.world_from_vehicle(time))


def repack(source: Path, target: Path, rows: int = 8) -> None:
    """Copy a parquet file sorted by time with `rows` rows a row group, which makes random access fast.

    The name `target` appears once the file is whole. BrokenSample if `source` cannot be read.
    """
    import pyarrow.parquet as pq

    with open_parquet(source) as file:
        table = file.read()
    if TIME in table.column_names:
        table = table.sort_by(TIME)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f"{target.name}.partial")
    pq.write_table(table, partial, row_group_size=rows, compression="zstd")
    partial.replace(target)


def _split_folder(root: Path, split: str) -> Path:
    nested = root / FOLDERS[split]
    return root if split == "train" and not nested.is_dir() else nested


def _segment_names(folder: Path) -> list[str]:
    return sorted(path.stem for path in (folder / "camera_image").glob("*.parquet"))


def _notes(folder: Path, names: list[str]) -> list[str]:
    """What to know of the first segment's range images, which stand for the rest."""
    path = Segment(folder, names[0]).path("lidar") if names else folder / "none"
    if not path.is_file():
        return []
    try:
        with open_parquet(path) as file:
            rows = max(file.metadata.row_group(group).num_rows for group in range(file.num_row_groups))
    except BrokenSample as error:
        return [str(error)]
    if rows <= LARGE_GROUP:
        return []
    return [
        f"{path}: {rows} rows a row group make random access slow; depthgen.data.waymo.repack rewrites files"
    ]
