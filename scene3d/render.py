"""New pictures of a finished scene, from any camera.

OpenGL draws them (pyrender, off screen through EGL). Where there is no OpenGL, geometry.rasterize draws the
same picture on the CPU. Colours are the surface's own, unlit: a camera of the scene gets its picture back.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch
from torch import Tensor

from depthgen.geometry import EMPTY_MESH, Camera, Mesh, Reprojection, rasterize
from scene3d.axes import FLIP
from scene3d.backdrop import Backdrop, make_backdrop
from scene3d.config import LARGEST
from scene3d.files import write_pictures, write_video

if TYPE_CHECKING:
    import pyrender

    from scene3d.scene import Scene

Renderer = Literal["auto", "pyrender", "torch"]
Layer = tuple[Tensor, Tensor, Tensor]  # of a mesh: premultiplied image, depth (0: nothing) and coverage
DEPTH_RATIO = 5000  # at most, farthest to nearest of what is drawn: beyond it, the depth buffer grows coarse


def render_views(
    mesh: Mesh,
    cameras: Sequence[Camera],
    backdrop: Backdrop,
    renderer: Renderer = "auto",
    background: Mesh = EMPTY_MESH,
) -> Iterator[Reprojection]:
    """Draw a mesh (metres) from each camera, at the camera's size.

    Yields image (3, H, W) [0, 1], depth (1, H, W) metres and known (1, H, W) bool: where there is a surface.
    The rest of the image shows the mesh `background`, whatever its distance, and then the backdrop.
    "auto" is pyrender, or torch and a warning if OpenGL is missing.
    """
    draw = _torch_views if renderer == "torch" or not _opengl_works(renderer) else _opengl_views
    views = zip(cameras, draw((mesh, background), cameras), strict=True)
    for camera, ((image, depth, coverage), (hidden, _, hidden_coverage)) in views:
        behind = hidden + (1 - hidden_coverage) * backdrop.seen_from(camera)
        picture = image + (1 - coverage) * behind
        yield Reprojection(image=picture.clamp(0, 1), depth=depth, known=depth > 0)


def render_views_to(
    scene: Scene,
    path: str | Path,
    cameras: Sequence[Camera],
    size: tuple[int, int] | None = None,
    renderer: Renderer = "auto",
) -> Path:
    """Render a scene along cameras into a film (a path that ends in .mp4) or a folder of PNG files.

    size: (width, height) in pixels, see `at_size`; by default that of each camera.
    ValueError on any other suffix, and for pictures of more than `LARGEST` pixels a side.
    """
    path = Path(path)
    if path.suffix not in ("", ".mp4"):
        raise ValueError(f"{path}: pictures go to a film (.mp4) or a folder, not to {path.suffix}")
    if size is not None:
        cameras = [at_size(camera, *size) for camera in cameras]
    if large := [f"{c.width} x {c.height}" for c in cameras if max(c.width, c.height) > LARGEST]:
        raise ValueError(
            f"pictures of {large[0]} pixels are too large to draw; give a size of at most {LARGEST} a side"
        )
    if renderer != "torch" and "open3d" not in sys.modules:
        with suppress(Exception):  # it is told where it is needed
            _pyrender()  # before a mesh is made, which may take open3d: the first of them has OpenGL
    backdrop, background = make_backdrop(scene.frames), scene.background()
    views = render_views(scene.mesh(), cameras, backdrop, renderer, background)
    images = (view.image for view in views)
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_video(images, path) if path.suffix else write_pictures(images, path)


def at_size(camera: Camera, width: int, height: int) -> Camera:
    """The camera with a picture of another size and shape: all it saw still fits, nothing is stretched."""
    scale = min(width / camera.width, height / camera.height)
    K = camera.K * torch.tensor([[scale], [scale], [1.0]], dtype=torch.float64)
    K[0, 2] += (width - scale * camera.width) / 2
    K[1, 2] += (height - scale * camera.height) / 2
    return replace(camera, K=K, width=width, height=height)


def _torch_views(meshes: Sequence[Mesh], cameras: Sequence[Camera]) -> Iterator[list[Layer]]:
    """The meshes from each camera by the CPU rasteriser."""
    for camera in cameras:
        yield [_torch_layer(mesh, camera) for mesh in meshes]


def _torch_layer(mesh: Mesh, camera: Camera) -> Layer:
    view = rasterize(mesh, camera)
    return view.image * view.known, view.depth * view.known, view.known.float()


def _opengl_views(meshes: Sequence[Mesh], cameras: Sequence[Camera]) -> Iterator[list[Layer]]:
    """The same through OpenGL; its four samples a pixel make coverage a fraction at silhouettes."""
    import pyrender

    # one canvas for all meshes: where there are two, the end of one takes the display from the other
    canvas = pyrender.OffscreenRenderer(cameras[0].width, cameras[0].height)
    scenes = [_opengl_scene(mesh) if len(mesh.faces) else None for mesh in meshes]
    try:
        for camera in cameras:
            canvas.viewport_width, canvas.viewport_height = camera.width, camera.height
            yield [
                _torch_layer(mesh, camera)  # OpenGL knows no empty mesh
                if scene is None
                else _opengl_layer(canvas, scene, mesh, camera)
                for scene, mesh in zip(scenes, meshes, strict=True)
            ]
    finally:
        canvas.delete()


def _opengl_layer(
    canvas: pyrender.OffscreenRenderer, scene: pyrender.Scene, mesh: Mesh, camera: Camera
) -> Layer:
    import pyrender

    flags = pyrender.RenderFlags.FLAT | pyrender.RenderFlags.SKIP_CULL_FACES | pyrender.RenderFlags.RGBA
    node = scene.add(_lens(camera, mesh), pose=(camera.world_from_camera @ FLIP).numpy())
    drawn = canvas.render(scene, flags)
    scene.remove_node(node)
    assert drawn is not None  # off screen there is always a picture
    color, depth = drawn
    rgba = torch.from_numpy(color.astype(np.float32) / 255).permute(2, 0, 1)
    return rgba[:3], torch.from_numpy(depth.copy())[None], rgba[3:]


def _opengl_scene(mesh: Mesh) -> pyrender.Scene:
    import pyrender

    colors = torch.cat((mesh.colors, torch.ones(len(mesh.colors), 1)), dim=1)
    triangles = pyrender.Primitive(
        positions=mesh.vertices.numpy(), indices=mesh.faces.numpy().astype(np.uint32), color_0=colors.numpy()
    )
    scene = pyrender.Scene(bg_color=(0.0, 0.0, 0.0, 0.0))
    scene.add(pyrender.Mesh([triangles]))
    return scene


def _lens(camera: Camera, mesh: Mesh) -> pyrender.IntrinsicsCamera:
    import pyrender

    fx, fy, cx, cy = (camera.K[i].item() for i in ((0, 0), (1, 1), (0, 2), (1, 2)))
    distance = (mesh.vertices - camera.position.float()).norm(dim=1)
    far = 1.01 * distance.max().item()  # nothing lies beyond
    near = max(0.3 * distance.min().item(), far / DEPTH_RATIO)  # at the corners of the picture z is smaller
    return pyrender.IntrinsicsCamera(fx, fy, cx, cy, znear=near, zfar=far)


def _pyrender() -> ModuleType:
    """pyrender, told to draw off screen: it reads where at its first import. Only Linux has EGL."""
    if sys.platform.startswith("linux"):
        os.environ.setdefault("PYOPENGL_PLATFORM", "egl")
    import pyrender

    return pyrender


def _opengl_works(renderer: Renderer) -> bool:
    """Whether pyrender can draw here; with "pyrender" a failure is the caller's to see."""
    try:
        if "open3d" in sys.modules and "pyrender" not in sys.modules:
            raise RuntimeError("open3d was loaded first, and brings an OpenGL of its own")
        _pyrender().OffscreenRenderer(8, 8).delete()
    except Exception as error:  # every platform fails in its own way: ImportError, OSError, EGLError, ...
        if renderer == "pyrender":
            raise
        warnings.warn(f"no OpenGL ({error}): drawing on the CPU instead", stacklevel=3)
        return False
    return True
