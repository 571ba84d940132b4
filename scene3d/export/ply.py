"""points.ply: the scene's surface points with colours and normals, binary little endian.

The axes are those of every export (x right, y up, z backward), units metres; the header says so.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from depthgen.geometry import vertex_normals
from scene3d.axes import exported_points
from scene3d.files import replacing

if TYPE_CHECKING:
    from scene3d.scene import Scene

VERTEX = np.dtype([("position", "<f4", 3), ("normal", "<f4", 3), ("color", "u1", 3)])
HEADER = """ply
format binary_little_endian 1.0
comment scene3d: metres, x right, y up, z backward
element vertex {count}
property float x
property float y
property float z
property float nx
property float ny
property float nz
property uchar red
property uchar green
property uchar blue
end_header
"""


def write_ply(scene: Scene, path: Path) -> Path:
    """Write the vertices of the scene's surface as a point cloud (sRGB colours, unit normals)."""
    mesh = scene.mesh()
    points = np.empty(len(mesh.vertices), VERTEX)
    points["position"] = exported_points(mesh.vertices).numpy()
    points["normal"] = exported_points(vertex_normals(mesh)).numpy()
    points["color"] = (mesh.colors * 255).round().byte().numpy()
    with replacing(path) as aside:
        aside.write_bytes(HEADER.format(count=len(points)).encode("ascii") + points.tobytes())
    return path
