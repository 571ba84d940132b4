"""SceneNet, Virtual KITTI 2 and Hypersim."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from depthgen.data.hypersim import NOMINAL_LENS, Hypersim, pinhole
from depthgen.data.sample import BrokenSample
from depthgen.data.scenenet import SceneNet, scenenet_camera
from depthgen.data.vkitti2 import VirtualKitti2
from depthgen.geometry import Camera, unproject

Put = Callable[[Path, np.ndarray], Path]


def put_scenenet(root: Path, put: Put, frame: str, levels: np.ndarray) -> None:
    folder, number = root / frame.rpartition("/")[0], frame.rpartition("/")[2]
    put(folder / f"photo/{number}.jpg", np.full((*levels.shape, 3), 77, np.uint8))
    put(folder / f"depth/{number}.png", levels)


def wall_rays(width: int, height: int, z: float) -> np.ndarray:
    """Lengths of the rays to a wall at z metres, by the data set's own numbers."""
    fx, fy, cx, cy = 277.128, 289.706, width / 2, height / 2
    u, v = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    return z * np.sqrt(1 + ((u - cx) / fx) ** 2 + ((v - cy) / fy) ** 2)


def test_scenenet_rays_become_planar(tmp_path: Path, put: Put) -> None:
    levels = np.rint(1000 * wall_rays(320, 240, 2.0)).astype(np.uint16)
    levels[0, 0] = 0
    for frame in ("train/0/223/0", "train/0/223/100", "train/0/223/25", "train/0/9/0"):
        put_scenenet(tmp_path, put, frame, levels)
    data = SceneNet(tmp_path)
    names = [data[i].name for i in range(4)]
    assert names == ["train/0/9/photo/0.jpg", *(f"train/0/223/photo/{n}.jpg" for n in (0, 25, 100))]
    sample = data[0]
    assert (sample.depth[sample.valid] - 2).abs().max() < 6e-4  # half a level
    assert sample.depth[0, 0, 0] == 0
    assert sample.valid.sum() == 320 * 240 - 1
    expected = torch.tensor([[277.128, 0, 160], [0, 289.706, 120], [0, 0, 1]], dtype=torch.float64)
    torch.testing.assert_close(sample.K, expected, atol=1e-3, rtol=0)


def test_scenenet_field_of_view() -> None:
    camera = scenenet_camera(80, 40)
    assert camera.hfov_degrees == pytest.approx(60)
    assert 2 * math.degrees(math.atan(20 / camera.K[1, 1].item())) == pytest.approx(45)


def test_scenenet_complaints(tmp_path: Path, put: Put) -> None:
    with pytest.raises(ValueError, match=r"no val/\*"):
        SceneNet(tmp_path, "val")
    put_scenenet(tmp_path, put, "train/0/1/0", np.ones((6, 8), np.uint16))
    put(tmp_path / "train/0/1/depth/0.png", np.ones((5, 8), np.uint16))
    with pytest.raises(BrokenSample, match="8x5 pixels with a picture of 8x6"):
        SceneNet(tmp_path)[0]
    (tmp_path / "train/0/1/depth/0.png").unlink()
    with pytest.raises(BrokenSample, match="no such file"):
        SceneNet(tmp_path)[0]
    diagnosis = SceneNet.doctor(tmp_path)
    assert diagnosis.counts == {"train": 1, "val": 0}
    assert any(name.endswith("depth/0.png") for name in diagnosis.missing)


def put_vkitti(root: Path, put: Put, scene: str, levels: np.ndarray, sorted_by_kind: bool = False) -> None:
    rgb, depth = (root / "rgb", root / "depth") if sorted_by_kind else (root, root)
    frames = f"{scene}/fog/frames"
    put(rgb / frames / "rgb/Camera_0/rgb_00003.jpg", np.full((*levels.shape, 3), 50, np.uint8))
    put(depth / frames / "depth/Camera_0/depth_00003.png", levels)


@pytest.mark.parametrize("sorted_by_kind", [False, True])
def test_vkitti_sky_and_centimetres(tmp_path: Path, put: Put, sorted_by_kind: bool) -> None:
    levels = np.array([[65535, 65534], [0, 1234]], np.uint16)
    put_vkitti(tmp_path, put, "Scene01", levels, sorted_by_kind)
    put_vkitti(tmp_path, put, "Scene20", levels, sorted_by_kind)
    assert [len(VirtualKitti2(tmp_path, split)) for split in ("train", "val", "all")] == [1, 1, 2]
    sample = VirtualKitti2(tmp_path)[0]
    assert sample.name == "Scene01/fog/frames/rgb/Camera_0/rgb_00003.jpg"
    torch.testing.assert_close(sample.depth, torch.tensor([[[0, 655.34], [0, 12.34]]]))
    assert sample.valid.tolist() == [[[False, True], [False, True]]]
    assert sample.sky is not None
    assert sample.sky.tolist() == [[[True, False], [False, False]]]
    assert VirtualKitti2.doctor(tmp_path).healthy


def test_vkitti_camera_and_complaints(tmp_path: Path, put: Put) -> None:
    with pytest.raises(ValueError, match="Virtual KITTI 2"):
        VirtualKitti2(tmp_path)
    put_vkitti(tmp_path, put, "Scene02", np.ones((375, 1242), np.uint16))
    K = VirtualKitti2(tmp_path)[0].K
    assert K is not None
    assert K.tolist() == [[725.0087, 0, 621], [0, 725.0087, 187.5], [0, 0, 1]]
    put(tmp_path / "Scene02/fog/frames/depth/Camera_0/depth_00003.png", np.ones((9, 9), np.uint8))
    with pytest.raises(BrokenSample, match="16-bit"):
        VirtualKitti2(tmp_path)[0]


LENS_COLUMNS = [f"M_cam_from_uv_{row}{column}" for row in range(3) for column in range(3)]
# tilted about x by 0.1, shifted by 0.2 across and 0.05 upwards, in OpenGL's axes
TILT = np.array([[1, 0, 0], [0, np.cos(0.1), -np.sin(0.1)], [0, np.sin(0.1), np.cos(0.1)]])
LENS = TILT @ np.array([[0.6, 0, 0.2], [0, 0.45, 0.05], [0, 0, -1]])
SIZE = (6, 8)


def directions(lens: np.ndarray, height: int, width: int) -> np.ndarray:
    """(H,W,3) unit vectors in OpenGL's axes, as the data set's notebooks make them."""
    half_u, half_v = 1 / width, 1 / height
    u, v = np.linspace(-1 + half_u, 1 - half_u, width), np.linspace(-1 + half_v, 1 - half_v, height)[::-1]
    uv = np.dstack([*np.meshgrid(u, v), np.ones((height, width))])
    rays = uv @ lens.T
    return rays / np.linalg.norm(rays, axis=2, keepdims=True)


def put_hypersim(root: Path, scene: str, arrays: dict[str, np.ndarray]) -> None:
    for name, values in arrays.items():
        kind = "final" if name == "color" else "geometry"
        path = root / scene / f"images/scene_cam_00_{kind}_hdf5/frame.0007.{name}.hdf5"
        path.parent.mkdir(parents=True, exist_ok=True)
        with h5py.File(path, "w") as file:
            file["dataset"] = values


def write_csv(path: Path, rows: list[dict[str, object]]) -> None:
    with path.open("w", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)


@pytest.fixture
def hypersim(tmp_path: Path) -> Path:
    """A released frame of the tilted lens, one that was not released, and a scene that was not fetched."""
    rng = np.random.default_rng(2)
    distance = rng.uniform(1, 5, SIZE).astype(np.float16)
    distance[0, 0] = np.nan
    entity = np.ones(SIZE, np.int32)
    entity[0, :2] = -1
    color = rng.uniform(0, 3, (*SIZE, 3)).astype(np.float16)
    arrays = {"color": color, "depth_meters": distance, "render_entity_id": entity}
    put_hypersim(tmp_path, "ai_001_001", arrays)
    keys = (
        "scene_name",
        "camera_name",
        "frame_id",
        "included_in_public_release",
        "exclude_reason",
        "split_partition_name",
    )
    frames = (
        ("ai_001_001", "cam_00", 7, True, "", "train"),
        ("ai_001_001", "cam_00", 8, False, "no light", "train"),
        ("ai_009_001", "cam_00", 0, True, "", "val"),
    )
    rows: list[dict[str, object]] = [dict(zip(keys, frame, strict=True)) for frame in frames]
    write_csv(tmp_path / "metadata_images_split_scene_v1.csv", rows)
    lens = {"scene_name": "ai_001_001", **dict(zip(LENS_COLUMNS, LENS.ravel(), strict=True))}
    write_csv(tmp_path / "metadata_camera_parameters.csv", [lens])
    return tmp_path


def test_hypersim_rays_become_planar(hypersim: Path) -> None:
    data = Hypersim(hypersim)
    assert len(data) == 1
    sample = data[0]
    assert sample.name == "ai_001_001/images/scene_cam_00_final_hdf5/frame.0007.color.hdf5"
    assert sample.sky is not None
    assert sample.sky.nonzero().tolist() == [[0, 0, 0], [0, 0, 1]]
    assert torch.equal(sample.valid, ~sample.sky)
    file = hypersim / "ai_001_001/images/scene_cam_00_geometry_hdf5/frame.0007.depth_meters.hdf5"
    distance = h5py.File(file)["dataset"][()].astype(np.float64)  # type: ignore[index]
    points = distance[..., None] * directions(LENS, *SIZE)
    # the same points in the frame whose z axis is the image plane's normal, with OpenCV's axes
    expected = (points @ TILT) * [1, -1, -1]
    camera = sample.camera
    assert camera is not None
    seen = unproject(sample.depth.double(), camera)[sample.valid[0]]
    np.testing.assert_allclose(seen.numpy(), expected[sample.valid[0].numpy()], rtol=1e-5, atol=1e-6)


def test_hypersim_nominal_camera() -> None:
    K, z_per_metre = pinhole(NOMINAL_LENS, 1024, 768)
    expected = torch.tensor([[886.81, 0, 512], [0, 886.81, 384], [0, 0, 1]], dtype=torch.float64)
    torch.testing.assert_close(K, expected)
    x, y = 100.5 - 512, 700.5 - 384
    z = 886.81 / math.sqrt(x * x + y * y + 886.81**2)
    assert z_per_metre[0, 700, 100].item() == pytest.approx(z, rel=1e-5)
    Camera(K, torch.eye(4), 1024, 768)


def test_hypersim_tone_map(hypersim: Path) -> None:
    """Against the rule as the data set's script states it."""
    file = hypersim / "ai_001_001/images/scene_cam_00_final_hdf5/frame.0007.color.hdf5"
    color = h5py.File(file)["dataset"][()].astype(np.float64)  # type: ignore[index]
    brightness = (0.3 * color[..., 0] + 0.59 * color[..., 1] + 0.11 * color[..., 2]).ravel()[2:]
    scale = 0.8**2.2 / np.percentile(brightness, 90)
    expected = np.clip(np.power(scale * color, 1 / 2.2), 0, 1)
    np.testing.assert_allclose(Hypersim(hypersim)[0].image.numpy(), expected.transpose(2, 0, 1), rtol=1e-3)


def test_hypersim_without_optional_files(hypersim: Path) -> None:
    geometry = hypersim / "ai_001_001/images/scene_cam_00_geometry_hdf5"
    (geometry / "frame.0007.render_entity_id.hdf5").unlink()
    (hypersim / "metadata_camera_parameters.csv").unlink()
    sample = Hypersim(hypersim)[0]
    assert sample.sky is None
    assert sample.valid.sum() == SIZE[0] * SIZE[1] - 1  # NaN alone
    assert sample.K is not None
    assert sample.K[0, 0].item() == pytest.approx(886.81 * 8 / 1024)


def test_hypersim_complaints(hypersim: Path) -> None:
    with pytest.raises(ValueError, match="no scene of the split 'val'"):
        Hypersim(hypersim, "val")
    put_hypersim(hypersim, "ai_001_001", {"color": np.ones((2, 2, 3)), "depth_meters": np.ones((3, 2))})
    with pytest.raises(BrokenSample, match=r"depth_meters.*\(3, 2\)"):
        Hypersim(hypersim)[0]
    file = hypersim / "ai_001_001/images/scene_cam_00_final_hdf5/frame.0007.color.hdf5"
    file.write_bytes(file.read_bytes()[:900])
    with pytest.raises(BrokenSample, match=r"color\.hdf5: not an HDF5 file"):
        Hypersim(hypersim)[0]
    file.unlink()
    with pytest.raises(BrokenSample, match=r"color\.hdf5: no such file"):
        Hypersim(hypersim)[0]
    assert str(file) in Hypersim.doctor(hypersim).missing
    (hypersim / "metadata_images_split_scene_v1.csv").write_text("scene,frame\n1,2\n")
    with pytest.raises(ValueError, match="no column scene_name"):
        Hypersim(hypersim)
