"""Which view should paint which triangle, and what views see of given points."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from depthgen.geometry import MAX_SLOPE, Camera, Mesh, depth_edges, project
from scene3d.frame import Frame

RESAMPLED = 0.25  # weight of a picture where it only repeats an earlier view
BY_AN_EDGE = 0.05  # weight of a picture beside a silhouette
ROUNDS = 3  # of averaging over neighbouring triangles, so that they choose in large pieces


def best_views(mesh: Mesh, frames: Sequence[Frame]) -> Tensor:
    """The view that shows each face largest, so from near and from the front: (M,) int64, -1 if none does.

    Areas are averaged over neighbouring faces before they are compared. A view that sees a face beside a
    silhouette paints it only if no other shows it well.
    """
    choice = torch.full((len(mesh.faces),), -1)
    largest = torch.zeros(len(mesh.faces))
    for number, frame in enumerate(frames):
        area = _area_in_picture(mesh, frame)
        edge = by_an_edge(frame, mesh.vertices[mesh.faces].mean(1))
        smooth = _averaged(area, mesh).where(area > 0, 0.0) * torch.where(edge, BY_AN_EDGE, 1.0)
        choice[smooth > largest] = number
        largest = torch.maximum(largest, smooth)
    return choice


def shows(frame: Frame, points: Tensor) -> tuple[Tensor, Tensor]:
    """Which world points (N, 3), metres, a view shows, (N,) bool; and how well, in square pixels a metre^2.

    How well does not regard from what angle; a picture that only repeats an earlier one counts for less.
    """
    position, z = project(points, frame.camera)
    pixel = _pixels(position, frame.camera)
    surface = _seen_depth(frame)[0].flatten()[pixel]
    shown = _inside(position, z, frame.camera) & ((z - surface).abs() <= _tolerance(frame.camera) * surface)
    fresh = torch.ones_like(z).where(~frame.known.flatten()[pixel], RESAMPLED)
    return shown, fresh * (frame.camera.K[0, 0].item() / z.where(shown, torch.inf)).square()


def by_an_edge(frame: Frame, points: Tensor) -> Tensor:
    """Whether a view sees world points (N, 3), metres, where its colours mix two surfaces: (N,) bool."""
    edges = depth_edges(frame.depth, frame.camera, frame.valid)
    around = F.max_pool2d(edges.float(), 3, 1, 1) > 0  # interpolation asks diagonal neighbours too
    return around.flatten()[_pixels(project(points, frame.camera)[0], frame.camera)]


def _area_in_picture(mesh: Mesh, frame: Frame) -> Tensor:
    """(M,) square pixels, weighted by freshness, that each face covers; 0 if part of it is not shown."""
    position, z = project(mesh.vertices, frame.camera)
    a, b, c = position[mesh.faces.T]
    area = ((c - a)[:, 0] * (b - a)[:, 1] - (b - a)[:, 0] * (c - a)[:, 1]) / 2  # > 0 seen from the front
    reached = _inside(position, z, frame.camera) & _near_surface(position, z, frame)
    centres = mesh.vertices[mesh.faces].mean(1)
    shown, _ = shows(frame, centres)
    fresh = ~frame.known.flatten()[_pixels(project(centres, frame.camera)[0], frame.camera)]
    visible = reached[mesh.faces].all(1) & shown & (area > 0)
    return (area * torch.ones_like(area).where(fresh, RESAMPLED)).where(visible, 0.0)


def _near_surface(position: Tensor, z: Tensor, frame: Frame) -> Tensor:
    """Whether a depth (N,) at image points is within what the pixels around show: rims lie between pixels."""
    depth = _seen_depth(frame)[None]
    farthest, nearest = (s * F.max_pool2d(s * depth, 3, 1, 1)[0, 0].flatten() for s in (1, -1))
    pixel, tolerance = _pixels(position, frame.camera), _tolerance(frame.camera)
    return (z >= nearest[pixel] * (1 - tolerance)) & (z <= farthest[pixel] * (1 + tolerance))


def _averaged(values: Tensor, mesh: Mesh) -> Tensor:
    """Values (M,) of faces averaged over the faces around their corners, ROUNDS times."""
    corners = mesh.faces.flatten()
    count = torch.zeros(len(mesh.vertices)).index_add(0, corners, torch.ones(len(corners)))
    for _ in range(ROUNDS):
        total = torch.zeros(len(mesh.vertices)).index_add(0, corners, values.repeat_interleave(3))
        values = (total / count.clamp(min=1))[mesh.faces].mean(1)
    return values


def _seen_depth(frame: Frame) -> Tensor:
    """(1, H, W) metres, inf in the sky and where depth is uncertain."""
    return frame.depth.where(frame.valid & frame.certain, torch.inf)


def _tolerance(camera: Camera) -> float:
    """Relative depth difference up to which neighbouring pixels are one surface."""
    return MAX_SLOPE / camera.K[0, 0].item()


def _inside(position: Tensor, z: Tensor, camera: Camera) -> Tensor:
    """Whether image points (N, 2) with depth (N,) are in the picture, its border included."""
    size = torch.tensor([camera.width, camera.height])
    return (z > 0) & (position >= -1e-3).all(1) & (position <= size + 1e-3).all(1)


def _pixels(position: Tensor, camera: Camera) -> Tensor:
    """Flat numbers (N,) of the pixels at image points, or of the nearest in the picture."""
    column = position[:, 0].nan_to_num().clamp(0, camera.width - 1).long()
    return position[:, 1].nan_to_num().clamp(0, camera.height - 1).long() * camera.width + column
