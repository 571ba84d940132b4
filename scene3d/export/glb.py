"""scene.glb: the surface, what is imagined behind its silhouettes, and the cameras it was generated from.

The sky is left out, so that the file is as large as its surfaces; it has a file of its own, see `sky`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from scene3d.export.gltf import Part, gltf_binary
from scene3d.files import replacing
from scene3d.frame import png

if TYPE_CHECKING:
    from scene3d.scene import Scene


def write_glb(scene: Scene, path: Path) -> Path:
    """Write surface and cameras as a .glb file, painted as the scene's setting `texture` says.

    The layer imagined behind silhouettes is a mesh of its own, "imagined", to be hidden or deleted at will.
    """
    cameras = [frame.camera for frame in scene.frames]
    imagined = Part("imagined", scene.background(), extras={"imagined": True})
    data = gltf_binary([_surface(scene), imagined], cameras, scene.prompt)
    with replacing(path) as aside:
        aside.write_bytes(data)
    return path


def _surface(scene: Scene) -> Part:
    mesh = scene.mesh()
    if scene.setting("texture") != "atlas" or not len(mesh.faces):
        return Part("scene", mesh)
    from scene3d.texture import textured

    painted = textured(mesh, scene.frames)
    return Part("scene", painted.mesh, painted.uv, png(painted.image))
