"""One closed-up surface for rooms: all views averaged in a truncated signed distance field.

Curless and Levoy, "A Volumetric Method for Building Complex Models from Range Images", 1996, in Open3D's
sparse voxel blocks. The voxel is as wide as a pixel at the median depth, whatever the unit; surfaces so far
away that their pixels are much wider than a voxel come out coarse: outdoors the grid meshes are better.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from depthgen.geometry import (
    EMPTY_MESH,
    Camera,
    Mesh,
    Reprojection,
    close_holes,
    grid_mesh,
    rasterize,
    unproject,
    without_small_parts,
)
from scene3d.frame import Frame

if TYPE_CHECKING:
    import open3d.core as o3c
    from open3d.t.geometry import Image

FINER = 2  # times as many pixels a side as the views, for the field to read
TRUNCATION = 6.0  # voxels: a surface steeper than this against the image plane gets holes
BLOCK = 8  # voxels a side
MAX_BLOCKS = 1 << 16  # about 0.7 GB; voxels double until the scene fits
NEIGHBOURS = 4  # blocks within the truncation of a surface, for each that holds points of it
FLOATER = 1 / 2000  # of the surface: connected parts smaller than this are dropped
HOLE = 24  # edges, each about a voxel long: larger holes stay open

View = tuple[Camera, Reprojection]


def tsdf_mesh(frames: Sequence[Frame]) -> Mesh:
    """The surface of all views in metres, its colours averaged; empty if no view shows a surface."""
    views = [_finer(frame) for frame in frames if (frame.valid & frame.certain).any()]
    if not views:
        return EMPTY_MESH
    points = [unproject(seen.depth, camera)[seen.known[0]] for camera, seen in views]
    voxel = _voxel_size(views, torch.cat(points))
    return close_holes(without_small_parts(_integrated(views, points, voxel), FLOATER), HOLE)


def _finer(frame: Frame) -> View:
    """A view with FINER times as many pixels a side; its depth is interpolated on surfaces, not across edges.

    The field reads the nearest pixel: where a surface is steep, that of the view itself may be further off
    than the truncation.
    """
    camera = frame.camera.resized(FINER * frame.camera.width, FINER * frame.camera.height)
    mesh = grid_mesh(frame.image, frame.depth, frame.valid & frame.certain, frame.camera)
    return camera, rasterize(mesh, camera)


def _voxel_size(views: Sequence[View], points: Tensor) -> float:
    """Metres: the width of a view's pixel at the median depth, or as often doubled as memory asks."""
    widths = [FINER * seen.depth[seen.known] / camera.K[0, 0].item() for camera, seen in views]
    voxel = torch.cat(widths).median().item()
    while NEIGHBOURS * _blocks_with(points, voxel) > MAX_BLOCKS:
        voxel *= 2
    return voxel


def _blocks_with(points: Tensor, voxel: float) -> int:
    """How many blocks hold some of the points (N, 3)."""
    return len((points / (BLOCK * voxel)).floor().unique(dim=0))


def _integrated(views: Sequence[View], points: Sequence[Tensor], voxel: float) -> Mesh:
    """The zero level of the distance field of views, which see the points (N, 3)."""
    import open3d.core as o3c
    from open3d.t.geometry import PointCloud, VoxelBlockGrid

    kinds, channels = [o3c.float32] * 3, [o3c.SizeVector([n]) for n in (1, 1, 3)]
    expected = NEIGHBOURS * _blocks_with(torch.cat(list(points)), voxel)
    grid = VoxelBlockGrid(["tsdf", "weight", "color"], kinds, channels, voxel, BLOCK, expected)
    for (camera, seen), cloud in zip(views, points, strict=True):
        blocks = grid.compute_unique_block_coordinates(PointCloud(o3c.Tensor(cloud.numpy())), TRUNCATION)
        lens, pose = _lens_and_pose(camera)
        reach = 1.01 * seen.depth.max().item()
        grid.integrate(blocks, _picture(seen.depth), _picture(seen.image), lens, pose, 1.0, reach, TRUNCATION)
    found = grid.extract_triangle_mesh(weight_threshold=0.5)  # one view is enough
    parts = (found.vertex.positions, found.vertex.colors, found.triangle.indices)
    vertices, colors, faces = (torch.from_numpy(part.numpy().copy()) for part in parts)
    return _in_order(Mesh(vertices, colors.clamp(0, 1), faces.long()))


def _in_order(mesh: Mesh) -> Mesh:
    """The same mesh with vertices and faces sorted: Open3D's threads leave them in any order."""
    order = torch.from_numpy(np.lexsort(mesh.vertices.numpy().T))
    faces = order.argsort()[mesh.faces]
    turns = (torch.arange(3) + faces.argmin(1, keepdim=True)) % 3  # each starts at its first vertex
    faces = faces.gather(1, turns)
    faces = faces[torch.from_numpy(np.lexsort(faces.numpy().T))]
    return Mesh(mesh.vertices[order], mesh.colors[order], faces)


def _lens_and_pose(camera: Camera) -> tuple[o3c.Tensor, o3c.Tensor]:
    """K and camera_from_world; the volume rounds image points down to pixels, so their centres are at 0.5."""
    import open3d.core as o3c

    return o3c.Tensor(camera.K.numpy()), o3c.Tensor(camera.camera_from_world.numpy())


def _picture(values: Tensor) -> Image:
    """(C, H, W) as an image of Open3D's."""
    import open3d.core as o3c
    from open3d.t.geometry import Image

    return Image(o3c.Tensor(values.permute(1, 2, 0).contiguous().numpy()))
