"""A scene as files for other programs and for people; the name, or its suffix, decides the format."""

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
from scene3d.files import remove
from scene3d.journal import keeps

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
BESIDE = ("report.json", "exports/transforms_depth")  # what comes with two of them

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

    Cameras go to camera_path.json as a flight, to any other .json as views; the sky to sky.png as a
    panorama, or to sky.glb as a dome; figures to report.html or report.json. The depth of the views is made
    to agree first (`Scene.adjusted`). Returns the path. ValueError for any other name, for the files that the
    scene itself is kept in, and for a scene without views.
    """
    path = Path(path)
    writer = WRITERS.get(path.name.lower()) or WRITERS.get(path.suffix.lower())
    if writer is None:
        raise ValueError(f"cannot export to {path.name}: use a name or suffix of {', '.join(WRITERS)}")
    if not scene.frames:
        raise ValueError(f"cannot export {path.name}: the scene has no view yet; finish it with --resume")
    if keeps(scene.root, path):
        raise ValueError(f"cannot export to {path}: the scene is kept in it; choose another name")
    path.parent.mkdir(parents=True, exist_ok=True)
    return writer(scene if writer is write_report else scene.adjusted(), path)


def export_all(scene: Scene) -> list[Path]:
    """Write every format into the scene's folder; returns the paths.

    What was written of views that are gone, and nothing stands for now, is removed.
    """
    if not scene.frames:
        names, gone = (), (*FILES, *SKY_FILES, *BESIDE)
    else:
        names, gone = (FILES + SKY_FILES, ()) if shows_sky(scene.frames) else (FILES, SKY_FILES)
    for name in gone:
        remove(scene.root / name)
    return [export(scene, scene.root / name) for name in names]
