"""The frozen evaluation worlds as pictures with true depth, and training worlds for the baseline."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from depthgen.geometry import Camera
from depthgen.worlds import KINDS, RenderedViews, World, build_world, evaluation_worlds, render
from depthgen.worlds.evaluation_set import CAMERA_STREAM

RENDER_BATCH = 16


@dataclass(frozen=True)
class DepthSample:
    """One view of a world: image (3,H,W) in [0,1], depth (1,H,W) metres, valid (1,H,W): not sky."""

    image: Tensor
    depth: Tensor
    valid: Tensor
    world: World
    camera: Camera


def evaluation_samples(count: int, size: int) -> Iterator[DepthSample]:
    """The first `count` views of the frozen evaluation set at `size` pixels a side, kinds in equal shares."""
    return rendered(evaluation_worlds(count), size)


def training_samples(per_kind: int, size: int) -> Iterator[DepthSample]:
    """`per_kind` views of each kind of place, from training seeds."""
    return rendered([build_world(seed, kind) for kind in KINDS for seed in range(per_kind)], size)


def rendered(worlds: Sequence[World], size: int) -> Iterator[DepthSample]:
    """One view of each world, as training takes its first view of a world."""
    for start in range(0, len(worlds), RENDER_BATCH):
        batch = worlds[start : start + RENDER_BATCH]
        cameras = [first_camera(world, size) for world in batch]
        yield from samples_of(render(batch, cameras), batch, cameras)


def first_camera(world: World, size: int) -> Camera:
    """The camera of a world's first view, size x size pixels."""
    return world.camera(np.random.default_rng([world.seed, CAMERA_STREAM]), size)


def samples_of(
    views: RenderedViews, worlds: Sequence[World], cameras: Sequence[Camera]
) -> Iterator[DepthSample]:
    """The rendered views of B worlds from B cameras, one by one."""
    for i, (world, camera) in enumerate(zip(worlds, cameras, strict=True)):
        yield DepthSample(views.image[i].clamp(0, 1), views.depth[i], ~views.sky[i], world, camera)


def kind_mean_depth(samples: Iterator[DepthSample], far: float) -> dict[str, Tensor]:
    """The baseline that never looks at the picture: kind -> (1,H,W) metres, the geometric mean of its views.

    Sky and all beyond `far` count as `far` metres.
    """
    logs: dict[str, list[Tensor]] = {}
    for sample in samples:
        depth = torch.where(sample.valid, sample.depth, far).clamp(max=far)
        logs.setdefault(sample.world.kind, []).append(depth.log())
    return {kind: torch.stack(maps).mean(0).exp() for kind, maps in logs.items()}
