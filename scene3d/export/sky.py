"""The surroundings of an outdoor scene, infinitely far away: sky.png, and sky.glb, the same as a dome.

sky.png is equirectangular: the centre column looks along -z of the exports (ahead of the first camera),
columns run to the right, the top row looks up. Where no view showed the sky, it goes on smoothly; below the
horizon it has the colours of the ground, coarsely. The dome is a file of its own, because it would dwarf the
scene in every program that fits a file into its window; loaded beside scene.glb, it stands around it.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from depthgen.geometry import Mesh
from scene3d.backdrop import make_sky, shows_sky
from scene3d.export.gltf import Part, gltf_binary
from scene3d.files import replacing
from scene3d.frame import png

if TYPE_CHECKING:
    from scene3d.scene import Scene

RINGS = 32  # of the dome, from straight up to straight down
DISTANCE = 3.0  # radius of the dome, times the reach of the surface
FALLBACK_RADIUS = 100.0  # metres, for a scene of sky alone


def write_sky(scene: Scene, path: Path) -> Path:
    """Write the panorama as a PNG file; ValueError when the scene shows no sky."""
    data = png(_panorama(scene, path))
    with replacing(path) as aside:
        aside.write_bytes(data)
    return path


def write_sky_dome(scene: Scene, path: Path) -> Path:
    """Write a sphere around the scene, painted with the panorama; ValueError when it shows no sky."""
    texture = png(_panorama(scene, path))
    vertices = scene.mesh().vertices
    radius = DISTANCE * vertices.norm(dim=1).max().item() if len(vertices) else FALLBACK_RADIUS
    mesh, uv = dome(radius, RINGS)
    data = gltf_binary([Part("sky", mesh, uv, texture, around=True)], prompt=scene.prompt)
    with replacing(path) as aside:
        aside.write_bytes(data)
    return path


def dome(radius: float, rings: int) -> tuple[Mesh, Tensor]:
    """A sphere of triangles around the origin that face inwards, and the panorama's (N, 2) uv in [0, 1].

    radius: metres. rings: from pole to pole; around there are twice as many.
    """
    v, u = torch.meshgrid(torch.arange(rings + 1), torch.arange(2 * rings + 1), indexing="ij")
    uv = torch.stack([u / (2 * rings), v / rings], dim=-1)
    azimuth, down = 2 * math.pi * (uv[..., 0] - 0.5), math.pi * (uv[..., 1] - 0.5)
    points = torch.stack([down.cos() * azimuth.sin(), down.sin(), down.cos() * azimuth.cos()], dim=-1)
    number = torch.arange(u.numel()).view_as(u)
    a, b, c, d = number[:-1, :-1], number[:-1, 1:], number[1:, :-1], number[1:, 1:]
    faces = torch.cat(
        [torch.stack([a, c, b], -1)[1:].view(-1, 3), torch.stack([b, c, d], -1)[:-1].view(-1, 3)]
    )
    vertices = radius * points.view(-1, 3)
    return Mesh(vertices, torch.zeros_like(vertices), faces), uv.view(-1, 2)


def _panorama(scene: Scene, path: Path) -> Tensor:
    if not shows_sky(scene.frames):
        raise ValueError(f"cannot export {path.name}: this scene shows no sky")
    return make_sky(scene.frames).panorama
