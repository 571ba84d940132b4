"""Binary glTF 2.0 from meshes and cameras, unlit: pictures are shown as they are.

Axes are glTF's (x right, y up, z backward), units metres. Colours need no light: KHR_materials_unlit, with
COLOR_0 in linear light as the standard asks (viewers convert to sRGB) and textures in sRGB. The file is put
together here because trimesh stores colours in 8 bits, too few for dark linear ones.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from torch import Tensor

from depthgen.geometry import Camera, Mesh, vertex_normals
from scene3d.axes import exported_points, exported_pose

FLOAT, UINT32 = 5126, 5125  # glTF component types
VERTICES, INDICES = 34962, 34963  # glTF buffer targets
LINEAR, CLAMP, REPEAT = 9729, 33071, 10497  # glTF filters and wrapping
NEAR = 0.01  # of the typical distance of what is there: cameras see nothing nearer


@dataclass(frozen=True, eq=False)
class Part:
    """A mesh of a file, in the scene's frame: with colours of its vertices, or painted with a texture.

    uv: (N, 2) in [0, 1], v down. texture: a PNG file. around: its u goes around, from 1 on to 0.
    extras: what the file says about it besides.
    """

    name: str
    mesh: Mesh
    uv: Tensor | None = None
    texture: bytes | None = None
    around: bool = False
    extras: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class _Binary:
    """The buffer of a file as it grows, and the glTF objects that point into it."""

    chunks: list[bytes] = field(default_factory=list)
    views: list[dict[str, Any]] = field(default_factory=list)
    accessors: list[dict[str, Any]] = field(default_factory=list)

    def add_bytes(self, data: bytes, **about: int) -> int:
        """Append data, padded to 4 bytes; the number of its buffer view."""
        start = sum(map(len, self.chunks))
        self.views.append({"buffer": 0, "byteOffset": start, "byteLength": len(data), **about})
        self.chunks.append(data + b"\0" * (-len(data) % 4))
        return len(self.views) - 1

    def add(self, array: np.ndarray, kind: str, component: int, **bounds: list[float]) -> int:
        """Append an array; the number of its accessor."""
        view = self.add_bytes(array.tobytes(), target=INDICES if kind == "SCALAR" else VERTICES)
        accessor = {"bufferView": view, "componentType": component, "count": len(array), "type": kind}
        self.accessors.append(accessor | bounds)
        return len(self.accessors) - 1


def gltf_binary(parts: Sequence[Part], cameras: Sequence[Camera] = (), prompt: str = "") -> bytes:
    """A .glb file; parts without faces are left out (glTF has no empty mesh)."""
    parts = [part for part in parts if len(part.mesh.faces)]
    binary, pictures = _Binary(), [part for part in parts if part.texture is not None]
    near = NEAR * _typical_distance(parts)
    document = {
        "asset": {"version": "2.0", "generator": "scene3d", "extras": {"prompt": prompt, "units": "metres"}},
        "scene": 0,
        "scenes": [{"nodes": list(range(len(parts) + len(cameras)))}],
        "nodes": [{"name": part.name, "mesh": i} for i, part in enumerate(parts)]
        + [_camera_node(i, camera) for i, camera in enumerate(cameras)],
        "cameras": [_lens(camera, near) for camera in cameras],
        "meshes": [_mesh(part, i, binary) for i, part in enumerate(parts)],
        "materials": [_unlit_material(part, pictures) for part in parts],
        "textures": [{"source": i, "sampler": i} for i in range(len(pictures))],
        "images": [
            {"bufferView": binary.add_bytes(part.texture or b""), "mimeType": "image/png"}
            for part in pictures
        ],
        "samplers": [_sampler(part) for part in pictures],
        "extensionsUsed": ["KHR_materials_unlit"] if parts else [],
        "accessors": binary.accessors,
        "bufferViews": binary.views,
        "buffers": [{"byteLength": sum(map(len, binary.chunks))}] if binary.chunks else [],
    }
    document = {key: value for key, value in document.items() if value != []}
    return _container(document, b"".join(binary.chunks))


def linear_from_srgb(colors: np.ndarray) -> np.ndarray:
    """Display colours [0, 1] to linear light [0, 1], IEC 61966-2-1."""
    return np.where(colors <= 0.04045, colors / 12.92, ((colors + 0.055) / 1.055) ** 2.4).astype(np.float32)


def _mesh(part: Part, number: int, binary: _Binary) -> dict[str, Any]:
    mesh = part.mesh
    positions = _float32(exported_points(mesh.vertices))
    bounds = {"min": positions.min(axis=0).tolist(), "max": positions.max(axis=0).tolist()}
    attributes = {
        "POSITION": binary.add(positions, "VEC3", FLOAT, **bounds),
        "NORMAL": binary.add(_float32(exported_points(_unit_normals(mesh))), "VEC3", FLOAT),
    }
    if part.uv is None:
        attributes["COLOR_0"] = binary.add(linear_from_srgb(mesh.colors.numpy()), "VEC3", FLOAT)
    else:
        attributes["TEXCOORD_0"] = binary.add(_float32(part.uv), "VEC2", FLOAT)
    indices = binary.add(mesh.faces.numpy().astype(np.uint32).reshape(-1), "SCALAR", UINT32)
    primitive = {"attributes": attributes, "indices": indices, "material": number}
    return {"name": part.name, "primitives": [primitive], "extras": part.extras}


def _unit_normals(mesh: Mesh) -> Tensor:
    """Normals of the vertices; up where faces have no area, because the standard wants length 1."""
    normals = vertex_normals(mesh)
    return normals.where(normals.norm(dim=1, keepdim=True) > 0.5, normals.new_tensor([0.0, -1.0, 0.0]))


def _float32(values: Tensor) -> np.ndarray:
    return values.numpy().astype(np.float32)


def _unlit_material(part: Part, pictures: Sequence[Part]) -> dict[str, Any]:
    """Surfaces are seen from both sides; roughness and metalness are for viewers without the extension."""
    surface: dict[str, Any] = {"metallicFactor": 0.0, "roughnessFactor": 1.0}
    if part in pictures:
        surface["baseColorTexture"] = {"index": pictures.index(part)}
    return {
        "name": part.name,
        "doubleSided": True,
        "pbrMetallicRoughness": surface,
        "extensions": {"KHR_materials_unlit": {}},
    }


def _sampler(part: Part) -> dict[str, int]:
    """No smaller copies of the texture: they would mix parts that only lie side by side."""
    wrap = REPEAT if part.around else CLAMP
    return {"magFilter": LINEAR, "minFilter": LINEAR, "wrapS": wrap, "wrapT": CLAMP}


def _camera_node(number: int, camera: Camera) -> dict[str, Any]:
    column_major = exported_pose(camera.world_from_camera).T.reshape(-1).tolist()
    return {"name": f"view {number:04d}", "camera": number, "matrix": column_major}


def _lens(camera: Camera, near: float) -> dict[str, Any]:
    yfov = 2 * math.atan(camera.height / 2 / camera.K[1, 1].item())
    perspective = {"yfov": yfov, "aspectRatio": camera.width / camera.height, "znear": near}
    return {"type": "perspective", "perspective": perspective}


def _typical_distance(parts: Sequence[Part]) -> float:
    """Median distance of the vertices from the first camera, which is the origin; 1 without any."""
    return parts[0].mesh.vertices.norm(dim=1).median().item() if parts else 1.0


def _container(document: dict[str, Any], blob: bytes) -> bytes:
    """The .glb envelope: a 12-byte header, then a JSON and a binary chunk, each padded to 4 bytes."""
    text = json.dumps(document, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    body = b"".join(
        struct.pack("<I4s", len(chunk), kind) + chunk for chunk, kind in ((text, b"JSON"), (blob, b"BIN\0"))
    )
    return struct.pack("<4sII", b"glTF", 2, 12 + len(body)) + body
