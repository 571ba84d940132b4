"""The cases of SeamBench: a true view of a world, a change of view, and what the first shows of the second.

The masks are those of real view changes: the first view, its depth and colours true, is fused into a surface
and drawn from the second camera by the code that scenes are made with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from depthgen.geometry import Camera
from depthgen.worlds import World, build_world, evaluation_seeds
from scene3d.backends.oracle import Oracle
from scene3d.cameras.paths import dolly, orbit, pan
from scene3d.frame import Frame, round_to_8_bits
from scene3d.fusion import View, fuse_all, view_from

HFOV = 60.0
FARTHEST = 40.0  # metres; what lies beyond is not counted, as in protocol=worlds
CAMERA_STREAM = 1  # of a world's random numbers, as in the evaluation set

CHANGES: dict[str, Callable[[Frame], Camera]] = {
    "turn 1": lambda first: pan(first, 2, 1.0)[1],
    "turn 5": lambda first: pan(first, 2, 5.0)[1],
    "turn 15": lambda first: pan(first, 2, 15.0)[1],
    "turn 30": lambda first: pan(first, 2, 30.0)[1],
    "forward": lambda first: dolly(first, 2)[1],
    "orbit": lambda first: orbit(first, 2)[1],
}


@dataclass(frozen=True, eq=False)
class Case:
    """A new view of a world, and what is known of it.

    seen: what the first view shows of it. truth: the new view as it is; its `known` is not used.
    counted: (1,H,W) bool, newly seen surface up to FARTHEST, on which errors are measured.
    """

    kind: str
    seed: int
    change: str
    seen: View
    truth: Frame

    @property
    def counted(self) -> Tensor:
        return self.truth.valid & ~self.seen.known & (self.truth.depth < FARTHEST)


def evaluation_oracle(number: int, size: int) -> tuple[str, Oracle]:
    """(kind, true world seen from its evaluation camera) of one of the evaluation worlds, counted from 0."""
    seed, kind = evaluation_seeds(number + 1)[number]
    return kind, oracle_of(build_world(seed, kind), size)


def oracle_of(world: World, size: int) -> Oracle:
    """The world with the first camera that the evaluation set has there."""
    start = world.camera(np.random.default_rng([world.seed, CAMERA_STREAM]), size)
    return Oracle(world, start)


def true_frame(oracle: Oracle, camera: Camera) -> Frame:
    """What the world shows to a camera in the scene's frame, as a view that knows nothing of others."""
    image = oracle.generate("", camera=camera, generator=torch.Generator())
    depth = oracle.predict(image, camera=camera, generator=torch.Generator())
    return Frame(round_to_8_bits(image), depth.depth, depth.valid, torch.zeros_like(depth.valid), camera)


def first_frame(oracle: Oracle) -> Frame:
    """The true first view, whose camera is the scene's frame."""
    size = oracle.start.width
    return true_frame(oracle, Camera.from_fov(HFOV, size, size))


def cases_of(kind: str, oracle: Oracle, changes: Sequence[str]) -> Iterator[Case]:
    """One case for each change of view."""
    first = first_frame(oracle)
    fused = fuse_all([first])
    for change in changes:
        camera = CHANGES[change](first)
        yield Case(kind, oracle.world.seed, change, view_from(fused, camera), true_frame(oracle, camera))
