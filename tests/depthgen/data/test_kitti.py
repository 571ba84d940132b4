from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from depthgen.data.kitti import Kitti
from depthgen.data.sample import BrokenSample
from depthgen.data.velodyne import (
    Calibration,
    object_calibration,
    project_sweep,
    raw_calibration,
    read_object_frame,
    read_sweep,
)

Put = Callable[[Path, np.ndarray], Path]
DATE = "2011_09_26"
DRIVES = (f"{DATE}_drive_0001_sync", f"{DATE}_drive_0002_sync")
P2 = "7.215377e+02 0 6.095593e+02 4.485728e+01 0 7.215377e+02 1.728540e+02 2.163791e-01 0 0 1 2.745884e-03"
CALIBRATION = f"""calib_time: 09-Jan-2012 13:57:47
corner_dist: 9.950000e-02
R_rect_00: 1 0 0 0 1 0 0 0 1
P_rect_02: {P2}
P_rect_03: {P2.replace("609", "608")}
"""
SIZE = (375, 1242)


def rgb_name(drive: str, number: int) -> str:
    return f"{DATE}/{drive}/image_02/data/{number:010d}.png"


def depth_name(drive: str, number: int) -> str:
    return f"{drive}/proj_depth/groundtruth/image_02/{number:010d}.png"


@pytest.fixture
def root(tmp_path: Path, put: Put) -> Path:
    """A drive annotated in train/, another in val/, and one listed frame without depth."""
    lines = []
    for part, drive in zip(("train", "val"), DRIVES, strict=True):
        levels = np.zeros(SIZE, np.uint16)
        levels[200, 700], levels[100, 3] = 256 * 12 + 64, 256 * 5
        put(tmp_path / "data_depth_annotated" / part / depth_name(drive, 5), levels)
        put(tmp_path / "raw" / rgb_name(drive, 5), np.full((*SIZE, 3), 102, np.uint8))
        lines.append(f"{rgb_name(drive, 5)} {depth_name(drive, 5)} 721.5377")
    lines.insert(1, f"{rgb_name(DRIVES[0], 6)} None 721.5377")
    for split in ("train", "test"):
        (tmp_path / f"kitti_eigen_{split}_files_with_gt.txt").write_text("\n".join(lines))
    (tmp_path / "raw" / DATE / "calib_cam_to_cam.txt").write_text(CALIBRATION)
    return tmp_path


def test_frames_of_both_parts(root: Path) -> None:
    data = Kitti(root)
    assert len(data) == 2
    assert data.without_depth == 1
    for i, drive in enumerate(DRIVES):
        sample = data[i]
        assert sample.name == rgb_name(drive, 5)
        assert sample.depth[0, 200, 700] == 12.25
        assert sample.valid.sum() == 2
        assert sample.sky is None
        assert sample.K is not None
        assert sample.K[0, 2] == 609.5593
    diagnosis = Kitti.doctor(root)
    assert diagnosis.healthy
    assert diagnosis.counts == {"train": 2, "test": 2}


def test_kb_crop_moves_the_principal_point(root: Path) -> None:
    sample = Kitti(root, kb_crop=True)[0]
    top, left = 375 - 352, (1242 - 1216) // 2
    assert sample.image.shape == (3, 352, 1216)
    assert sample.depth[0, 200 - top, 700 - left] == 12.25
    assert sample.valid.sum() == 1
    assert sample.K is not None
    assert sample.K[:2, 2].tolist() == pytest.approx([609.5593 - left, 172.854 - top])


def test_focal_of_the_list_where_calibration_is_absent(root: Path) -> None:
    (root / "raw" / DATE / "calib_cam_to_cam.txt").unlink()
    K = Kitti(root)[0].K
    assert K is not None
    assert K.tolist() == [[721.5377, 0, 621], [0, 721.5377, 187.5], [0, 0, 1]]


def test_damage_is_named(root: Path, put: Put) -> None:
    depth = root / "data_depth_annotated/train" / depth_name(DRIVES[0], 5)
    put(depth, np.zeros((375, 1241), np.uint16))
    with pytest.raises(BrokenSample, match="1241x375 pixels with a picture of 1242x375"):
        Kitti(root)[0]
    put(root / "raw" / rgb_name(DRIVES[0], 5), np.zeros((300, 1241, 3), np.uint8))
    put(depth, np.zeros((300, 1241), np.uint16))
    with pytest.raises(BrokenSample, match="less than the KB crop"):
        Kitti(root, kb_crop=True)[0]
    depth.unlink()
    with pytest.raises(BrokenSample, match="no such file"):
        Kitti(root)[0]
    assert str(depth) in Kitti.doctor(root).missing
    (root / "raw" / DATE / "calib_cam_to_cam.txt").write_text("P_rect_02: 1 2 3\n")
    with pytest.raises(BrokenSample, match="P_rect_02 should be 3x4 numbers, 3 found"):
        Kitti(root)[1]


def test_lists_that_do_not_serve(root: Path) -> None:
    split_list = root / "kitti_eigen_train_files_with_gt.txt"
    split_list.write_text("a.png None 700\n")
    with pytest.raises(ValueError, match="no line names a depth map"):
        Kitti(root)
    split_list.write_text("a.png b.png 700\n")
    with pytest.raises(ValueError, match="none of the 1 frames"):
        Kitti(root)
    split_list.rename(root / "eigen_train_files_with_gt.txt")  # as BTS calls it
    with pytest.raises(ValueError, match="none of the 1 frames"):
        Kitti(root)


def test_a_sweep_by_hand() -> None:
    # scanner: x forward, y left, z up; camera: focal length 100 pixels, 8x6 pixels, 0.5 m behind the scanner
    K = torch.tensor([[100.0, 0, 4, 0], [0, 100, 3, 0], [0, 0, 1, 0]], dtype=torch.float64)
    pose = torch.tensor([[0.0, -1, 0, 0], [0, 0, -1, 0], [1, 0, 0, 0.5], [0, 0, 0, 1]], dtype=torch.float64)
    points = [
        [9.5, 0, 0, 0],  # z 10: u 4, v 3
        [19.5, 0.01, -0.01, 0],  # z 20, u 3.95, v 3.05
        [4.5, 0.0, 0.0, 0],  # z 5 in the same pixel as the first: nearer
        [-5, 0, 0, 0],  # behind
        [9.5, 5, 0, 0],  # outside
        [float("nan"), 0, 0, 0],
    ]
    depth, valid = project_sweep(torch.tensor(points), Calibration(K, pose), (6, 8))
    assert valid.nonzero().tolist() == [[0, 3, 3], [0, 3, 4]]
    assert depth[valid].tolist() == [20, 5]
    assert (depth[~valid] == 0).all()


def test_raw_calibration(tmp_path: Path) -> None:
    (tmp_path / "calib_cam_to_cam.txt").write_text(CALIBRATION)
    (tmp_path / "calib_velo_to_cam.txt").write_text("R: 0 -1 0 0 0 -1 1 0 0\nT: 0.1 -0.2 -0.3\n")
    calibration = raw_calibration(tmp_path)
    z = 10 - 0.3 + 2.745884e-03
    u = (721.5377 * 0.1 + 609.5593 * (10 - 0.3) + 44.85728) / z
    v = (721.5377 * -0.2 + 172.854 * (10 - 0.3) + 0.2163791) / z
    depth, valid = project_sweep(torch.tensor([[10.0, 0, 0]]), calibration, SIZE)
    assert valid.nonzero().tolist() == [[0, int(v), int(u)]]
    assert depth.max().item() == pytest.approx(z)


def test_broken_sweeps_are_named(tmp_path: Path) -> None:
    file = tmp_path / "s.bin"
    file.write_bytes(struct.pack("<8f", 1, 2, 3, 0.5, 4, 5, 6, 0.25))
    assert read_sweep(file).tolist() == [[1, 2, 3, 0.5], [4, 5, 6, 0.25]]
    for content in (b"", b"\0" * 20):
        file.write_bytes(content)
        with pytest.raises(BrokenSample, match="whole number of points"):
            read_sweep(file)
    with pytest.raises(BrokenSample, match=r"absent\.bin"):
        read_sweep(tmp_path / "absent.bin")


def test_real_annotated_frames(real_frames: Path, tmp_path: Path) -> None:
    lines = [f"rgb/{n}.png depth/{n}.png 707.0493" for n in ("0000000005", "0000000100")]
    (tmp_path / "list.txt").write_text("\n".join(lines))
    data = Kitti(real_frames / "kitti_demo", split_file=tmp_path / "list.txt", kb_crop=True)
    for i in range(2):
        sample = data[i]
        metres = sample.depth[sample.valid]
        assert 2 < metres.min() < metres.median() < metres.max() < 90
        assert 0.1 < sample.valid.float().mean() < 0.4


@pytest.mark.parametrize("name", ["000000", "000001"])
def test_real_sweeps(real_frames: Path, name: str) -> None:
    """Against plain numpy, written from the development kit's formula."""
    training = real_frames / "kitti_object/training"
    sample = read_object_frame(training, name)
    rows = (line.partition(":") for line in (training / f"calib/{name}.txt").read_text().splitlines())
    numbers = {key: np.array(values.split(), float) for key, _, values in rows if key}
    lidar = np.vstack([numbers["Tr_velo_to_cam"].reshape(3, 4), [0, 0, 0, 1]])
    rectify = np.eye(4)
    rectify[:3, :3] = numbers["R0_rect"].reshape(3, 3)
    points = np.fromfile(training / f"velodyne/{name}.bin", np.float32).reshape(-1, 4)
    points[:, 3] = 1
    seen = numbers["P2"].reshape(3, 4) @ rectify @ lidar @ points.T
    seen = seen[:, seen[2] > 0.1]
    expected: dict[tuple[int, int], float] = {}
    height, width = sample.depth.shape[1:]
    for u, v, z in zip(seen[0] / seen[2], seen[1] / seen[2], seen[2], strict=True):
        if 0 <= u < width and 0 <= v < height:
            pixel = int(v), int(u)
            expected[pixel] = min(z, expected.get(pixel, np.inf))
    assert sample.valid.sum() == len(expected)
    assert 0.03 < sample.valid.float().mean() < 0.06
    found = [sample.depth[0, i, j].item() for i, j in expected]
    np.testing.assert_allclose(found, [*expected.values()], rtol=1e-4)
    assert torch.equal(sample.K, object_calibration(training / f"calib/{name}.txt").K)  # type: ignore[arg-type]
