from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from depthgen.geometry import unproject
from scene3d.axes import exported_points, exported_pose
from scene3d.cameras import read_path
from scene3d.export import export
from scene3d.scene import Scene


def test_paths_lead_to_the_files_of_the_views(garden: Scene) -> None:
    path = export(garden, garden.root / "exports" / "transforms.json")
    document = json.loads(path.read_text())
    for frame in document["frames"]:
        assert (path.parent / frame["file_path"]).is_file()
        assert np.load(path.parent / frame["depth_file_path"]).shape == (document["h"], document["w"])


def test_depth_is_that_of_the_surface_and_nought_where_there_is_none(garden: Scene, tmp_path: Path) -> None:
    tall = replace(garden.frames[1], depth=1.1 * garden.frames[1].depth)
    scene = replace(garden, frames=(garden.frames[0], tall, garden.frames[2]))
    document = json.loads(export(scene, tmp_path / "cameras.json").read_text())
    for entry, frame in zip(document["frames"], scene.adjusted().frames, strict=True):
        depth = torch.from_numpy(np.load(tmp_path / entry["depth_file_path"]))
        assert torch.equal(depth > 0, frame.valid[0])
        assert torch.equal(depth[frame.valid[0]], frame.depth[frame.valid])


def test_points_are_named_where_they_are(garden: Scene, tmp_path: Path) -> None:
    alone = export(garden, tmp_path / "cameras.json")
    assert "ply_file_path" not in json.loads(alone.read_text())
    export(garden, tmp_path / "points.ply")
    assert json.loads(export(garden, alone).read_text())["ply_file_path"] == "points.ply"


def test_beside_the_views_the_paths_are_plain(garden: Scene) -> None:
    document = json.loads(export(garden, garden.root / "transforms.json").read_text())
    assert document["frames"][1]["file_path"] == "views/0001/image.png"


def test_cameras_return_exactly(garden: Scene, tmp_path: Path) -> None:
    path = export(garden, tmp_path / "transforms.json")
    document = json.loads(path.read_text())
    cameras = read_path(path).cameras
    for frame, read, camera in zip(garden.frames, document["frames"], cameras, strict=True):
        matrix = torch.tensor(read["transform_matrix"], dtype=torch.float64)
        assert torch.equal(exported_pose(matrix), frame.camera.world_from_camera)
        assert torch.equal(camera.world_from_camera, frame.camera.world_from_camera)  # as a path of ours
        K = [[read["fl_x"], 0, read["cx"]], [0, read["fl_y"], read["cy"]], [0, 0, 1]]
        assert frame.camera.K.tolist() == K


def test_an_opengl_camera_sees_exported_points_in_their_pixels(garden: Scene, tmp_path: Path) -> None:
    entry = json.loads(export(garden, tmp_path / "transforms.json").read_text())["frames"][2]
    frame = garden.frames[2]
    points = exported_points(unproject(frame.depth, frame.camera)[30:, ::7].reshape(-1, 3)).double().numpy()
    seen = (np.linalg.inv(entry["transform_matrix"]) @ np.c_[points, np.ones(len(points))].T)[:3]
    u = entry["fl_x"] * seen[0] / -seen[2] + entry["cx"]
    v = entry["fl_y"] * seen[1] / seen[2] + entry["cy"]
    rows, columns = np.meshgrid(np.arange(30, 40), np.arange(0, 48, 7), indexing="ij")
    assert np.allclose(u, columns.reshape(-1) + 0.5, atol=1e-4)
    assert np.allclose(v, rows.reshape(-1) + 0.5, atol=1e-4)
