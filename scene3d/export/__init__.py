"""A scene as files for other programs and for people; the end of the name decides the format."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from scene3d.backdrop import shows_sky
from scene3d.export.contact_sheet import write_contact_sheet
from scene3d.export.glb import write_glb
from scene3d.export.ply import write_ply
from scene3d.export.report import write_report
from scene3d.export.sky import write_sky, write_sky_dome
from scene3d.export.transforms import write_camera_path, write_transforms
from scene3d.export.video import write_preview
from scene3d.export.viewer import write_viewer

if TYPE_CHECKING:
    from scene3d.scene import Scene

WRITERS: dict[str, Callable[[Scene, Path], Path]] = {
    ".glb": write_glb,
    "sky.glb": write_sky_dome,
    ".ply": write_ply,
    ".json": write_transforms,
    "camera_path.json": write_camera_path,
    ".mp4": write_preview,
    ".png": write_contact_sheet,
    "sky.png": write_sky,
    ".html": write_viewer,
    "report.html": write_report,
    "report.json": write_report,
}
FILES = (  # of a scene folder
    "exports/scene.glb",
    "exports/points.ply",
    "exports/transforms.json",
    "exports/camera_path.json",
    "preview.mp4",
    "contact_sheet.png",
    "viewer.html",
    "report.html",
)
SKY_FILES = ("exports/sky.png", "exports/sky.glb")  # where the scene shows the sky

__all__ = [
    "FILES",
    "SKY_FILES",
    "WRITERS",
    "export",
    "export_all",
    "write_camera_path",
    "write_contact_sheet",
    "write_glb",
    "write_ply",
    "write_preview",
    "write_report",
    "write_sky",
    "write_sky_dome",
    "write_transforms",
    "write_viewer",
]


def export(scene: Scene, path: str | Path) -> Path:
    """Write the scene as .glb mesh, .ply points, .json cameras, .mp4 flight, .png sheet or .html viewer.

    Cameras go to a camera_path.json as a flight, to any other .json as views; the sky to a sky.png as a
    panorama, or to a sky.glb as a dome. The depth of the views is made to agree first (`Scene.adjusted`).
    Returns the path. ValueError for any other suffix, or for a scene without views.
    """
    path = Path(path)
    endings = [ending for ending in WRITERS if path.name.lower().endswith(ending)]
    if not endings:
        raise ValueError(f"cannot export to {path.name}: use one of the suffixes {', '.join(WRITERS)}")
    if not scene.frames:
        raise ValueError(f"cannot export {path.name}: the scene has no view yet; finish it with --resume")
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = WRITERS[max(endings, key=len)]
    return writer(scene if writer is write_report else scene.adjusted(), path)


def export_all(scene: Scene) -> list[Path]:
    """Write every format into the scene's folder; returns the paths."""
    names = FILES + SKY_FILES if shows_sky(scene.frames) else FILES
    return [export(scene, scene.root / name) for name in names]
