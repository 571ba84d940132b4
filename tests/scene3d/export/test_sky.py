from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import trimesh

from scene3d.backdrop import make_sky, panorama_position
from scene3d.export import SKY_FILES, export_all, write_sky, write_sky_dome
from scene3d.export.sky import dome
from scene3d.frame import read_image
from scene3d.scene import Scene


def test_the_panorama_is_what_the_views_saw(garden: Scene, tmp_path: Path) -> None:
    picture = read_image(write_sky(garden, tmp_path / "sky.png"))
    assert (picture - make_sky(garden.frames).panorama).abs().max() < 0.51 / 255
    assert (picture[:, 180, 512] - torch.tensor([0.5, 0.7, 0.95])).abs().max() < 0.02  # above the wall


def test_the_dome_faces_inwards_and_is_painted_by_direction() -> None:
    mesh, uv = dome(radius=7.0, rings=16)
    assert torch.allclose(mesh.vertices.norm(dim=1), torch.tensor(7.0))
    u, v = panorama_position(mesh.vertices, height=100)
    inner = (uv[:, 1] > 0) & (uv[:, 1] < 1) & (uv[:, 0] > 0) & (uv[:, 0] < 1)  # at poles and border u is free
    assert torch.allclose(uv[inner], torch.stack([u / 200, v / 100], 1)[inner], atol=1e-5)
    a, b, c = mesh.vertices[mesh.faces.T]
    normals = torch.linalg.cross(b - a, c - a)
    assert ((normals * -a).sum(1) > 0).all()
    edges = mesh.faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2).sort(1).values
    places = mesh.vertices.mul(1e4).round().unique(dim=0, return_inverse=True)[1]
    assert (places[edges].sort(1).values.unique(dim=0, return_counts=True)[1] == 2).all()  # closed


def test_the_dome_stands_around_the_scene_in_a_file_of_its_own(garden: Scene, tmp_path: Path) -> None:
    read = trimesh.load_scene(write_sky_dome(garden, tmp_path / "sky.glb")).geometry["sky"]
    reach = np.linalg.norm(garden.mesh().vertices.numpy(), axis=1).max()
    assert np.allclose(np.linalg.norm(read.vertices, axis=1), 3 * reach, rtol=1e-5)
    up = read.vertices[:, 1].argmax()
    assert read.visual.uv[up][1] == pytest.approx(1)  # trimesh has v up


def test_a_room_has_no_sky_to_export(garden: Scene, tmp_path: Path) -> None:
    room = replace(garden, frames=tuple(replace(f, valid=f.valid | True) for f in garden.frames))
    with pytest.raises(ValueError, match=r"sky\.png: this scene shows no sky"):
        room.export(tmp_path / "sky.png")
    assert not list(tmp_path.glob("*sky*"))
    assert len(SKY_FILES) == 2
    assert not any(path.name.startswith("sky") for path in map(Path, _names_exported(room)))


def _names_exported(scene: Scene) -> list[str]:
    from unittest.mock import patch

    with patch("scene3d.export.export", lambda scene, path: path):
        return [str(path) for path in export_all(scene)]
