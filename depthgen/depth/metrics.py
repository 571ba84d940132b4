"""Errors of a depth map against the truth, as the depth literature defines them.

Every function takes `depth` and `truth` in metres and `valid` (bool), all of one shape, and returns a
float64 scalar over the valid pixels of that ONE image; protocols average images, not pixels. d is the
prediction, g the truth (definitions as in BTS, arXiv 1907.10326). ValueError when no pixel is valid or a
depth on a valid pixel is not positive.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

DELTA_BASE = 1.25


def abs_rel(depth: Tensor, truth: Tensor, valid: Tensor) -> Tensor:
    """REL: mean |d - g| / g."""
    d, g = _pairs(depth, truth, valid)
    return ((d - g).abs() / g).mean()


def sq_rel(depth: Tensor, truth: Tensor, valid: Tensor) -> Tensor:
    """Sq-rel in metres: mean (d - g)^2 / g."""
    d, g = _pairs(depth, truth, valid)
    return ((d - g).square() / g).mean()


def rmse(depth: Tensor, truth: Tensor, valid: Tensor) -> Tensor:
    """RMS in metres: sqrt mean (d - g)^2."""
    d, g = _pairs(depth, truth, valid)
    return (d - g).square().mean().sqrt()


def rmse_log(depth: Tensor, truth: Tensor, valid: Tensor) -> Tensor:
    """RMS log: sqrt mean (ln d - ln g)^2."""
    return _log_error(depth, truth, valid).square().mean().sqrt()


def log10(depth: Tensor, truth: Tensor, valid: Tensor) -> Tensor:
    """log10: mean |log10 d - log10 g|."""
    d, g = _pairs(depth, truth, valid)
    return (torch.log10(d) - torch.log10(g)).abs().mean()


def silog(depth: Tensor, truth: Tensor, valid: Tensor) -> Tensor:
    """SILog: 100 sqrt(mean e^2 - (mean e)^2) with e = ln d - ln g; blind to one common scale."""
    return 100.0 * _log_error(depth, truth, valid).var(correction=0).sqrt()


def delta(depth: Tensor, truth: Tensor, valid: Tensor, power: int = 1) -> Tensor:
    """delta_power: share of pixels with max(d / g, g / d) < 1.25^power."""
    d, g = _pairs(depth, truth, valid)
    return (torch.maximum(d / g, g / d) < DELTA_BASE**power).double().mean()


METRICS: dict[str, Callable[[Tensor, Tensor, Tensor], Tensor]] = {
    "rel": abs_rel,
    "rms": rmse,
    "delta1": lambda depth, truth, valid: delta(depth, truth, valid, 1),
    "delta2": lambda depth, truth, valid: delta(depth, truth, valid, 2),
    "delta3": lambda depth, truth, valid: delta(depth, truth, valid, 3),
    "log10": log10,
    "sq_rel": sq_rel,
    "rms_log": rmse_log,
    "silog": silog,
}


def depth_metrics(depth: Tensor, truth: Tensor, valid: Tensor) -> dict[str, float]:
    """All of `METRICS` of one image, as plain floats."""
    return {name: float(metric(depth, truth, valid)) for name, metric in METRICS.items()}


def _pairs(depth: Tensor, truth: Tensor, valid: Tensor) -> tuple[Tensor, Tensor]:
    if not depth.shape == truth.shape == valid.shape:
        shapes = [tuple(x.shape) for x in (depth, truth, valid)]
        raise ValueError(f"depth, truth and valid must have one shape, got {shapes}")
    d, g = depth[valid].double(), truth[valid].double()
    if d.numel() == 0:
        raise ValueError("no valid pixel to measure; leave this image out or widen the depth range")
    if not (torch.isfinite(d).all() and torch.isfinite(g).all() and d.min() > 0 and g.min() > 0):
        raise ValueError("depth and truth must be positive and finite on valid pixels; clamp first")
    return d, g


def _log_error(depth: Tensor, truth: Tensor, valid: Tensor) -> Tensor:
    d, g = _pairs(depth, truth, valid)
    return torch.log(d) - torch.log(g)
