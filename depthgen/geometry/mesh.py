"""An RGB-D view as a triangle mesh that is cut along its depth edges.

Every valid pixel is a vertex at its centre, and four connected pixels span two triangles. Where a surface
ends (depth edge, invalid neighbour, image border) it is carried on for half a pixel, so that each valid pixel
stays wholly covered: the same view re-renders without an uncovered rim or seam.

Here the H x W picture is padded by one invalid pixel; P counts the padded pixels. A cell is the square
between four pixel centres. Its corners and sides are numbered clockwise from the top left: side i joins the
corners i and i + 1, and leads from corner i in direction i (0 right, 1 down, 2 left, 3 up).
A vertex has four values: inverse depth, red, green, blue.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from depthgen.geometry.camera import Camera, rays_through, to_world
from depthgen.geometry.edges import check_depth, connections


@dataclass(frozen=True, eq=False)
class Mesh:
    """Triangles with vertex colours.

    vertices (N,3) float32 world metres; colors (N,3) float32 [0,1]; faces (M,3) int64, counter-clockwise
    as seen by the camera that they come from.
    """

    vertices: Tensor
    colors: Tensor
    faces: Tensor


def merge_meshes(meshes: list[Mesh]) -> Mesh:
    """All triangles of several meshes in one, in order. Raises ValueError for an empty list."""
    if not meshes:
        raise ValueError("merge_meshes: the list is empty; give at least one mesh")
    faces = torch.cat([mesh.faces for mesh in meshes])
    vertices = torch.tensor([len(mesh.vertices) for mesh in meshes])
    of_each = torch.tensor([len(mesh.faces) for mesh in meshes])
    starts = (vertices.cumsum(0) - vertices).repeat_interleave(of_each).to(faces.device)
    return Mesh(
        torch.cat([mesh.vertices for mesh in meshes]),
        torch.cat([mesh.colors for mesh in meshes]),
        faces + starts[:, None],
    )


def vertex_normals(mesh: Mesh) -> Tensor:
    """(N, 3) unit normals: the sum of the normals of the faces around a vertex, each weighted by its area.

    The sign follows the winding of the faces. A vertex without faces gets zeros.
    """
    a, b, c = (mesh.vertices[mesh.faces[:, i]] for i in range(3))
    face_normals = torch.linalg.cross(b - a, c - a)
    normals = torch.zeros_like(mesh.vertices)
    for corner in range(3):
        normals.index_add_(0, mesh.faces[:, corner], face_normals)
    return F.normalize(normals, dim=1, eps=torch.finfo(normals.dtype).tiny)


def grid_mesh(image: Tensor, depth: Tensor, valid: Tensor, camera: Camera, new: Tensor | None = None) -> Mesh:
    """Mesh of the valid pixels of one view, cut at depth edges and at surfaces seen at a grazing angle.

    image (3,H,W) [0,1]; depth (1,H,W) metres; valid (1,H,W) bool. The mesh is empty when nothing is valid.
    new: (1,H,W) bool, only the cells with such a pixel at a corner are meshed; all of them if None.
    Raises ValueError on wrong shapes or on depth that is not positive and finite where valid.
    """
    check_depth(depth, valid, camera)
    if image.shape != (3, *depth.shape[1:]):
        raise ValueError(f"mesh: image {tuple(image.shape)} does not fit depth {tuple(depth.shape)}")
    wanted = _around(F.pad(torch.ones_like(valid) if new is None else new, (1, 1, 1, 1))[0]).any(1)
    valid = F.pad(valid[0], (1, 1, 1, 1))
    depth = F.pad(depth[0], (1, 1, 1, 1)).float().where(valid, 1.0)
    right, down = connections(depth, valid, camera)
    pixels = torch.cat([1 / depth[None], F.pad(image, (1, 1, 1, 1))]).flatten(1).T  # (P,4)
    rims = _rims(1 / depth, right, down, pixels)
    cells = _cells(valid, right, down)
    whole = wanted & cells.sides.all(1)
    cut = _Cells(*(part[wanted & cells.valid.any(1) & ~whole] for part in cells))
    centres, cut_faces = _cut_faces(cut, pixels, rims)
    positions = torch.cat(
        [_pixel_positions(valid.shape, depth.device), _centre_positions(cut, valid.shape[1])]
    )
    return _build(
        torch.cat([pixels, rims.flatten(0, 1), centres]),
        positions,
        torch.cat([_whole_faces(cells.corners[whole], pixels[:, 0]), cut_faces]),
        camera,
    )


def _rims(inverse: Tensor, right: Tensor, down: Tensor, pixels: Tensor) -> Tensor:
    """Values (4,P,4) half a pixel to the right of, below, left of and above each pixel, on its own surface.

    Inverse depth goes on linearly from the connected neighbour on the other side, or stays constant.
    """
    across = F.pad(inverse.diff(dim=1) * right, (1, 1))
    along = F.pad(inverse.diff(dim=0) * down, (0, 0, 1, 1))
    steps = torch.stack([across[:, :-1], along[:-1], -across[:, 1:], -along[1:]])
    extended = torch.maximum(inverse + steps / 2, inverse / 2).flatten(1)  # never beyond twice the depth
    return torch.cat([extended.unsqueeze(-1), pixels[None, :, 1:].expand(4, -1, -1)], dim=-1)


class _Cells(NamedTuple):
    """n cells: corners (n,4) int64 pixels, valid (n,4) bool corners, sides (n,4) bool connected."""

    corners: Tensor
    valid: Tensor
    sides: Tensor


def _cells(valid: Tensor, right: Tensor, down: Tensor) -> _Cells:
    pixels = torch.arange(valid.numel(), device=valid.device).view_as(valid)
    return _Cells(
        _around(pixels),
        _around(valid),
        torch.stack([right[:-1], down[:, 1:], right[1:], down[:, :-1]], dim=-1).flatten(0, 1),
    )


def _around(picture: Tensor) -> Tensor:
    """The four corners (n,4) of each cell of a picture."""
    corners = [picture[:-1, :-1], picture[:-1, 1:], picture[1:, 1:], picture[1:, :-1]]
    return torch.stack(corners, dim=-1).flatten(0, 1)


def _whole_faces(corners: Tensor, inverse: Tensor) -> Tensor:
    """Two triangles (2n,3) for each of n whole cells, split along the diagonal with the smaller step."""
    step = inverse[corners]
    main = (step[:, 0] - step[:, 2]).abs() <= (step[:, 1] - step[:, 3]).abs()
    first = torch.tensor([[0, 3, 1], [0, 2, 1]], device=corners.device)[main.long()]
    second = torch.tensor([[1, 3, 2], [0, 3, 2]], device=corners.device)[main.long()]
    return torch.cat([corners.gather(1, first), corners.gather(1, second)])


def _cut_faces(cells: _Cells, pixels: Tensor, rims: Tensor) -> tuple[Tensor, Tensor]:
    """Values (4n,4) of a centre for each surface in n cut cells, and the fans of triangles (M,3) around them.

    Each corner reaches to its connected neighbours, else to the rim towards them. Vertex numbers: pixel p,
    then rim P (1 + direction) + p, then centre 5 P + 4 cell + surface.
    """
    count = len(pixels)
    corner, after = cells.corners, cells.corners.roll(-1, 1)
    own = pixels[corner]
    outward = torch.arange(4, device=corner.device)  # direction of corner i towards corner i + 1
    inward = (outward + 1) % 4  # and towards corner i - 1
    middle = (own + pixels[after]) / 2
    joined, joined_before = cells.sides[..., None], cells.sides.roll(1, 1)[..., None]
    ahead = middle.where(joined, rims[outward, corner])
    behind = middle.roll(1, 1).where(joined_before, rims[inward, corner])
    surface = _surfaces(cells)
    reach = torch.maximum(ahead + behind - own, own / 2)  # never beyond twice the depth
    centres = _mean_by_surface(reach, surface, cells.valid)
    centre = 5 * count + 4 * torch.arange(len(corner), device=corner.device)[:, None] + surface
    rim_ahead, rim_behind = (count * (1 + d) + corner for d in (outward, inward))
    ends, starts = cells.valid & ~cells.sides, cells.valid & ~cells.sides.roll(1, 1)
    fans = [
        torch.stack([centre, after, corner], dim=-1)[cells.sides],
        torch.stack([centre, rim_ahead, corner], dim=-1)[ends],
        torch.stack([centre, corner, rim_behind], dim=-1)[starts],
    ]
    return centres, torch.cat(fans)


def _surfaces(cells: _Cells) -> Tensor:
    """The surface (n,4) that each corner belongs to, named by its lowest corner."""
    surface = torch.arange(4, device=cells.sides.device).expand(cells.sides.shape)
    for _ in range(3):  # three sides at most lead from one corner to another
        onward = surface.roll(-1, 1).where(cells.sides, surface)
        backward = surface.roll(1, 1).where(cells.sides.roll(1, 1), surface)
        surface = torch.minimum(surface, torch.minimum(onward, backward))
    return surface


def _mean_by_surface(values: Tensor, surface: Tensor, valid: Tensor) -> Tensor:
    """Mean (4n,4) over the corners of each surface of corner values (n,4,4); zero for the unused names."""
    index = surface.unsqueeze(-1).expand_as(values)
    total = torch.zeros_like(values).scatter_add(1, index, values * valid.unsqueeze(-1))
    size = torch.zeros_like(surface).scatter_add(1, surface, valid.long())
    return (total / size.clamp(min=1).unsqueeze(-1)).flatten(0, 1)


def _pixel_positions(size: torch.Size, device: torch.device) -> Tensor:
    """Image points (5P,2) of the pixel centres and of the rims in the four directions."""
    v, u = torch.meshgrid(*(torch.arange(n, device=device) - 0.5 for n in size), indexing="ij")
    offsets = torch.tensor([[0, 0], [1, 0], [0, 1], [-1, 0], [0, -1]], device=device) / 2
    return (torch.stack([u, v], dim=-1).reshape(1, -1, 2) + offsets[:, None]).flatten(0, 1)


def _centre_positions(cells: _Cells, width: int) -> Tensor:
    """Image points (4n,2) of the cell centres; `width` is that of the padded picture."""
    top_left = cells.corners[:, 0]
    points = torch.stack([top_left % width, top_left // width], dim=-1)
    return points.repeat_interleave(4, dim=0).float()


def _build(values: Tensor, positions: Tensor, faces: Tensor, camera: Camera) -> Mesh:
    """Mesh of the vertices that faces use: `values` (N,4) inverse depth and colour at image points (N,2)."""
    used = torch.zeros(len(values), dtype=torch.bool, device=values.device)
    used[faces] = True
    number = used.cumsum(0) - 1
    values, positions = values[used], positions[used]
    points = rays_through(positions[:, 0], positions[:, 1], camera) / values[:, :1]
    return Mesh(to_world(points, camera).float(), values[:, 1:].contiguous(), number[faces])
