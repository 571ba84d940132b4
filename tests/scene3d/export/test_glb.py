from __future__ import annotations

import json
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import trimesh

from scene3d.export import write_glb
from scene3d.export.gltf import linear_from_srgb
from scene3d.journal import Manifest
from scene3d.scene import Scene
from scene3d.texture import textured


def chunks_of(path: Path) -> tuple[dict, bytes]:
    """The JSON and the binary chunk of a .glb file, read by the letter of the standard."""
    data = path.read_bytes()
    magic, version, length = struct.unpack_from("<4sII", data)
    assert (magic, version, length) == (b"glTF", 2, len(data))
    json_length, json_kind = struct.unpack_from("<I4s", data, 12)
    blob_length, blob_kind = struct.unpack_from("<I4s", data, 20 + json_length)
    assert (json_kind, blob_kind) == (b"JSON", b"BIN\0")
    assert json_length % 4 == 0
    assert 28 + json_length + blob_length == length
    return json.loads(data[20 : 20 + json_length]), data[28 + json_length :]


def srgb_from_linear(light: np.ndarray) -> np.ndarray:
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def test_trimesh_reads_back_what_the_scene_holds(garden: Scene, tmp_path: Path) -> None:
    read = trimesh.load_scene(write_glb(garden, tmp_path / "scene.glb")).geometry["scene"]
    mesh = garden.mesh()
    assert len(read.vertices) == len(mesh.vertices)
    assert np.array_equal(read.faces, mesh.faces.numpy())
    colors = srgb_from_linear(read.visual.vertex_attributes["color"][:, :3])
    assert np.abs(colors - mesh.colors.numpy()).max() < 1e-5


def test_y_is_up_and_the_scene_lies_ahead_in_metres(garden: Scene, tmp_path: Path) -> None:
    (low, high) = trimesh.load_scene(write_glb(garden, tmp_path / "scene.glb")).geometry["scene"].bounds
    assert low[1] == pytest.approx(-1.25, abs=0.01)  # the floor
    assert high[1] == pytest.approx(1.0, abs=0.15)  # the wall's upper edge, to a pixel
    assert low[2] == pytest.approx(-5.0, abs=0.3)  # the wall; the camera looks along -z
    assert high[2] < 0
    assert high[0] > -low[0]  # the path turns to the right


def test_colours_are_shown_as_they_are(garden: Scene, tmp_path: Path) -> None:
    document, _ = chunks_of(write_glb(garden, tmp_path / "scene.glb"))
    assert "KHR_materials_unlit" in document["extensionsUsed"]
    assert "KHR_materials_unlit" in document["materials"][0]["extensions"]
    assert document["materials"][0]["doubleSided"]


def test_linear_light_of_known_values() -> None:
    assert np.allclose(linear_from_srgb(np.array([0.0, 0.5, 1.0])), [0.0, 0.21404, 1.0], atol=1e-5)


def test_cameras_come_along(garden: Scene, tmp_path: Path) -> None:
    document, _ = chunks_of(write_glb(garden, tmp_path / "scene.glb"))
    nodes = [node for node in document["nodes"] if "camera" in node]
    assert len(nodes) == len(document["cameras"]) == 3
    last = np.array(nodes[2]["matrix"]).reshape(4, 4).T
    forward = last[:3, :3] @ [0, 0, -1]
    yaw = np.radians(40)
    assert np.allclose(forward, [np.sin(yaw), 0, -np.cos(yaw)])
    assert np.allclose(last[:3, 3], [0.2, 0, 0])
    assert document["cameras"][0]["perspective"]["aspectRatio"] == pytest.approx(48 / 40)


def test_normals_have_unit_length_and_face_the_cameras(garden: Scene, tmp_path: Path) -> None:
    read = trimesh.load_scene(write_glb(garden, tmp_path / "scene.glb")).geometry["scene"]
    assert np.allclose(np.linalg.norm(read.vertex_normals, axis=1), 1, atol=1e-5)
    assert (
        (read.vertex_normals * -read.vertices).sum(1) > 0
    ).mean() > 0.99  # all cameras are near the origin


def test_what_is_imagined_is_a_mesh_of_its_own(garden: Scene, tmp_path: Path) -> None:
    document, _ = chunks_of(write_glb(garden, tmp_path / "scene.glb"))
    assert [mesh["name"] for mesh in document["meshes"]] == ["scene"]  # the garden has no silhouettes
    frame = garden.frames[0]
    post = frame.depth.clone()
    post[:, 10:, 20:24] = 1.0
    with_post = replace(garden, frames=(replace(frame, depth=post),))
    document, _ = chunks_of(write_glb(with_post, tmp_path / "scene.glb"))
    assert [mesh["name"] for mesh in document["meshes"]] == ["scene", "imagined"]
    assert document["meshes"][1]["extras"] == {"imagined": True}


@pytest.mark.parametrize("surface", ["grid", "tsdf"])
def test_a_textured_file_keeps_its_uv_and_shows_the_pictures(
    garden: Scene, tmp_path: Path, surface: str
) -> None:
    path = garden.export(tmp_path / "painted.glb", surface=surface, texture="atlas")
    read = trimesh.load_scene(path).geometry["scene"]
    painted = textured(replace(garden, manifest=with_surface(garden, surface)).mesh(), garden.frames)
    uv = np.asarray(read.visual.uv)
    assert np.allclose(uv * [1, -1] + [0, 1], painted.uv.numpy(), atol=1e-6)  # trimesh has v up
    picture = np.asarray(read.visual.material.baseColorTexture.convert("RGB")) / 255
    assert np.abs(picture - painted.image.permute(1, 2, 0).numpy()).max() < 0.51 / 255
    document, _ = chunks_of(path)
    assert "COLOR_0" not in document["meshes"][0]["primitives"][0]["attributes"]
    assert document["images"][0]["mimeType"] == "image/png"


def with_surface(scene: Scene, surface: str) -> Manifest:
    return replace(scene.manifest, config={"surface": surface})


def test_unknown_ways_to_export_are_refused(garden: Scene, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="surface=poisson is not known; give one of grid, tsdf"):
        garden.export(tmp_path / "scene.glb", surface="poisson")
    with pytest.raises(ValueError, match="texture=yes"):
        garden.export(tmp_path / "scene.glb", texture="yes")
    assert not list(tmp_path.glob("scene*"))
