"""preview.mp4: a flight along the scene's cameras, drawn without OpenGL."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from depthgen.geometry import Camera
from scene3d.backdrop import make_backdrop
from scene3d.cameras import flight_along, smooth_path
from scene3d.files import write_video
from scene3d.render import render_views

if TYPE_CHECKING:
    from scene3d.scene import Scene

FRAMES, LONGER_SIDE, FRAMES_PER_SECOND = 60, 256, 24
SWAY = 0.04  # how far a lone camera moves to show depth, relative to the median depth


def write_preview(scene: Scene, path: Path, frames: int = FRAMES) -> Path:
    """Write a film that flies through the scene's cameras and back; about 5 s long."""
    cameras, backdrop = _preview_path(scene, frames), make_backdrop(scene.frames)
    views = render_views(scene.mesh(), cameras, backdrop, "torch", scene.background())
    there = [view.image for view in views]
    return write_video([*there, *there[-2:0:-1]], path, FRAMES_PER_SECOND)


def _preview_path(scene: Scene, count: int) -> list[Camera]:
    lone = len(scene.frames) == 1
    cameras = smooth_path(_sway(scene), count) if lone else flight_along(scene.frames, count)
    scale = LONGER_SIDE / max(cameras[0].width, cameras[0].height)
    width, height = (max(2, round(scale * side)) for side in (cameras[0].width, cameras[0].height))
    return [camera.resized(width, height) for camera in cameras]


def _sway(scene: Scene) -> list[Camera]:
    """A step to the left and to the right of the only camera."""
    frame = scene.frames[0]
    step = SWAY * frame.depth[frame.valid].median().item() if frame.valid.any() else 0.0
    right = step * frame.camera.world_from_camera[:3, 0]
    return [frame.camera.at(frame.camera.position + steps * right) for steps in (-1, 0, 1)]
