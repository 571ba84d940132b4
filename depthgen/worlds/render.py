"""Worlds and cameras in, pictures with exact depth out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from depthgen.geometry import Camera, pixel_rays
from depthgen.worlds import lighting, textures
from depthgen.worlds.builder import Texture
from depthgen.worlds.lighting import Light, to_linear
from depthgen.worlds.primitives import Primitives, batched
from depthgen.worlds.raycast import Hits, length, nearest_hits, occluded, properties
from depthgen.worlds.semantics import Semantic

if TYPE_CHECKING:
    from depthgen.worlds.world import World

SKY_DEPTH = 1000.0  # metres, written where `sky` says that there is no surface
RAYS_AT_ONCE = {"cpu": 1 << 12, "cuda": 1 << 19}  # on a CPU temporaries should stay in the cache


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
    """Ray-cast each world from its camera (all of one picture size), with sun and lamp shadows.

    Raises ValueError if the counts or the cameras' sizes differ.
    """
    sizes = {(camera.height, camera.width) for camera in cameras}
    if len(worlds) != len(cameras) or len(sizes) != 1:
        raise ValueError(
            f"render: {len(worlds)} worlds need as many cameras ({len(cameras)}) of one size ({sizes})"
        )
    ((height, width),) = sizes
    step = max(1, RAYS_AT_ONCE[torch.device(device).type] // (height * width))
    parts = [
        _render(worlds[i : i + step], cameras[i : i + step], device) for i in range(0, len(worlds), step)
    ]
    image, depth, semantic = (
        torch.cat(part).unflatten(-1, (height, width)) for part in zip(*parts, strict=True)
    )
    return RenderedViews(image, depth, depth >= SKY_DEPTH, semantic)


def _render(
    worlds: Sequence[World], cameras: Sequence[Camera], device: torch.device | str
) -> tuple[Tensor, Tensor, Tensor]:
    """Colours (B, 3, R), depth (B, 1, R) and semantics (B, 1, R) of all pixels."""
    shapes = batched([world.primitives for world in worlds]).to(device)
    light = lighting.batched([world.light for world in worlds], device)
    origin, direction = _rays(cameras, device)
    hits = nearest_hits(shapes, origin, direction)
    missed = hits.t >= SKY_DEPTH
    depth = hits.t.clamp(max=SKY_DEPTH)
    point = origin + depth[:, None] * direction
    unit = direction / length(direction)
    pixel = depth * 2 / cameras[0].K[0, 0].item()
    start = point + (1e-3 * (1 + pixel))[:, None] * hits.normal
    shadowed = _shadows(shapes, light, hits.normal, start, ~missed)
    color = _surface_color(shapes, light, hits, point, unit, pixel, shadowed)
    color = lighting.fogged(light, color, depth * length(direction)[:, 0])
    color = torch.where(missed[:, None], lighting.sky_color(light, unit), color)
    semantic = torch.where(missed, int(Semantic.SKY), properties(shapes.semantic, hits))
    return lighting.to_display(color), depth[:, None], semantic[:, None].to(torch.int16)


def _rays(cameras: Sequence[Camera], device: torch.device | str) -> tuple[Tensor, Tensor]:
    """Origins (B, 3, 1) and directions (B, 3, R), whose z in the camera's frame is 1, so that t is depth."""
    pose = torch.stack([camera.world_from_camera for camera in cameras])
    rays = torch.stack([pixel_rays(camera).flatten(0, 1).T for camera in cameras])
    direction = pose[:, :3, :3].to(rays) @ rays
    return pose[:, :3, 3:].float().to(device), direction.float().to(device)


def _shadows(shapes: Primitives, light: Light, normal: Tensor, start: Tensor, hit: Tensor) -> Tensor:
    """(B, R) bool; casts only rays that some world of the batch needs: from surfaces turned to the light."""
    to_light = light.source[:, :3, None] - light.source[:, 3:, None] * start
    needed = (hit & ((to_light * normal).sum(1) > 0)).any(dim=0)
    shadowed = torch.zeros_like(hit)
    shadowed[:, needed] = occluded(shapes, start[:, :, needed], light.source, shapes.emissive == 0)
    return shadowed


def _surface_color(
    shapes: Primitives, light: Light, hits: Hits, point: Tensor, view: Tensor, pixel: Tensor, shadowed: Tensor
) -> Tensor:
    """Linear colours (B, 3, R) of what the rays hit."""
    color, glows, is_water = _materials(shapes, hits, pixel)
    normal = hits.normal
    lit = lighting.shade(light, color, normal, point, shadowed)
    window = (properties(shapes.semantic, hits) == int(Semantic.WINDOW)) & (light.indoor > 0)
    lit = torch.where(window[:, None], light.horizon[:, :, None], torch.lerp(lit, color, glows[:, None]))
    mirrored = view - 2 * (view * normal).sum(1, keepdim=True) * normal
    grazing = 0.15 + 0.75 * (1 + (view * normal).sum(1, keepdim=True)).clamp(0, 1) ** 3
    return torch.lerp(lit, lighting.sky_color(light, mirrored), grazing * is_water[:, None])


def _materials(shapes: Primitives, hits: Hits, pixel: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Linear colour (B, 3, R), glow in [0, 1] (B, R) and whether it is water (B, R) float."""
    color, texture = properties(shapes.color, hits), properties(shapes.texture, hits)
    second, glows = properties(shapes.color2, hits), properties(shapes.emissive, hits)
    fields = (hits.local, hits.local_normal, properties(shapes.half_size, hits))
    scale, shape = properties(shapes.scale, hits), properties(shapes.shape, hits)
    for kind in textures.PATTERNS:
        chosen = (texture == kind) & hits.t.isfinite()
        if not chosen.any():
            continue
        local, normal, half_size = (field.transpose(1, 2)[chosen] for field in fields)
        surface = textures.surface(local, normal, half_size, shape[chosen], scale[chosen], pixel[chosen])
        base = textures.own_colors(kind, surface, color.transpose(1, 2)[chosen])
        share = textures.blend(kind, surface)[:, None]
        color.transpose(1, 2)[chosen] = torch.lerp(base, second.transpose(1, 2)[chosen], share)
        if kind is Texture.WINDOWS:
            glows[chosen] = glows[chosen] * textures.lit_panes(surface)
    return to_linear(color), glows, (texture == Texture.WATER).float()
