"""Means over images with bootstrap intervals, in groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

RESAMPLES = 2000
LEVEL = 0.95
Row = Mapping[str, float | str]


@dataclass(frozen=True)
class Estimate:
    """A mean over images with the ends of its 95 % bootstrap interval."""

    mean: float
    low: float
    high: float


def bootstrap(values: Sequence[float], seed: int = 0) -> Estimate:
    """Mean of `values` with its percentile bootstrap interval over images; ValueError if there are none."""
    data = np.asarray(values, dtype=np.float64)
    if data.size == 0:
        raise ValueError("no values to average; evaluate at least one image")
    draws = np.random.default_rng(seed).integers(data.size, size=(RESAMPLES, data.size))
    low, high = np.quantile(data[draws].mean(axis=1), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(float(data.mean()), float(low), float(high))


def bootstrap_ratio(above: Sequence[float], below: Sequence[float], seed: int = 0) -> Estimate:
    """The ratio of two means over the same images, which are drawn in pairs; ValueError where they are none
    or not as many."""
    a, b = (np.asarray(values, dtype=np.float64) for values in (above, below))
    if a.size == 0 or a.size != b.size:
        raise ValueError(f"a ratio needs as many values above as below, at least one; got {a.size}, {b.size}")
    draws = np.random.default_rng(seed).integers(a.size, size=(RESAMPLES, a.size))
    low, high = np.quantile(a[draws].mean(1) / b[draws].mean(1), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(float(a.mean() / b.mean()), float(low), float(high))


def summarize(rows: Sequence[Row], names: Sequence[str]) -> dict[str, Estimate]:
    """Column name -> Estimate over the rows, one row an image."""
    return {name: bootstrap([float(row[name]) for row in rows]) for name in names}


def grouped(rows: Sequence[Row], key: str) -> dict[str, list[Row]]:
    """The rows by their value of `key`, in order of first appearance."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(str(row[key]), []).append(row)
    return groups
