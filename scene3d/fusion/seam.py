"""How visible is the border between what was known and what was added?"""

from __future__ import annotations

from torch import Tensor


def seam_step(depth: Tensor, valid: Tensor, known: Tensor) -> float | None:
    """Median relative depth jump across the border of the known region, beyond that inside it.

    depth: (1, H, W) metres. valid: (1, H, W) bool, pixels on a surface. known: (1, H, W) bool.
    Returns median(|dz|/z over neighbouring pairs across the border) minus the same over pairs inside the
    known region, of rows and columns apart and weighted by their pairs across (a floor is steep along one
    of them only). 0 when the border is as smooth as the rest, None when there is nothing to compare.
    """
    total, pairs = 0.0, 0
    for dim in (-2, -1):
        across, inside = _jumps(depth, valid, known, dim)
        if len(across) and len(inside):
            total += len(across) * float(across.median() - inside.median())
            pairs += len(across)
    return total / pairs if pairs else None


def _jumps(depth: Tensor, valid: Tensor, known: Tensor, dim: int) -> tuple[Tensor, Tensor]:
    """|dz|/z of neighbours along `dim`: of the pairs with one known pixel, and of those with two."""
    (z0, z1), (v0, v1), (k0, k1) = (_neighbours(x, dim) for x in (depth, valid, known))
    both = v0 & v1
    jump = (z0 - z1).abs() / (0.5 * (z0 + z1)).where(both, 1.0)
    return jump[both & (k0 != k1)], jump[both & k0 & k1]


def _neighbours(values: Tensor, dim: int) -> tuple[Tensor, Tensor]:
    size = values.shape[dim]
    return values.narrow(dim, 0, size - 1), values.narrow(dim, 1, size - 1)
