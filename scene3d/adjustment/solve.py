"""The corrections of all views at once: sparse least squares, robustly reweighted.

A Gauss-Newton step linearises every residual in the parameters of its two views; between steps, samples are
carried over anew and those that disagree more than the rest lose weight (Cauchy's function, its width shrunk
from step to step, so that a loop that is far from closing is not taken for an outlier). Bundle adjustment of
depth in this form is known from "Robust Consistent Video Depth Estimation" (Kopf et al., arXiv 2012.05901).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from scene3d.adjustment.correction import NODES, Adjustment, Correction, no_adjustment, patch_weights
from scene3d.adjustment.overlap import Overlap, Samples, overlap
from scene3d.frame import Frame

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

UNKNOWNS = 1 + NODES**2  # of a view: shift in units of its typical depth, and the control values
NOISE = 0.0015  # of the residuals of an overlap, which err together: their number gives them no more weight
SCALE_PRIOR, FIELD_PRIOR, SHIFT_PRIOR = 1.0, 0.1, 0.1  # how far corrections stray where nothing is seen
WIDEST, NARROWEST, SHRINKING = 0.3, 1e-3, 0.3  # of the robust weights, in log depth, and from step to step
SPREAD = 4.0  # no narrower than so many times the median of an overlap: where all disagree, none is wrong
MOST_STEPS, SMALLEST_STEP = 20, 1e-4
GAIN = 0.1

Link = tuple[int, int, Overlap]


def solve(frames: Sequence[Frame]) -> Adjustment:
    """The corrections under which the views agree best; the first view stays as it is.

    None at all where they do not lower the mean disagreement by GAIN: views that agree are left alone.
    """
    samples = [Samples.of(frame) for frame in frames]
    theta = np.zeros((len(frames), UNKNOWNS))
    pairs = [(i, j) for i in range(len(frames)) for j in range(len(frames)) if i != j]
    links = list(_links(samples, _corrections(theta, samples), pairs))
    before, pairs = _mean_disagreement(links), [(i, j) for i, j, _ in links]
    for step in range(MOST_STEPS if links else 0):
        least_width = max(NARROWEST, WIDEST * SHRINKING**step)
        change = _step(theta, links, samples, least_width)
        theta[1:] += change
        links = list(_links(samples, _corrections(theta, samples), pairs))
        if least_width == NARROWEST and np.abs(change).max(initial=0) < SMALLEST_STEP:
            break
    after = _mean_disagreement(links)
    if before is None or after is None or after > (1 - GAIN) * before:
        return replace(no_adjustment(frames), before=before, after=before)
    return Adjustment(tuple(_corrections(theta, samples)), before, after)


def _links(
    samples: Sequence[Samples], corrections: Sequence[Correction], pairs: Sequence[tuple[int, int]]
) -> Iterator[Link]:
    for i, j in pairs:
        found = overlap(samples[i], samples[j], (corrections[i], corrections[j]))
        if found is not None:
            yield i, j, found


def _corrections(theta: np.ndarray, samples: Sequence[Samples]) -> list[Correction]:
    return [
        Correction(float(row[0]) * view.typical, torch.from_numpy(row[1:].reshape(NODES, NODES).copy()))
        for row, view in zip(theta, samples, strict=True)
    ]


def _mean_disagreement(links: Sequence[Link]) -> float | None:
    """Mean |residual| over all samples."""
    if not links:
        return None
    return float(torch.cat([found.residual for _, _, found in links]).abs().mean())


def _step(
    theta: np.ndarray, links: Sequence[Link], samples: Sequence[Samples], least_width: float
) -> np.ndarray:
    """The Gauss-Newton step of all views but the first, (N - 1, UNKNOWNS)."""
    from scipy.sparse import block_diag, diags
    from scipy.sparse.linalg import spsolve

    J = _jacobian(theta, links, samples)
    residual = torch.cat([found.residual for _, _, found in links]).numpy()
    weight = diags(torch.cat([_weights(found.residual, least_width) for _, _, found in links]).numpy())
    prior = block_diag([_prior()] * (len(theta) - 1), format="csr")
    normal = J.T @ weight @ J + prior
    gradient = J.T @ (weight @ residual) + prior @ theta[1:].flatten()
    return spsolve(normal.tocsc(), -gradient).reshape(-1, UNKNOWNS)


def _weights(residual: Tensor, least_width: float) -> Tensor:
    """Of the samples (n,) of an overlap: less for those that disagree more than most of them do."""
    width = max(least_width, SPREAD * float(residual.abs().median()))
    return 1 / (1 + (residual / width).square()) / (NOISE**2 * len(residual))


def _jacobian(theta: np.ndarray, links: Sequence[Link], samples: Sequence[Samples]) -> csr_matrix:
    """Derivatives of all residuals by the unknowns of all views but the first, sparse."""
    from scipy.sparse import csr_matrix

    entries, count = [], 0
    for i, j, found in links:
        depth, weights = samples[i].depth[found.index], samples[i].weights[found.index]
        own = found.slope[:, None] * _log_depth_by_unknowns(depth, weights, samples[i], theta[i])
        weights = patch_weights(found.position, samples[j].frame.camera)
        other = _log_depth_by_unknowns(found.depth, weights, samples[j], theta[j])
        entries += [_entries(block, count, view) for block, view in ((own, i), (other, j)) if view > 0]
        count += len(found.index)
    values, rows, columns = (np.concatenate(parts) for parts in zip(*entries, strict=True))
    return csr_matrix((values, (rows, columns)), (count, UNKNOWNS * (len(samples) - 1)))


def _log_depth_by_unknowns(depth: Tensor, weights: Tensor, view: Samples, theta: np.ndarray) -> Tensor:
    """Derivatives (n, UNKNOWNS) of log corrected depth at depths (n,) with the patch's weights (n, 9)."""
    by_shift = view.typical / torch.maximum(depth + float(theta[0]) * view.typical, depth / 2)
    return torch.cat([by_shift[:, None], weights], dim=1)


def _entries(block: Tensor, first_row: int, view: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Values, rows and columns of a dense block (n, UNKNOWNS) of one view."""
    rows, columns = np.indices(block.shape)
    first_column = UNKNOWNS * (view - 1)
    return block.numpy().ravel(), first_row + rows.ravel(), first_column + columns.ravel()


def _prior() -> np.ndarray:
    """Inverse covariance (UNKNOWNS, UNKNOWNS) of the unknowns of a view before anything is seen."""
    count = NODES**2
    mean = np.full((count, count), 1 / count)
    prior = np.zeros((UNKNOWNS, UNKNOWNS))
    prior[0, 0] = 1 / SHIFT_PRIOR**2
    prior[1:, 1:] = (np.eye(count) - mean) / FIELD_PRIOR**2 + mean / count / SCALE_PRIOR**2
    return prior
