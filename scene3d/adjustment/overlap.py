"""What two views say about the depth of the same surface points.

Pixels of one view are carried into another by their depth. They count where the other view shows a surface
there, well inside it: near depth edges a rounding error decides which of two surfaces is meant.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
import torch.nn.functional as F
from torch import Tensor

from depthgen.geometry import depth_edges, project
from scene3d.adjustment.correction import Correction
from scene3d.backdrop import world_directions
from scene3d.frame import Frame

SAMPLES = 32  # along the longer side of a view
EDGE_MARGIN = 2  # pixels kept from depth edges
FARTHEST_APART = 1.0  # |log| of two depths' ratio that may still mean one surface: loops may end so far off
STEP = 1e-3  # of log depth, to see how the other view's depth changes with it
STEEPEST = 3.0  # such changes beyond this come from surfaces seen at a grazing angle, and say nothing
FEWEST = 16  # samples that make an overlap


@dataclass(frozen=True, eq=False)
class Samples:
    """Points of one view: position (S, 2) pixels, depth (S,) metres, direction (S, 3); all float64."""

    frame: Frame
    position: Tensor
    depth: Tensor
    direction: Tensor

    @staticmethod
    def of(frame: Frame) -> Samples:
        """A regular grid of pixels, as far as they lie well inside surfaces."""
        step = -(-max(frame.depth.shape) // SAMPLES)
        inside = well_inside(frame)[0]
        chosen = torch.zeros_like(inside)
        chosen[step // 2 :: step, step // 2 :: step] = True
        chosen &= inside
        values = (frame.depth[0], world_directions(frame.camera))
        depth, direction = (value[chosen].double() for value in values)
        return Samples(frame, chosen.nonzero().flip(1).double() + 0.5, depth, direction)

    @cached_property
    def typical(self) -> float:
        """Median depth in metres, 1 without samples: the unit of shifts."""
        return float(self.depth.median()) if len(self.depth) else 1.0

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
