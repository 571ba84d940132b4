"""Waymo v2 parquet files built with pyarrow from the published column types, with geometry done by hand.

The camera stands at (1, 0, 2) in the vehicle and looks forward, the TOP lidar in the same place, turned by 30
degrees. Column 3 of 8 lies at a heading of 22.5 degrees in the vehicle's frame, whatever the lidar's own.
"""

from __future__ import annotations

import io
import math
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

from depthgen.data.registry import open_dataset
from depthgen.data.sample import RGBD, BrokenSample
from depthgen.data.waymo import Waymo, repack
from depthgen.data.writers_waymo import write_waymo
from depthgen.geometry import Camera, turned

SIZE, BEAMS = (6, 10), (2, 8)  # rows, columns
HEADING, RAY = math.radians(22.5), 0.1  # heading of column 3; inclination of row 0, the top beam
WALL = 10 / (math.cos(HEADING) * math.cos(RAY))  # range to a wall 10 m ahead
TYPES = {
    "transform": pa.list_(pa.float64(), 16),
    "return1.values": pa.list_(pa.float32()),
    "shape": pa.list_(pa.int32(), 3),
    "inclination.values": pa.list_(pa.float64()),
    "name": pa.int8(),
    "micros": pa.int64(),
    "image": pa.binary(),
    "width": pa.int32(),
    "height": pa.int32(),
}


def matrix(yaw_degrees: float = 0, x: float = 0, y: float = 0, z: float = 0) -> list[float]:
    c, s = math.cos(math.radians(yaw_degrees)), math.sin(math.radians(yaw_degrees))
    return [c, -s, 0, x, s, c, 0, y, 0, 0, 1, z, 0, 0, 0, 1]


def save(root: Path, component: str, rows: list[dict], row_group_size: int = 3) -> None:
    def kind(name: str) -> pa.DataType:
        return next((kind for ending, kind in TYPES.items() if name.endswith(ending)), pa.float64())

    arrays = {name: pa.array([row[name] for row in rows], kind(name)) for name in rows[0]}
    (root / component).mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(arrays), root / component / "seg.parquet", row_group_size=row_group_size)


def first_return(kind: str, array: np.ndarray) -> dict:
    prefix = f"[{kind}].range_image_return1"
    return {f"{prefix}.values": array.astype(np.float32).ravel().tolist(), f"{prefix}.shape": array.shape}


def jpeg(grey: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("L", SIZE[::-1], grey).save(buffer, "JPEG")
    return buffer.getvalue()


def key(time: int, **sensor: int) -> dict:
    return {
        "key.frame_timestamp_micros": time,
        **{f"key.{name}_name": number for name, number in sensor.items()},
    }


def scans(time: int) -> dict[str, list[dict]]:
    """One beam of TOP hits the wall, one is missing but for its projection; laser 2 sees what is nearer."""
    ranges, places, poses = np.zeros((*BEAMS, 4)), np.zeros((*BEAMS, 6)), np.zeros((*BEAMS, 6))
    ranges[0, 3, 0], ranges[1, 4, 0] = WALL, -1
    places[0, 3], places[1, 4] = [1, 7.9, 3.2, 2, 0, 5.99], [1, 2, 2, 0, 0, 0]
    poses[..., 3] = 100 * time - 1  # measured 1 m behind the place of the frame
    near, near_places = np.zeros((1, 8, 4)), np.zeros((1, 8, 6))
    near[0, 4, 0], near_places[0, 4] = 5, [1, 7, 3, 0, 0, 0]
    near[0, 3, 0], near_places[0, 3] = 5, [1, 4, 1, 0, 0, 0]
    lidar, projection = "LiDARComponent", "LiDARCameraProjectionComponent"
    top, front = key(time, laser=1), key(time, laser=2)
    return {
        "lidar": [front | first_return(lidar, near), top | first_return(lidar, ranges)],
        "lidar_camera_projection": [
            top | first_return(projection, places),
            front | first_return(projection, near_places),
        ],
        "lidar_pose": [top | first_return("LiDARPoseComponent", poses)],
        "vehicle_pose": [
            key(time) | {"[VehiclePoseComponent].world_from_vehicle.transform": matrix(x=100 * time)}
        ],
        "camera_image": [
            key(time, camera=camera) | {"[CameraImageComponent].image": jpeg(10 * time + camera)}
            for camera in (5, 2, 1)
        ],
    }


def calibration() -> dict[str, list[dict]]:
    camera, lidar = "[CameraCalibrationComponent]", "[LiDARCalibrationComponent]"
    intrinsic = dict(zip(("f_u", "f_v", "c_u", "c_v"), (8.0, 9.0, 5.0, 3.0), strict=True))
    cameras = [
        {f"{camera}.intrinsic.{name}": value for name, value in intrinsic.items()}
        | {"key.camera_name": number, f"{camera}.extrinsic.transform": matrix(yaw, 1, 0, 2)}
        | {f"{camera}.width": SIZE[1], f"{camera}.height": SIZE[0]}
        for number, yaw in ((1, 0), (2, 45), (5, -90))
    ]
    limits = {f"{lidar}.beam_inclination.min": -0.2, f"{lidar}.beam_inclination.max": 0.2}
    values, extrinsic = f"{lidar}.beam_inclination.values", f"{lidar}.extrinsic.transform"
    lasers = [
        {"key.laser_name": 2, **limits, values: None, extrinsic: matrix(0, 3, 0, 1)},
        {"key.laser_name": 1, **limits, values: [-0.1, RAY], extrinsic: matrix(30, 1, 0, 2)},
    ]
    return {"camera_calibration": cameras, "lidar_calibration": lasers}


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("waymo")
    components: dict[str, list[dict]] = {}
    for time in (2, 1):  # files need not be sorted
        for component, rows in scans(time).items():
            components.setdefault(component, []).extend(rows)
    for component, rows in (components | calibration()).items():
        save(folder / "training", component, rows)
    return folder


@pytest.fixture
def root(pristine: Path, tmp_path: Path) -> Path:
    return shutil.copytree(pristine, tmp_path / "waymo")


def test_front_cameras_in_order_of_time(pristine: Path) -> None:
    data = open_dataset("waymo", pristine)
    names = [data[i].name for i in range(len(data))]
    assert names == ["seg/1/front", "seg/1/front_left", "seg/2/front", "seg/2/front_left"]
    assert data[2].image.mean().item() == pytest.approx(21 / 255, abs=0.005)
    sides = Waymo(pristine, "train", cameras=("side_right",))
    assert [sides[i].name for i in range(len(sides))] == ["seg/1/side_right", "seg/2/side_right"]
    assert not sides[0].valid.any()


def test_depth_is_planar_and_free_of_the_lidars_motion(pristine: Path) -> None:
    """By hand: a wall 10 m ahead when measured, hit at (10, 10 tan 22.5), is 9 m ahead at the frame's time.

    The camera is turned left by 45 degrees, so its forward axis measures (9 + 10 tan 22.5) / sqrt 2 = 9.2929.
    With the motion left in it would be 10.0; the distance to the camera is 9.96.
    """
    frame = Waymo(pristine, "train", cameras=("front_left",))[0]
    assert frame.valid.nonzero().tolist() == [[0, 5, 0]]
    assert frame.depth[0, 5, 0].item() == pytest.approx(9.2929, abs=1e-4)


def test_the_nearest_of_all_lasers_counts(pristine: Path) -> None:
    """Laser 2 stands 2 m before the camera and measures 5 m at the headings 22.5 and -22.5 degrees."""
    frame = open_dataset("waymo", pristine)[0]
    assert frame.depth.shape == (1, *SIZE)
    near = 2 + 5 * math.cos(HEADING)  # less than the wall's 9 in the same pixel
    assert frame.valid.nonzero().tolist() == [[0, 1, 4], [0, 3, 7]]
    assert frame.depth[frame.valid].tolist() == pytest.approx([near, near])
    assert not frame.depth[~frame.valid].any()


def test_camera_and_pose_are_opencvs(pristine: Path) -> None:
    frame = open_dataset("waymo", pristine)[2]
    assert frame.K.tolist() == [[8, 0, 5], [0, 9, 3], [0, 0, 1]]
    forward, up = frame.world_from_camera[:3, 2], -frame.world_from_camera[:3, 1]
    assert (forward.tolist(), up.tolist()) == ([1, 0, 0], [0, 0, 1])
    assert frame.world_from_camera[:3, 3].tolist() == [201, 0, 2]


def test_repacked_files_read_the_same(pristine: Path, tmp_path: Path) -> None:
    for path in pristine.rglob("*.parquet"):
        repack(path, tmp_path / path.relative_to(pristine), rows=1)
    before, after = open_dataset("waymo", pristine), open_dataset("waymo", tmp_path)
    for i in range(4):
        assert torch.equal(before[i].image, after[i].image)
        assert torch.equal(before[i].depth, after[i].depth)
    assert pq.ParquetFile(tmp_path / "training" / "lidar" / "seg.parquet").num_row_groups == 4


def change(path: Path, name: str, value: object, row: int) -> None:
    table = pq.read_table(path)
    values = table.column(name).to_pylist()
    values[row] = value
    number = table.schema.get_field_index(name)
    pq.write_table(table.set_column(number, name, pa.array(values, table.schema.field(name).type)), path)


LIDAR = "[LiDARComponent].range_image_return1"


@pytest.mark.parametrize(
    ("component", "column", "value", "row", "reason"),
    [
        ("lidar", f"{LIDAR}.values", [1.0] * 7, 3, "laser 1 at 1: 7 values"),
        ("lidar", f"{LIDAR}.values", None, 3, "0 values"),
        ("lidar", "key.laser_name", 4, 3, "does not fit"),
        ("lidar_pose", "key.laser_name", 3, 1, "no pose for each pixel"),
        ("camera_image", "[CameraImageComponent].image", b"\xff\xd8no", 5, "not a picture"),
        ("camera_image", "[CameraImageComponent].image", None, 5, "no picture of camera 1 at 1"),
        ("camera_calibration", "[CameraCalibrationComponent].width", 99, 0, "calibration"),
        ("vehicle_pose", "key.frame_timestamp_micros", 77, 1, "no row with key.frame_timestamp_micros 1"),
        (
            "vehicle_pose",
            "[VehiclePoseComponent].world_from_vehicle.transform",
            [np.nan] * 16,
            1,
            "4x4 finite",
        ),
    ],
)
def test_bad_values_are_named(
    root: Path, component: str, column: str, value: object, row: int, reason: str
) -> None:
    change(root / "training" / component / "seg.parquet", column, value, row)
    with pytest.raises(BrokenSample, match=reason) as caught:
        open_dataset("waymo", root)[0]
    assert "seg.parquet" in caught.value.path


def test_a_bad_segment_is_left_out_and_told(root: Path) -> None:
    (root / "training" / "camera_image" / "other.parquet").write_bytes(b"PAR1 no more")
    told: list[BrokenSample] = []
    frames = open_dataset("waymo", root, leave_out=told.append)
    assert {frame[0].name for frame in frames.frames} == {"seg"}  # type: ignore[attr-defined]
    assert len(told) == 1
    assert told[0].path.endswith("other.parquet")


def test_bad_files_are_named(root: Path) -> None:
    lidar = root / "training" / "lidar" / "seg.parquet"
    whole = lidar.read_bytes()
    lidar.write_bytes(whole[:-20])
    with pytest.raises(BrokenSample, match=r"lidar/seg\.parquet: not a parquet file"):
        open_dataset("waymo", root)[0]
    lidar.write_bytes(whole[:40] + b"\xee" * (len(whole) // 3) + whole[40 + len(whole) // 3 :])
    with pytest.raises(BrokenSample, match="lidar"):
        open_dataset("waymo", root)[0]
    lidar.unlink()
    with pytest.raises(BrokenSample, match="no such file"):
        open_dataset("waymo", root)[0]
    assert Waymo.doctor(root).missing == ("training/lidar/seg.parquet",)


def test_other_parquet_files_and_empty_folders_are_refused(root: Path, tmp_path: Path) -> None:
    pq.write_table(pa.table({"x": [1]}), root / "training" / "camera_image" / "seg.parquet")
    with pytest.raises(BrokenSample, match=r"no column key\.camera_name"):
        open_dataset("waymo", root)
    with pytest.raises(ValueError, match="camera_image"):
        Waymo(root, "val")
    with pytest.raises(ValueError, match="'rear'"):
        Waymo(root, "train", cameras=("rear",))


def test_doctor_counts_segments_and_warns_of_large_row_groups(pristine: Path, root: Path) -> None:
    healthy = Waymo.doctor(pristine)
    assert healthy.healthy
    assert healthy.counts == {"train": 1, "val": 0}
    assert not any("repack" in note for note in healthy.notes)
    path = root / "training" / "lidar" / "seg.parquet"
    pq.write_table(pa.concat_tables([pq.read_table(path)] * 9), path)
    assert any("36 rows" in note and "repack" in note for note in Waymo.doctor(root).notes)
    assert not Waymo.doctor(root / "nowhere").healthy


def test_what_the_writer_writes_comes_back(tmp_path: Path) -> None:
    camera = Camera.from_fov(60, 40, 30, turned(25, -8, (3, -1, 2)))
    depth = torch.rand(1, 30, 40) * 50 + 1
    frames = [
        RGBD(torch.full((3, 30, 40), 0.2 * i), depth + i, depth > 9, "", camera.K, camera.world_from_camera)
        for i in range(2)
    ]
    write_waymo(tmp_path, frames, split="val", beams=(8, 200))
    data = open_dataset("waymo", tmp_path, "val")
    assert len(data) == 2
    for read, written in zip((data[0], data[1]), frames, strict=True):
        assert read.valid.sum() > 100
        assert (written.valid | ~read.valid).all()
        torch.testing.assert_close(read.depth[read.valid], written.depth[read.valid], atol=1e-4, rtol=1e-5)
        torch.testing.assert_close(read.image, written.image, atol=0.01, rtol=0)
        torch.testing.assert_close(read.world_from_camera, camera.world_from_camera, atol=1e-9, rtol=0)
