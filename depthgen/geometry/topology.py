"""Surfaces as graphs: connected parts of meshes and pictures, holes closed without moving a vertex."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from depthgen.geometry.camera import Camera
from depthgen.geometry.edges import check_depth, connections
from depthgen.geometry.mesh import Mesh


def components(links: Tensor, count: int) -> Tensor:
    """The connected component of each of `count` nodes, named by its lowest node: (count,) int64.

    links (E,2) int64: pairs of nodes. Labels sink along links and jump to their label's label (Shiloach and
    Vishkin, "An O(log n) Parallel Connectivity Algorithm", 1982).
    """
    label = torch.arange(count, device=links.device)
    first, second = links.T
    while True:
        low = torch.minimum(label[first], label[second])
        sunk = label.clone()
        for end in (first, second):
            sunk.scatter_reduce_(0, end, low, "amin")
            sunk.scatter_reduce_(0, label[end], low, "amin")
        sunk = sunk[sunk]
        if torch.equal(sunk, label):
            return label
        label = sunk


def without_small_parts(mesh: Mesh, share: float) -> Mesh:
    """The mesh without the connected parts of less than `share` of its whole area, such as floaters."""
    part = components(mesh.faces[:, [0, 1, 1, 2]].reshape(-1, 2), len(mesh.vertices))[mesh.faces[:, 0]]
    areas = torch.zeros(len(mesh.vertices)).index_add(0, part, face_areas(mesh))
    return with_faces(mesh, mesh.faces[areas[part] >= share * areas.sum()])


def face_areas(mesh: Mesh) -> Tensor:
    """(M,) areas of the faces, square metres."""
    a, b, c = mesh.vertices[mesh.faces.T]
    return torch.linalg.cross(b - a, c - a).norm(dim=1) / 2


def with_faces(mesh: Mesh, faces: Tensor) -> Mesh:
    """Other faces (M,3) between the vertices of a mesh; vertices without a face are dropped."""
    used, renumbered = faces.unique(return_inverse=True)
    return Mesh(mesh.vertices[used], mesh.colors[used], renumbered.view(-1, 3))


def close_holes(mesh: Mesh, edges: int) -> Mesh:
    """The mesh with triangles over its holes of at most `edges` edges.

    No vertex is added or moved, so corners stay sharp. Of all ways to span a hole by triangles between its
    own vertices the one of least area is taken (Barequet and Sharir, "Filling Gaps in the Boundary of a
    Polyhedron", 1995). Holes that touch themselves or each other in a vertex are left open.
    """
    loops = [loop for loop in _boundary_loops(mesh.faces) if len(loop) <= edges]
    if not loops:
        return mesh
    points = mesh.vertices.double().numpy()
    patches = [loop[_least_area_triangles(points[loop])] for loop in loops]
    return Mesh(
        mesh.vertices, mesh.colors, torch.cat([mesh.faces, torch.from_numpy(np.concatenate(patches))])
    )


def _boundary_loops(faces: Tensor) -> list[np.ndarray]:
    """Vertices of each hole's rim, in the order in which new faces must run along it."""
    edges = torch.cat([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    size = int(faces.max()) + 1 if len(faces) else 0
    code, reverse = edges[:, 0] * size + edges[:, 1], edges[:, 1] * size + edges[:, 0]
    rim = edges[~torch.isin(code, reverse)].flip(1)
    start, times = rim[:, 0].unique(return_counts=True)
    follows = dict(rim.tolist())
    for vertex in start[times > 1].tolist():
        del follows[vertex]
    return [np.array(loop) for loop in _cycles(follows)]


def _cycles(follows: dict[int, int]) -> list[list[int]]:
    """The closed chains of a map from vertices to vertices in which nothing is followed to twice."""
    cycles = []
    while follows:
        first, after = follows.popitem()
        chain = [first]
        while after in follows:
            chain.append(after)
            after = follows.pop(after)
        if after == first:
            cycles.append(chain)
    return cycles


def _least_area_triangles(points: np.ndarray) -> np.ndarray:
    """Triangles (n-2,3) between the corners (n,3) of a polygon, of the least total area.

    cost[i, j] is that of the part of the polygon from corner i to corner j.
    """
    count = len(points)
    cost, middle = np.zeros((count, count)), np.zeros((count, count), dtype=np.int64)
    for length in range(2, count):
        for i in range(count - length):
            j, between = i + length, np.arange(i + 1, i + length)
            spans = np.cross(points[between] - points[i], points[j] - points[i])
            total = cost[i, between] + cost[between, j] + np.linalg.norm(spans, axis=1) / 2
            cost[i, j], middle[i, j] = total.min(), between[total.argmin()]
    triangles, parts = [], [(0, count - 1)]
    while parts:
        i, j = parts.pop()
        if j - i >= 2:
            k = int(middle[i, j])
            triangles.append((i, k, j))
            parts += [(i, k), (k, j)]
    return np.array(triangles)


def surface_parts(depth: Tensor, valid: Tensor, camera: Camera) -> Tensor:
    """The connected surface that each pixel of a view is part of, named by its first pixel: (1,H,W) int64.

    depth (1,H,W) metres; valid (1,H,W) bool. Surfaces end at depth edges; pixels not valid stand alone.
    """
    check_depth(depth, valid, camera)
    right, down = connections(depth[0].where(valid[0], 1.0), valid[0], camera)
    pixel = torch.arange(depth.numel(), device=depth.device).view(depth.shape[1:])
    across = torch.stack([pixel[:, :-1][right], pixel[:, 1:][right]], dim=1)
    along = torch.stack([pixel[:-1][down], pixel[1:][down]], dim=1)
    return components(torch.cat([across, along]), depth.numel()).view(depth.shape)
