"""Worlds rendered where the training runs, while it runs: a rolling pool of views in the device's memory.

Processes build worlds (numpy, on the CPU), one thread ray-casts them on the device into the pool, the oldest
views first to be replaced, and training takes whole batches out of it. No step waits for a world.
"""

from __future__ import annotations

import io
import pickle
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, pad
from torch.utils.data import Dataset

from depthgen.data.worlds import (
    CAPTIONS_PER_VIEW,
    LABELS,
    labels,
    pair_cameras,
    pair_captions,
    pair_objects,
    rendered_pairs,
)
from depthgen.geometry import Camera
from depthgen.worlds import OBJECTS, SKY_DEPTH, World, assert_training_seed, build_world

TOKENS = 48  # of a caption, at most
POLL = 0.002  # seconds between looks at a pool that is not ready

Tokens = Callable[[Sequence[str]], Tensor]  # B captions -> (B, L) int64, 0 beyond their ends


@dataclass(frozen=True)
class PoolConfig:
    """How many views are held, and how they are made."""

    size: int = 256  # pixels a side
    capacity: int = 16384  # views, two of each world; 393 kB each at 256 px
    least: int = 2048  # views that must be there before training begins
    seed: int = 0  # of the first world; the others follow
    processes: int = 0  # that build worlds; 0: the rendering thread does it all
    worlds_at_once: int = 16
    reuse: int = 8  # times that a view is trained on before another takes its place, about

    def __post_init__(self) -> None:
        if not 0 < 2 * self.worlds_at_once <= self.least <= self.capacity:
            raise ValueError(
                f"PoolConfig: the views of {self.worlds_at_once} worlds, least {self.least} and capacity "
                f"{self.capacity} must rise in this order"
            )


@dataclass(frozen=True)
class Built:
    """Worlds as the building processes hand them over."""

    worlds: list[World]
    cameras: list[Camera]  # two of each
    captions: list[list[str]]  # of each camera's view
    labels: list[tuple[int, ...]]
    objects: np.ndarray  # (2B,O) int8, see `objects_in_view`


class WorldPool:
    """The pool, as a context manager that renders while it is open.

    next_seed: where another pool would go on with fresh worlds.
    """

    def __init__(self, config: PoolConfig, device: torch.device | str, tokens: Tokens) -> None:
        self.config, self.device, self.tokens = config, torch.device(device), tokens
        self.views = _blank(config, self.device)
        self.rendered = self.taken = 0  # views so far
        self.next_seed = config.seed
        self._closing = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._render, name="worlds", daemon=True)

    def __enter__(self) -> WorldPool:
        self._thread.start()
        while self.rendered < self.config.least:
            self._check()
            time.sleep(POLL)
        return self

    def __exit__(self, *error: object) -> None:
        self._closing.set()
        self._thread.join()

    def __len__(self) -> int:
        return min(self.rendered, self.config.capacity)

    def take(self, indices: Sequence[int]) -> dict[str, Tensor]:
        """The views of the indices, modulo the length while the pool fills, as they are stored.

        A view that is being replaced at this moment may be half of each, one in many thousands.
        """
        self._check()
        rows = torch.tensor(indices) % len(self)
        if self.device.type == "cuda":  # else the copy would wait until the device is idle
            rows = rows.pin_memory()
        rows = rows.to(self.device, non_blocking=True)
        self.taken += len(indices)
        return {name: values[rows] for name, values in self.views.items()}

    def _check(self) -> None:
        if self._error is not None:
            raise RuntimeError("the worlds of the training pool could not be rendered") from self._error

    def _render(self) -> None:
        try:
            # a stream of its own on a GPU, so that rendering and training overlap
            stream = torch.cuda.Stream(self.device) if self.device.type == "cuda" else None
            own = nullcontext() if stream is None else torch.cuda.stream(stream)
            with own, _Builders(self.config) as builders:
                for built in builders:
                    while self._rested() and not self._closing.is_set():
                        time.sleep(POLL)
                    if self._closing.is_set():
                        return
                    self._write(built, stream)
        except BaseException as error:  # told by the thread that trains
            self._error = error

    def _rested(self) -> bool:
        """Whether enough views are fresh."""
        replaced = self.rendered - self.config.capacity
        return replaced > 0 and replaced * self.config.reuse > self.taken

    def _write(self, built: Built, stream: Any) -> None:
        fresh = rendered_pairs(built.worlds, built.cameras, self.device)
        words = self.tokens([text for options in built.captions for text in options])
        fresh["tokens"] = pad(words, (0, TOKENS - words.shape[1])).unflatten(0, (len(built.cameras), -1))
        fresh["labels"] = torch.tensor(built.labels).repeat_interleave(2, dim=0)  # the same of both views
        fresh["objects"] = torch.from_numpy(built.objects)
        rows = (self.rendered + torch.arange(len(built.cameras))) % self.config.capacity
        for name, values in self.views.items():
            values[rows.to(self.device)] = fresh[name].to(values)
        if stream is not None:
            stream.synchronize()
        self.rendered += len(rows)
        self.next_seed = built.worlds[-1].seed + 1


class PoolViews(Dataset):
    """A pool as a data set that hands out whole batches at `size` pixels a side, which divides the pool's.

    A batch has the tensors of `depthgen.data.worlds.WorldViews`, on the pool's device, with `tokens`
    (B, captions, 48) in place of captions. Pictures are averaged over their area; of depth and of what is
    known one pixel of it stands for all, so that no depth is invented.
    """

    def __init__(self, pool: WorldPool, size: int) -> None:
        if size < 1 or pool.config.size % size:
            raise ValueError(f"views of {size} px do not divide those of the pool, {pool.config.size} px")
        self.pool, self.step = pool, pool.config.size // size

    def __len__(self) -> int:
        return self.pool.config.capacity

    def facts(self) -> dict[str, int]:
        """What was rendered so far: views, their size, and the seeds of their worlds, last excluded."""
        config = self.pool.config
        return {
            "views": self.pool.rendered,
            "size": config.size // self.step,
            "first_seed": config.seed,
            "next_seed": self.pool.next_seed,
        }

    def __getitems__(self, indices: Sequence[int]) -> dict[str, Tensor]:
        """The batch of these indices."""
        views, step = self.pool.take(indices), self.step
        middle = slice(step // 2, None, step)
        depth, known = (views[name][..., middle, middle] for name in ("depth", "known"))
        return {
            "image": avg_pool2d(views["image"].float() / 255, step),
            "depth": depth.float(),
            "valid": depth < SKY_DEPTH,
            "counted": torch.ones_like(known),
            "known": known,
            "fov": views["fov"],
            "tokens": views["tokens"],
            "objects": views["objects"].long(),
            **{name: views["labels"][:, i] for i, name in enumerate(LABELS)},
        }


def _blank(config: PoolConfig, device: torch.device) -> dict[str, Tensor]:
    plane = (config.capacity, 1, config.size, config.size)
    return {
        "image": torch.zeros(config.capacity, 3, *plane[2:], dtype=torch.uint8, device=device),
        "depth": torch.zeros(plane, dtype=torch.float16, device=device),
        "known": torch.zeros(plane, dtype=torch.bool, device=device),
        "fov": torch.zeros(config.capacity, device=device),
        "tokens": torch.zeros(config.capacity, CAPTIONS_PER_VIEW, TOKENS, dtype=torch.int64, device=device),
        "labels": torch.zeros(config.capacity, len(LABELS), dtype=torch.int64, device=device),
        "objects": torch.zeros(config.capacity, len(OBJECTS), dtype=torch.int8, device=device),
    }


@dataclass
class _Builders(AbstractContextManager):
    """Built worlds, in the order of their seeds, from processes that work ahead."""

    config: PoolConfig
    _executor: Any = None
    _ahead: deque[Any] = field(default_factory=deque)

    def __enter__(self) -> _Builders:
        if self.config.processes:
            from concurrent.futures import ProcessPoolExecutor
            from multiprocessing import get_context

            self._executor = ProcessPoolExecutor(
                self.config.processes, get_context("spawn"), torch.set_num_threads, (1,)
            )
        return self

    def __exit__(self, *error: object) -> None:
        if self._executor is not None:
            self._executor.shutdown(cancel_futures=True)

    def __iter__(self) -> Iterator[Built]:
        at_once, size = self.config.worlds_at_once, self.config.size
        jobs = ((range(start, start + at_once), size) for start in count(self.config.seed, at_once))
        if self._executor is None:
            yield from (build(*job) for job in jobs)
            return
        while True:
            while len(self._ahead) < 3 * self.config.processes:
                self._ahead.append(self._executor.submit(packed, *next(jobs)))
            yield pickle.loads(self._ahead.popleft().result())


def build(seeds: range, size: int) -> Built:
    """The worlds of the seeds with all that is known of them before they are rendered."""
    assert_training_seed(seeds[-1])
    worlds = [build_world(seed) for seed in seeds]
    cameras = pair_cameras(worlds, size)
    told = [labels(world) for world in worlds]
    return Built(worlds, cameras, pair_captions(worlds, cameras), told, pair_objects(worlds, cameras))


def packed(seeds: range, size: int) -> bytes:
    """`build` as bytes, tensors as arrays: torch would send every tensor as an open file of its own."""
    written = io.BytesIO()
    _Pickler(written, protocol=5).dump(build(seeds, size))
    return written.getvalue()


class _Pickler(pickle.Pickler):
    def reducer_override(self, value: Any) -> Any:
        """Tensors as arrays."""
        return (torch.from_numpy, (value.numpy(),)) if isinstance(value, Tensor) else NotImplemented
