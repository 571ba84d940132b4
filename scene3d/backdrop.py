"""What lies behind the surfaces of a scene: a panorama of colours, infinitely far away.

Views of a scene are drawn in front of it, so that the sky and the cracks between surfaces never show black.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from depthgen.geometry import Camera, pixel_rays, push_pull
from scene3d.frame import Frame

PANORAMA_HEIGHT = 512  # about 3 pixels a degree: the sky is smooth


@dataclass(frozen=True)
class Backdrop:
    """panorama: (3, H, 2H) [0, 1], equirectangular in the scene's axes.

    The centre column looks along +z, columns run to the right (+x), the top row is straight up (-y).
    """

    panorama: Tensor

    def seen_from(self, camera: Camera) -> Tensor:
        """The (3, height, width) [0, 1] picture of the backdrop alone; the position plays no role."""
        wrapped = torch.cat((self.panorama[..., -1:], self.panorama, self.panorama[..., :1]), dim=-1)
        height, width = wrapped.shape[-2:]
        u, v = panorama_position(world_directions(camera), height)
        grid = torch.stack((2 * (u + 1) / width - 1, 2 * v / height - 1), dim=-1)
        sampled = torch.nn.functional.grid_sample(
            wrapped[None], grid[None].to(wrapped), padding_mode="border", align_corners=False
        )
        return sampled[0]


def make_backdrop(frames: Iterable[Frame], height: int = PANORAMA_HEIGHT) -> Backdrop:
    """Spread what the frames show over all directions.

    Sky pixels count everywhere. Surfaces count below the horizon, so that a gap in the ground looks like
    ground, or everywhere if no frame shows sky. Directions that nobody saw are filled smoothly.
    """
    frames = tuple(frames)
    any_sky = any(not frame.valid.all() for frame in frames)
    total, count = torch.zeros(3, height * 2 * height), torch.zeros(height * 2 * height)
    for frame in frames:
        directions = world_directions(frame.camera)
        counts = ~frame.valid[0] | (directions[..., 1] > 0) if any_sky else torch.ones_like(frame.valid[0])
        u, v = panorama_position(directions[counts], height)
        cell = v.long().clamp(0, height - 1) * 2 * height + u.long().clamp(0, 2 * height - 1)
        total.index_add_(1, cell, frame.image[:, counts])
        count.index_add_(0, cell, torch.ones_like(u))
    seen = (count > 0).reshape(1, height, 2 * height)
    mean = (total / count.clamp_min(1)).reshape(3, height, 2 * height)
    return Backdrop(_fill_around(mean, seen))


def world_directions(camera: Camera) -> Tensor:
    """(H, W, 3) float32 directions of the pixels in the scene's axes, scaled to z = 1 in the camera."""
    return pixel_rays(camera) @ camera.world_from_camera[:3, :3].T.float()


def panorama_position(directions: Tensor, height: int) -> tuple[Tensor, Tensor]:
    """Column u in [0, 2 height] and row v in [0, height], in pixels, of (..., 3) directions."""
    x, y, z = directions.unbind(-1)
    u = (torch.atan2(x, z) / (2 * math.pi) + 0.5) * 2 * height
    v = (torch.atan2(y, torch.hypot(x, z)) / math.pi + 0.5) * height
    return u, v


def _fill_around(panorama: Tensor, seen: Tensor) -> Tensor:
    """Fill a panorama whose left and right borders meet: half a turn is repeated on either side."""
    half = panorama.shape[-1] // 2

    def around(values: Tensor) -> Tensor:
        return torch.cat((values[..., half:], values, values[..., :half]), dim=-1)

    return push_pull(around(panorama), around(seen))[..., half:-half].clamp(0, 1).contiguous()
