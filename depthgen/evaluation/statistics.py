"""Means over images with bootstrap intervals, in groups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

RESAMPLES = 2000
LEVEL = 0.95
DRAWN_AT_ONCE = 2**20  # indices, or those of one resample where it has more: what is held in memory
Row = Mapping[str, float | str | None]


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
    means = np.concatenate([data[draws].mean(axis=1) for draws in _resamples(data.size, seed)])
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(float(data.mean()), float(low), float(high))


def bootstrap_ratio(above: Sequence[float], below: Sequence[float], seed: int = 0) -> Estimate:
    """The ratio of two means over the same images, which are drawn in pairs.

    ValueError where they are none, not as many, or all 0 below.
    """
    a, b = (np.asarray(values, dtype=np.float64) for values in (above, below))
    if a.size == 0 or a.size != b.size:
        raise ValueError(f"a ratio needs as many values above as below, at least one; got {a.size}, {b.size}")
    if not b.any():
        raise ValueError("a ratio needs values below that are not all 0")
    ratios = np.concatenate([_ratios(a[draws], b[draws]) for draws in _resamples(a.size, seed)])
    low, high = np.quantile(ratios, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(float(a.mean() / b.mean()), float(low), float(high))


def _ratios(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Of means along the rows of two arrays (R, N), but for rows that are all 0 below."""
    defined = below.any(axis=1)
    return above[defined].mean(axis=1) / below[defined].mean(axis=1)


def _resamples(size: int, seed: int) -> Iterator[np.ndarray]:
    """RESAMPLES rows (R, size) of indices drawn with replacement, a few rows at a time.

    The numbers do not depend on how many: the generator goes on where it was.
    """
    generator = np.random.default_rng(seed)
    rows = max(1, DRAWN_AT_ONCE // size)
    for start in range(0, RESAMPLES, rows):
        yield generator.integers(size, size=(min(rows, RESAMPLES - start), size))


def summarize(rows: Sequence[Row], names: Sequence[str]) -> dict[str, Estimate]:
    """Column name -> Estimate over the rows that have a value there; columns without one are left out."""
    found = {name: column(rows, name) for name in names}
    return {name: bootstrap(values) for name, values in found.items() if values}


def column(rows: Sequence[Row], name: str) -> list[float]:
    """The values of a column of numbers, without those that are None."""
    return [float(value) for row in rows if (value := row[name]) is not None]


def grouped(rows: Sequence[Row], key: str) -> dict[str, list[Row]]:
    """The rows by their value of `key`, in order of first appearance."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(str(row[key]), []).append(row)
    return groups
