from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from depthgen.geometry import Camera, turned
from scene3d.cameras import camera_path_of, read_path, transforms_of, write_json
from scene3d.export import write_transforms
from scene3d.scene import Scene

OPENGL = torch.diag(torch.tensor([1.0, -1, -1, 1], dtype=torch.float64))
LENS = {"w": 8, "h": 8, "fl_x": 9}
FIRST = Camera.from_fov(60, 32, 32)


@st.composite
def cameras(draw: Callable) -> list[Camera]:
    """One to four cameras anywhere, of one picture size and various focal lengths."""
    number, angle = st.floats(-50, 50), st.floats(-180, 180)
    width, height = draw(st.integers(8, 2000)), draw(st.integers(8, 2000))
    return [
        Camera.from_fov(
            draw(st.floats(20, 120)),
            width,
            height,
            turned(draw(angle), draw(angle), draw(st.tuples(*[number] * 3))),
        )
        for _ in range(draw(st.integers(1, 4)))
    ]


def assert_same(read: Camera, written: Camera) -> None:
    torch.testing.assert_close(read.world_from_camera, written.world_from_camera, rtol=0, atol=1e-9)
    torch.testing.assert_close(read.K, written.K, rtol=1e-9, atol=1e-9)
    assert (read.width, read.height) == (written.width, written.height)


@settings(max_examples=10, deadline=None)
@given(path=cameras())
def test_both_layouts_give_back_the_cameras(
    tmp_path_factory: pytest.TempPathFactory, path: list[Camera]
) -> None:
    folder = tmp_path_factory.mktemp("path")
    views = read_path(write_json(transforms_of(path, {1: "a lake"}), folder / "transforms.json"))
    film = read_path(write_json(camera_path_of(path, path[:1]), folder / "camera_path.json"))
    assert (views.kind, film.kind) == ("views", "film")
    assert views.prompts == ({1: "a lake"} if len(path) > 1 else {})
    for read in (views, film):
        assert read.has_lens
        for camera, written in zip(read.cameras, path, strict=True):
            assert_same(camera, written)


def test_all_layouts_mean_the_same(tmp_path: Path) -> None:
    poses = [turned(20 * i, 5, (0.1 * i, 0, 0.3)) for i in range(3)]
    opengl = [(OPENGL @ pose @ OPENGL) for pose in poses]
    layouts = {
        "list": [pose.tolist() for pose in poses],
        "camera_path": {"camera_path": [{"camera_to_world": p.flatten().tolist()} for p in opengl]},
        "keyframes": {"camera_path": [], "keyframes": [{"matrix": p.flatten().tolist()} for p in opengl]},
        "frames": {"frames": [{"transform_matrix": p.tolist()} for p in opengl]},
    }
    for name, data in layouts.items():
        file = tmp_path / f"{name}.json"
        file.write_text(json.dumps(data))
        path = read_path(file)
        assert not path.has_lens
        for camera, pose in zip(path.cameras, poses, strict=True):
            torch.testing.assert_close(camera.world_from_camera, pose)
        followed, _ = path.views(FIRST, 3)
        torch.testing.assert_close(poses[0] @ followed[2].world_from_camera, poses[2])
        assert followed[2].K.tolist() == FIRST.K.tolist()


def test_the_files_of_nerfstudio_are_understood_as_it_writes_them(tmp_path: Path) -> None:
    """Its fov is the vertical one, its pixels are square, its matrices are written row by row."""
    document = {
        "camera_type": "perspective",
        "render_height": 100,
        "render_width": 200,
        "keyframes": [],
        "camera_path": [
            {"camera_to_world": [1, 0, 0, 2, 0, 1, 0, 3, 0, 0, 1, 4, 0, 0, 0, 1], "fov": 90, "aspect": 2}
        ],
    }
    (camera,) = read_path(write_json(document, tmp_path / "path.json")).cameras
    assert camera.position.tolist() == [2, -3, -4]
    assert camera.vfov_degrees == pytest.approx(90)
    assert camera.K[0, 0].item() == pytest.approx(50)
    frame = {"transform_matrix": torch.eye(4).tolist(), "fl_x": 40, "w": 64, "h": 48}
    (camera,) = read_path(write_json({"fl_y": 30, "frames": [frame]}, tmp_path / "frames.json")).cameras
    assert camera.K.tolist() == [[40, 0, 32], [0, 30, 24], [0, 0, 1]]


def test_a_lens_may_be_told_by_its_angle(tmp_path: Path) -> None:
    """As instant-ngp's transforms.json: 90 degrees across 64 pixels are 32 pixels of focal length."""
    frame = {"transform_matrix": torch.eye(4).tolist()}
    document = {"camera_angle_x": torch.pi / 2, "w": 64, "h": 48, "frames": [frame]}
    path = read_path(write_json(document, tmp_path / "frames.json"))
    assert path.has_lens
    assert path.cameras[0].K.flatten().tolist() == pytest.approx([32, 0, 32, 0, 32, 24, 0, 0, 1])


def test_poses_of_few_digits_can_be_walked(tmp_path: Path) -> None:
    """They are nearly rigid each by itself, and less so multiplied."""
    poses = [turned(37.0 * i, 11.0 * i).numpy().round(4).tolist() for i in range(9)]
    cameras, _ = read_path(write_json(poses, tmp_path / "poses.json")).views(FIRST, 9)
    for number, camera in enumerate(cameras):
        expected = turned(37.0 * number, 11.0 * number)
        torch.testing.assert_close(camera.world_from_camera, expected, rtol=0, atol=2e-4)


def test_views_follow_frames_in_turn_and_a_film_from_end_to_end(tmp_path: Path) -> None:
    path = [Camera.from_fov(60, 8, 8, turned(i)).zoomed(1 + i) for i in range(9)]
    words = {0: "ignored", 2: "a", 3: "b", 8: "c"}
    frames = read_path(write_json(transforms_of(path, words), tmp_path / "frames.json"))
    in_turn, prompts = frames.views(FIRST, 3)
    assert [round(camera.K[0, 0].item() / FIRST.K[0, 0].item(), 6) for camera in in_turn] == [1, 2, 3]
    assert prompts == {2: "a"}
    film = camera_path_of(path, path)
    for number, prompt in words.items():
        film["camera_path"][number]["prompt"] = prompt
    spread, prompts = read_path(write_json(film, tmp_path / "film.json")).views(FIRST, 3)
    assert [round(camera.K[0, 0].item() / FIRST.K[0, 0].item(), 6) for camera in spread] == [1, 5, 9]
    assert prompts == {1: "b", 2: "c"}
    with pytest.raises(ValueError, match="9 poses are too few for 10 views"):
        frames.views(FIRST, 10)


def test_the_exported_cameras_can_be_followed_again(garden: Scene, tmp_path: Path) -> None:
    path = read_path(write_transforms(garden, tmp_path / "transforms.json"))
    for camera, frame in zip(path.cameras, garden.frames, strict=True):
        assert_same(camera, frame.camera)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("not json", "not JSON"),
        ("3", "not a camera path"),
        ("[]", "no camera pose"),
        ('{"frames": []}', "no camera pose"),
        ('{"camera_path": []}', "not a camera path"),
        ('{"camera_type": "fisheye", "camera_path": [{}]}', "fisheye, not perspective"),
        ('{"frames": [{}]}', "pose 0.*transform_matrix"),
        (
            json.dumps(
                LENS
                | {"camera_model": "OPENCV_FISHEYE", "frames": [{"transform_matrix": torch.eye(4).tolist()}]}
            ),
            "OPENCV_FISHEYE, not perspective",
        ),
        ('{"frames": [3]}', "not a camera path"),
        ("[[1, 2, 3]]", "pose 0"),
        (json.dumps([torch.eye(4).tolist(), torch.zeros(4, 4).tolist()]), "pose 1.*not a rigid"),
        (json.dumps([(2 * torch.eye(4)).tolist()]), "pose 0"),
        (json.dumps([torch.eye(4).tolist()]).replace("1.0", "NaN"), "pose 0"),
        (
            json.dumps(
                {"frames": [{"transform_matrix": torch.eye(4).tolist()} | lens for lens in (LENS, {})]}
            ),
            "pose 1: it has no intrinsics",
        ),
        (
            json.dumps({"w": 8, "h": 0, "fl_x": 9, "frames": [{"transform_matrix": torch.eye(4).tolist()}]}),
            "pose 0: its picture has 8 x 0 pixels",
        ),
        (
            json.dumps(
                {"w": 8, "h": 8, "camera_angle_x": 0, "frames": [{"transform_matrix": torch.eye(4).tolist()}]}
            ),
            "pose 0",
        ),
        (
            json.dumps(
                {"w": 8, "h": 8, "fl_x": 9, "frames": [{"transform_matrix": torch.eye(4)[:3].tolist()}]}
            ),
            "pose 0: its matrix has 12 numbers",
        ),
        (json.dumps([torch.eye(4).tolist()]).replace("1.0", "1" + 400 * "0"), "pose 0"),
        (
            json.dumps({"w": 8, "h": 8, "fl_x": 0, "frames": [{"transform_matrix": torch.eye(4).tolist()}]}),
            "pose 0.*focal",
        ),
    ],
)
def test_an_unusable_file_is_named(tmp_path: Path, content: str, message: str) -> None:
    file = tmp_path / "path.json"
    file.write_text(content)
    with pytest.raises(ValueError, match=message) as caught:
        read_path(file)
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"nowhere\.json: no such camera path"):
        read_path(tmp_path / "nowhere.json")
