"""The frozen evaluation set as pictures with their truth, and the same after a turn, rendered by one process a core."""

from __future__ import annotations

import os
import pickle
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context

import numpy as np
import torch
from torch import Tensor

from depthgen.data.pool import as_bytes
from depthgen.data.worlds import seen_by_partner
from depthgen.evaluation.samples import DepthSample
from depthgen.geometry import Camera, turned
from depthgen.worlds import RenderedViews, build_world, evaluation_seeds, render
from depthgen.worlds.evaluation_set import CAMERA_STREAM

CHUNK = 8  # worlds a job


def evaluation_views(count: int, size: int, turn: float = 0.0) -> list[DepthSample]:
    """Views of the first `count` evaluation worlds, from their cameras turned by so many degrees, to the right and to
    the left in turns."""
    jobs = [(start, min(count, start + CHUNK), size, turn) for start in range(0, count, CHUNK)]
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn"), torch.set_num_threads, (1,)) as pool:
        return [sample for part in pool.map(_rendered, jobs) for sample in pickle.loads(part)]


def _rendered(job: tuple[int, int, int, float]) -> bytes:
    start, stop, size, turn = job
    worlds = [build_world(seed, kind) for seed, kind in evaluation_seeds(stop)[start:]]
    cameras = [world.camera(np.random.default_rng([world.seed, CAMERA_STREAM]), size) for world in worlds]
    cameras = [level_turn(camera, turn * (-1) ** (start + i)) for i, camera in enumerate(cameras)]
    views = render(worlds, cameras)
    return as_bytes(
        [
            DepthSample(views.image[i].clamp(0, 1), views.depth[i], ~views.sky[i], world, camera)
            for i, (world, camera) in enumerate(zip(worlds, cameras, strict=True))
        ]
    )


def level_turn(camera: Camera, degrees: float) -> Camera:
    """The camera after a turn about the vertical."""
    pose = camera.world_from_camera.clone()
    pose[:3, :3] = turned(degrees)[:3, :3].to(pose) @ pose[:3, :3]
    return replace(camera, world_from_camera=pose)


def seen_before(before: DepthSample, after: DepthSample) -> Tensor:
    """(1,H,W) bool: the pixels of the view after the turn that show what the view before it had shown."""
    image, depth, valid = (
        torch.stack([getattr(view, name) for view in (before, after)]) for name in ("image", "depth", "valid")
    )
    return seen_by_partner(RenderedViews(image, depth, ~valid, depth), [before.camera, after.camera])[1]
