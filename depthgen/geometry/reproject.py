"""A z-buffered triangle rasteriser in batched torch, for CPU and GPU alike.

Every pair of a triangle and a pixel in its bounding box is tested at once, in homogeneous coordinates
(Olano and Greer, "Triangle Scan Conversion using 2D Homogeneous Coordinates", 1997): triangles that cross the
camera's plane need no clipping, depth and colour are perspective-correct. Neighbours evaluate a common edge
with the same numbers and opposite signs, so no crack opens between them however close the camera comes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from depthgen.geometry.camera import Camera
from depthgen.geometry.mesh import Mesh

NEAR = 1e-9  # next to nothing in any unit: what crosses the camera's plane is cut off here
ROUNDING = 1e-3  # pixels by which bounding boxes are widened against float32 rounding
PAIRS_AT_ONCE = 1 << 20  # bounds the memory at about 100 bytes a pair
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

    The result lies on `device`.
    """
    points = _homogeneous(mesh.vertices.to(device), camera)
    faces = _within_view(mesh.faces.to(device), points, camera)
    corners = points[:, faces.T]  # (3 coordinates, 3 corners, M)
    boxes = _boxes(corners, camera)
    buffer = torch.full((camera.height * camera.width,), EMPTY, device=device)
    for face, u, v in _candidates(boxes):
        depth, hit = _intersect(corners[..., face], u, v)
        key = (depth[hit].view(torch.int32).long() << 32) | face[hit]  # positive floats sort as integers
        buffer.scatter_reduce_(0, (v * camera.width + u)[hit], key, "amin")
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


def _within_view(faces: Tensor, points: Tensor, camera: Camera) -> Tensor:
    """The faces (M,3) that are not wholly behind the near plane or beyond one side of the image."""
    outside = _outside(points, camera)
    code = torch.stack([side.byte() << bit for bit, side in enumerate(outside)]).sum(0, dtype=torch.uint8)
    first, second, third = (code[corner] for corner in faces.T.contiguous())
    return faces[(first & second & third) == 0]


def _boxes(corners: Tensor, camera: Camera) -> Tensor:
    """Pixels (4,M) int64 whose centres each face may cover: first column and row, end column and row."""
    z = corners[2]
    points = corners[:2] / z.clamp(min=NEAR)
    low, high = points.amin(1), points.amax(1)
    crossing = ((z < NEAR).any(0) & (z > NEAR).any(0)).nonzero().squeeze(1)
    low[:, crossing], high[:, crossing] = _clipped_bounds(corners[..., crossing])
    size = torch.tensor([[camera.width], [camera.height]], device=z.device)
    first = (low - 0.5 - ROUNDING).ceil().clamp(min=0)
    end = ((high - 0.5 + ROUNDING).floor() + 1).clamp(min=0)
    return torch.cat([torch.minimum(first, size), torch.minimum(end, size)]).long()


def _clipped_bounds(corners: Tensor) -> tuple[Tensor, Tensor]:
    """Least and greatest image point (2,M) of the part in front of the near plane of faces that cross it."""
    following = corners.roll(-1, 1)
    z, z_next = corners[2], following[2]
    cut = corners + (following - corners) * (NEAR - z) / (z_next - z).where(z_next != z, 1)
    points = torch.cat([corners[:2] / z, cut[:2] / NEAR], dim=1)
    seen = torch.cat([z > NEAR, (z > NEAR) != (z_next > NEAR)])
    return points.where(seen, torch.inf).amin(1), points.where(seen, -torch.inf).amax(1)


def _candidates(boxes: Tensor) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """All pairs of a face and a pixel in its box, as (face, column, row) int64, in portions."""
    left, top, right, bottom = boxes
    width = right - left
    count = width * (bottom - top)
    ends = count.cumsum(0)
    _, portions = torch.unique_consecutive((ends - 1) // PAIRS_AT_ONCE, return_counts=True)
    for faces in torch.arange(len(count), device=count.device).split(portions.tolist()):
        face = faces.repeat_interleave(count[faces])
        start = ends[faces[0]] - count[faces[0]]
        index = torch.arange(len(face), device=face.device) + start - (ends - count)[face]
        row = index // width[face]
        yield face, left[face] + index - row * width[face], top[face] + row


def _intersect(corners: Tensor, u: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    """Depth (n,) of the plane of each face along the ray through pixel (u, v); whether it hits the face."""
    edges = _edge_functions(corners, u, v)
    depth = (edges * corners[2]).sum(0) / edges.sum(0)
    hit = ((edges >= 0).all(0) | (edges <= 0).all(0)) & (depth > NEAR) & (depth < torch.inf)
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
