"""transforms.json and camera_path.json: cameras in nerfstudio's layouts; see scene3d.cameras.files.

Poses map OpenGL camera axes (x right, y up, looking along -z) to the export frame of points.ply, in metres.
Depth files are float metres, so nerfstudio needs `--depth-unit-scale-factor 1`: of the views as they were
made to agree, and 0 where there is no surface, which nerfstudio leaves out. points.ply holds the corners of
the mesh, which at silhouettes lie between pixels.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from scene3d.cameras import camera_path_of, flight_along, transforms_of, write_json
from scene3d.files import write_depths
from scene3d.journal import view_folder

if TYPE_CHECKING:
    from scene3d.scene import Scene

PICTURES_A_VIEW = 24  # of the flight through the views: a second


def write_transforms(scene: Scene, path: Path) -> Path:
    """Write cameras, prompts and files of the scene's views; file paths are relative to where it lies.

    The depth of the views goes to a folder beside it, NAME_depth for NAME.json.
    """
    depths = (torch.where(frame.valid & frame.certain, frame.depth, 0.0)[0] for frame in scene.frames)
    depth_folder = write_depths(depths, path.with_name(f"{path.stem}_depth"))
    document = transforms_of([frame.camera for frame in scene.frames], dict(scene.manifest.then))
    for view, entry in enumerate(document["frames"]):
        folder = Path(os.path.relpath(view_folder(scene.root, view), path.parent)).as_posix()
        depth = f"{depth_folder.name}/{view:04d}.npy"
        entry |= {"file_path": f"{folder}/image.png", "depth_file_path": depth}
    points = path.with_name("points.ply")
    return write_json(document | ({"ply_file_path": points.name} if points.exists() else {}), path)


def write_camera_path(scene: Scene, path: Path) -> Path:
    """Write a smooth flight through the scene's views, for `ns-render camera-path` or to edit."""
    cameras = [frame.camera for frame in scene.frames]
    film = flight_along(scene.frames, PICTURES_A_VIEW * max(1, len(cameras) - 1))
    return write_json(camera_path_of(film, cameras), path)
