"""What is known around a place: a panorama of how far the surfaces are that the views of a scene have seen.

A panorama has ROWS x 2 ROWS cells of equal angles in the scene's axes. Its columns run from behind over the
left, ahead (+z) and the right; its first row is straight up (-y). It is made of coarse meshes of the views,
cut along their depth edges as the fused scene is, so that what lies hidden behind an edge stays unknown.
"""

from __future__ import annotations

import math
from functools import cache

import torch
from torch import Tensor
from torch.nn import functional as F

from depthgen.geometry import (
    Camera,
    Mesh,
    compose,
    grid_mesh,
    pixels_at,
    push_pull_around,
    rasterize,
    rotation_x,
    rotation_y,
    unproject,
)
from scene3d.frame import Frame

ROWS = 32  # cells of 5.6 degrees
FACE = 24  # pixels along the sides of the six pictures that make a panorama
COARSE = 32  # pixels along the longer side of the views that are drawn in it
STEEP = math.sin(math.radians(15))  # surfaces seen at a smaller angle than this are badly known
_SIDES = [rotation_y(math.radians(90 * i)) for i in range(4)] + [
    rotation_x(math.radians(angle)) for angle in (90, -90)
]


@cache
def directions() -> Tensor:
    """(ROWS, 2 ROWS, 3) float32 unit vectors through the middles of the cells."""
    down = (torch.arange(ROWS) + 0.5) * math.pi / ROWS - math.pi / 2
    right = (torch.arange(2 * ROWS) + 0.5) * math.pi / ROWS - math.pi
    v, u = torch.meshgrid(down, right, indexing="ij")
    return torch.stack((u.sin() * v.cos(), v.sin(), u.cos() * v.cos()), dim=-1)


@cache
def solid_angles() -> Tensor:
    """(ROWS, 1) steradians of a cell in each row."""
    return torch.linalg.vector_norm(directions()[:, :1, ::2], dim=-1) * (math.pi / ROWS) ** 2


def coarse_mesh(frame: Frame) -> Mesh:
    """The surface that a view is certain of, with few triangles; its colour is how well it is known, [0, 1].

    Well known is what samples of the depth agree on (`Frame.certainty`), seen at 15 degrees or more.
    """
    scale = COARSE / max(frame.camera.width, frame.camera.height)
    width, height = (max(2, round(scale * side)) for side in (frame.camera.width, frame.camera.height))
    camera = frame.camera.resized(width, height)
    depth, valid = (
        F.interpolate(values[None].float(), (height, width), mode="nearest-exact")[0]
        for values in (frame.depth, frame.valid & frame.certain)
    )
    quality = (_sine_of_angle(depth, camera) / STEEP).clamp(max=1)
    if frame.certainty is not None:
        quality = quality * F.interpolate(frame.certainty[None], (height, width), mode="nearest-exact")[0]
    return grid_mesh(quality.expand(3, -1, -1), depth, valid > 0, camera)


def _sine_of_angle(depth: Tensor, camera: Camera) -> Tensor:
    """(1, H, W) sine of the angle at which the surface of a depth map is seen; borders repeat neighbours."""
    points = unproject(depth, camera)
    right, down = points[:-1].diff(dim=1), points[:, :-1].diff(dim=0)
    normal = F.normalize(torch.linalg.cross(right, down), dim=-1)
    ray = F.normalize(points[:-1, :-1] - camera.position.float(), dim=-1)
    return F.pad((normal * ray).sum(-1).abs()[None], (0, 1, 0, 1), mode="replicate")


def six_around(place: Tensor) -> tuple[Camera, ...]:
    """The cameras at a place (3,), metres, whose pictures together show everything around it."""
    return tuple(Camera.from_fov(90, FACE, FACE, compose(side, place)) for side in _SIDES)


def panorama(mesh: Mesh, cameras: tuple[Camera, ...]) -> Tensor:
    """(2, ROWS, 2 ROWS) float32 from `six_around` a place: metres along the ray, and the mesh's colour.

    The distance is infinite where the mesh does not show.
    """
    faces = [rasterize(mesh, camera) for camera in cameras]
    depth = torch.stack([face.depth.where(face.known, math.inf) for face in faces]).flatten()
    color = torch.stack([face.image[:1] for face in faces]).flatten()
    texel, stretch = _texels()
    return torch.stack((depth[texel] * stretch, color[texel]))


@cache
def _texels() -> tuple[Tensor, Tensor]:
    """(ROWS, 2 ROWS): number of the pixel of the six pictures in each direction, and ray length / depth."""
    in_side = torch.stack([directions() @ side.float() for side in _SIDES])  # (6, ROWS, 2 ROWS, 3)
    side = in_side[..., 2].argmax(0)
    x, y, z = in_side.gather(0, side[None, ..., None].expand(-1, -1, -1, 3))[0].unbind(-1)
    column, row = (((q / z + 1) * FACE / 2).long().clamp(0, FACE - 1) for q in (x, y))
    return (side * FACE + row) * FACE + column, 1 / z


def sky_around(frame: Frame) -> Tensor:
    """(ROWS, 2 ROWS) bool: the directions in which a view shows the sky."""
    far = frame.camera.position.float() + 1e6 * directions()
    inside, pixel, _ = pixels_at(far, frame.camera)
    return inside & ~frame.valid.flatten()[pixel]


def filled(distance: Tensor) -> Tensor:
    """A panorama (ROWS, 2 ROWS) of distances, its unknown (infinite) cells filled smoothly all around."""
    known = distance.isfinite()[None]
    logarithm = distance.log()[None].where(known, 0.0)
    return push_pull_around(logarithm, known)[0].exp()
