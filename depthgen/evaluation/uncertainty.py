"""Does a model know where it errs? Its samples' spread against its true error."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def spearman(a: Tensor, b: Tensor) -> float:
    """Spearman's rank correlation of a and b, any equal shape; ties share their mean rank.

    0 where one of them is constant. ValueError for different sizes or fewer than two values.
    """
    if a.numel() != b.numel() or a.numel() < 2:
        raise ValueError(f"a rank correlation needs two values or more of each, got {a.numel()}, {b.numel()}")
    x, y = (_centred_ranks(values.flatten()) for values in (a, b))
    scale = (x.square().sum() * y.square().sum()).sqrt()
    return float((x * y).sum() / scale) if scale > 0 else 0.0


def calibrated_spearman(samples: Tensor) -> float:
    """What `spearman` of spread and error comes to where one of K samples (K, ...) is the truth.

    Each is in turn; the spread is that of the others, the error that of their mean. The true error correlates
    with the spread as well as this if the samples are draws from what the truth may be. ValueError for fewer
    than three.
    """
    count = len(samples)
    if count < 3:
        raise ValueError(
            f"without one of them, samples have a spread if there are three or more, got {count}"
        )
    others = [samples[torch.arange(count) != k] for k in range(count)]
    errors = [(rest.mean(0) - one).abs() for rest, one in zip(others, samples, strict=True)]
    return sum(spearman(rest.std(0), error) for rest, error in zip(others, errors, strict=True)) / count


def _centred_ranks(values: Tensor) -> Tensor:
    _, place, count = values.double().unique(return_inverse=True, return_counts=True)
    last = count.cumsum(0).double()
    ranks = last - (count - 1) / 2
    return ranks[place] - (values.numel() + 1) / 2


def risk_coverage(error: Tensor, spread: Tensor, coverages: Sequence[float]) -> list[float]:
    """Mean error of the pixels with the least spread, as a share of the mean over all; one for each coverage.

    error, spread: any equal shape; coverages in (0, 1]. Pixels of equal spread stay in their order.
    """
    ordered = error.flatten()[spread.flatten().argsort(stable=True)].double()
    kept = [max(1, round(share * ordered.numel())) for share in coverages]
    return [float(ordered[:count].mean() / ordered.mean()) for count in kept]
