from __future__ import annotations

from pathlib import Path

import numpy as np
import trimesh

from scene3d.export import write_ply
from scene3d.export.ply import VERTEX
from scene3d.scene import Scene


def test_trimesh_reads_back_points_and_colours(garden: Scene, tmp_path: Path) -> None:
    cloud = trimesh.load(write_ply(garden, tmp_path / "points.ply"))
    mesh = garden.mesh()
    assert np.allclose(cloud.vertices * [1, -1, -1], mesh.vertices.numpy())
    assert np.array_equal(cloud.colors[:, :3], np.round(mesh.colors.numpy() * 255))


def test_normals_face_the_camera_and_the_floor_looks_up(garden: Scene, tmp_path: Path) -> None:
    data = write_ply(garden, tmp_path / "points.ply").read_bytes()
    points = np.frombuffer(data[data.index(b"end_header\n") + 11 :], VERTEX)
    towards_camera = (points["normal"] * -points["position"]).sum(axis=1)  # all cameras are near the origin
    assert (towards_camera > 0).mean() > 0.99
    floor = (points["position"][:, 1] < -1.2) & (points["position"][:, 2] > -4)
    assert np.allclose(np.median(points["normal"][floor], axis=0), [0, 1, 0], atol=1e-3)
