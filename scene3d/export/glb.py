"""scene.glb: the surface as binary glTF 2.0, with the cameras it was generated from.

Axes are glTF's (x right, y up, z backward), units metres. The sky is left out. Colours are the pictures' own
and need no light: KHR_materials_unlit, with COLOR_0 in linear light as the standard asks (viewers convert to
sRGB). The file is put together here because trimesh stores colours in 8 bits, too few for dark linear ones.
"""

from __future__ import annotations

import json
import math
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import Tensor

from depthgen.geometry import Camera, Mesh
from scene3d.export.axes import exported_points, exported_pose
from scene3d.files import replacing

if TYPE_CHECKING:
    from scene3d.scene import Scene

FLOAT, UINT32 = 5126, 5125  # glTF component types
VERTICES, INDICES = 34962, 34963  # glTF buffer targets


def write_glb(scene: Scene, path: Path) -> Path:
    """Write the scene's surface and cameras as a .glb file."""
    cameras = [frame.camera for frame in scene.frames]
    document, blob = _document(scene.mesh(), cameras, scene.prompt)
    with replacing(path) as aside:
        aside.write_bytes(_container(document, blob))
    return path


def linear_from_srgb(colors: np.ndarray) -> np.ndarray:
    """Display colours [0, 1] to linear light [0, 1], IEC 61966-2-1."""
    return np.where(colors <= 0.04045, colors / 12.92, ((colors + 0.055) / 1.055) ** 2.4).astype(np.float32)


def _document(mesh: Mesh, cameras: list[Camera], prompt: str) -> tuple[dict[str, Any], bytes]:
    """The JSON part and the binary buffer; without surfaces, cameras alone (glTF has no empty mesh)."""
    geometry, blob = _geometry(mesh) if len(mesh.faces) else ({}, b"")
    nodes = [{"name": "scene", "mesh": 0}] if geometry else []
    nodes += [_camera_node(i, camera) for i, camera in enumerate(cameras)]
    return {
        "asset": {"version": "2.0", "generator": "scene3d", "extras": {"prompt": prompt, "units": "metres"}},
        "scene": 0,
        "scenes": [{"nodes": list(range(len(nodes)))}],
        "nodes": nodes,
        "cameras": [_lens(camera) for camera in cameras],
        **geometry,
    }, blob


def _geometry(mesh: Mesh) -> tuple[dict[str, Any], bytes]:
    positions = exported_points(mesh.vertices).numpy().astype(np.float32)
    colors = linear_from_srgb(mesh.colors.numpy())
    indices = mesh.faces.numpy().astype(np.uint32).reshape(-1)
    arrays = [(positions, "VEC3", FLOAT), (colors, "VEC3", FLOAT), (indices, "SCALAR", UINT32)]
    accessors: list[dict[str, Any]] = [
        {"bufferView": i, "componentType": component, "count": len(array), "type": kind}
        for i, (array, kind, component) in enumerate(arrays)
    ]
    accessors[0] |= {"min": positions.min(axis=0).tolist(), "max": positions.max(axis=0).tolist()}
    blob = b"".join(array.tobytes() for array, _, _ in arrays)
    primitive = {"attributes": {"POSITION": 0, "COLOR_0": 1}, "indices": 2, "material": 0}
    return {
        "extensionsUsed": ["KHR_materials_unlit"],
        "meshes": [{"name": "scene", "primitives": [primitive]}],
        "materials": [_unlit_material()],
        "accessors": accessors,
        "bufferViews": _buffer_views([array.nbytes for array, _, _ in arrays]),
        "buffers": [{"byteLength": len(blob)}],
    }, blob


def _unlit_material() -> dict[str, Any]:
    """Surfaces are seen from both sides; roughness and metalness are for viewers without the extension."""
    return {
        "name": "picture",
        "doubleSided": True,
        "pbrMetallicRoughness": {"metallicFactor": 0.0, "roughnessFactor": 1.0},
        "extensions": {"KHR_materials_unlit": {}},
    }


def _buffer_views(lengths: list[int]) -> list[dict[str, int]]:
    """One view of the buffer for each array; all elements are 4 bytes wide, so no padding is needed."""
    starts = np.cumsum([0, *lengths]).tolist()
    targets = (VERTICES, VERTICES, INDICES)
    return [
        {"buffer": 0, "byteOffset": start, "byteLength": length, "target": target}
        for start, length, target in zip(starts, lengths, targets, strict=False)
    ]


def _camera_node(number: int, camera: Camera) -> dict[str, Any]:
    column_major = _flat(exported_pose(camera.world_from_camera).T)
    return {"name": f"view {number:04d}", "camera": number, "matrix": column_major}


def _lens(camera: Camera) -> dict[str, Any]:
    yfov = 2 * math.atan(camera.height / 2 / camera.K[1, 1].item())
    perspective = {"yfov": yfov, "aspectRatio": camera.width / camera.height, "znear": 0.01}
    return {"type": "perspective", "perspective": perspective}


def _flat(matrix: Tensor) -> list[float]:
    return matrix.reshape(-1).tolist()


def _container(document: dict[str, Any], blob: bytes) -> bytes:
    """The .glb envelope: a 12-byte header, then a JSON and a binary chunk, each padded to 4 bytes."""
    text = json.dumps(document, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    body = b"".join(
        struct.pack("<I4s", len(chunk), kind) + chunk for chunk, kind in ((text, b"JSON"), (blob, b"BIN\0"))
    )
    return struct.pack("<4sII", b"glTF", 2, 12 + len(body)) + body
