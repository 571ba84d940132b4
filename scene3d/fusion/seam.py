"""How visible is the border between what was known and what was added, in depth and in colour?"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def seam_step(depth: Tensor, valid: Tensor, known: Tensor) -> float | None:
    """Median relative depth jump across the border of the known region, beyond that inside it.

    depth: (1, H, W) metres. valid: (1, H, W) bool, pixels on a surface. known: (1, H, W) bool.
    Returns median(|dz|/z over neighbouring pairs across the border) minus the same over pairs inside the
    known region, of rows and columns apart and weighted by their pairs across (a floor is steep along one
    of them only). 0 when the border is as smooth as the rest, None when there is nothing to compare.
    """

    return _step(depth.where(valid, 1.0), relative_jump, known, valid)


def seam_color(image: Tensor, known: Tensor) -> float | None:
    """Median colour jump across the border of the known region, beyond that inside it, on the [0, 1] scale.

    image: (3, H, W) [0, 1]. known: (1, H, W) bool. A jump is the mean |difference| of the three channels;
    pairs are those of `seam_step`, the sky included.
    """

    def mean_difference(a: Tensor, b: Tensor) -> Tensor:
        return (a - b).abs().mean(0, keepdim=True)

    return _step(image, mean_difference, known, torch.ones_like(known))


def _step(
    values: Tensor, jump: Callable[[Tensor, Tensor], Tensor], known: Tensor, valid: Tensor
) -> float | None:
    """Median jump of valid neighbours with one known pixel beyond that of those with two."""
    total, pairs = 0.0, 0
    for dim in (-2, -1):
        (v0, v1), (k0, k1) = neighbours(valid, dim), neighbours(known, dim)
        jumps = jump(*neighbours(values, dim))
        across, inside = jumps[v0 & v1 & (k0 != k1)], jumps[v0 & v1 & k0 & k1]
        if len(across) and len(inside):
            total += len(across) * float(across.median() - inside.median())
            pairs += len(across)
    return total / pairs if pairs else None


def relative_jump(z0: Tensor, z1: Tensor) -> Tensor:
    """|dz| / z between depths of one shape, z their mean."""
    return (z0 - z1).abs() / (0.5 * (z0 + z1))


def neighbours(values: Tensor, dim: int) -> tuple[Tensor, Tensor]:
    """Views of a tensor without its last and without its first entry along `dim`: pairs of neighbours."""
    size = values.shape[dim]
    return values.narrow(dim, 0, size - 1), values.narrow(dim, 1, size - 1)
