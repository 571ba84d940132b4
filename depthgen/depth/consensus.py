"""One depth map from several samples: their mean, their median, or where most of them agree."""

from __future__ import annotations

from typing import Literal, get_args

import torch
from torch import Tensor

Reduce = Literal["mean", "median", "mode"]
_BANDWIDTH = 0.08  # log depth: samples much further apart than this speak of different surfaces
_SHIFTS = 3  # steps of mean shift; the start is a sample, so the peak is near


def reduce_samples(depths: Tensor, how: Reduce = "mean") -> Tensor:
    """Samples (N, ...) in metres > 0 -> (...), pixel by pixel.

    "mean" is the average of the paper. "median" is the lower one, so a depth that was drawn. "mode" is the
    most likely mode, see `most_likely_mode`. ValueError for other words.
    """
    if how not in get_args(Reduce):
        raise ValueError(f"no way {how!r} to reduce samples; there are: {', '.join(get_args(Reduce))}")
    if len(depths) == 1:
        return depths[0]
    if how == "mode":
        return most_likely_mode(depths)
    return depths.mean(0) if how == "mean" else depths.median(0).values


def most_likely_mode(depths: Tensor) -> Tensor:
    """Samples (N, ...) in metres > 0 -> (...): the depth most samples gather at.

    Glass, mirrors and silhouettes have two depths, and their mean lies where nothing is. A Gaussian kernel
    of width 0.08 in log depth over the samples gives a density; mean shift climbs it from the sample where
    it is highest. Among equally likely modes, as two lone samples are, the nearest is taken.
    """
    logs = torch.log(depths).sort(0).values  # the result does not depend on the order of drawing
    density = torch.stack([_kernel(logs, center).sum(0) for center in logs])
    center = logs.gather(0, density.argmax(0, keepdim=True))[0]
    for _ in range(_SHIFTS):
        weight = _kernel(logs, center)
        center = (weight * logs).sum(0) / weight.sum(0)
    return torch.exp(center)


def _kernel(logs: Tensor, center: Tensor) -> Tensor:
    return torch.exp(-(logs - center).square() / (2 * _BANDWIDTH**2))
