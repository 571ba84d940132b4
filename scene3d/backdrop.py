"""What lies behind the surfaces of a scene: a panorama of colours, infinitely far away.

Views of a scene are drawn in front of it, so that the sky and the cracks between surfaces never show black.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from depthgen.geometry import Camera, pixel_rays, push_pull_around
from scene3d.frame import Frame

SKY_SHARE = 0.01
PANORAMA_HEIGHT = 512  # about 3 pixels a degree: the sky is smooth
GROUND_HEIGHT = 16  # of the ground below a sky: no houses, only their colours


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


def shows_sky(frames: Sequence[Frame]) -> bool:
    """Whether some view is at least SKY_SHARE sky; fewer pixels may be a network's mistake, in a room."""
    return any((~frame.valid).float().mean().item() >= SKY_SHARE for frame in frames)


def make_backdrop(frames: Sequence[Frame], height: int = PANORAMA_HEIGHT) -> Backdrop:
    """Spread what the frames show over all directions.

    Sky pixels count everywhere. Surfaces stand in where no sky was seen: below the horizon, so that a gap in
    the ground looks like ground, or everywhere if no frame shows sky. Other directions are filled smoothly.
    """
    sky, sky_seen = _spread(frames, [~frame.valid[0] for frame in frames], height)
    low = [world_directions(frame.camera)[..., 1] > 0 if sky_seen.any() else True for frame in frames]
    surfaces = [frame.valid[0] & region for frame, region in zip(frames, low, strict=True)]
    ground, ground_seen = _spread(frames, surfaces, height)
    return Backdrop(_filled(torch.where(sky_seen, sky, ground), sky_seen | ground_seen))


def make_sky(frames: Sequence[Frame], height: int = PANORAMA_HEIGHT) -> Backdrop:
    """The sky alone, over smooth ground: surroundings for the scene in other programs.

    Above the horizon the sky that the views show goes on everywhere, below it the ground's colours, coarsely.
    """
    sky, sky_seen = _spread(frames, [~frame.valid[0] for frame in frames], height)
    low = [frame.valid[0] & (world_directions(frame.camera)[..., 1] > 0) for frame in frames]
    coarse = _filled(*_spread(frames, low, GROUND_HEIGHT))
    ground = torch.nn.functional.interpolate(coarse[None], sky.shape[1:], mode="bilinear")[0]
    below = (torch.arange(height) >= height / 2)[:, None]
    return Backdrop(ground.where(below & ~sky_seen, _filled(sky, sky_seen)))


def _spread(frames: Sequence[Frame], chosen: Sequence[Tensor], height: int) -> tuple[Tensor, Tensor]:
    """Mean colour (3, height, 2 height) of the chosen (H, W) pixels by direction, and where there are any."""
    cells = height * 2 * height
    total, count = torch.zeros(3, cells), torch.zeros(cells)
    for frame, pixels in zip(frames, chosen, strict=True):
        u, v = panorama_position(world_directions(frame.camera)[pixels], height)
        cell = v.long().clamp(0, height - 1) * 2 * height + u.long().clamp(0, 2 * height - 1)
        total.index_add_(1, cell, frame.image[:, pixels])
        count.index_add_(0, cell, torch.ones_like(u))
    mean = total / count.clamp_min(1)
    return mean.reshape(3, height, 2 * height), (count > 0).reshape(1, height, 2 * height)


def world_directions(camera: Camera) -> Tensor:
    """(H, W, 3) float32 directions of the pixels in the scene's axes, scaled to z = 1 in the camera."""
    return pixel_rays(camera) @ camera.world_from_camera[:3, :3].T.float()


def panorama_position(directions: Tensor, height: int) -> tuple[Tensor, Tensor]:
    """Column u in [0, 2 height] and row v in [0, height], in pixels, of (..., 3) directions."""
    x, y, z = directions.unbind(-1)
    u = (torch.atan2(x, z) / (2 * math.pi) + 0.5) * 2 * height
    v = (torch.atan2(y, torch.hypot(x, z)) / math.pi + 0.5) * height
    return u, v


def _filled(panorama: Tensor, seen: Tensor) -> Tensor:
    """A panorama of colours [0, 1], smoothly extended from where they were seen."""
    return push_pull_around(panorama, seen).clamp(0, 1).contiguous()
