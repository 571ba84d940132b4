"""The frozen evaluation set: seeds that no training run may touch, with the kinds of place taking turns."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import fields

import numpy as np
from torch import Tensor

from depthgen.worlds.kinds import KINDS
from depthgen.worlds.lighting import Light
from depthgen.worlds.primitives import Primitives
from depthgen.worlds.world import World, build_world

GENERATOR_VERSION = "2"  # raised whenever a seed's world changes; part of every figure, with `content_hash`
EVALUATION_SEED_START = 2**32
DIGITS = 4  # after the first
CAMERA_STREAM = 1  # of a world's random numbers, as in training


def assert_training_seed(seed: int) -> None:
    """Refuse a seed of the evaluation set; ValueError."""
    if seed >= EVALUATION_SEED_START:
        raise ValueError(
            f"seed {seed} is reserved for evaluation; train on seeds below {EVALUATION_SEED_START}"
        )


def evaluation_seeds(count: int) -> list[tuple[int, str]]:
    """The first `count` (seed, kind) of the evaluation set.

    Kinds take turns, so their shares are equal when `count` is a multiple of len(KINDS) and differ by one
    world at most otherwise; a smaller set is the beginning of a larger one. ValueError if `count` is below 1.
    """
    if count < 1:
        raise ValueError(f"an evaluation set needs at least one world, not {count}")
    return [(EVALUATION_SEED_START + i, KINDS[i % len(KINDS)]) for i in range(count)]


def evaluation_worlds(count: int) -> list[World]:
    """The worlds of `evaluation_seeds(count)`."""
    return [build_world(seed, kind) for seed, kind in evaluation_seeds(count)]


def content_hash(count: int) -> str:
    """What the first `count` evaluation worlds are made of, as 16 hexadecimal digits.

    It covers shapes, materials, light and each world's first camera pose, not the renderer or captions. Of
    each world's numbers it takes the means, to DIGITS digits: the last bits differ between processors.
    """
    digest = hashlib.sha256(GENERATOR_VERSION.encode())
    for world in evaluation_worlds(count):
        digest.update(f"{world.seed} {world.kind} {world.time} {world.weather}".encode())
        for tensor in _content(world):
            mean = tensor.double()[tensor.isfinite()].mean().item()
            digest.update(f"{tuple(tensor.shape)} {mean:.{DIGITS}e}".encode())
    return digest.hexdigest()[:16]


def _content(world: World) -> Iterator[Tensor]:
    """All numbers that say how the world looks, and from where it is seen."""
    yield from (getattr(world.primitives, field.name) for field in fields(Primitives))
    yield from (getattr(world.light, field.name) for field in fields(Light))
    yield world.camera(np.random.default_rng([world.seed, CAMERA_STREAM]), size=64).world_from_camera
