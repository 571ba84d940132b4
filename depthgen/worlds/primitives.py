"""The shapes of a world as arrays, and of several worlds as one padded batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import torch
from torch import Tensor

from depthgen.worlds.builder import Builder, Color, Material, Shape

# Maps every ray to a point that no unit shape contains, moving nowhere: a primitive that is never hit.
NOWHERE = torch.tensor([[0.0, 0.0, 0.0, 9.0], [0.0, 0.0, 0.0, 9.0], [0.0, 0.0, 0.0, 9.0]])


@dataclass(frozen=True)
class Primitives:
    """N primitives, sorted by shape; with a leading batch axis B after `batched`.

    shape (N,) int64, local_from_world and world_from_local (N, 3, 4), half_size (N, 3) metres, color and
    color2 (N, 3) in sRGB [0, 1], texture (N,) int64, scale (N,) metres, emissive and mirror (N,) shares in
    [0, 1], semantic (N,) int64.
    """

    shape: Tensor
    local_from_world: Tensor
    world_from_local: Tensor
    half_size: Tensor
    color: Tensor
    color2: Tensor
    texture: Tensor
    scale: Tensor
    emissive: Tensor
    mirror: Tensor
    semantic: Tensor

    def __len__(self) -> int:
        return self.shape.shape[-1]

    def __getitem__(self, chosen: Tensor) -> Primitives:
        """The primitives of one world that `chosen`, indices or booleans (N,), picks."""
        return Primitives(*(getattr(self, f.name)[chosen] for f in fields(self)))

    def reach(self) -> Tensor:
        """Radii of the bounding spheres, shaped like `shape`, metres; a plane's is inf."""
        return torch.where(self.shape == Shape.PLANE, float("inf"), self.half_size.norm(dim=-1))

    def to(self, device: torch.device | str) -> Primitives:
        """The same primitives on `device`."""
        return Primitives(*(getattr(self, f.name).to(device) for f in fields(self)))


def primitives_of(builder: Builder) -> Primitives:
    """What a builder collected."""
    world_from_local = np.stack(builder.world_from_local)  # (N, 3, 4)
    linear, offset = world_from_local[:, :, :3], world_from_local[:, :, 3:]
    inverse = np.linalg.inv(linear)
    order = np.argsort(builder.shapes, kind="stable")
    materials = [builder.materials[i] for i in order]
    return Primitives(
        shape=torch.tensor(builder.shapes)[order],
        local_from_world=_floats(np.concatenate([inverse, -inverse @ offset], axis=2)[order]),
        world_from_local=_floats(world_from_local[order]),
        half_size=_floats(np.linalg.norm(linear, axis=1)[order]),
        color=_floats([m.color for m in materials]),
        color2=_floats([second_color(m) for m in materials]),
        texture=torch.tensor([int(m.texture) for m in materials]),
        scale=_floats([m.scale for m in materials]),
        emissive=_floats([m.emissive for m in materials]),
        mirror=_floats([m.mirror for m in materials]),
        semantic=torch.tensor(builder.semantics)[order],
    )


def second_color(material: Material) -> Color:
    """The pattern's second colour; a darker first one where none is given."""
    r, g, b = material.color
    return material.color2 or (0.8 * r, 0.8 * g, 0.8 * b)


def batched(worlds: Sequence[Primitives]) -> Primitives:
    """One batch (B, N) with the same shape at the same place in every world, sorted by shape.

    Worlds with less primitives of a shape than others are filled up with what nothing hits.
    """
    counts = torch.stack([torch.bincount(world.shape, minlength=len(Shape)) for world in worlds]).amax(0)
    rows = [_padded(world, counts) for world in worlds]
    return Primitives(*(torch.stack([getattr(row, f.name) for row in rows]) for f in fields(Primitives)))


def _padded(primitives: Primitives, counts: Tensor) -> Primitives:
    """The primitives and, up to `counts` (shapes,) of each shape, copies moved nowhere and without size."""
    own = torch.bincount(primitives.shape, minlength=len(Shape))
    shape = torch.arange(len(Shape)).repeat_interleave(counts)
    place = torch.arange(len(shape)) - (counts.cumsum(0) - counts)[shape]  # among those of its shape
    real = place < own[shape]
    taken = primitives[torch.where(real, (own.cumsum(0) - own)[shape] + place, 0)]
    half_size = torch.where(real[:, None], taken.half_size, 0.0)
    local_from_world = torch.where(real[:, None, None], taken.local_from_world, NOWHERE)
    return replace(taken, shape=shape, half_size=half_size, local_from_world=local_from_world)


def _floats(values: object) -> Tensor:
    return torch.tensor(np.asarray(values), dtype=torch.float32)
