"""An analytic scene (ground, box, ball, wall) seen exactly from any camera, and an independent ray caster."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest
import torch
from torch import Tensor

from depthgen.geometry import Camera, Mesh, pixel_rays


class Picture(NamedTuple):
    """What an RGB-D camera sees: image (3,H,W), depth (1,H,W), valid (1,H,W)."""

    image: Tensor
    depth: Tensor
    valid: Tensor


def _world_rays(camera: Camera) -> tuple[Tensor, Tensor]:
    directions = pixel_rays(camera) @ camera.world_from_camera[:3, :3].float().T
    return camera.position.float().expand_as(directions), directions


def _plane(origins: Tensor, rays: Tensor, axis: int, at: float) -> Tensor:
    return (at - origins[..., axis]) / rays[..., axis]


def _ball(origins: Tensor, rays: Tensor, centre: Tensor, radius: float) -> Tensor:
    to_centre = centre - origins
    a, b = rays.square().sum(-1), (rays * to_centre).sum(-1)
    root = b.square() - a * (to_centre.square().sum(-1) - radius**2)
    return ((b - root.clamp(min=0).sqrt()) / a).where(root > 0, torch.inf)


def _box(origins: Tensor, rays: Tensor, low: Tensor, high: Tensor) -> Tensor:
    first, second = (low - origins) / rays, (high - origins) / rays
    enter = torch.minimum(first, second).amax(-1)
    leave = torch.maximum(first, second).amin(-1)
    return enter.where(enter < leave, torch.inf)


def take_picture(camera: Camera) -> Picture:
    """Ground 1.5 m below the origin, a wall at 9 m, a ball and a box before it; sky above the wall."""
    origins, rays = _world_rays(camera)
    ground = _plane(origins, rays, 1, 1.5)
    wall = _plane(origins, rays, 2, 9.0)
    wall = wall.where((origins + wall[..., None] * rays)[..., 1] > -2.5, torch.inf)
    ball = _ball(origins, rays, torch.tensor([0.6, 0.3, 4.0]), 0.8)
    box = _box(origins, rays, torch.tensor([-1.8, -0.2, 3.0]), torch.tensor([-0.8, 1.5, 4.0]))
    hits = torch.stack([ground, wall, ball, box]).nan_to_num(torch.inf)
    depth = hits.where(hits > 1e-3, torch.inf).amin(0)[None]
    valid = depth < 60
    depth = depth.where(valid, 1.0)
    points = origins + depth[0, ..., None] * rays
    return Picture((0.5 + 0.5 * torch.sin(2 * points)).movedim(-1, 0), depth, valid)


def cast_rays(mesh: Mesh, camera: Camera) -> tuple[Tensor, Tensor]:
    """Depth and known (1,H,W) of a mesh by Open3D's ray caster; rays have z = 1, so their length is depth."""
    import open3d.core as o3c
    from open3d.t.geometry import RaycastingScene

    scene = RaycastingScene()
    scene.add_triangles(
        o3c.Tensor(mesh.vertices.numpy()), o3c.Tensor(mesh.faces.int().numpy()).to(o3c.uint32)
    )
    rays = torch.cat(_world_rays(camera), dim=-1)
    depth = torch.from_numpy(scene.cast_rays(o3c.Tensor(rays.numpy()))["t_hit"].numpy())[None]
    return depth, torch.isfinite(depth)


@pytest.fixture(scope="session")
def picture() -> Callable[[Camera], Picture]:
    """The analytic scene's renderer."""
    return take_picture


@pytest.fixture(scope="session")
def ray_caster() -> Callable[[Mesh, Camera], tuple[Tensor, Tensor]]:
    """The independent ray caster."""
    return cast_rays
