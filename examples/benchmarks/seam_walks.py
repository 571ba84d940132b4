"""Walks of SeamBench: view after view, each completed from what earlier ones show, until the first is back.

The pictures are true, and so is the depth of the first view; whatever drifts is depth that was completed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import fmean, median
from typing import Any

import torch
from mesh_truth import mesh_figures
from seam_cases import FARTHEST, first_frame, true_frame
from seam_costs import Costs
from seam_measures import seam_error
from seam_methods import Method

from depthgen.geometry import Camera, grid_mesh, merge_meshes, turned
from scene3d.adjustment import Adjustment, adjusted, closing_error, drift, solve
from scene3d.backends.builtin import batched
from scene3d.backends.oracle import Oracle
from scene3d.cameras.paths import pan
from scene3d.frame import Frame, coarse, round_to_8_bits
from scene3d.fusion import fuse_all, seam_color, tidied, view_from
from scene3d.report.figures import cameras_around

THERE = 30.0  # degrees of each of the two steps in which a walk turns away, and back
CLEAR = 0.6  # metres that must be free all around, as in front of the worlds' own cameras
REFERENCES = 8  # true views all around, with which the final mesh is compared


@dataclass
class Walk:
    """frames: as committed. truth: the same views as they are. kept: of each step, the share of known pixels whose
    depth and colour are exactly those that were known. seams, seams_color: see `seam_error` and `seam_color`.
    seconds: by stage, over all views."""

    frames: list[Frame]
    truth: list[Frame]
    kept: list[float] = field(default_factory=list)
    seams: list[float] = field(default_factory=list)
    seams_color: list[float] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def clock(self, stage: str) -> Iterator[None]:
        """Adds the time inside to a stage."""
        start = time.perf_counter()
        yield
        self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - start


def walk(oracle: Oracle, cameras: Sequence[Camera], method: Method, shown: Callable[[int], slice]) -> Walk:
    """Complete the views of `cameras` in order; the first is true. shown: which views each one builds on."""
    first = first_frame(oracle)
    done = Walk([first], [first])
    for number, camera in enumerate(cameras[1:], 1):
        with done.clock("truth"):
            done.truth.append(true_frame(oracle, camera))
        _step(done, method, shown(number))
    return done


def _step(done: Walk, method: Method, shown: slice) -> None:
    """Complete the view whose truth is the last one."""
    truth = done.truth[-1]
    with done.clock("reproject"):
        seen = view_from(fuse_all(done.frames[shown]), truth.camera)
    with done.clock("complete"):
        completed = batched(method(truth.image, seen, truth.camera, seed=len(done.frames)))
    depth = completed.depth
    image = round_to_8_bits(torch.where(seen.known, seen.image, truth.image))
    valid = torch.where(seen.known, seen.surface, truth.valid)
    done.frames.append(
        Frame(image, depth, valid, seen.covered, truth.camera, reading=coarse(completed.reading))
    )
    exact = (image == round_to_8_bits(seen.image)).all(0, keepdim=True) & (
        (depth == seen.depth) | ~seen.surface
    )
    if seen.known.any():
        done.kept.append(float(exact[seen.known].double().mean()))
    depth_step, color_step = (
        seam_error(depth, truth.depth, valid & truth.valid, seen.known),
        seam_color(image, seen.known),
    )
    done.seams += [depth_step] if depth_step is not None else []
    done.seams_color += [color_step] if color_step is not None else []


def there_and_back(oracle: Oracle, method: Method) -> float | None:
    """Mean relative error of the first view after turning away from it and back, in steps of THERE; None in the sky.

    It is shown to the views on the way there and to none on the way back: all of the last view was completed.
    """
    there = pan(first_frame(oracle), 3, THERE)
    done = walk(oracle, there + there[1::-1], method, lambda number: slice(int(number > 2), number))
    last, truth = done.frames[-1], done.truth[-1]
    surface = truth.valid & (truth.depth < FARTHEST)
    return float((last.depth[surface] / truth.depth[surface] - 1).abs().mean()) if surface.any() else None


def all_around(oracle: Oracle, views: int) -> list[Camera]:
    """Cameras that turn right in place, in equal steps; the first is the first view's."""
    first = first_frame(oracle).camera
    return [first.moved(turned(360 / views * number)) for number in range(views)]


def has_room(oracle: Oracle) -> bool:
    """Whether nothing is nearer than CLEAR to the place from which the first view is taken."""
    around = [true_frame(oracle, camera) for camera in all_around(oracle, REFERENCES)]
    return all(float(frame.depth.min()) >= CLEAR for frame in around)


def full_turn(oracle: Oracle, method: Method, views: int, costs: Costs) -> dict[str, Any]:
    """Figures of two full turns in place: of the first, the last view is not shown the first view; of the second, no
    view of its second half is, so that all its drift shows where the loop closes.

    first_withheld, half_withheld: see `closing`. The rest is of the second turn, its mesh adjusted and compared in
    metres.
    """
    cameras = all_around(oracle, views)
    with costs("full turn"):
        last = walk(oracle, cameras, method, lambda number: slice(int(number == views - 1), number))
        half = walk(oracle, cameras, method, lambda number: slice(int(number >= views // 2), number))
    with costs("global adjustment"):
        solutions = [solve(done.frames) for done in (last, half)]
        frames = [adjusted(done.frames, found) for done, found in zip((last, half), solutions, strict=True)]
    with costs("mesh"):
        mesh = mesh_of(oracle, frames[1])
    return {
        "first_withheld": closing(last, frames[0], solutions[0]),
        "half_withheld": closing(half, frames[1], solutions[1]),
        "seam_median": median(abs(step) for step in last.seams + half.seams),
        "seam_color_median": median(last.seams_color + half.seams_color),
        "known_kept": min(last.kept + half.kept),
        **mesh,
        "seconds_by_stage": {name: round(value, 2) for name, value in half.seconds.items()},
    }


def closing(done: Walk, frames: Sequence[Frame], solution: Adjustment) -> dict[str, Any]:
    """How a turn closes as its views were completed, and (*_adjusted) after the global adjustment of all views,
    whose overlaps include that of the last with the first.

    disagreement: of the last view with the first, mean relative depth. reprojection: mean |ln z / z'| of all that two
    views see. drift: of each view, median of depth over true depth.
    """
    drifts, adjusted_drifts = drift(done.frames, done.truth), drift(frames, done.truth)
    return {
        "disagreement": closing_error(done.frames),
        "disagreement_adjusted": closing_error(frames),
        "reprojection": solution.before,
        "reprojection_adjusted": solution.after,
        "largest_drift": max(abs(d - 1) for d in drifts if d is not None),
        "largest_drift_adjusted": max(abs(d - 1) for d in adjusted_drifts if d is not None),
        "drift": [d and round(d, 4) for d in drifts],
        "drift_adjusted": [d and round(d, 4) for d in adjusted_drifts],
    }


def mesh_of(oracle: Oracle, frames: Sequence[Frame]) -> dict[str, Any]:
    """The fused surface of some views: how much of the views around it covers, and how near it is to the truth."""
    fused = fuse_all(map(tidied, frames))
    around = all_around(oracle, REFERENCES)
    truth = [true_frame(oracle, camera) for camera in around]
    surface = merge_meshes([grid_mesh(f.image, f.depth, f.valid, f.camera) for f in truth])
    coverage = fmean(
        float(view_from(fused, camera).known.double().mean()) for camera in cameras_around(frames)
    )
    figures = mesh_figures(fused.surface, surface, around).as_json()
    return {"coverage": coverage, "hole_area": 1 - coverage, "mesh": figures}
