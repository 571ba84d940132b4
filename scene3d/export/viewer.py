"""viewer.html: the scene as one page that opens from disk, with no network and no other file.

The page holds its program (WebGL 2, plain JavaScript) and the scene: one gzip-compressed block of
little-endian arrays in base64, described by JSON. Faces lie in the order of the views, so that a prefix of
them shows the scene as it was. The layer imagined behind silhouettes is packed after the surface.
"""

from __future__ import annotations

import base64
import gzip
import json
import re
from importlib import resources
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from depthgen.depth import colorize
from depthgen.evaluation.html import data_address
from depthgen.geometry import Mesh, merge_meshes
from scene3d.backdrop import make_backdrop
from scene3d.export.contact_sheet import range_of
from scene3d.files import replacing
from scene3d.frame import Frame, picture_of
from scene3d.fusion import extend, fuse_all, tidied

if TYPE_CHECKING:
    from scene3d.journal import Entry
    from scene3d.scene import Scene

SCRIPTS = ("viewer_math.js", "viewer_gl.js", "viewer_controls.js", "viewer.js")
THUMBNAIL = 128  # pixels
LEVELS = 256  # of the depth colour scale


def write_viewer(scene: Scene, path: Path) -> Path:
    """Write the page: surface, cameras, growth view by view, overlays of depth and of what is new."""
    surface, background = grown_mesh(scene.frames), _grown(scene.background_layers)
    packed = gzip.compress(_packed(surface.mesh) + _packed(background.mesh), compresslevel=6, mtime=0)
    parts = {
        "META": _script_safe(json.dumps(_description(scene, surface, background))),
        "DATA": base64.b64encode(packed).decode("ascii"),
        "SCRIPT": "\n".join(_resource(name) for name in SCRIPTS),
    }
    page = re.sub("%%([A-Z]+)%%", lambda found: parts[found[1]], _resource("viewer.html"))
    with replacing(path) as aside:
        aside.write_text(page, encoding="utf-8")
    return path


class Grown(NamedTuple):
    """A mesh that grew view by view, and for each view the number of faces once it had been added."""

    mesh: Mesh
    face_ends: list[int]


def grown_mesh(frames: tuple[Frame, ...]) -> Grown:
    """The fused surface."""
    fused, face_ends = fuse_all(()), []
    for frame in map(tidied, frames):
        fused = extend(fused, frame)
        face_ends.append(fused.surface_blocks.face_count)
    return Grown(fused.surface, face_ends)


def _grown(meshes: list[Mesh]) -> Grown:
    return Grown(merge_meshes(meshes), list(accumulate(len(mesh.faces) for mesh in meshes)))


def _description(scene: Scene, surface: Grown, background: Grown) -> dict[str, Any]:
    near, far = range_of(scene.frames)
    return {
        "prompt": scene.prompt,
        "vertices": len(surface.mesh.vertices),
        "faces": len(surface.mesh.faces),
        "background": {
            "vertices": len(background.mesh.vertices),
            "faces": len(background.mesh.faces),
            "faceEnds": background.face_ends,
        },
        "near": near,
        "far": far,
        "views": [
            _view(frame, entry, end)
            for frame, entry, end in zip(scene.frames, scene.manifest.journal, surface.face_ends, strict=True)
        ],
        "backdrop": _picture(make_backdrop(scene.frames).panorama),
        "depthColors": _depth_colors(),
    }


def _view(frame: Frame, entry: Entry, face_end: int) -> dict[str, Any]:
    camera = frame.camera
    return {
        "faceEnd": face_end,
        "newShare": entry.new_pixels,
        "width": camera.width,
        "height": camera.height,
        "K": camera.K.tolist(),
        "pose": camera.world_from_camera.tolist(),
        "picture": _picture(frame.image, THUMBNAIL),
    }


def _packed(mesh: Mesh) -> bytes:
    """Positions (float32 x 3), colours (uint8 x 4) and indices (uint32 x 3), one after the other."""
    colors = torch.nn.functional.pad((mesh.colors * 255).round(), (0, 1), value=255)
    arrays = (
        mesh.vertices.numpy().astype("<f4"),
        colors.numpy().astype(np.uint8),
        mesh.faces.numpy().astype("<u4"),
    )
    return b"".join(array.tobytes() for array in arrays)


def _picture(image: Tensor, longest: int | None = None) -> str:
    """A (3, H, W) [0, 1] picture as a JPEG data address."""
    picture = picture_of(image)
    if longest is not None:
        picture.thumbnail((longest, longest))
    return data_address(picture, "JPEG", quality=90)


def _depth_colors() -> list[int]:
    """The colour scale of the contact sheet as flat RGBA bytes, from near to far on a log scale."""
    ramp = torch.logspace(0, 1, LEVELS)[None]
    rgb = colorize(ramp, torch.ones_like(ramp, dtype=torch.bool), 1.0, 10.0)
    return torch.nn.functional.pad(rgb[0], (0, 1), value=255).reshape(-1).tolist()


def _script_safe(text: str) -> str:
    """JSON that cannot end the script element that holds it, whatever the prompt says."""
    return text.replace("<", "\\u003c")


def _resource(name: str) -> str:
    return resources.files("scene3d.export").joinpath(name).read_text(encoding="utf-8")
