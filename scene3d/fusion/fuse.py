"""The fused scene: a surface in metres, and a sky that is infinitely far away.

Each view adds triangles only where it shows something new. The triangles reach one pixel into the known
region, whose depth there was read off the existing surface, so that old and new meet without a crack.

The sky has no depth. Its pixels are kept as directions: a mesh on the unit sphere that only turns with the
camera and lies behind every surface. It is drawn when a view is re-rendered and left out of the surface.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from depthgen.geometry import Camera, Mesh, grid_mesh, merge_meshes, pixel_rays
from scene3d.frame import Frame


@dataclass(frozen=True)
class Fused:
    """surface: triangles in metres in the scene's frame. sky: triangles on the unit sphere of directions."""

    surface: Mesh
    sky: Mesh


def fuse_all(frames: Iterable[Frame]) -> Fused:
    """The fused scene of views in the order in which they were generated."""
    fused = Fused(_empty_mesh(), _empty_mesh())
    for frame in frames:
        fused = extend(fused, frame)
    return fused


def extend(fused: Fused, frame: Frame) -> Fused:
    """Add what `frame` shows for the first time (its pixels that are not `known`) and is certain of."""
    reach = _grown(~frame.known)  # one pixel beyond the new ones: the stitch
    sky_depth = 1 / pixel_rays(frame.camera).norm(dim=-1).float()[None]  # z of a point at distance 1
    surface = grid_mesh(frame.image, frame.depth, frame.valid & frame.certain & reach, frame.camera)
    sky = grid_mesh(frame.image, sky_depth, ~frame.valid & reach, without_position(frame.camera))
    return Fused(merge_meshes([fused.surface, surface]), merge_meshes([fused.sky, sky]))


def without_position(camera: Camera) -> Camera:
    """The same camera at the origin: what is infinitely far away does not move with it."""
    pose = camera.world_from_camera.clone()
    pose[:3, 3] = 0
    return camera.moved(pose)


def _grown(region: Tensor) -> Tensor:
    """A (1, H, W) region and its 8-neighbours."""
    return torch.nn.functional.max_pool2d(region[None].float(), 3, stride=1, padding=1)[0] > 0


def _empty_mesh() -> Mesh:
    return Mesh(torch.zeros(0, 3), torch.zeros(0, 3), torch.zeros(0, 3, dtype=torch.int64))
