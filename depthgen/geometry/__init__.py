"""Cameras, rigid transforms and reprojection. Torch only; README of conventions: x right, y down, z forward,
pixel centres at integer + 0.5, depth is planar z in metres, `b_from_a` maps a-coordinates to b."""

from depthgen.geometry.camera import Camera, pixel_rays, project, unproject
from depthgen.geometry.se3 import compose, inverse, look_at, rotation_x, rotation_y, rotation_z, turned

__all__ = [
    "Camera",
    "compose",
    "inverse",
    "look_at",
    "pixel_rays",
    "project",
    "rotation_x",
    "rotation_y",
    "rotation_z",
    "turned",
    "unproject",
]
