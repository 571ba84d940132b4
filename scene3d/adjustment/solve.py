"""The corrections of all views at once: sparse least squares, robustly reweighted, from coarse to fine.

A Gauss-Newton step linearises every residual in the parameters of its two views; between steps, samples are
carried over anew and those that disagree more than the rest lose weight (Cauchy's function, its width shrunk
from step to step, so that a loop that is far from closing is not taken for an outlier). Fields of one patch
spread what has drifted over all views; finer ones, held near them, then take up what is wrong in the shape of
each view. Bundle adjustment of depth in this form is known from "Robust Consistent Video Depth Estimation"
(Kopf et al., arXiv 2012.05901).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from scene3d.adjustment.correction import (
    COARSEST,
    Adjustment,
    Correction,
    no_adjustment,
    patch_weights,
    place_in,
)
from scene3d.adjustment.overlap import Overlap, Samples, overlaps
from scene3d.frame import Frame

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

NOISE = 0.0015  # log depth, of the residuals of an overlap; they err together: more of them weigh no more
WIDEST, NARROWEST, SHRINKING = 0.3, 1e-3, 0.3  # of the robust weights, in log depth, and from step to step
SPREAD = 4.0  # no narrower than so many times the median of an overlap: where all disagree, none is wrong
SMALLEST_STEP = 1e-4
PRECISION = 1e-3  # of a step: the next one starts from new samples anyway
GAIN = 0.1


@dataclass(frozen=True)
class Level:
    """Control values along each side of a view, steps at most, and how far it strays from the level before.

    scale, field: standard deviations in log depth where nothing is seen. shift: in units of typical depth.
    """

    nodes: int
    steps: int
    scale: float
    field: float
    shift: float = 0.1

    @property
    def unknowns(self) -> int:
        """Of a view: shift in units of its typical depth, and the control values."""
        return 1 + self.nodes**2

    def prior(self) -> np.ndarray:
        """Inverse covariance (unknowns, unknowns) of a view's change before anything is seen."""
        count = self.nodes**2
        mean = np.full((count, count), 1 / count)
        prior = np.zeros((self.unknowns, self.unknowns))
        prior[0, 0] = 1 / self.shift**2
        prior[1:, 1:] = (np.eye(count) - mean) / self.field**2 + mean / count / self.scale**2
        return prior


LEVELS = (
    Level(COARSEST, 8, scale=1.0, field=0.1),
    Level(10, 4, scale=0.05, field=0.07),
    Level(16, 6, scale=0.05, field=0.05),
)

Link = tuple[int, int, Overlap]


def solve(frames: Sequence[Frame]) -> Adjustment:
    """The corrections under which the views agree best; the first view stays as it is.

    None at all where the views agree to within NOISE, or where they lower the mean disagreement by less than
    GAIN: views that agree are left alone.
    """
    samples = [Samples.of(frame) for frame in frames]
    corrections = [Correction.none() for _ in frames]
    pairs = [(i, j) for j in range(len(frames)) for i in range(len(frames)) if i != j]
    links = list(_links(samples, corrections, pairs))
    before, pairs = _mean_disagreement(links), [(i, j) for i, j, _ in links]
    if before is None or before < NOISE:
        return replace(no_adjustment(frames), before=before, after=before)
    for level in LEVELS:
        corrections = _solved(level, corrections, samples, pairs)
    after = _mean_disagreement(list(_links(samples, corrections, pairs)))
    if after is None or after > (1 - GAIN) * before:
        return replace(no_adjustment(frames), before=before, after=after)
    return Adjustment(tuple(corrections), before, after)


def _solved(
    level: Level, start: Sequence[Correction], samples: Sequence[Samples], pairs: Sequence[tuple[int, int]]
) -> list[Correction]:
    """The corrections of a level, found from those of the level before."""
    coarse = theta = _unknowns([correction.refined(level.nodes) for correction in start], samples)
    for step in range(level.steps):
        least_width = max(NARROWEST, WIDEST * SHRINKING**step)
        links = list(_links(samples, _corrections(theta, samples), pairs))
        if not links:
            break
        change = _step(level, theta, coarse, links, samples, least_width)
        theta = theta + change
        if least_width == NARROWEST and np.abs(change).max(initial=0) < SMALLEST_STEP:
            break
    return _corrections(theta, samples)


def _links(
    samples: Sequence[Samples], corrections: Sequence[Correction], pairs: Sequence[tuple[int, int]]
) -> Iterator[Link]:
    depths = [
        correction.of(view.depth, view.position, view.frame.camera)
        for correction, view in zip(corrections, samples, strict=True)
    ]
    for target, group in groupby(pairs, key=itemgetter(1)):
        sources = [source for source, _ in group]
        seen, at = [samples[i] for i in sources], [depths[i] for i in sources]
        found = overlaps(seen, at, samples[target], corrections[target])
        yield from ((i, target, link) for i, link in zip(sources, found, strict=True) if link is not None)


def _unknowns(corrections: Sequence[Correction], samples: Sequence[Samples]) -> np.ndarray:
    """(N, unknowns) of all views."""
    pairs = zip(corrections, samples, strict=True)
    return np.stack([np.append(c.shift / view.typical, c.field.numpy().ravel()) for c, view in pairs])


def _corrections(theta: np.ndarray, samples: Sequence[Samples]) -> list[Correction]:
    """The inverse of `_unknowns`."""
    nodes = math.isqrt(theta.shape[1] - 1)
    return [
        Correction(float(row[0]) * view.typical, torch.from_numpy(row[1:].reshape(nodes, nodes).copy()))
        for row, view in zip(theta, samples, strict=True)
    ]


def _mean_disagreement(links: Sequence[Link]) -> float | None:
    """Mean |residual| over all samples."""
    if not links:
        return None
    return float(torch.cat([found.residual for _, _, found in links]).abs().mean())


def _step(
    level: Level,
    theta: np.ndarray,
    coarse: np.ndarray,
    links: Sequence[Link],
    samples: Sequence[Samples],
    least_width: float,
) -> np.ndarray:
    """The Gauss-Newton step (N, unknowns), nought for the first view, by conjugate gradients.

    A B-spline has 16 control values to a point, so that the matrices are sparse but for the prior of a view.
    """
    from scipy.sparse.linalg import LinearOperator, cg

    prior, shape = level.prior(), (len(theta) - 1, level.unknowns)
    jacobian = _jacobian(level, theta, links, samples)[:, level.unknowns :]
    weights = torch.cat([_weights(found.residual, least_width) for _, _, found in links]).numpy()
    residuals = torch.cat([found.residual for _, _, found in links]).numpy()
    weighted = jacobian.multiply(weights[:, None]).T.tocsr()
    normal = weighted @ jacobian
    gradient = weighted @ residuals + ((theta - coarse)[1:] @ prior).ravel()
    inverses = np.linalg.inv(prior + _diagonal_blocks(normal, level.unknowns))

    def curvature(x: np.ndarray) -> np.ndarray:
        return normal @ x + (x.reshape(shape) @ prior).ravel()

    def preconditioned(x: np.ndarray) -> np.ndarray:
        return (inverses @ x.reshape(*shape, 1)).ravel()

    square = (gradient.size, gradient.size)
    change, _ = cg(
        LinearOperator(square, curvature),
        -gradient,
        rtol=PRECISION,
        M=LinearOperator(square, preconditioned),
    )
    return np.concatenate([np.zeros((1, level.unknowns)), change.reshape(shape)])


def _jacobian(
    level: Level, theta: np.ndarray, links: Sequence[Link], samples: Sequence[Samples]
) -> csr_matrix:
    """Of all residuals, link after link, by the unknowns of all views: (residuals, N * unknowns)."""
    from scipy.sparse import csr_matrix

    unknowns, values = _derivatives(level, theta, links, samples)
    count, in_row = values.shape
    starts = np.arange(0, values.numel() + 1, in_row)
    return csr_matrix((values.numpy().ravel(), unknowns.numpy().ravel(), starts), shape=(count, theta.size))


def _diagonal_blocks(matrix: csr_matrix, size: int) -> np.ndarray:
    """The (M, size, size) blocks on the diagonal of a (M * size, M * size) matrix."""
    starts = range(0, matrix.shape[0], size)
    return np.stack([matrix[start : start + size, start : start + size].toarray() for start in starts])


def _weights(residual: Tensor, least_width: float) -> Tensor:
    """Of the samples (n,) of an overlap: less for those that disagree more than most of them do."""
    width = max(least_width, SPREAD * float(residual.abs().median()))
    return 1 / (1 + (residual / width).square()) / (NOISE**2 * len(residual))


def _derivatives(
    level: Level, theta: np.ndarray, links: Sequence[Link], samples: Sequence[Samples]
) -> tuple[Tensor, Tensor]:
    """The unknowns that each of n residuals depends on, and its derivatives by them: (n, 34) each.

    Of each of its two views these are the shift and 16 control values.
    """
    ends = [(samples[i].depth[found.index], samples[i].position[found.index], i) for i, _, found in links]
    ends += [(found.depth, found.position, j) for _, j, found in links]
    depth = torch.cat([depth for depth, _, _ in ends])
    place = torch.cat([place_in(position, samples[view].frame.camera) for _, position, view in ends])
    view = torch.repeat_interleave(
        torch.tensor([view for _, _, view in ends]), torch.tensor([len(depth) for depth, _, _ in ends])
    )
    typical = torch.tensor([seen.typical for seen in samples]).double()
    shift = torch.from_numpy(theta[:, 0]) * typical
    by_shift = typical[view] / torch.maximum(depth + shift[view], depth / 2)
    control, weights = patch_weights(place, level.nodes)
    unknowns = F.pad(1 + control, (1, 0)) + level.unknowns * view[:, None]
    slope = torch.cat([found.slope for _, _, found in links])[:, None]
    by_own, by_other = torch.cat([by_shift[:, None], weights], dim=1).chunk(2)
    return torch.cat(unknowns.chunk(2), dim=1), torch.cat([slope * by_own, by_other], dim=1)
