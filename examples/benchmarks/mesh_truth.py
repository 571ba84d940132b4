"""How near a mesh comes to the true surface, both as seen from the same fixed cameras."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import torch
from scipy.spatial import cKDTree
from torch import Tensor

from depthgen.geometry import Camera, Mesh, grid_mesh, merge_meshes, rasterize, vertex_normals

HIT = 0.05  # metres within which a point counts as found
# A triangle is stretched if its corners are found and its middle is so many times farther off than HIT.
SPLIT = 3.0


@dataclass(frozen=True)
class MeshFigures:
    """chamfer: metres, the mean of the two mean distances (surface to truth and truth to surface). f_score: the
    harmonic mean of the shares of both that lie within HIT of the other. normals: mean |cosine| between the
    normals of nearest points. stretched: share of triangles that span a gap between true surfaces.
    """

    chamfer: float
    f_score: float
    normals: float
    stretched: float

    def as_json(self) -> dict[str, float]:
        """Plain numbers."""
        return {name: round(value, 4) for name, value in asdict(self).items()}


def seen_from(mesh: Mesh, cameras: Sequence[Camera]) -> Mesh:
    """What the cameras see of a mesh, one vertex a pixel: nothing that is hidden from all of them counts."""
    views = [(rasterize(mesh, camera), camera) for camera in cameras]
    return merge_meshes([grid_mesh(view.image, view.depth, view.known, camera) for view, camera in views])


def mesh_figures(mesh: Mesh, truth: Mesh, cameras: Sequence[Camera]) -> MeshFigures:
    """Compare a mesh with the true surface as `cameras` see it (`truth`: a vertex for each of their pixels)."""
    seen = seen_from(mesh, cameras)
    to_truth, nearest = nearest_of(seen.vertices, truth.vertices)
    to_mesh, back = nearest_of(truth.vertices, seen.vertices)
    precision, recall = (float((distance < HIT).double().mean()) for distance in (to_truth, to_mesh))
    ours, theirs = vertex_normals(seen), vertex_normals(truth)
    cosines = [(ours * theirs[nearest]).sum(1).abs().mean(), (theirs * ours[back]).sum(1).abs().mean()]
    return MeshFigures(
        chamfer=float(to_truth.mean() + to_mesh.mean()) / 2,
        f_score=2 * precision * recall / max(precision + recall, 1e-9),
        normals=float(sum(cosines)) / 2,
        stretched=stretched_share(mesh, truth),
    )


def stretched_share(mesh: Mesh, truth: Mesh) -> float:
    """Share in [0, 1] of the triangles whose corners lie on the true surface and whose middle does not."""
    corner_hits = nearest_of(mesh.vertices, truth.vertices)[0] < HIT
    middles = mesh.vertices[mesh.faces].mean(1)
    off = nearest_of(middles, truth.vertices)[0] > SPLIT * HIT
    return float((corner_hits[mesh.faces].all(1) & off).double().mean())


def nearest_of(points: Tensor, others: Tensor) -> tuple[Tensor, Tensor]:
    """Distance (N,) in metres from each of the points (N,3) to the nearest of the others, and its index."""
    distance, index = cKDTree(others.numpy()).query(points.numpy())
    return torch.from_numpy(distance), torch.from_numpy(index)
