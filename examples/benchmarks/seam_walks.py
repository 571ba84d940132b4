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
from seam_measures import seam_error
from seam_methods import Method

from depthgen.geometry import Camera, grid_mesh, merge_meshes, turned
from scene3d.adjustment import adjusted, closing_error, drift, solve
from scene3d.backends.oracle import Oracle
from scene3d.cameras.paths import pan
from scene3d.frame import Frame, round_to_8_bits
from scene3d.fusion import fuse_all, seam_color, tidied, view_from
from scene3d.report.figures import cameras_around

THERE = 30.0  # degrees to which a walk there and back turns
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
        depth = method(truth.image, seen, truth.camera, seed=len(done.frames)).depth[None]
    image = round_to_8_bits(torch.where(seen.known, seen.image, truth.image))
    valid = torch.where(seen.known, seen.surface, truth.valid)
    done.frames.append(Frame(image, depth, valid, seen.covered, truth.camera))
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
    """Mean relative error of what is completed after turning away and back, None where nothing new is seen.

    The view that is turned to builds on the first; the last has the first one's camera and builds only on that.
    """
    first, away = pan(first_frame(oracle), 2, THERE)
    done = walk(oracle, [first, away, first], method, lambda number: slice(number - 1, number))
    last, truth = done.frames[-1], done.truth[-1]
    new = truth.valid & ~last.known & (truth.depth < FARTHEST)
    return float((last.depth[new] / truth.depth[new] - 1).abs().mean()) if new.any() else None


def all_around(oracle: Oracle, views: int) -> list[Camera]:
    """Cameras that turn right in place, in equal steps; the first is the first view's."""
    first = first_frame(oracle).camera
    return [first.moved(turned(360 / views * number)) for number in range(views)]


def has_room(oracle: Oracle) -> bool:
    """Whether nothing is nearer than CLEAR to the place from which the first view is taken."""
    around = [true_frame(oracle, camera) for camera in all_around(oracle, REFERENCES)]
    return all(float(frame.depth.min()) >= CLEAR for frame in around)


def full_turn(oracle: Oracle, method: Method, views: int) -> dict[str, Any]:
    """Figures of two full turns in place: one whose last view is not shown the first, and one of which no view of the
    second half is, so that all its drift shows where the loop closes.

    disagreement_*: of the last view with the first, mean relative depth; *_adjusted: after the global adjustment.
    reprojection: mean |ln z / z'| of all that two views of the second turn see. drift: of its views, median of
    depth over true depth. The mesh is that of the second turn, adjusted, compared in metres.
    """
    cameras = all_around(oracle, views)
    last = walk(oracle, cameras, method, lambda number: slice(int(number == views - 1), number))
    half = walk(oracle, cameras, method, lambda number: slice(int(number >= views // 2), number))
    with half.clock("adjust"):
        solution = solve(half.frames)
        frames = adjusted(tuple(half.frames), solution)
    with half.clock("fuse"):
        fused = fuse_all(map(tidied, frames))
    around = all_around(oracle, REFERENCES)
    truth = [true_frame(oracle, camera) for camera in around]
    surface = merge_meshes([grid_mesh(f.image, f.depth, f.valid, f.camera) for f in truth])
    coverage = fmean(
        float(view_from(fused, camera).known.double().mean()) for camera in cameras_around(frames)
    )
    drifts = drift(half.frames, half.truth)
    return {
        "disagreement_last": closing_error(last.frames),
        "disagreement_half": closing_error(half.frames),
        "disagreement_half_adjusted": closing_error(frames),
        "reprojection": solution.before,
        "reprojection_adjusted": solution.after,
        "largest_drift": max(abs(d - 1) for d in drifts if d is not None),
        "drift": [d and round(d, 4) for d in drifts],
        "seam_median": median(abs(step) for step in last.seams + half.seams),
        "seam_color_median": median(last.seams_color + half.seams_color),
        "known_kept": min(last.kept + half.kept),
        "coverage": coverage,
        "hole_area": 1 - coverage,
        "mesh": mesh_figures(fused.surface, surface, around).as_json(),
        "seconds_by_stage": {stage: round(value, 2) for stage, value in half.seconds.items()},
    }
