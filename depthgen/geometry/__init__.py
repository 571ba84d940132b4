"""Cameras, rigid transforms, meshes of RGB-D views and their reprojection. Torch only.

Axes: x right, y down, z forward. Pixel centres at integer + 0.5. Depth is planar z in metres.
`b_from_a` maps coordinates in a to coordinates in b.
"""

from depthgen.geometry.behind import Behind, behind
from depthgen.geometry.blocks import EMPTY_MESH, Blocks
from depthgen.geometry.camera import Camera, magnification, pixel_rays, pixels_at, project, unproject
from depthgen.geometry.devices import exact_device
from depthgen.geometry.edges import MAX_SLOPE, cut_squares, depth_edges
from depthgen.geometry.holes import clean_holes, pinholes, push_pull, push_pull_around
from depthgen.geometry.mesh import Mesh, grid_mesh, merge_meshes, vertex_normals
from depthgen.geometry.reproject import Reprojection, rasterize
from depthgen.geometry.se3 import (
    compose,
    inverse,
    look_at,
    orthonormal,
    rotation_x,
    rotation_y,
    rotation_z,
    turned,
)
from depthgen.geometry.seamless import seamless
from depthgen.geometry.topology import (
    close_holes,
    components,
    face_areas,
    surface_parts,
    with_faces,
    without_small_parts,
)

__all__ = [
    "EMPTY_MESH",
    "MAX_SLOPE",
    "Behind",
    "Blocks",
    "Camera",
    "Mesh",
    "Reprojection",
    "behind",
    "clean_holes",
    "close_holes",
    "components",
    "compose",
    "cut_squares",
    "depth_edges",
    "exact_device",
    "face_areas",
    "grid_mesh",
    "inverse",
    "look_at",
    "magnification",
    "merge_meshes",
    "orthonormal",
    "pinholes",
    "pixel_rays",
    "pixels_at",
    "project",
    "push_pull",
    "push_pull_around",
    "rasterize",
    "rotation_x",
    "rotation_y",
    "rotation_z",
    "seamless",
    "surface_parts",
    "turned",
    "unproject",
    "vertex_normals",
    "with_faces",
    "without_small_parts",
]
