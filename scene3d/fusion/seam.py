"""How visible is the border between what was known and what was added?"""

from __future__ import annotations

import torch
from torch import Tensor


def seam_step(depth: Tensor, valid: Tensor, known: Tensor) -> float | None:
    """Median relative depth jump across the border of the known region, beyond that inside it.

    depth: (1, H, W) metres. valid: (1, H, W) bool, pixels on a surface. known: (1, H, W) bool.
    Returns median(|dz|/z over neighbouring pairs across the border) minus the same over pairs inside the
    known region: 0 when the border is as smooth as the rest, None when either has no pair to measure.
    """
    across, inside = _pair_jumps(depth, valid, known)
    if not len(across) or not len(inside):
        return None
    return float(across.median() - inside.median())


def _pair_jumps(depth: Tensor, valid: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
    """|dz|/z of 4-neighbour pairs: those with one known pixel, and those with two."""
    across, inside = [], []
    for dim in (-2, -1):
        (z0, z1), (v0, v1), (k0, k1) = (_neighbours(x, dim) for x in (depth, valid, known))
        jump = (z0 - z1).abs() / (0.5 * (z0 + z1)).clamp_min(torch.finfo(depth.dtype).tiny)
        across.append(jump[v0 & v1 & (k0 != k1)])
        inside.append(jump[v0 & v1 & k0 & k1])
    return torch.cat(across), torch.cat(inside)


def _neighbours(values: Tensor, dim: int) -> tuple[Tensor, Tensor]:
    size = values.shape[dim]
    return values.narrow(dim, 0, size - 1), values.narrow(dim, 1, size - 1)
