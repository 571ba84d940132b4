"""transforms.json: cameras and files in nerfstudio's layout, for radiance fields and splats.

Poses map OpenGL camera axes (x right, y up, looking along -z) to the export frame of points.ply, in metres.
Depth files are float metres, so nerfstudio needs `--depth-unit-scale-factor 1`.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from depthgen.geometry import Camera
from scene3d.export.axes import exported_pose
from scene3d.files import replacing
from scene3d.journal import view_folder

if TYPE_CHECKING:
    from scene3d.scene import Scene


def write_transforms(scene: Scene, path: Path) -> Path:
    """Write the cameras of the scene's views; file paths in it are relative to where the file lies."""
    frames = []
    for view, frame in enumerate(scene.frames):
        folder = Path(os.path.relpath(view_folder(scene.root, view), path.parent)).as_posix()
        files = {"file_path": f"{folder}/image.png", "depth_file_path": f"{folder}/depth.npy"}
        pose = exported_pose(frame.camera.world_from_camera).tolist()
        frames.append(files | intrinsics(frame.camera) | {"transform_matrix": pose})
    document: dict[str, Any] = {"camera_model": "OPENCV", "ply_file_path": "points.ply"}
    shared = intrinsics(scene.frames[0].camera)
    if all(intrinsics(frame.camera) == shared for frame in scene.frames):
        document |= shared  # where most programs look for them
    document["frames"] = frames
    with replacing(path) as aside:
        aside.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return path


def intrinsics(camera: Camera) -> dict[str, float]:
    """Size and intrinsics in pixels (centres at + 0.5) under nerfstudio's names."""
    fx, fy, cx, cy = (camera.K[i].item() for i in ((0, 0), (1, 1), (0, 2), (1, 2)))
    return {"w": camera.width, "h": camera.height, "fl_x": fx, "fl_y": fy, "cx": cx, "cy": cy}
