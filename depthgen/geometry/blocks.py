"""A mesh that grows view by view, in blocks, so that a camera pays only for what it can see.

The cost of a view of a large scene would otherwise grow with the scene. A block holds the triangles of one
tile of the picture they come from, which lie close together in space, and knows the box around them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor

from depthgen.geometry.camera import Camera, project
from depthgen.geometry.mesh import Mesh, merge_meshes
from depthgen.geometry.reproject import outside_view

TILE = 32  # pixels: a few thousand triangles, and a box of a few degrees


@dataclass(frozen=True, eq=False)
class Blocks:
    """meshes: as they were added. tiles: the same triangles in blocks. boxes (n,2,3): around each, metres."""

    meshes: tuple[Mesh, ...] = ()
    tiles: tuple[Mesh, ...] = ()
    boxes: Tensor = field(default_factory=lambda: torch.zeros(0, 2, 3))

    def added(self, mesh: Mesh, camera: Camera) -> Blocks:
        """With a further mesh; the tiles are those of the picture of `camera`, from which it was made."""
        if not len(mesh.faces):
            return self
        tiles = tuple(_tiles(mesh, camera))
        boxes = torch.stack([torch.stack([t.vertices.amin(0), t.vertices.amax(0)]) for t in tiles])
        return Blocks((*self.meshes, mesh), (*self.tiles, *tiles), torch.cat([self.boxes, boxes]))

    @property
    def face_count(self) -> int:
        """Triangles in all."""
        return sum(len(mesh.faces) for mesh in self.meshes)

    def merged(self) -> Mesh:
        """All triangles in one mesh, in the order in which they were added."""
        return merge_meshes([EMPTY_MESH, *self.meshes])

    def near_view(self, camera: Camera) -> Mesh:
        """The triangles of all blocks whose boxes reach into the view: at least those that it shows."""
        seen = ~outside_view(_corners(self.boxes), camera).all(-1).any(0)
        tiles = [self.tiles[i] for i in seen.nonzero().flatten().tolist()]
        return merge_meshes([EMPTY_MESH, *tiles])


EMPTY_MESH = Mesh(torch.zeros(0, 3), torch.zeros(0, 3), torch.zeros(0, 3, dtype=torch.int64))


def _tiles(mesh: Mesh, camera: Camera) -> Iterator[Mesh]:
    """The triangles of a mesh by the tile of the picture in which their first corner lies."""
    position = project(mesh.vertices, camera)[0][mesh.faces[:, 0]]
    column, row = (position / TILE).long().clamp(min=0).unbind(1)  # a rim may lie a rounding error outside
    tile, order = (row * (camera.width // TILE + 1) + column).sort(stable=True)
    for faces in mesh.faces[order].split(tile.unique_consecutive(return_counts=True)[1].tolist()):
        used, renumbered = faces.unique(return_inverse=True)
        yield Mesh(mesh.vertices[used], mesh.colors[used], renumbered)


def _corners(boxes: Tensor) -> Tensor:
    """The eight corners (n,8,3) of boxes (n,2,3)."""
    which = torch.cartesian_prod(*3 * [torch.arange(2)])
    return boxes[:, which, torch.arange(3)]
