"""The fused scene: a surface in metres, and a sky that is infinitely far away.

Each view adds triangles only where it shows something new. The triangles reach one pixel into the known
region, whose depth there was read off the existing surface, so that old and new meet without a crack.

The sky has no depth. Its pixels are kept as directions: a mesh on the unit sphere that only turns with the
camera and lies behind every surface. It is drawn when a view is re-rendered and left out of the surface.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

import torch
from torch import Tensor

from depthgen.geometry import Blocks, Camera, Mesh, grid_mesh, pixel_rays
from scene3d.frame import Frame


@dataclass(frozen=True)
class Fused:
    """surface_blocks: triangles in metres in the scene's frame. sky_blocks: on the sphere of directions."""

    surface_blocks: Blocks = field(default_factory=Blocks)
    sky_blocks: Blocks = field(default_factory=Blocks)

    @cached_property
    def surface(self) -> Mesh:
        """The surface as one mesh, in metres in the scene's frame."""
        return self.surface_blocks.merged()

    @cached_property
    def sky(self) -> Mesh:
        """The sky as one mesh on the unit sphere of directions."""
        return self.sky_blocks.merged()


def fuse_all(frames: Iterable[Frame]) -> Fused:
    """The fused scene of views in the order in which they were generated."""
    fused = Fused()
    for frame in frames:
        fused = extend(fused, frame)
    return fused


def extend(fused: Fused, frame: Frame) -> Fused:
    """Add what `frame` shows for the first time (its pixels that are not `known`) and is certain of."""
    new = ~frame.known
    reach = _grown(new)  # one pixel beyond the new ones: the stitch
    turned_only = without_position(frame.camera)
    sky_depth = 1 / pixel_rays(frame.camera).norm(dim=-1).float()[None]  # z of a point at distance 1
    surface = grid_mesh(frame.image, frame.depth, frame.valid & frame.certain & reach, frame.camera, new)
    sky = grid_mesh(frame.image, sky_depth, ~frame.valid & reach, turned_only, new)
    return Fused(
        fused.surface_blocks.added(surface, frame.camera),
        fused.sky_blocks.added(sky, turned_only),
    )


def without_position(camera: Camera) -> Camera:
    """The same camera at the origin: what is infinitely far away does not move with it."""
    return camera.at(torch.zeros(3))


def _grown(region: Tensor) -> Tensor:
    """A (1, H, W) region and its 8-neighbours."""
    return torch.nn.functional.max_pool2d(region[None].float(), 3, stride=1, padding=1)[0] > 0
