"""Least-squares alignment of affine-invariant predictions (Marigold, Depth Anything) to known metres."""

from __future__ import annotations

from torch import Tensor


def scale_shift(prediction: Tensor, target: Tensor, known: Tensor) -> tuple[float, float]:
    """(scale, shift) that minimise |scale * prediction + shift - target|^2 over the known pixels.

    All three of one shape; `known` is bool and must not be empty (ValueError). Where the fit has no positive
    scale (too few pixels, a flat or inverted prediction), shift is 0 and scale the ratio of the medians.
    """
    x, y = prediction.masked_select(known).double(), target.masked_select(known).double()
    if x.numel() == 0:
        raise ValueError("alignment needs at least one known pixel")
    spread = (x - x.mean()).square().mean()
    scale = ((x - x.mean()) * (y - y.mean())).mean() / spread.clamp_min(1e-12)
    if spread > 1e-12 and scale > 0:
        return float(scale), float(y.mean() - scale * x.mean())
    return float(y.median() / x.median().clamp_min(1e-12)), 0.0


def align_depth(depth: Tensor, target: Tensor, known: Tensor, near: float, far: float) -> Tensor:
    """Metres from affine-invariant depth: scale and shift fitted to `target` (metres) on `known`.

    Returns the shape of `depth`, clamped to [near, far] metres: no shift can make it negative.
    """
    scale, shift = scale_shift(depth, target, known)
    return (scale * depth + shift).clamp(near, far)


def align_disparity(disparity: Tensor, target: Tensor, known: Tensor, near: float, far: float) -> Tensor:
    """Metres from affine-invariant disparity (1 / depth up to scale and shift), fitted in disparity.

    `target` is in metres; the result is clamped to [near, far] metres.
    """
    scale, shift = scale_shift(disparity, 1.0 / target.clamp(near, far), known)
    return 1.0 / (scale * disparity + shift).clamp(1.0 / far, 1.0 / near)
