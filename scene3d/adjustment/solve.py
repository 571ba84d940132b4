"""The corrections of all views at once: sparse least squares, robustly reweighted, from coarse to fine.

A Gauss-Newton step linearises every residual in the parameters of its two views, and is halved where it
raises the cost; between steps, samples are carried over anew and those that disagree more than the rest lose
weight (Cauchy's function, its width shrunk from step to step, so that a loop that is far from closing is not
taken for an outlier). Fields of one patch spread what has drifted over all views; finer ones, held near them,
then take up what is wrong in the shape of each view. Bundle adjustment of depth in this form is known from
"Robust Consistent Video Depth Estimation" (Kopf et al., arXiv 2012.05901).

Views that agree may be wrong together: where each was completed from the one before, their scale has drifted.
What the depth model reads in each picture alone is coarser, but does not drift, and holds the views near it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from scene3d.adjustment.correction import (
    COARSEST,
    Adjustment,
    Correction,
    patch_weights,
    place_in,
)
from scene3d.adjustment.detail import detailed
from scene3d.adjustment.overlap import Link, Samples, cauchy, links, mean_disagreement
from scene3d.frame import Frame

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

NOISE = 0.0015  # log depth, of the residuals of an overlap; they err together: more of them weigh no more
# Likewise, of a view against its reading. That is off by ten times more, but it alone knows the scale, which
# overlaps leave to chance. Chosen on rooms that are not reported.
READING = 0.007
WIDEST, NARROWEST, SHRINKING = 0.3, 1e-3, 0.3  # of the robust weights, in log depth, and from step to step
READING_WIDTH = 0.1  # of the robust weights of readings, at least
SPREAD = 4.0  # no narrower than so many times the median of an overlap: where all disagree, none is wrong
SMALLEST_STEP = 1e-4
PRECISION = 1e-3  # of a step: the next one starts from new samples anyway
HALVINGS = 4  # of a step that raises the cost
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

System = tuple["csr_matrix", Tensor, Tensor]  # derivatives of n residuals, these (n,), and their weights (n,)


def solve(frames: Sequence[Frame]) -> Adjustment:
    """The corrections under which the views agree best; the first view stays as it is.

    None at all where the views agree to within NOISE, or where they lower the mean disagreement by less than
    GAIN: views that agree are left alone.
    """
    left_alone = unadjusted(frames)
    before = left_alone.before
    if before is None or before < NOISE:
        return left_alone
    samples, corrections = [Samples.of(frame) for frame in frames], left_alone.corrections
    pairs = [(i, j) for i, j, _ in links(samples, corrections, _pairs(frames))]
    for level in LEVELS:
        corrections = _solved(level, corrections, samples, pairs)
    corrections = detailed(samples, corrections, pairs)
    after = _disagreement(frames, corrections)
    if after is None or after > (1 - GAIN) * before:
        return left_alone
    return Adjustment(tuple(corrections), before, after)


def unadjusted(frames: Sequence[Frame]) -> Adjustment:
    """The corrections that leave all views as they are."""
    corrections = (Correction.none(),) * len(frames)
    left = _disagreement(frames, corrections)
    return Adjustment(corrections, left, left)


def _disagreement(frames: Sequence[Frame], corrections: Sequence[Correction]) -> float | None:
    between = [Samples.of(frame, between=True) for frame in frames]
    return mean_disagreement(list(links(between, corrections, _pairs(frames))))


def _pairs(frames: Sequence[Frame]) -> list[tuple[int, int]]:
    return [(i, j) for j in range(len(frames)) for i in range(len(frames)) if i != j]


def _solved(
    level: Level, start: Sequence[Correction], samples: Sequence[Samples], pairs: Sequence[tuple[int, int]]
) -> list[Correction]:
    """The corrections of a level, found from those of the level before."""
    coarse = theta = _unknowns([correction.refined(level.nodes) for correction in start], samples)
    found = list(links(samples, _corrections(theta, samples), pairs))
    for step in range(level.steps):
        if not found:
            break
        least_width = max(NARROWEST, WIDEST * SHRINKING**step)
        before = theta
        theta, found = _lowered(level, theta, coarse, found, samples, pairs, least_width)
        if least_width == NARROWEST and np.abs(theta - before).max(initial=0) < SMALLEST_STEP:
            break
    return _corrections(theta, samples)


def _lowered(
    level: Level,
    theta: np.ndarray,
    coarse: np.ndarray,
    found: Sequence[Link],
    samples: Sequence[Samples],
    pairs: Sequence[tuple[int, int]],
    least_width: float,
) -> tuple[np.ndarray, Sequence[Link]]:
    """The unknowns after a Gauss-Newton step, or after so small a part of it that it lowers the cost, and the
    overlaps then: far from where it was linearised, a step may lead away."""
    change = _step(level, theta, coarse, found, samples, least_width)
    widths = {(i, j): _width(link.residual, least_width) for i, j, link in found}
    off = _off_readings(theta, samples)
    reading_widths = {i: _width(residual, READING_WIDTH) for i, residual in off.items()}
    costs = _overlap_costs(found, widths)
    before = sum(costs.values()) + _other_costs(level, theta - coarse, off, reading_widths)
    for halvings in range(HALVINGS + 1):
        tried = theta + change / 2**halvings
        then = list(links(samples, _corrections(tried, samples), pairs))
        overlaps = costs | _overlap_costs(then, widths)  # that one has ended is no gain
        others = _other_costs(level, tried - coarse, _off_readings(tried, samples), reading_widths)
        if sum(overlaps.values()) + others < before:
            return tried, then
    return theta, found


def _overlap_costs(
    found: Sequence[Link], widths: Mapping[tuple[int, int], float]
) -> dict[tuple[int, int], float]:
    """What the overlap of each pair of views in `widths`, those of its weights, costs."""
    return {(i, j): _cost(o.residual, widths[i, j], NOISE) for i, j, o in found if (i, j) in widths}


def _other_costs(
    level: Level, strayed: np.ndarray, off: Mapping[int, Tensor], widths: Mapping[int, float]
) -> float:
    """What it costs to have strayed (N, unknowns) from the level before, and the residuals off readings."""
    readings = sum(_cost(residual, widths[i], READING) for i, residual in off.items())
    return readings + float((strayed[1:] @ level.prior() * strayed[1:]).sum())


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


def _step(
    level: Level,
    theta: np.ndarray,
    coarse: np.ndarray,
    found: Sequence[Link],
    samples: Sequence[Samples],
    least_width: float,
) -> np.ndarray:
    """The Gauss-Newton step (N, unknowns), nought for the first view, by conjugate gradients.

    A B-spline has 16 control values to a point, so that the matrices are sparse but for the prior of a view.
    """
    from scipy.sparse import vstack
    from scipy.sparse.linalg import LinearOperator, cg

    prior, shape = level.prior(), (len(theta) - 1, level.unknowns)
    systems = _of_overlaps(level, theta, found, samples, least_width), _of_readings(level, theta, samples)
    derivatives, residuals, weights = zip(*systems, strict=True)
    jacobian = vstack(derivatives, format="csr")[:, level.unknowns :]
    weighted = jacobian.multiply(torch.cat(weights).numpy()[:, None]).T.tocsr()
    normal = weighted @ jacobian
    gradient = weighted @ torch.cat(residuals).numpy() + ((theta - coarse)[1:] @ prior).ravel()
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


def _of_overlaps(
    level: Level, theta: np.ndarray, found: Sequence[Link], samples: Sequence[Samples], least_width: float
) -> System:
    """What all overlaps ask, link after link."""
    own = [(samples[i].depth[link.index], samples[i].position[link.index], i) for i, _, link in found]
    other = [(link.depth, link.position, j) for _, j, link in found]
    unknowns, values = _derivatives(level, theta, own + other, samples)
    by_own, by_other = values.chunk(2)
    slope = torch.cat([link.slope for _, _, link in found])[:, None]
    residuals = [link.residual for _, _, link in found]
    weights = torch.cat([_weights(residual, least_width, NOISE) for residual in residuals])
    values = torch.cat([slope * by_own, by_other], dim=1)
    derivatives = _sparse(torch.cat(unknowns.chunk(2), dim=1), values, theta.size)
    return derivatives, torch.cat(residuals), weights


def _of_readings(level: Level, theta: np.ndarray, samples: Sequence[Samples]) -> System:
    """What the readings ask of their views: that depth be as they say."""
    residuals = _off_readings(theta, samples)
    if not residuals:
        nothing = torch.zeros(0, dtype=torch.float64)
        return _sparse(nothing.long()[:, None], nothing[:, None], theta.size), nothing, nothing
    ends = [(samples[i].depth, samples[i].position, i) for i in residuals]
    unknowns, values = _derivatives(level, theta, ends, samples)
    weights = torch.cat([_weights(residual, READING_WIDTH, READING) for residual in residuals.values()])
    return _sparse(unknowns, values, theta.size), torch.cat(list(residuals.values())), weights


def _off_readings(theta: np.ndarray, samples: Sequence[Samples]) -> dict[int, Tensor]:
    """View -> log of its corrected depth over its reading (n,), for those that have one."""
    return {
        i: (correction.of(view.depth, view.position, view.frame.camera) / view.reading).log()
        for i, (view, correction) in enumerate(zip(samples, _corrections(theta, samples), strict=True))
        if len(view.reading)
    }


def _sparse(columns: Tensor, values: Tensor, size: int) -> csr_matrix:
    """The matrix (n, size) of values (n, k) in these columns (n, k)."""
    from scipy.sparse import csr_matrix

    count, in_row = values.shape
    starts = np.arange(count + 1) * in_row
    return csr_matrix((values.numpy().ravel(), columns.numpy().ravel(), starts), shape=(count, size))


def _diagonal_blocks(matrix: csr_matrix, size: int) -> np.ndarray:
    """The (M, size, size) blocks on the diagonal of a (M * size, M * size) matrix."""
    starts = range(0, matrix.shape[0], size)
    return np.stack([matrix[start : start + size, start : start + size].toarray() for start in starts])


def _weights(residual: Tensor, least_width: float, noise: float) -> Tensor:
    """Of residuals (n,) that err together: less for those that disagree more than most of them do."""
    return cauchy(residual, _width(residual, least_width)) / (noise**2 * len(residual))


def _cost(residual: Tensor, width: float, noise: float) -> float:
    """Of residuals (n,), Cauchy's: what `_weights` come from."""
    return float((width / noise) ** 2 * torch.log1p((residual / width).square()).mean())


def _width(residual: Tensor, least_width: float) -> float:
    """Of the robust weights of residuals (n,)."""
    return max(least_width, SPREAD * float(residual.abs().median()))


def _derivatives(
    level: Level, theta: np.ndarray, ends: Sequence[tuple[Tensor, Tensor, int]], samples: Sequence[Samples]
) -> tuple[Tensor, Tensor]:
    """The unknowns on which log depth depends at n points, and its derivatives by them: (n, 17) each.

    ends: depth and position of points in a view, and the view's number. The unknowns are the view's shift and
    16 of its control values.
    """
    depth = torch.cat([depth for depth, _, _ in ends])
    place = torch.cat([place_in(position, samples[view].frame.camera) for _, position, view in ends])
    view = torch.repeat_interleave(
        torch.tensor([view for _, _, view in ends]), torch.tensor([len(depth) for depth, _, _ in ends])
    )
    typical = torch.tensor([seen.typical for seen in samples]).double()
    shift = torch.from_numpy(theta[:, 0]) * typical
    shifted = depth + shift[view]
    by_shift = (typical[view] / shifted).where(shifted > depth / 2, 0.0)  # a shift at most halves
    control, weights = patch_weights(place, level.nodes)
    unknowns = F.pad(1 + control, (1, 0)) + level.unknowns * view[:, None]
    return unknowns, torch.cat([by_shift[:, None], weights], dim=1)
