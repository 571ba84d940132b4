"""What no spline bends: every point moved towards the mean of all the views that see it.

Two views see the same edge of a thing a little apart, and what is left of their disagreement is narrower than
the splines. It has no bearing on the shape of the scene, only on whether its surfaces lie in one place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from depthgen.depth import membrane
from scene3d.adjustment.correction import Correction
from scene3d.adjustment.overlap import Link, Samples, cauchy, links, mean_disagreement

ROUNDS = 8  # at most
WIDTH = 0.1  # log depth; views that disagree by more hardly count
DECIMALS = 5  # that are kept of log depth


def detailed(
    samples: Sequence[Samples], corrections: Sequence[Correction], pairs: Sequence[tuple[int, int]]
) -> list[Correction]:
    """The corrections with detail, in all views but the first.

    pairs: of views that overlap, see `links`. A round that brings the views no nearer is taken back and
    is the last: where they agree already, it only carries rounding from view to view.
    """
    found = list(links(samples, corrections, pairs))
    best, least = list(corrections), mean_disagreement(found)
    for _ in range(ROUNDS):
        tried = _nearer(samples, best, found)
        found = list(links(samples, tried, pairs))
        left = mean_disagreement(found)
        if left is None or least is None or left >= least:
            break
        best, least = tried, left
    return best


def _nearer(
    samples: Sequence[Samples], corrections: Sequence[Correction], found: Sequence[Link]
) -> list[Correction]:
    """The corrections after each sample went towards the mean of what all views say of it."""
    corrections = list(corrections)
    pull = [torch.zeros_like(view.depth) for view in samples]
    weight = [torch.ones_like(view.depth) for view in samples]  # of what the view itself says
    for i, _, link in found:
        say = cauchy(link.residual, WIDTH)
        pull[i].index_add_(0, link.index, say * link.residual)
        weight[i].index_add_(0, link.index, say)
    for i, view in enumerate(samples[1:], start=1):
        corrections[i] = _moved(corrections[i], view, pull[i] / weight[i], weight[i] > 1)
    return corrections


def _moved(correction: Correction, view: Samples, by: Tensor, seen: Tensor) -> Correction:
    """Log depth moved by (S,) at the samples that are `seen` (S,) by others too, smoothly on from there."""
    if not seen.any():
        return correction
    column, row = view.cell[seen].unbind(-1)
    known = torch.zeros(1, *view.grid, dtype=torch.bool)
    known[0, row, column] = True
    values = torch.zeros(1, *view.grid, dtype=by.dtype)
    values[0, row, column] = by[seen]
    moved = membrane(values, known)[0]
    before = torch.zeros_like(moved) if correction.detail is None else correction.detail
    return replace(correction, detail=(before + moved).round(decimals=DECIMALS))
