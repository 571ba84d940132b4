"""Rendered worlds as a training set: pairs of views with depth, captions and what each knows of the other.

Rendering costs as much as a training step of a small network, so the views are rendered once into shards on
disk and read from there by every model.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import grid_sample
from torch.utils.data import Dataset

from depthgen.geometry import Camera, project, unproject
from depthgen.worlds import (
    KINDS,
    SKY_DEPTH,
    TIMES,
    WEATHERS,
    RenderedViews,
    World,
    build_world,
    captions,
    neighbour_camera,
    render,
)
from depthgen.worlds.evaluation_set import GENERATOR_VERSION, assert_training_seed
from depthgen.worlds.sight import objects_in_view

ARRAYS = ("image", "depth", "known", "fov", "objects")  # of a shard, one row a view
CAPTIONS_PER_VIEW = 4
WORLDS_PER_SHARD = 256


@dataclass(frozen=True)
class WorldsConfig:
    """Which worlds to render. Two views are kept of each."""

    folder: str = ".cache/worlds"
    count: int = 16384
    size: int = 64
    seed: int = 0  # of the first world; the others follow
    processes: int = 0  # that render; 0: one a core


class WorldViews(Dataset):
    """Random access to the cached views; sample i is view i % 2 of world i // 2.

    A sample: image (3,H,W) float32 [0,1], depth (1,H,W) metres, valid (1,H,W) bool (False on sky), counted
    (1,H,W) bool (where a loss counts: everywhere, as worlds have no holes and their sky is known),
    known (1,H,W) bool (what the world's other view shows too), fov () vertical degrees, captions (a list of
    texts that are true of the view), kind, time, weather as indices, and objects (see `objects_in_view`).
    """

    def __init__(self, config: WorldsConfig) -> None:
        self.shards = [_open(path) for path in render_shards(config)]

    def __len__(self) -> int:
        return sum(len(shard["captions"]) for shard in self.shards)

    def __getitem__(self, index: int) -> dict[str, Any]:
        shard_number, row = divmod(index, 2 * WORLDS_PER_SHARD)
        shard = self.shards[shard_number]
        depth = torch.from_numpy(shard["depth"][row].astype(np.float32))
        kind, time, weather = (int(label) for label in shard["labels"][row // 2])
        return {
            "image": torch.from_numpy(shard["image"][row].astype(np.float32) / 255),
            "depth": depth,
            "valid": depth < SKY_DEPTH,
            "counted": torch.ones_like(depth, dtype=torch.bool),
            "known": torch.from_numpy(shard["known"][row].copy()),
            "fov": torch.tensor(shard["fov"][row]),
            "captions": shard["captions"][row],
            "kind": kind,
            "time": time,
            "weather": weather,
            "objects": torch.from_numpy(shard["objects"][row].astype(np.int64)),
        }


def render_shards(config: WorldsConfig) -> list[Path]:
    """The shards of `config`, rendering those that are missing; ValueError if its seeds reach the
    evaluation's."""
    assert_training_seed(config.seed + config.count - 1)
    root = Path(config.folder) / f"v{GENERATOR_VERSION}-{config.size}px"
    starts = range(config.seed, config.seed + config.count, WORLDS_PER_SHARD)
    paths = [root / f"{start:010d}" for start in starts]
    missing = [
        (start, path, config.size) for start, path in zip(starts, paths, strict=True) if not path.is_dir()
    ]
    if missing:
        _render_parallel(missing, config.processes)
    return paths


def _render_parallel(jobs: list[tuple[int, Path, int]], processes: int) -> None:
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    from tqdm import tqdm

    workers = min(len(jobs), processes or os.cpu_count() or 1)
    with ProcessPoolExecutor(workers, get_context("spawn"), torch.set_num_threads, (1,)) as pool:
        for _ in tqdm(pool.map(_render_shard, jobs), total=len(jobs), desc="rendering worlds", unit="shard"):
            pass


def _render_shard(job: tuple[int, Path, int]) -> None:
    first_seed, path, size = job
    worlds = [build_world(seed) for seed in range(first_seed, first_seed + WORLDS_PER_SHARD)]
    arrays = [_render_pair(chunk, size) for chunk in _chunks(worlds, 16)]
    partial = path.with_name(path.name + f".partial{os.getpid()}")
    partial.mkdir(parents=True)
    for name in ARRAYS:
        np.save(partial / f"{name}.npy", np.concatenate([a[name] for a in arrays]))
    np.save(partial / "labels.npy", np.array([_labels(world) for world in worlds], dtype=np.int8))
    captioned = [texts for a in arrays for texts in a["captions"]]
    (partial / "captions.json").write_text(json.dumps(captioned), encoding="utf8")
    if path.is_dir():  # another process was faster
        shutil.rmtree(partial)
    else:
        os.replace(partial, path)


def _render_pair(worlds: list[World], size: int) -> dict[str, Any]:
    """Two views of each world, interleaved: image (2B,3,H,W) uint8, depth (2B,1,H,W) float16, known
    (2B,1,H,W) bool, fov (2B,) float32 vertical degrees, objects (2B,O) int8, captions of the 2B views."""
    rngs = [np.random.default_rng([world.seed, 1]) for world in worlds]
    first = [world.camera(rng, size) for world, rng in zip(worlds, rngs, strict=True)]
    second = [neighbour_camera(w, c, rng) for w, c, rng in zip(worlds, first, rngs, strict=True)]
    cameras = [camera for pair in zip(first, second, strict=True) for camera in pair]
    doubled = [world for world in worlds for _ in range(2)]
    views = render(doubled, cameras)
    # the partner of view 2i is 2i + 1 and the other way round
    known = [seen_from(views, cameras, view, other=view ^ 1) for view in range(len(cameras))]
    return {
        "image": (views.image * 255).round().to(torch.uint8).numpy(),
        "depth": views.depth.half().numpy(),
        "known": torch.stack(known).numpy(),
        "fov": np.array([camera.vfov_degrees for camera in cameras], dtype=np.float32),
        "objects": np.stack(
            [objects_in_view(w.layout, w.primitives, c) for w, c in zip(doubled, cameras, strict=True)]
        ),
        "captions": [_captions(w, c, i % 2) for i, (w, c) in enumerate(zip(doubled, cameras, strict=True))],
    }


def seen_from(
    views: RenderedViews, cameras: list[Camera], view: int, other: int, tolerance: float = 0.03
) -> Tensor:
    """(1, H, W) bool: which pixels of `view` show something that `other` shows too (the shadow-map test).

    A surface counts as seen where its depth in the other camera agrees with what that camera saw there,
    within the relative `tolerance`; sky counts as seen where the other camera saw sky in that direction.
    """
    height, width = views.depth.shape[-2:]
    uv, z = project(unproject(views.depth[view], cameras[view]), cameras[other])
    grid = 2 * uv / torch.tensor([width, height]) - 1
    inside = (z > 0) & (grid.abs() < 1).all(-1)
    # inverse depth, because that is linear across a plane's pixels
    there = torch.stack([1 / views.depth[other, 0], views.sky[other, 0].float()])
    inverse, sky = grid_sample(there[None], grid[None].float(), align_corners=False, padding_mode="border")[0]
    agrees = (inverse * z - 1).abs() < tolerance
    return (inside & torch.where(views.sky[view, 0], sky > 0.5, agrees & (sky < 0.5)))[None]


def _labels(world: World) -> tuple[int, int, int]:
    return KINDS.index(world.kind), TIMES.index(world.time), WEATHERS.index(world.weather)


def _captions(world: World, camera: Camera, view: int) -> list[str]:
    """Of what the camera sees; `view` 0 or 1 tells the two pictures of a world apart."""
    rngs = [np.random.default_rng([world.seed, 2, view, i]) for i in range(CAPTIONS_PER_VIEW)]
    return captions(world, rngs, camera=camera)


def _chunks(items: list[Any], size: int) -> Iterator[list[Any]]:
    return (items[i : i + size] for i in range(0, len(items), size))


def _open(path: Path) -> Mapping[str, Any]:
    arrays = {name: np.load(path / f"{name}.npy", mmap_mode="r") for name in (*ARRAYS, "labels")}
    return {**arrays, "captions": json.loads((path / "captions.json").read_text(encoding="utf8"))}


def collate(samples: list[dict[str, Any]]) -> dict[str, Any]:
    """Stack tensors, turn indices into int64 tensors, keep the lists of captions as they are."""
    batch: dict[str, Any] = {}
    for key, first in samples[0].items():
        values = [sample[key] for sample in samples]
        if isinstance(first, Tensor):
            batch[key] = torch.stack(values)
        else:
            batch[key] = torch.tensor(values) if isinstance(first, int) else values
    return batch
