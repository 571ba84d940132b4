"""ScanNet: .sens files built byte by byte from the format's description, and exported frames."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from depthgen.data.registry import open_dataset
from depthgen.data.sample import RGBD, BrokenSample
from depthgen.data.scannet import ScanNet
from depthgen.data.sens import SensFile
from depthgen.data.writers_scannet import write_scannet

COLOR, DEPTH = (12, 10), (6, 4)  # width, height
K_COLOR = np.array([[11.0, 0, 6, 0], [0, 12, 5, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
POSE = np.array([[0, -1, 0, 1.5], [1, 0, 0, -2], [0, 0, 1, 0.25], [0, 0, 0, 1.0]])


def jpeg(grey: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", COLOR, (grey,) * 3).save(buffer, "JPEG")
    return buffer.getvalue()


def depth_of(number: int) -> np.ndarray:
    depth = np.arange(24, dtype=np.uint16).reshape(4, 6) + 1000 * number
    depth[0, 0] = 0
    return depth


def sens_bytes(frames: int, *, version: int = 4, codecs: tuple[int, int] = (2, 1), lost: int = -1) -> bytes:
    identity = struct.pack("<16f", *np.eye(4).ravel())
    intrinsic = struct.pack("<16f", *K_COLOR.ravel())
    out = struct.pack("<I", version) + struct.pack("<Q", 3) + b"cam" + intrinsic + identity * 3
    out += struct.pack("<2i", *codecs) + struct.pack("<4I", *COLOR, *DEPTH) + struct.pack("<fQ", 1000, frames)
    for number in range(frames):
        color, depth = jpeg(20 * number), zlib.compress(depth_of(number).tobytes())
        pose = np.full(16, -np.inf) if number == lost else POSE.ravel()
        out += struct.pack("<16f", *pose) + struct.pack("<4Q", 7, 8, len(color), len(depth)) + color + depth
    return out


def scene(root: Path, data: bytes, name: str = "scene0000_00") -> Path:
    path = root / name / f"{name}.sens"
    path.parent.mkdir(parents=True)
    path.write_bytes(data)
    return path


def test_frames_in_any_order_are_the_bytes_that_were_written(tmp_path: Path) -> None:
    scene(tmp_path, sens_bytes(5, lost=3))
    data = open_dataset("scannet", tmp_path)
    assert len(data) == 5
    for number in (4, 0, 3, 1, 4):
        frame = data[number]
        stored = torch.from_numpy(depth_of(number).astype(np.float32))[None]
        torch.testing.assert_close(frame.depth, stored / 1000)
        assert torch.equal(frame.valid, stored > 0)
        assert frame.image.shape == (3, 10, 12)
        assert frame.image.mean().item() == pytest.approx(20 * number / 255, abs=0.01)
        assert torch.equal(frame.K, torch.from_numpy(K_COLOR[:3, :3]))
        assert frame.name == f"scene0000_00/{number:06d}"
        assert (frame.world_from_camera is None) == (number == 3)
    assert torch.equal(data[0].world_from_camera, torch.from_numpy(POSE))
    camera = data[0].camera  # of the depth map: half the width, 4 of 10 rows
    assert (camera.width, camera.height) == (6, 4)
    torch.testing.assert_close(camera.K.diagonal(), torch.tensor([5.5, 4.8, 1], dtype=torch.float64))


def test_a_file_cut_short_names_the_frame_and_keeps_the_frames_before(tmp_path: Path) -> None:
    whole = sens_bytes(4)
    scene(tmp_path, whole[: len(sens_bytes(3)) + 120])
    data = ScanNet(tmp_path)
    assert len(data) == 4
    assert data[2].valid.any()
    with pytest.raises(BrokenSample, match=r"scene0000_00\.sens: frame 3: the file ends within frame 3 of 4"):
        data[3]
    assert "frame 3" in ScanNet.doctor(tmp_path).missing[0]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (sens_bytes(1, version=3), "version"),
        (sens_bytes(1, codecs=(1, 1)), "colour codec 1"),
        (sens_bytes(1, codecs=(2, 2)), "depth codec 2"),
        (sens_bytes(0), "no frames"),
        (sens_bytes(1)[:200], "header"),
        (b"", "header"),
    ],
)
def test_files_that_are_not_what_they_should_be(tmp_path: Path, data: bytes, reason: str) -> None:
    scene(tmp_path, data)
    with pytest.raises(BrokenSample, match=reason):
        ScanNet(tmp_path)
    assert not ScanNet.doctor(tmp_path).healthy


def test_a_scene_that_cannot_be_opened_is_an_error_or_left_out_and_told(tmp_path: Path) -> None:
    scene(tmp_path, sens_bytes(2))
    damaged = scene(tmp_path, sens_bytes(1)[:200], "scene0001_00")
    scene(tmp_path, sens_bytes(3), "scene0002_00")
    told: list[BrokenSample] = []
    frames = open_dataset("scannet", tmp_path, leave_out=told.append)
    assert len(frames) == 5
    assert [error.path for error in told] == [str(damaged)]
    with pytest.raises(BrokenSample, match="scene0001_00"):
        open_dataset("scannet", tmp_path)


def test_damaged_blobs_are_named(tmp_path: Path) -> None:
    whole = sens_bytes(1)
    packed = zlib.compress(depth_of(0).tobytes())
    short = zlib.compress(b"\0" * 10)
    path = tmp_path / "damaged.sens"
    for blob in (b"x" * len(packed), packed[:-4] + b"\0" * 4):  # no zlib stream; a wrong checksum
        path.write_bytes(whole[: -len(packed)] + blob)
        with pytest.raises(BrokenSample, match=r"damaged\.sens: frame 0: depth cannot be decoded"):
            SensFile(path)[0]
    sizes = struct.pack("<2Q", len(jpeg(0)), len(packed)), struct.pack("<2Q", len(jpeg(0)), len(short))
    path.write_bytes(whole.replace(*sizes)[: -len(packed)] + short)
    with pytest.raises(BrokenSample, match="frame 0: depth is not 6x4"):
        SensFile(path)[0]
    scene(tmp_path, whole.replace(jpeg(0), b"\xff" * len(jpeg(0))))
    with pytest.raises(BrokenSample, match=r"scene0000_00\.sens, frame 0"):
        ScanNet(tmp_path)[0]


def exported(root: Path, name: str, numbers: range) -> None:
    folder = root / name
    for part in ("color", "depth", "pose", "intrinsic"):
        (folder / part).mkdir(parents=True)
    np.savetxt(folder / "intrinsic" / "intrinsic_color.txt", K_COLOR)
    for number in numbers:
        (folder / "color" / f"{number}.jpg").write_bytes(jpeg(number))
        Image.fromarray(depth_of(number)).save(folder / "depth" / f"{number}.png")
        np.savetxt(folder / "pose" / f"{number}.txt", POSE if number else np.full((4, 4), -np.inf))


def test_exported_frames_go_by_number_and_say_what_lacks(tmp_path: Path) -> None:
    exported(tmp_path / "scans", "scene0002_01", range(8, 12))
    data = ScanNet(tmp_path)
    assert [data[i].name[-6:] for i in range(4)] == ["/8.jpg", "/9.jpg", "10.jpg", "11.jpg"]
    assert data[2].depth[0, 1, 2].item() == pytest.approx(10.008)
    assert torch.equal(data[2].world_from_camera, torch.from_numpy(POSE))
    assert ScanNet.doctor(tmp_path).healthy
    (tmp_path / "scans" / "scene0002_01" / "depth" / "9.png").unlink()
    (tmp_path / "scans" / "scene0002_01" / "pose" / "10.txt").write_text("1 2 3")
    with pytest.raises(BrokenSample, match=r"9\.png: no such file"):
        data[1]
    with pytest.raises(BrokenSample, match=r"10\.txt: not a matrix"):
        data[2]
    assert [line.split("/")[-1] for line in ScanNet.doctor(tmp_path).missing] == ["9.png: no such file"]


def test_poses_become_exactly_rigid_or_are_named(tmp_path: Path) -> None:
    exported(tmp_path, "scene0002_01", range(1, 4))
    angle = np.radians(30)
    turned = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    rounded, stretched = np.eye(4), np.diag([1.1, 1, 1, 1])
    rounded[:3, :3] = turned.round(4)
    np.savetxt(tmp_path / "scene0002_01" / "pose" / "1.txt", rounded)
    np.savetxt(tmp_path / "scene0002_01" / "pose" / "2.txt", stretched)
    np.savetxt(tmp_path / "scene0002_01" / "pose" / "3.txt", np.ones((4, 4)))
    camera = ScanNet(tmp_path)[0].camera
    assert camera is not None
    torch.testing.assert_close(camera.world_from_camera[:3, :3], torch.from_numpy(turned), atol=1e-4, rtol=0)
    for index in (1, 2):
        with pytest.raises(BrokenSample, match=rf"{index + 1}\.txt: a pose is not a rotation"):
            ScanNet(tmp_path)[index]


def test_lists_split_the_scenes_and_stride_thins_them(tmp_path: Path) -> None:
    scene(tmp_path, sens_bytes(5), "scene0000_00")
    scene(tmp_path, sens_bytes(2), "scene0000_01")
    exported(tmp_path, "scene0001_00", range(3))
    assert len(ScanNet(tmp_path)) == 10
    with pytest.raises(ValueError, match="'val'"):
        ScanNet(tmp_path, "val")
    thinned = ScanNet(tmp_path, stride=2)
    names = [thinned[i].name for i in range(len(thinned))]
    assert names == [
        *(f"scene0000_00/00000{i}" for i in (0, 2, 4)),
        "scene0000_01/000000",
        *(f"scene0001_00/color/{i}.jpg" for i in (0, 2)),
    ]
    (tmp_path / "scannetv2_val.txt").write_text("scene0000_01\nscene0009_00\n")
    assert len(ScanNet(tmp_path, "val")) == 2
    assert len(ScanNet(tmp_path, "train")) == 8  # what is kept for validation is not trained on
    assert ScanNet.doctor(tmp_path).missing == ("scene0009_00",)
    with pytest.raises(IndexError):
        thinned[6]


@pytest.mark.parametrize("sens", [True, False])
def test_what_the_writer_writes_comes_back(tmp_path: Path, sens: bool) -> None:
    depth = torch.rand(1, 4, 6, generator=torch.Generator().manual_seed(0)) * 9 + 0.5
    valid = depth < 8
    image = torch.full((3, 10, 12), 0.5)
    K, pose = torch.from_numpy(K_COLOR[:3, :3]), torch.from_numpy(POSE)
    frames = [RGBD(image, depth, valid, "a", K, pose), RGBD(image, depth, ~valid, "b", K)]
    write_scannet(tmp_path, frames, split="val", sens=sens)
    data = open_dataset("scannet", tmp_path, "val")
    for written, read in zip(frames, (data[0], data[1]), strict=True):
        assert torch.equal(read.valid, written.valid)
        assert (read.depth - depth)[read.valid].abs().max() < 0.00051  # half a millimetre
        torch.testing.assert_close(read.image, image, atol=0.01, rtol=0)
        torch.testing.assert_close(read.K, K)
        assert (read.world_from_camera is None) == (written.world_from_camera is None)
    with pytest.raises(ValueError, match="intrinsics"):
        write_scannet(tmp_path, [])
    assert write_scannet(tmp_path, frames[:1], "train", sens=sens) == 1  # beside the other split, not over it
    assert (len(ScanNet(tmp_path, "train")), len(ScanNet(tmp_path, "val"))) == (1, 2)
