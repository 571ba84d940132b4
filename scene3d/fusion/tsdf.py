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

from depthgen.geometry import EMPTY_MESH, Camera, Mesh, close_holes, unproject, without_small_parts
from scene3d.frame import Frame

if TYPE_CHECKING:
    import open3d.core as o3c
    from open3d.t.geometry import Image

TRUNCATION = 4.0  # voxels
BLOCK = 8  # voxels a side
MAX_BLOCKS = 1 << 16  # about 0.7 GB; voxels double until the scene fits
NEIGHBOURS = 4  # blocks within the truncation of a surface, for each that holds points of it
FLOATER = 1 / 2000  # of the surface: connected parts smaller than this are dropped
HOLE = 24  # edges, each about a voxel long: larger holes stay open


def tsdf_mesh(frames: Sequence[Frame]) -> Mesh:
    """The surface of all views in metres, its colours averaged; empty if no view shows a surface."""
    depths = [frame.depth.where(frame.valid & frame.certain, 0.0) for frame in frames]
    if not any((depth > 0).any() for depth in depths):
        return EMPTY_MESH
    voxel = voxel_size(frames)
    mesh = _integrated(frames, depths, voxel)
    return close_holes(without_small_parts(mesh, FLOATER), HOLE)


def voxel_size(frames: Sequence[Frame]) -> float:
    """Metres: the width of a pixel at the median depth of all views, or as often doubled as memory asks."""
    seen = [(frame.valid & frame.certain)[0] for frame in frames]
    widths = [f.depth[0][s] / f.camera.K[0, 0].item() for f, s in zip(frames, seen, strict=True)]
    points = torch.cat([unproject(f.depth, f.camera)[s] for f, s in zip(frames, seen, strict=True)])
    voxel = torch.cat(widths).median().item()
    while NEIGHBOURS * _blocks_with(points, voxel) > MAX_BLOCKS:
        voxel *= 2
    return voxel


def _blocks_with(points: Tensor, voxel: float) -> int:
    """How many blocks hold some of the points (N, 3)."""
    return len((points / (BLOCK * voxel)).floor().unique(dim=0))


def _integrated(frames: Sequence[Frame], depths: Sequence[Tensor], voxel: float) -> Mesh:
    """The zero level of the distance field of depths (1, H, W), 0 where nothing is seen."""
    import open3d.core as o3c
    from open3d.t.geometry import PointCloud, VoxelBlockGrid

    kinds, channels = [o3c.float32] * 3, [o3c.SizeVector([n]) for n in (1, 1, 3)]
    clouds = [unproject(depth, f.camera)[depth[0] > 0] for f, depth in zip(frames, depths, strict=True)]
    expected = NEIGHBOURS * _blocks_with(torch.cat(clouds), voxel)
    grid = VoxelBlockGrid(["tsdf", "weight", "color"], kinds, channels, voxel, BLOCK, expected)
    for frame, depth, points in zip(frames, depths, clouds, strict=True):
        if not len(points):
            continue
        blocks = grid.compute_unique_block_coordinates(PointCloud(o3c.Tensor(points.numpy())), TRUNCATION)
        lens, pose = _lens_and_pose(frame.camera)
        reach = 1.01 * depth.max().item()
        grid.integrate(blocks, _picture(depth), _picture(frame.image), lens, pose, 1.0, reach, TRUNCATION)
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
