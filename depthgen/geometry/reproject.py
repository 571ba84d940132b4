"""A z-buffered triangle rasteriser in batched torch, for CPU and GPU alike.

Every pair of a triangle and a pixel in its bounding box is tested at once (of a large box only what lies
between the triangle's sides), in homogeneous coordinates (Olano and Greer, "Triangle Scan Conversion using 2D
Homogeneous Coordinates", 1997): triangles that cross the camera's plane need no clipping, depth and colour
are perspective-correct. Neighbours evaluate a common edge with the same numbers and opposite signs, so no
crack opens between them however close the camera comes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from depthgen.geometry.camera import Camera
from depthgen.geometry.devices import exact_device
from depthgen.geometry.mesh import Mesh

NEAR = 1e-9  # next to nothing in any unit: what crosses the camera's plane is cut off here
ROUNDING = 1e-3  # pixels by which bounding boxes are widened against float32 rounding
LARGE = 16  # pixels: boxes beyond this are cut into rows
PAIRS_AT_ONCE = 1 << 17  # bounds the memory at about 100 bytes a pair
EMPTY = torch.iinfo(torch.int64).max


@dataclass(frozen=True, eq=False)
class Reprojection:
    """What a camera sees of a mesh: image (3,H,W) [0,1], depth (1,H,W) metres, known (1,H,W) bool.

    Image and depth are 0 where nothing is known.
    """

    image: Tensor
    depth: Tensor
    known: Tensor


def rasterize(mesh: Mesh, camera: Camera, device: torch.device | str = "cpu") -> Reprojection:
    """Sample a mesh (both sides of its faces) at the pixel centres of a camera, nearest surface first.

    The result lies on `device`, see `exact_device`.
    """
    device = exact_device(device)
    points, faces = _homogeneous(mesh.vertices.to(device), camera), mesh.faces.to(device)
    boxes = _boxes(points, faces, camera)
    left, top, right, bottom = boxes
    drawn = ((left < right) & (top < bottom)).nonzero().squeeze(1)  # small faces lie between pixel centres
    faces = faces[drawn]
    corners = points[:, faces.T]  # (3 coordinates, 3 corners, M)
    buffer = torch.full((camera.height * camera.width,), EMPTY, device=device)
    owner, boxes = _in_rows(_taken(boxes, drawn).long(), corners)
    for box, u, v in _candidates(boxes):
        face = owner[box]
        depth, hit = _intersect(_taken(corners, face), u, v)
        key = (depth.view(torch.int32).long() << 32) | face  # positive floats sort as integers
        key, pixel = _taken(torch.stack([key, v * camera.width + u]), hit.nonzero().squeeze(1))
        buffer.scatter_reduce_(0, pixel, key, "amin")
    return _shade(buffer, corners, mesh.colors.to(device)[faces], camera)


def outside_view(vertices: Tensor, camera: Camera) -> Tensor:
    """Which world points (...,3) lie beyond each of five planes, as (5,...) bool.

    The planes are the near plane and the sides of the image: left, top, right, bottom. What lies between
    points that are all beyond one plane cannot be seen.
    """
    outside = _outside(_homogeneous(vertices.reshape(-1, 3), camera), camera)
    return torch.stack(outside).unflatten(1, vertices.shape[:-1])


def _homogeneous(vertices: Tensor, camera: Camera) -> Tensor:
    """Image points (3,N) float32 as (u z, v z, z) of world points (N,3)."""
    image_from_world = (camera.K @ camera.camera_from_world[:3]).to(vertices.device)
    points = vertices.double()  # camera and scene may both lie far from the origin
    return (image_from_world[:, :3] @ points.T + image_from_world[:, 3:]).float()


def _outside(points: Tensor, camera: Camera) -> tuple[Tensor, ...]:
    """Five planes, and which image points (3,N) lie beyond each; see `outside_view`."""
    x, y, z = points
    return z < NEAR, x < 0, y < 0, x > camera.width * z, y > camera.height * z


def _boxes(points: Tensor, faces: Tensor, camera: Camera) -> Tensor:
    """Pixels (4,M) int32 whose centres each face may cover: first column and row, end column and row."""
    position, behind = points[:2] / points[2].clamp(min=NEAR), points[2] < NEAR
    first, end = _pixels_between(
        position.where(~behind, torch.inf), position.where(~behind, -torch.inf), camera
    )
    corners = [corner.contiguous() for corner in faces.unbind(1)]
    a, b, c = (_taken(torch.cat([first, -end]), corner) for corner in corners)
    first, end = torch.minimum(torch.minimum(a, b), c).chunk(2)
    a, b, c = (behind.index_select(0, corner) for corner in corners)
    crossing = ((a | b | c) & ~(a & b & c)).nonzero().squeeze(1)
    boxes = torch.cat([first, -end])
    boxes[:, crossing] = torch.cat(_pixels_between(*_clipped_bounds(points[:, faces[crossing].T]), camera))
    return boxes


def _pixels_between(low: Tensor, high: Tensor, camera: Camera) -> tuple[Tensor, Tensor]:
    """First and end pixels (2,n) int32 of those whose centres lie between image points (2,n)."""
    size = torch.tensor([[camera.width], [camera.height]], device=low.device)
    first = torch.minimum((low - 0.5 - ROUNDING).ceil().clamp(min=0), size)
    end = torch.minimum(((high - 0.5 + ROUNDING).floor() + 1).clamp(min=0), size)
    return first.int(), end.int()


def _taken(values: Tensor, index: Tensor) -> Tensor:
    """values[..., index] of (..., M) for an index (n,), row by row, which is several times faster."""
    rows = [row.index_select(0, index) for row in values.flatten(0, -2)]
    return torch.stack(rows).unflatten(0, values.shape[:-1])


def _clipped_bounds(corners: Tensor) -> tuple[Tensor, Tensor]:
    """Least and greatest image point (2,M) of the part in front of the near plane of faces that cross it."""
    following = corners.roll(-1, 1)
    z, z_next = corners[2], following[2]
    cut = corners + (following - corners) * (NEAR - z) / (z_next - z).where(z_next != z, 1)
    points = torch.cat([corners[:2] / z, cut[:2] / NEAR], dim=1)
    seen = torch.cat([z > NEAR, (z > NEAR) != (z_next > NEAR)])
    return points.where(seen, torch.inf).amin(1), points.where(seen, -torch.inf).amax(1)


def _in_rows(boxes: Tensor, corners: Tensor) -> tuple[Tensor, Tensor]:
    """Boxes (4,M) int64, the large ones cut into rows, as the face (m,) of each box and the boxes (4,m).

    A row reaches from where the face's sides let it begin to where they let it end, as a long and thin face
    covers little of its box.
    """
    left, top, right, bottom = boxes
    is_large = (right - left) * (bottom - top) > LARGE
    small, large = (~is_large).nonzero().squeeze(1), is_large.nonzero().squeeze(1)
    rows = (bottom - top)[large]
    face = large.repeat_interleave(rows)
    row = torch.arange(len(face), device=face.device) - (rows.cumsum(0) - rows).repeat_interleave(rows)
    left, top, right, _ = _taken(boxes, face)
    row += top
    enters, leaves = _span(_taken(corners, face), left, right, row)
    width = right - left
    begin, end = left + (enters * width).floor().long(), left + (leaves * width).ceil().long()
    of_rows = torch.stack([begin, row, end, row + 1])
    hit = (begin < end).nonzero().squeeze(1)
    return torch.cat([small, face[hit]]), torch.cat([_taken(boxes, small), _taken(of_rows, hit)], dim=1)


def _span(corners: Tensor, left: Tensor, right: Tensor, row: Tensor) -> tuple[Tensor, Tensor]:
    """Which part of a row from the border `left` to `right`, all (n,), faces cover: its two ends in [0, 1].

    The ends are 1 and 0 where they cover nothing of it.
    """
    first, last = (_edge_functions(corners, u - 0.5, row) for u in (left, right))
    facing = (first * corners[2]).sum(0).sign()
    first, last = first * facing, last * facing
    root = first / (first - last).where(first != last, 1)
    enters = torch.where(first < 0, root.where(last > 0, 1.0), 0.0).amax(0)
    leaves = torch.where(last < 0, root.where(first > 0, 0.0), 1.0).amin(0)
    return enters, leaves


def _candidates(boxes: Tensor) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """All pairs of a box (4,M) int64 and a pixel in it, as (box, column, row) int64, in portions."""
    left, top, right, bottom = boxes
    width = right - left
    count = width * (bottom - top)
    ends = count.cumsum(0)
    places = torch.stack([ends - count, left, top, width])
    _, portions = torch.unique_consecutive((ends - 1) // PAIRS_AT_ONCE, return_counts=True)
    for portion in torch.arange(len(count), device=count.device).split(portions.tolist()):
        box = portion.repeat_interleave(count[portion])
        start, left, top, width = _taken(places, box)
        index = torch.arange(len(box), device=box.device) + places[0, portion[0]] - start
        row = index // width
        yield box, left + index - row * width, top + row


def _intersect(corners: Tensor, u: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    """Depth (n,) of the plane of each face along the ray through pixel (u, v); whether it hits the face."""
    edges = _edge_functions(corners, u, v)
    depth = (edges * corners[2]).sum(0) / edges.sum(0)
    hit = ((edges.amin(0) >= 0) | (edges.amax(0) <= 0)) & (depth > NEAR) & (depth < torch.inf)
    return depth, hit


def _edge_functions(corners: Tensor, u: Tensor, v: Tensor) -> Tensor:
    """Weights (3,n) of the corners (3,3,n) at the centres of the pixels (u, v), not normalised.

    They are taken relative to the pixel, because float32 would not resolve small triangles far from (0, 0).
    """
    x = corners[0] - (u + 0.5) * corners[2]
    y = corners[1] - (v + 0.5) * corners[2]
    return torch.stack([x[i] * y[j] - x[j] * y[i] for i, j in ((1, 2), (2, 0), (0, 1))])


def _shade(buffer: Tensor, corners: Tensor, colors: Tensor, camera: Camera) -> Reprojection:
    """Colour the pixels of a depth buffer (H*W,) from the corners (3,3,M) and their colours (M,3,3)."""
    known = buffer != EMPTY
    pixel = known.nonzero().squeeze(1)
    face = buffer[pixel] & 0xFFFFFFFF
    weights = _edge_functions(corners[..., face], pixel % camera.width, pixel // camera.width)
    weights = (weights / weights.sum(0)).T.unsqueeze(-1)
    image = torch.zeros(len(buffer), 3, device=buffer.device)
    image[pixel] = (weights * colors[face]).sum(1).clamp(0, 1)
    depth = torch.zeros(len(buffer), device=buffer.device)
    depth[pixel] = (buffer[pixel] >> 32).int().view(torch.float32)
    size = (-1, camera.height, camera.width)
    return Reprojection(image.T.reshape(size), depth.view(size), known.view(size))
