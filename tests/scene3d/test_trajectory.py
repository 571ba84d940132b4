from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from depthgen.geometry import Camera, turned
from scene3d.export import write_transforms
from scene3d.frame import Frame
from scene3d.scene import Scene
from scene3d.trajectory import PATHS, cameras_from, distance_ahead, read_path, trajectory

OPENGL = torch.diag(torch.tensor([1.0, -1, -1, 1], dtype=torch.float64))


@settings(max_examples=40)
@given(st.sampled_from(sorted(PATHS)), st.integers(1, 40), st.floats(0.01, 1000))
def test_every_named_path_starts_at_the_identity_and_scales_with_distance(
    name: str, views: int, distance: float
) -> None:
    path, unit = trajectory(name, views, distance=distance), trajectory(name, views)
    assert len(path) == views
    torch.testing.assert_close(path[0], torch.eye(4, dtype=torch.float64))
    for pose, reference in zip(path, unit, strict=True):
        Camera.from_fov(60, 8, 8, pose)  # rigid, or this raises
        torch.testing.assert_close(pose[:3, :3], reference[:3, :3])
        torch.testing.assert_close(pose[:3, 3], distance * reference[:3, 3])


def test_a_full_turn_comes_back() -> None:
    path = trajectory("turn", 12)
    assert torch.allclose(path[-1] @ turned(30), path[0], atol=0.2)
    torch.testing.assert_close(path[3][:3, 2], torch.tensor([1.0, 0, 0], dtype=torch.float64))


def test_an_orbit_keeps_its_distance_and_looks_at_the_centre() -> None:
    centre = torch.tensor([0, 0, 3.0], dtype=torch.float64)
    for pose in trajectory("orbit", 6, distance=2.0):
        to_centre = centre - pose[:3, 3]
        assert to_centre.norm() == pytest.approx(3.0)
        torch.testing.assert_close(pose[:3, 2], to_centre / 3.0)


def test_all_layouts_of_a_path_file_mean_the_same(tmp_path: Path) -> None:
    poses = [turned(20 * i, 5, (0.1 * i, 0, 0.3)) for i in range(3)]
    opengl = [(OPENGL @ pose @ OPENGL) for pose in poses]
    layouts = {
        "list": [pose.tolist() for pose in poses],
        "camera_path": {"camera_path": [{"camera_to_world": p.flatten().tolist()} for p in opengl]},
        "frames": {"frames": [{"transform_matrix": p.tolist()} for p in opengl]},
    }
    for name, data in layouts.items():
        file = tmp_path / f"{name}.json"
        file.write_text(json.dumps(data))
        torch.testing.assert_close(torch.stack(read_path(file)), torch.stack(poses))
        moved = trajectory(str(file), 3)
        torch.testing.assert_close(poses[0] @ moved[2], poses[2])


def test_the_exported_cameras_can_be_followed_again(garden: Scene, tmp_path: Path) -> None:
    file = write_transforms(garden, tmp_path / "transforms.json")
    for pose, frame in zip(read_path(file), garden.frames, strict=True):
        torch.testing.assert_close(pose, frame.camera.world_from_camera)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("not json", "not JSON"),
        ("3", "not a camera path"),
        ("[]", "no camera pose"),
        ('{"frames": [{}]}', "not a camera path"),
        ("[[1, 2, 3]]", "not a camera path"),
        (json.dumps([torch.eye(4).tolist(), torch.zeros(4, 4).tolist()]), "pose 1"),
        (json.dumps([(2 * torch.eye(4)).tolist()]), "pose 0"),
        (json.dumps([torch.eye(4).tolist()]).replace("1.0", "NaN"), "pose 0"),
    ],
)
def test_an_unusable_path_file_is_named(tmp_path: Path, content: str, message: str) -> None:
    file = tmp_path / "path.json"
    file.write_text(content)
    with pytest.raises(ValueError, match=message) as caught:
        trajectory(str(file), 1)
    assert str(file) in str(caught.value)


def test_unknown_names_and_short_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="pan, turn, orbit, dolly"):
        trajectory("zigzag", 3)
    (tmp_path / "one.json").write_text(json.dumps([torch.eye(4).tolist()]))
    with pytest.raises(ValueError, match="too few"):
        trajectory(str(tmp_path / "one.json"), 2)


def test_paths_take_their_scale_from_the_first_view(garden: Scene) -> None:
    first = garden.frames[0]
    near = distance_ahead(first)
    assert 0 < near < first.depth[first.valid].median()
    nothing = Frame(**{**vars(first), "valid": torch.zeros_like(first.valid)})
    assert distance_ahead(nothing) == 1
    cameras = cameras_from(first, "dolly", 3)
    assert cameras[-1].position[2] == pytest.approx(0.5 * near)
    assert math.isclose(cameras[-1].hfov_degrees, first.camera.hfov_degrees)
