from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from scipy.spatial.transform import Rotation

from depthgen.data.folder import RGBDFolder
from depthgen.data.poses import read_matrix, read_trajectory, rotation_of
from depthgen.data.sample import RGBD, BrokenSample
from depthgen.geometry import project, unproject

Put = Callable[[Path, np.ndarray], Path]
BASIC = {"images": "color/*.png", "depth": "depth/*.png", "metres_per_level": 0.001}


def described(folder: Path, **entries: Any) -> Path:
    """The folder, with an rgbd.yaml of these entries in it."""
    folder.mkdir(exist_ok=True)
    (folder / "rgbd.yaml").write_text(yaml.safe_dump({**BASIC, **entries}))
    return folder


@pytest.fixture
def root(tmp_path: Path, put: Put) -> Path:
    """Ten frames of 8x6 pixels; frame n is n metres away, of grey level n. 10.png comes after 9.png."""
    for n in range(1, 11):
        put(tmp_path / f"color/{n}.png", np.full((6, 8, 3), n, np.uint8))
        put(tmp_path / f"depth/{n}.png", np.full((6, 8), 1000 * n, np.uint16))
    return tmp_path


def depths(data: RGBDFolder) -> list[float]:
    return [data[i].depth.max().item() for i in range(len(data))]


def test_frames_in_natural_order(root: Path) -> None:
    data = RGBDFolder(described(root))
    assert depths(data) == pytest.approx(range(1, 11))
    assert data[9].name == "color/10.png"
    assert data[9].image.max().item() == pytest.approx(10 / 255)
    assert data[9].K is None
    assert data[9].camera is None


def test_shares_follow_one_another(root: Path) -> None:
    described(root, shares={"train": 0.7, "val": 0.1, "test": 0.2})
    parts = {split: RGBDFolder(root, split) for split in ("train", "val", "test", "all")}
    assert [len(part) for part in parts.values()] == [7, 1, 2, 10]
    assert depths(parts["val"]) == pytest.approx([8])
    assert depths(parts["test"]) == pytest.approx([9, 10])
    assert RGBDFolder.doctor(root).counts == {"train": 7, "val": 1, "test": 2}


@pytest.mark.parametrize(
    ("pair_by", "image", "depth"),
    [("stem", "f-{}.color.png", "f-{}.depth.png"), ("number", "rgb_{}.png", "sync_2_depth_{}.png")],
)
def test_pairs_by_name(tmp_path: Path, put: Put, pair_by: str, image: str, depth: str) -> None:
    for n in (1, 2, 4):
        put(tmp_path / "color" / image.format(f"{n:03d}"), np.zeros((2, 2, 3), np.uint8))
    for n in (2, 3, 4):
        put(tmp_path / "depth" / depth.format(f"{n:03d}"), np.full((2, 2), 1000 * n, np.uint16))
    rows = [" ".join(map(str, moved(float(n)).ravel())) for n in (1, 2, 4)]
    (tmp_path / "poses.txt").write_text("\n".join(rows))
    data = RGBDFolder(described(tmp_path, pair_by=pair_by, poses={"path": "poses.txt"}))
    assert depths(data) == pytest.approx([2, 4])
    poses = [data[i].world_from_camera for i in range(2)]
    assert [pose[0, 3].item() for pose in poses if pose is not None] == [2, 4]
    with pytest.raises(ValueError, match="no stem of"):
        RGBDFolder(described(tmp_path, pair_by="stem", depth="depth/*3*.png"))


def moved(x: float) -> np.ndarray:
    pose = np.eye(4)
    pose[0, 3] = x
    return pose


def test_rays_become_planar(tmp_path: Path, put: Put) -> None:
    u, v = np.meshgrid(np.arange(40) + 0.5 - 22, np.arange(30) + 0.5 - 14)
    ray = 3 * np.sqrt(1 + (u / 50) ** 2 + (v / 60) ** 2)
    put(tmp_path / "color/a.png", np.zeros((30, 40, 3), np.uint8))
    (tmp_path / "depth").mkdir()
    np.save(tmp_path / "depth/a.npy", ray.astype(np.float32) * 4)
    intrinsics = {"fx": 50, "fy": 60, "cx": 21.5, "cy": 13.5}
    entries = {"depth": "depth/*.npy", "metres_per_level": 0.25, "pixel_centre": 0, "distance": "ray"}
    described(tmp_path, intrinsics=intrinsics, **entries)
    sample = RGBDFolder(tmp_path)[0]
    torch.testing.assert_close(sample.depth, torch.full((1, 30, 40), 3.0))
    assert sample.K is not None
    assert sample.K[:2, 2].tolist() == [22, 14]
    with pytest.raises(ValueError, match="needs `intrinsics`"):
        RGBDFolder(described(tmp_path, **entries))


def test_smaller_depth_of_the_same_shape(root: Path, put: Put) -> None:
    described(root, intrinsics={"fx": 8, "fy": 8, "cx": 4, "cy": 3})
    put(root / "depth/1.png", np.full((3, 4), 500, np.uint16))
    camera = RGBDFolder(root)[0].camera
    assert camera is not None
    assert (camera.width, camera.height, camera.K[0, 0].item()) == (4, 3, 4)
    put(root / "depth/1.png", np.full((4, 4), 500, np.uint16))
    with pytest.raises(BrokenSample, match=r"1\.png: depth of 4x4 .* 8x6"):
        RGBDFolder(root)[0]


def test_invalid_levels_and_sun(root: Path, put: Put) -> None:
    put(root / "depth/1.png", np.array([[8 * 1234, 1, 0], [7, 65535, 16]], np.uint16))
    put(root / "color/1.png", np.zeros((2, 3, 3), np.uint8))
    millimetres = [[1234, 1 << 13, 0], [7 << 13, 65535, 2]]
    sample = RGBDFolder(described(root, encoding="sun", invalid=[0, 65535]))[0]
    expected = torch.tensor(millimetres)[None] * 0.001
    expected[0, 1, 1] = 0
    torch.testing.assert_close(sample.depth, expected)
    assert sample.valid.tolist() == [[[True, True, False], [True, False, True]]]


@pytest.mark.parametrize(
    ("entries", "complaint"),
    [
        ({"colour": "x"}, "colour"),
        ({"metres_per_level": "mm"}, "metres_per_level"),
        ({"metres_per_level": 0}, "positive"),
        ({"distance": "z"}, "distance"),
        ({"images": "rgb/*.png"}, "no file rgb"),
        ({"images": "/rgb/*.png"}, "relative"),
        ({"depth": "depth/1*.png"}, "10 files .* 2 files"),
        ({"intrinsics": {"fx": 3}}, "fx, fy, cx, cy"),
        ({"intrinsics": {"fx": 0, "fy": 1, "cx": 1, "cy": 1}}, "focal"),
        ({"shares": {"train": 0.9, "test": 0.2}}, "sum"),
        ({"shares": {"training": 0.9}}, "training"),
        ({"shares": {"test": 1}}, "'train' holds no frame"),
        ({"poses": {"path": "absent.txt"}}, "absent.txt"),
        ({"root": "elsewhere"}, "elsewhere"),
    ],
)
def test_wrong_sheets_are_told(root: Path, entries: dict[str, Any], complaint: str) -> None:
    described(root, **entries)
    with pytest.raises(ValueError, match=complaint) as error:
        RGBDFolder(root)
    assert "\n" not in str(error.value)
    if "shares" not in entries:
        assert not RGBDFolder.doctor(root).healthy


def test_absent_and_unreadable_sheets(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"rgbd\.yaml: no such file"):
        RGBDFolder(tmp_path)
    for content in ("", "- 1", "a: [", "images: a"):
        (tmp_path / "rgbd.yaml").write_text(content)
        with pytest.raises(ValueError, match=r"rgbd\.yaml: "):
            RGBDFolder(tmp_path)
    assert RGBDFolder.doctor(tmp_path).missing


def test_damaged_frames_are_named(root: Path) -> None:
    described(root)
    (root / "depth/3.png").write_bytes(b"\x89PNG")
    with pytest.raises(BrokenSample, match=r"depth.3\.png"):
        RGBDFolder(root)[2]
    np.save(root / "depth/3.npy", np.zeros((6, 8), complex))
    described(root, depth="depth/3.npy", images="color/3.png")
    with pytest.raises(BrokenSample, match="complex"):
        RGBDFolder(root)[0]


def test_quaternions() -> None:
    quaternions = np.random.default_rng(3).normal(size=(20, 4))
    expected = Rotation.from_quat(quaternions).as_matrix()
    np.testing.assert_allclose(rotation_of(torch.from_numpy(quaternions)).numpy(), expected, atol=1e-12)


def test_trajectories_in_every_layout(tmp_path: Path) -> None:
    rotation = Rotation.from_euler("xyz", [0.1, -0.2, 0.3])
    pose = moved(0.5)
    pose[:3, :3] = rotation.as_matrix()
    rows = [" ".join(f"{x:.9f}" for x in row) for row in pose]
    texts = {
        "rows": " ".join(rows),
        "tum": "# tx ty tz qx qy qz qw\n0.5 0 0 " + " ".join(map(str, rotation.as_quat())),
        "log": "0 0 1\n" + "\n".join(rows),
        "files": "\n".join(rows) + "\n\n",
    }
    for layout, text in texts.items():
        (tmp_path / "poses.txt").write_text(text)
        read = read_trajectory(tmp_path, "poses.txt", layout)  # type: ignore[arg-type]
        np.testing.assert_allclose(read.numpy(), pose[None], atol=1e-8)
        (tmp_path / "poses.txt").write_text(text.replace("0", "zero", 1))
        with pytest.raises(BrokenSample, match=r"poses\.txt"):
            read_trajectory(tmp_path, "poses.txt", layout)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("layout", "text"),
    [
        ("rows", "1 2 3"),
        ("rows", " ".join(map(str, (2 * np.eye(4)).ravel()))),
        ("rows", " ".join(map(str, np.diag([1, -1, 1, 1]).ravel()))),
        ("rows", ""),
        ("tum", "12.5 0 0 0 0 0 0 1"),
        ("log", "0 0 1\n1 0 0 0"),
    ],
)
def test_trajectories_that_are_none(tmp_path: Path, layout: Any, text: str) -> None:
    (tmp_path / "poses.txt").write_text(text)
    with pytest.raises(BrokenSample, match=r"poses\.txt"):
        read_trajectory(tmp_path, "poses.txt", layout)


def test_lost_tracking_gives_no_pose(root: Path) -> None:
    rows = [" ".join(map(str, moved(n).ravel())) for n in range(10)]
    rows[4] = " ".join(["-inf"] * 16)
    (root / "poses.txt").write_text("\n".join(rows))
    data = RGBDFolder(described(root, poses={"path": "poses.txt"}))
    assert [i for i in range(10) if data[i].world_from_camera is None] == [4]
    (root / "poses.txt").write_text("\n".join(rows[1:]))
    with pytest.raises(ValueError, match="9 poses for 10 pictures"):
        RGBDFolder(root)


def test_matrix_files(tmp_path: Path) -> None:
    file = tmp_path / "K.txt"
    for size in (3, 4):
        np.savetxt(file, np.diag([5.0, 6, 1, 1])[:size, :size])
        assert read_matrix(file).diagonal().tolist() == [5, 6, 1, 1]
    file.write_text("1 2\n3 4\n")
    with pytest.raises(BrokenSample, match=r"K\.txt"):
        read_matrix(file)


def median_error(first: RGBD, second: RGBD) -> float:
    """How far the surfaces of `first` lie from those of `second` along its rays, relative to their depth."""
    one, other = first.camera, second.camera
    assert one is not None
    assert other is not None
    uv, z = project(unproject(first.depth.double(), one)[first.valid[0]], other)
    column, row = uv.floor().long().unbind(-1)
    inside = (z > 0) & (column >= 0) & (column < other.width) & (row >= 0) & (row < other.height)
    column, row, z = column[inside], row[inside], z[inside]
    seen = second.valid[0, row, column]
    assert seen.sum() > 0.1 * first.valid.sum()
    return ((second.depth[0, row, column] - z).abs() / z)[seen].median().item()


K_OF_7SCENES = {"file": "camera-intrinsics.txt"}
ICL = {"fx": 481.2, "fy": -480.0, "cx": 319.5, "cy": 239.5}
POSED = {
    "7scenes_redkitchen/data": (
        {
            "images": "*.color.jpg",
            "depth": "*.depth.png",
            "pair_by": "stem",
            "invalid": [0, 65535],
            "intrinsics": K_OF_7SCENES,
            "poses": {"path": "*.pose.txt", "layout": "files"},
        },
        [(0, 1), (1, 0), (30, 31)],
        (0.4, 6),
    ),
    "hololens/000": (
        {"images": "images/*.jpg", "intrinsics": {"file": "K.txt"}, "poses": {"path": "poses.txt"}},
        [(0, 1), (100, 101), (278, 277)],
        (0.2, 10),
    ),
    "iclnuim_livingroom1": (
        {
            "images": "image/*.jpg",
            "pixel_centre": 0,
            "intrinsics": {"fx": 525, "fy": 525, "cx": 319.5, "cy": 239.5},
            "poses": {"path": "trajectory.log", "layout": "log"},
        },
        [(0, 1), (10, 11), (20, 19)],
        (0.3, 6),
    ),
    "iclnuim_slambook": (
        {
            "images": "color/*.png",
            "metres_per_level": 0.0002,
            "pixel_centre": 0,
            "intrinsics": ICL,
            "poses": {"path": "pose.txt", "layout": "tum"},
        },
        [(0, 4), (4, 0), (2, 0)],  # neighbours look past one another
        (0.6, 5),
    ),
}


@pytest.mark.parametrize("name", POSED)
def test_real_posed_frames_agree(real_frames: Path, tmp_path: Path, name: str) -> None:
    entries, pairs, (nearest, farthest) = POSED[name]
    data = RGBDFolder(described(tmp_path, root=str(real_frames / name), **entries))
    for first, second in pairs:
        one, other = data[first], data[second]
        metres = one.depth[one.valid]
        assert nearest < metres.min() < metres.max() < farthest
        assert median_error(one, other) <= 0.01


@pytest.mark.parametrize(
    ("name", "entries", "size"),
    [
        ("nyu_demo", {"images": "rgb/*.jpg", "pair_by": "number"}, (480, 640)),
        ("kitti_demo", {"images": "rgb/*.png", "metres_per_level": 1 / 256}, (370, 1224)),
        ("open3d_formats", {"images": "TUM*.png", "depth": "TUM_d*.png", "metres_per_level": 2e-4}, None),
        ("open3d_formats", {"images": "SUN*.jpg", "depth": "SUN_*.png", "encoding": "sun"}, (480, 640)),
    ],
)
def test_real_single_frames(
    real_frames: Path, tmp_path: Path, name: str, entries: dict[str, Any], size: tuple[int, int] | None
) -> None:
    if size is None:
        entries, size = {**entries, "images": "TUM_color.png"}, (480, 640)
    sample = RGBDFolder(described(tmp_path, root=str(real_frames / name), **entries))[0]
    metres = sample.depth[sample.valid]
    assert sample.image.shape[1:] == sample.depth.shape[1:]
    assert abs(sample.image.shape[1] - size[0]) <= 5
    assert 0.3 < metres.min() < metres.median() < (30 if "kitti" in name else 6)
    assert math.isfinite(metres.max().item())


def test_root_relative_to_the_sheet(root: Path) -> None:
    sheet = described(root / "sheet", root="..")
    assert len(RGBDFolder(sheet)) == 10
