"""What two views say about the depth of the same surface points.

Pixels of one view are carried into another by their depth. They count where the other view shows a surface
there, well inside it: near depth edges a rounding error decides which of two surfaces is meant.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from operator import itemgetter

import torch
import torch.nn.functional as F
from torch import Tensor

from depthgen.geometry import depth_edges, project
from scene3d.adjustment.correction import Correction, place_in
from scene3d.backdrop import world_directions
from scene3d.frame import Frame

SAMPLES = 32  # along the longer side of a view
EDGE_MARGIN = 2  # pixels kept from depth edges
FARTHEST_APART = 2.0  # |log| of two depths' ratio that may still mean one surface: loops end off by factors
STEP = 1e-3  # of log depth, to see how the other view's depth changes with it
STEEPEST = 3.0  # such changes beyond this come from surfaces seen at a grazing angle, and say nothing
FEWEST = 16  # samples that make an overlap


@dataclass(frozen=True, eq=False)
class Samples:
    """Points of one view: position (S, 2) pixels, depth (S,) metres, direction (S, 3); all float64.

    cell: (S, 2) column and row of each in the grid of `grid` (rows, columns) that they were taken from.
    """

    frame: Frame
    cell: Tensor
    grid: tuple[int, int]
    position: Tensor
    depth: Tensor
    direction: Tensor

    @staticmethod
    def of(frame: Frame, between: bool = False) -> Samples:
        """A regular grid of pixels, as far as they lie well inside surfaces; `between`: another one, between
        its points, except for views too small for two."""
        step = -(-max(frame.depth.shape) // SAMPLES)
        start = 0 if between else step // 2
        every = (slice(start, None, step),) * 2
        chosen = well_inside(frame)[0][every]
        cell = chosen.nonzero().flip(1)
        values = (frame.depth[0], world_directions(frame.camera))
        depth, direction = (value[every][chosen].double() for value in values)
        grid = (chosen.shape[0], chosen.shape[1])
        return Samples(frame, cell, grid, step * cell.double() + start + 0.5, depth, direction)

    @cached_property
    def typical(self) -> float:
        """Median depth in metres, 1 without samples: the unit of shifts."""
        return float(self.depth.median()) if len(self.depth) else 1.0

    @cached_property
    def reading(self) -> Tensor:
        """(S,) metres that the depth model reads there in the picture alone; (0,) if it reads none."""
        if self.frame.reading is None:
            return self.depth[:0]
        size = torch.tensor(self.frame.reading.shape[:0:-1])
        column, row = (place_in(self.position, self.frame.camera) * size).long().unbind(-1)
        return self.frame.reading[0, row, column].double()

    @cached_property
    def map(self) -> Tensor:
        """(2, H, W) float64: inverse depth, linear in the image on planes, and where it may be read."""
        return torch.cat([1 / self.frame.depth.clamp_min(1e-6), well_inside(self.frame)]).double()


@dataclass(frozen=True, eq=False)
class Overlap:
    """Where n samples of one view (`index`) land in another, and what the views make of their depth.

    residual: (n,) log of the depth that the other view has there over the depth that the sample has for it.
    slope: (n,) its derivative by the log of the sample's depth.
    position (n, 2), depth (n,): in the other view, uncorrected.
    """

    index: Tensor
    residual: Tensor
    slope: Tensor
    position: Tensor
    depth: Tensor


Link = tuple[int, int, Overlap]  # the numbers of the view with the samples and of the one they land in


def links(
    samples: Sequence[Samples], corrections: Sequence[Correction], pairs: Sequence[tuple[int, int]]
) -> Iterator[Link]:
    """The overlaps of those pairs of views, the first of a pair with the samples, that have one; pairs of one
    second view stand together."""
    depths = [
        correction.of(view.depth, view.position, view.frame.camera)
        for correction, view in zip(corrections, samples, strict=True)
    ]
    for target, group in groupby(pairs, key=itemgetter(1)):
        sources = [source for source, _ in group]
        seen, at = [samples[i] for i in sources], [depths[i] for i in sources]
        found = overlaps(seen, at, samples[target], corrections[target])
        yield from ((i, target, link) for i, link in zip(sources, found, strict=True) if link is not None)


def mean_disagreement(found: Sequence[Link]) -> float | None:
    """Mean |residual| over all samples; None without any."""
    if not found:
        return None
    return float(torch.cat([overlap.residual for _, _, overlap in found]).abs().mean())


def cauchy(residual: Tensor, width: float) -> Tensor:
    """Weights in (0, 1] of residuals of any shape by Cauchy's function: one half at `width`."""
    return 1 / (1 + (residual / width).square())


def well_inside(frame: Frame) -> Tensor:
    """(1, H, W) bool: surface pixels at least EDGE_MARGIN pixels from where it ends."""
    ends = ~(frame.valid & frame.certain) | depth_edges(frame.depth, frame.camera, frame.valid)
    width = 2 * EDGE_MARGIN + 1
    return F.max_pool2d(ends.float(), width, 1, EDGE_MARGIN) == 0


def overlaps(
    sources: Sequence[Samples], depths: Sequence[Tensor], target: Samples, correction: Correction
) -> list[Overlap | None]:
    """The samples of each source, at their corrected `depths` (S,), in the view of `target`, corrected too.

    None where fewer than FEWEST count. One call for all sources, which alone are too small to be worth one.
    """
    counts = [len(depth) for depth in depths]
    eyes = torch.stack([source.frame.camera.position for source in sources])
    origin = eyes.repeat_interleave(torch.tensor(counts), dim=0)
    direction, depth = torch.cat([source.direction for source in sources]), torch.cat(list(depths))
    away = depth[:, None] * direction
    residual, position, theirs, ok = _compared(origin + away, target, correction)
    moved, _, _, still = _compared(origin + (1 + STEP) * away, target, correction)
    slope = (moved - residual) / STEP
    good = ok & still & (residual.abs() < FARTHEST_APART) & (slope.abs() < STEEPEST)
    columns = (values.split(counts) for values in (good, residual, slope, position, theirs))
    return [_counted(*values) for values in zip(*columns, strict=True)]


def _counted(
    good: Tensor, residual: Tensor, slope: Tensor, position: Tensor, depth: Tensor
) -> Overlap | None:
    index = good.nonzero().squeeze(1)
    if len(index) < FEWEST:
        return None
    return Overlap(index, residual[index], slope[index], position[index], depth[index])


def _compared(
    points: Tensor, target: Samples, correction: Correction
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """For world points (S, 3): residual (S,), image point (S, 2), depth there (S,), whether it counts."""
    camera = target.frame.camera
    position, z = project(points, camera)
    inverse, inside = _sampled(target.map, position)
    ok = (z > 0) & (inside > 0.999)
    theirs = 1 / inverse.where(ok, 1.0)
    corrected = correction.of(theirs, position, camera)
    return (corrected / z.where(ok, 1.0)).log(), position, theirs, ok


def _sampled(values: Tensor, position: Tensor) -> Tensor:
    """Bilinear values (C, S) of a map (C, H, W) at image points (S, 2) in pixels; 0 outside."""
    size = torch.tensor(values.shape[:0:-1]).to(position)
    grid = (2 * position / size - 1).clamp(-4, 4).nan_to_num(4)
    return F.grid_sample(values[None], grid[None, None], align_corners=False)[0, :, 0]
