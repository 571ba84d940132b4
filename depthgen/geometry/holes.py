"""The pixels that no earlier view has seen: pinholes are filled, true holes are left to be painted anew."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def clean_holes(known: Tensor, radius: int = 1) -> Tensor:
    """True holes (1,H,W) bool, worth painting, from the `known` (1,H,W) bool pixels.

    These are the unknown pixels in places more than 2 radius pixels thick, with their ragged border; what
    stays out are `pinholes`. Known specks no thicker than that, adrift in a hole, are given up and join it.
    """
    thick = _dilated(_opened(~known, radius), radius)
    hole = ~known & thick
    return hole | (thick & ~_opened(~hole, radius))


def pinholes(known: Tensor, radius: int = 1) -> Tensor:
    """Unknown pixels (1,H,W) bool too thin to be a true hole: cracks to be filled from their neighbours."""
    return ~known & ~clean_holes(known, radius)


def push_pull(values: Tensor, known: Tensor) -> Tensor:
    """Smooth extension of `values` (C,H,W) from the `known` (1,H,W) bool pixels into all others.

    Averages go up a pyramid and come down where nothing finer is known (Gortler et al., "The Lumigraph",
    1996); known values stay exact. All zero when nothing is known.
    """
    values = values.where(known, 0.0)
    if known.all() or values.shape[-2:] == (1, 1):
        return values
    weight = _halved(known.to(values.dtype))
    coarse = _halved(values) / weight.where(weight > 0, 1.0)
    coarse = push_pull(coarse, weight > 0)
    finer = F.interpolate(coarse[None], values.shape[-2:], mode="bilinear", align_corners=False)[0]
    return values.where(known, finer)


def push_pull_around(values: Tensor, known: Tensor) -> Tensor:
    """`push_pull` of a panorama (C,H,W): its left and right borders meet, so half a turn is repeated."""
    half = values.shape[-1] // 2
    repeated = (torch.cat((v[..., half:], v, v[..., :half]), dim=-1) for v in (values, known))
    return push_pull(*repeated)[..., half:-half]


def _halved(values: Tensor) -> Tensor:
    return F.avg_pool2d(values, 2, ceil_mode=True)


def _opened(region: Tensor, radius: int) -> Tensor:
    """The part of a region (1,H,W) bool that squares of side 2 radius + 1 inside it can reach."""
    return _dilated(~_dilated(~region, radius), radius)


def _dilated(region: Tensor, radius: int) -> Tensor:
    return F.max_pool2d(region.float(), 2 * radius + 1, 1, radius).bool()
