"""Worlds and cameras in, pictures with exact depth out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from depthgen.geometry import Camera, exact_device, pixel_rays
from depthgen.worlds import lighting
from depthgen.worlds.antialias import smoothed
from depthgen.worlds.primitives import batched
from depthgen.worlds.radiance import FARTHEST, Scene, look
from depthgen.worlds.raycast import joined, properties
from depthgen.worlds.semantics import Semantic
from depthgen.worlds.shading import to_display

if TYPE_CHECKING:
    from depthgen.worlds.world import World

SKY_DEPTH = FARTHEST  # metres, written where `sky` says that there is no surface
RAYS_ON_CPU, RAYS_ON_GPU = 1 << 13, 1 << 19  # at once; on a CPU temporaries should stay in the cache


@dataclass(frozen=True)
class RenderedViews:
    """image (B, 3, H, W) float32 [0, 1]; depth (B, 1, H, W) metres along the optical axis, SKY_DEPTH on sky;
    sky (B, 1, H, W) bool; semantic (B, 1, H, W) int16, values of `Semantic`."""

    image: Tensor
    depth: Tensor
    sky: Tensor
    semantic: Tensor


def render(
    worlds: Sequence[World], cameras: Sequence[Camera], device: torch.device | str = "cpu"
) -> RenderedViews:
    """Ray-cast each world from its camera, all of one picture size, with shadows and reflections.

    The result lies on `device`, see `exact_device`. ValueError if the counts or the cameras' sizes differ.
    """
    device = exact_device(device)
    sizes = {(camera.height, camera.width) for camera in cameras}
    if len(worlds) != len(cameras) or len(sizes) != 1:
        raise ValueError(
            f"render: {len(worlds)} worlds need as many cameras ({len(cameras)}) of one size ({sizes})"
        )
    _keep_freed_memory()
    ((height, width),) = sizes
    step = max(1, _rays_at_once(device) // (height * width))
    parts = [
        _render(worlds[i : i + step], cameras[i : i + step], device) for i in range(0, len(worlds), step)
    ]
    image, depth, semantic = (torch.cat(part) for part in zip(*parts, strict=True))
    return RenderedViews(image, depth, depth >= SKY_DEPTH, semantic)


def _rays_at_once(device: torch.device) -> int:
    return RAYS_ON_CPU if device.type == "cpu" else RAYS_ON_GPU


@cache
def _keep_freed_memory() -> None:
    """Freeing one large block makes glibc return less to the system; else every tensor costs new pages."""
    torch.empty(31 << 20, dtype=torch.uint8)


def _render(
    worlds: Sequence[World], cameras: Sequence[Camera], device: torch.device
) -> tuple[Tensor, Tensor, Tensor]:
    """Images (B, 3, H, W), depth (B, 1, H, W), sky included, and semantics (B, 1, H, W)."""
    shapes = batched([world.primitives for world in worlds]).to(device)
    light = lighting.batched([world.light for world in worlds], device)
    scene = Scene(shapes, light, _spread(cameras).to(device))
    origin, direction = _rays(cameras, device)
    step = max(1, _rays_at_once(device) // len(worlds))
    parts = [look(scene, origin, some) for some in direction.split(step, dim=2)]
    hits = joined([hits for _, hits in parts])
    size = (cameras[0].height, cameras[0].width)
    image = to_display(torch.cat([color for color, _ in parts], dim=2)).unflatten(2, size)
    semantic = torch.where(hits.t >= SKY_DEPTH, int(Semantic.SKY), properties(shapes.semantic, hits))
    depth = hits.t.clamp(max=SKY_DEPTH)
    return (
        smoothed(shapes, origin, direction, hits, image),
        depth[:, None].unflatten(2, size),
        semantic[:, None].to(torch.int16).unflatten(2, size),
    )


def _spread(cameras: Sequence[Camera]) -> Tensor:
    """(B, 1) width of two pixels, in metres per metre of depth."""
    return torch.stack([2 / camera.K[:1, 0] for camera in cameras]).float()


def _rays(cameras: Sequence[Camera], device: torch.device) -> tuple[Tensor, Tensor]:
    """Origins (B, 3, 1) and directions (B, 3, R), whose z in the camera's frame is 1, so that t is depth."""
    pose = torch.stack([camera.world_from_camera for camera in cameras])
    rays = torch.stack([pixel_rays(camera).flatten(0, 1).T for camera in cameras])
    direction = pose[:, :3, :3].to(rays) @ rays
    return pose[:, :3, 3:].float().to(device), direction.float().to(device)
