"""The unit shapes as meshes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest


@pytest.fixture(scope="session")
def unit_mesh() -> Callable[[str], Any]:
    """From a shape's name to its fine Open3D mesh."""
    return _unit_mesh


def _hull(points: list[list[float]]):
    import open3d as o3d

    cloud = o3d.geometry.PointCloud(o3d.utility.Vector3dVector(np.array(points, dtype=float)))
    mesh, _ = cloud.compute_convex_hull()
    mesh.orient_triangles()
    return mesh


def _unit_mesh(name: str):
    """The unit shape in its own frame as an Open3D mesh, y pointing down."""
    import open3d as o3d

    if name == "box":
        return _hull([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)])
    if name == "prism":
        return _hull([[x, 1, z] for x in (-1, 1) for z in (-1, 1)] + [[0, -1, z] for z in (-1, 1)])
    if name == "frustum":
        turns = np.linspace(0, 2 * np.pi, 720, endpoint=False)
        return _hull([[r * np.cos(a), y, r * np.sin(a)] for r, y in ((1, 1), (0.6, -1)) for a in turns])
    make: dict[str, Callable] = {
        "ellipsoid": lambda: o3d.geometry.TriangleMesh.create_sphere(1.0, 150),
        "cylinder": lambda: o3d.geometry.TriangleMesh.create_cylinder(1.0, 2.0, 720, 1),
        "cone": lambda: o3d.geometry.TriangleMesh.create_cone(1.0, 2.0, 720, 1).translate((0, 0, -1)),
    }
    axis_down = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])  # Open3D's solids stand along z
    return make[name]().rotate(axis_down, center=(0, 0, 0))
