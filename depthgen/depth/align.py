"""Alignment of a prediction to depth that is known in part, by one scale and one shift.

For models whose numbers are depth or disparity up to an unknown scale and shift (Marigold, Depth Anything),
and for any other prediction that ought to meet what is known. Silhouettes that are a pixel off and things
that the prediction misjudged are gross errors; the fit is that of the majority, unless plain least squares
are asked for, as in the protocols of evaluation.
"""

from __future__ import annotations

import torch
from torch import Tensor

LEAST_OVERLAP = 8  # known pixels below which two parameters are not asked for
LEAST_SPREAD = 1e-3  # of the prediction on the known pixels, relative to its size
LARGEST_REST = 0.5  # median residual of a line that is trusted, relative to how far the line rises
PAIRS = 512  # lines through two points that are tried
JUDGES = 1024  # points at most that judge them
INLIER = 2.5 * 1.4826  # median absolute residuals; 2.5 standard deviations of Gaussian noise


def scale_shift(
    prediction: Tensor, target: Tensor, known: Tensor, robust: bool = True
) -> tuple[float, float]:
    """(scale, shift) such that scale * prediction + shift meets `target` on most of the known pixels.

    All three of one shape; `known` is bool and must not be empty (ValueError). Least median of squares
    (Rousseeuw 1984) over lines through two pixels, then least squares over its inliers: exact whatever up
    to nearly half of the pixels say. Not `robust`: least squares over all of them. Where two parameters
    cannot be had (few pixels, a flat or inverted prediction, a line that explains little), shift is 0 and
    scale the ratio of the medians.
    """
    x, y = prediction.masked_select(known).double(), target.masked_select(known).double()
    if x.numel() == 0:
        raise ValueError("alignment needs at least one known pixel")
    if x.numel() >= LEAST_OVERLAP and _spread(x) > LEAST_SPREAD * x.abs().median():
        scale, shift = _inlier_fit(x, y, *_majority_line(x, y)) if robust else _least_squares(x, y)
        rest = (scale * x + shift - y).abs().median()
        if scale > 0 and (not robust or rest <= LARGEST_REST * scale * _spread(x)):
            return scale, shift
    return float(y.median() / x.median().clamp_min(1e-12)), 0.0


def align_depth(
    depth: Tensor, target: Tensor, known: Tensor, near: float, far: float, robust: bool = True
) -> Tensor:
    """Metres from affine-invariant depth: scale and shift fitted to `target` (metres) on `known`.

    Returns the shape of `depth`, clamped to [near, far] metres: no shift can make it negative.
    """
    scale, shift = scale_shift(depth, target, known, robust)
    return (scale * depth + shift).clamp(near, far)


def align_disparity(
    disparity: Tensor, target: Tensor, known: Tensor, near: float, far: float, robust: bool = True
) -> Tensor:
    """Metres from affine-invariant disparity (1 / depth up to scale and shift), fitted in disparity.

    `target` is in metres; the result is clamped to [near, far] metres.
    """
    scale, shift = scale_shift(disparity, 1.0 / target.clamp(near, far), known, robust)
    return 1.0 / (scale * disparity + shift).clamp(1.0 / far, 1.0 / near)


def _spread(values: Tensor) -> Tensor:
    """Interquartile range."""
    quarter = len(values) // 4
    ordered = values.sort().values
    return ordered[-1 - quarter] - ordered[quarter]


def _majority_line(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Scale and shift of the line through two points whose median absolute residual is least."""
    generator = torch.Generator().manual_seed(0)
    first, second = torch.randint(len(x), (2, PAIRS), generator=generator)
    judges = torch.randperm(len(x), generator=generator)[:JUDGES]
    run = x[second] - x[first]
    scale = torch.where(run != 0, (y[second] - y[first]) / run, 0)
    shift = y[first] - scale * x[first]
    residual = (scale[:, None] * x[judges] + shift[:, None] - y[judges]).abs().median(1).values
    best = residual.where(scale > 0, torch.inf).argmin()
    return scale[best], shift[best]


def _inlier_fit(x: Tensor, y: Tensor, scale: Tensor, shift: Tensor) -> tuple[float, float]:
    """Least squares over the points near a line."""
    residual = (scale * x + shift - y).abs()
    near = residual <= INLIER * residual.median() + 1e-9 * y.abs().median()
    return _least_squares(x[near], y[near])


def _least_squares(x: Tensor, y: Tensor) -> tuple[float, float]:
    fitted = ((x - x.mean()) * (y - y.mean())).mean() / (x - x.mean()).square().mean().clamp_min(1e-24)
    return float(fitted), float(y.mean() - fitted * x.mean())
