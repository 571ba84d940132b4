"""What comes back along rays: surfaces with their material and light, mirrors, fog, halos and the sky."""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from torch import Tensor

from depthgen.worlds import occlusion, shading, textures
from depthgen.worlds.builder import Texture
from depthgen.worlds.lighting import Light
from depthgen.worlds.primitives import Primitives
from depthgen.worlds.raycast import Hits, length, nearest_hits, occluded, properties
from depthgen.worlds.semantics import Semantic
from depthgen.worlds.sky import outside, sky_color
from depthgen.worlds.textures import value_noise

FARTHEST = 1000.0  # metres along the optical axis; beyond, there is only sky
FAINTEST = 0.05  # share of reflected light that is not worth a ray
IN_MIRRORS = 0.8  # share of all light that reaches what mirrors show, where no further rays are cast
WATER_STRAIGHT, WATER_GRAZING = 0.12, 0.8  # shares that water reflects, seen from above and along it
RIPPLES = 0.035  # largest slope of water


@dataclass(frozen=True)
class Scene:
    """B worlds to look at; spread (B, 1): how many metres wider a pixel gets per unit of a ray."""

    shapes: Primitives
    light: Light
    spread: Tensor


@dataclass(frozen=True)
class Sight:
    """Surfaces seen by R rays of B worlds: hits, where (B, 3, R) in the world, from which unit direction
    (B, 3, R), and how many metres wide a pixel is there (B, R)."""

    hits: Hits
    point: Tensor
    view: Tensor
    pixel: Tensor

    @property
    def cosine(self) -> Tensor:
        """(B, R) in [0, 1] of the angle between the line of sight and the normal."""
        return -(self.view * self.hits.normal).sum(1).clamp(-1, 0)

    @property
    def start(self) -> Tensor:
        """(B, 3, R) the points, just above their surfaces: where further rays start."""
        return self.point + (1e-3 * (1 + self.pixel))[:, None] * self.hits.normal

    def of(self, rays: Tensor) -> Sight:
        """What the chosen rays, a bool (R,), see."""
        hits = Hits(*(getattr(self.hits, f.name)[..., rays] for f in fields(Hits)))
        return Sight(hits, self.point[..., rays], self.view[..., rays], self.pixel[..., rays])


def look(
    scene: Scene, origin: Tensor, direction: Tensor, wide: Tensor | float = 0.0, *, reflected: bool = False
) -> tuple[Tensor, Hits]:
    """Linear colours (B, 3, R) along rays from origin (B, 3, R or 1), and what they hit.

    direction (B, 3, R) of any length; a pixel is `wide` metres at the origin, (B, R) or a number. What rays
    that come from a mirror see, `reflected`, has no mirrors and no shadows.
    """
    hits = nearest_hits(scene.shapes, origin, direction)
    found, t = hits.t < FARTHEST, hits.t.clamp(max=FARTHEST)
    speed = length(direction)
    unit, point = direction / speed, origin + t[:, None] * direction
    sight = Sight(hits, point, unit, wide + scene.spread * t)
    color = torch.zeros_like(direction)
    on_surface, in_sky = found.any(dim=0), ~found.all(dim=0)
    if on_surface.any():
        color[..., on_surface] = _surface_color(scene, sight.of(on_surface), reflected)
    color = shading.fogged(scene.light, color, t * speed[:, 0])
    if in_sky.any():
        sky = sky_color(scene.light, unit[..., in_sky])
        color[..., in_sky] = torch.where(found[:, None, in_sky], color[..., in_sky], sky)
    return color + shading.halos(scene.light, origin, unit, t * speed[:, 0]), hits


def _surface_color(scene: Scene, sight: Sight, reflected: bool) -> Tensor:
    """Linear colours (B, 3, R)."""
    color, glows, texture = _materials(scene.shapes, sight)
    reach = _reach_in_mirrors(sight) if reflected else _reach(scene, sight)
    lit = shading.shade(scene.light, color, sight.hits.normal, sight.point, reach)
    color = torch.lerp(lit, color * (0.65 + 0.35 * sight.cosine)[:, None], glows[:, None])
    color = _with_windows(scene, sight, color)
    return color if reflected else _with_mirrors(scene, sight, color, texture)


def _reach_in_mirrors(sight: Sight) -> shading.Reach:
    most = torch.full_like(sight.pixel, IN_MIRRORS)
    return shading.Reach(source=most, ambient=most, sun=torch.zeros_like(most))


def _reach(scene: Scene, sight: Sight) -> shading.Reach:
    shapes, light, normal, start = scene.shapes, scene.light, sight.hits.normal, sight.start
    return shading.Reach(
        source=_source_reaches(scene, sight),
        ambient=occlusion.openness(shapes, light, start, normal, sight.hits.index),
        sun=occlusion.sunlit(shapes, light, start, normal),
    )


def _source_reaches(scene: Scene, sight: Sight) -> Tensor:
    """(B, R) 0 in shadow; casts only rays that some world needs: from surfaces turned to the light."""
    shapes, source, start = scene.shapes, scene.light.source, sight.start
    to_source = source[:, :3, None] - source[:, 3:, None] * start
    needed = ((to_source * sight.hits.normal).sum(1) > 0).any(dim=0)
    reached = torch.zeros_like(sight.pixel)
    reached[:, needed] = (~occluded(shapes, start[..., needed], source, shapes.emissive == 0)).float()
    return reached


def _with_windows(scene: Scene, sight: Sight, color: Tensor) -> Tensor:
    """The colours, with the outside behind the glowing panes of rooms."""
    if not scene.light.panes.shape[1]:
        return color
    shapes, hits = scene.shapes, sight.hits
    panes = (shapes.semantic == int(Semantic.WINDOW)) & (shapes.emissive > 0) & (scene.light.indoor > 0)
    is_pane = properties(panes, hits)
    some = is_pane.any(dim=0)
    color[..., some] = torch.where(
        is_pane[:, None, some], outside(scene.light, sight.view[..., some]), color[..., some]
    )
    return color


def _with_mirrors(scene: Scene, sight: Sight, color: Tensor, texture: Tensor) -> Tensor:
    """The colours (B, 3, R) with what water and mirrors reflect."""
    share = reflectance(properties(scene.shapes.mirror, sight.hits), texture, sight)
    share = ((share - FAINTEST) / (1 - FAINTEST)).clamp(min=0)
    some = (share > 0).any(dim=0)
    if not some.any():
        return color
    near = sight.of(some)
    normal = _rippled(near, texture[:, some] == Texture.WATER)
    away = _lifted(mirrored(near.view, normal), near.hits.normal)
    seen, _ = look(scene, near.start, away, near.pixel, reflected=True)
    color[..., some] = torch.lerp(color[..., some], seen, share[:, None, some])
    return color


def reflectance(mirror: Tensor, texture: Tensor, sight: Sight) -> Tensor:
    """(B, R) in [0, 1]: grows from `mirror` (B, R) towards grazing views, after Schlick; water apart."""
    aslant = 1 - sight.cosine
    polished = mirror + (1 - mirror) * aslant**5 * (mirror > 0)
    water = WATER_STRAIGHT + (WATER_GRAZING - WATER_STRAIGHT) * aslant**3
    return torch.where(texture == Texture.WATER, water, polished)


def mirrored(direction: Tensor, normal: Tensor) -> Tensor:
    """Directions (B, 3, R) after reflection at surfaces with unit normal (B, 3, R): d - 2 (d n) n."""
    return direction - 2 * (direction * normal).sum(1, keepdim=True) * normal


def _lifted(direction: Tensor, normal: Tensor) -> Tensor:
    """Directions (B, 3, R) that leave the surface with normal (B, 3, R), as those of ripples may not."""
    return direction + (0.02 - (direction * normal).sum(1, keepdim=True)).clamp(min=0) * normal


def _rippled(sight: Sight, water: Tensor) -> Tensor:
    """Normals (B, 3, R), those of water tilted a little; less where ripples are finer than pixels."""
    x, _, z = sight.point.unbind(1)
    place = torch.stack([1.1 * x.flatten(), 2.6 * z.flatten()], 1)
    tilt = [value_noise(place + shift) - 0.5 for shift in (0, 50)]
    long = sight.pixel / (-sight.view[:, 1]).abs().clamp(min=1e-3).sqrt()
    strength = RIPPLES * water * (1.5 - 2 * long).clamp(0, 1)
    dx, dz = (2 * strength * part.view_as(x) for part in tilt)
    return torch.nn.functional.normalize(
        sight.hits.normal + torch.stack([dx, torch.zeros_like(dx), dz], 1), dim=1
    )


def _materials(shapes: Primitives, sight: Sight) -> tuple[Tensor, Tensor, Tensor]:
    """Linear colour (B, 3, R), glow in [0, 1] and texture, both (B, R)."""
    hits = sight.hits
    pixel = sight.pixel / 2 * sight.cosine.clamp(min=0.05).rsqrt()  # mean of its two axes on the surface
    there = torch.cat([hits.local, hits.local_normal, pixel[:, None]], 1).transpose(1, 2).flatten(0, 1)
    own = _table(shapes).flatten(0, 1).index_select(0, _flat(hits.index, len(shapes)))
    color, glows, texture = own[:, :3], own[:, 11], own[:, 12].long()
    for kind, rays in _by_texture(texture):
        local, normal, wide = there.index_select(0, rays).split((3, 3, 1), 1)
        first, second, half_size, scale, shape, _, _ = own.index_select(0, rays).split(
            (3, 3, 3, 1, 1, 1, 1), 1
        )
        surface = textures.surface(local, normal, half_size, shape[:, 0], scale[:, 0], wide[:, 0])
        base, share = textures.own_colors(kind, surface, first), textures.blend(kind, surface)[:, None]
        color[rays] = torch.lerp(base, second, share)
        if kind is Texture.WINDOWS:
            glows[rays] *= textures.lit_panes(surface)
    color = shading.to_linear(color).unflatten(0, hits.t.shape).transpose(1, 2)
    return color.contiguous(), glows.view_as(hits.t), texture.view_as(hits.t)


def _table(shapes: Primitives) -> Tensor:
    """(B, N, 13) what `_materials` asks of a primitive, so that it is looked up once."""
    numbers = (shapes.scale, shapes.shape, shapes.emissive, shapes.texture)
    return torch.cat([shapes.color, shapes.color2, shapes.half_size, torch.stack(numbers, 2)], 2)


def _flat(index: Tensor, count: int) -> Tensor:
    """Indices (B, R) into one world's primitives as (B R,) into those of all worlds."""
    return (index + count * torch.arange(len(index), device=index.device)[:, None]).flatten()


def _by_texture(texture: Tensor) -> list[tuple[Texture, Tensor]]:
    """The patterned textures that occur in (P,), and where."""
    counts = torch.bincount(texture, minlength=len(Texture)).tolist()
    return [(kind, (texture == kind).nonzero()[:, 0]) for kind in textures.PATTERNS if counts[kind]]
