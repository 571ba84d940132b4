"""Rendered worlds as a training set: pairs of views with depth, captions and what each knows of the other.

Rendering costs as much as a training step of a small network, so the views are rendered once into shards on
disk and read from there by every model.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import grid_sample
from torch.utils.data import Dataset

from depthgen.geometry import Camera
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

RENDERED = ("image", "depth", "known", "fov")  # arrays of a shard, one row a view, as is "objects"
LABELS = ("kind", "time", "weather")  # of a world
CAPTIONS_PER_VIEW = 4
WORLDS_PER_SHARD = 256
MOST_PROCESSES = 61  # that Windows can wait for


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
    known (1,H,W) bool (what the world's other view shows too), fov () degrees, captions (a list of
    texts that are true of the view), kind, time, weather as indices, and objects (see `objects_in_view`).
    """

    def __init__(self, config: WorldsConfig) -> None:
        self.paths = render_shards(config)

    @cached_property
    def shards(self) -> list[Mapping[str, Any]]:
        """Mapped into memory."""
        return [_open(path) for path in self.paths]

    def __getstate__(self) -> dict[str, Any]:
        return {"paths": self.paths}  # a worker maps the files itself: sent to it, they would be copied

    def __len__(self) -> int:
        return sum(len(shard["captions"]) for shard in self.shards)

    def __getitem__(self, index: int) -> dict[str, Any]:
        shard_number, row = divmod(index, 2 * WORLDS_PER_SHARD)
        shard = self.shards[shard_number]
        depth = torch.from_numpy(shard["depth"][row].astype(np.float32))
        return {
            "image": torch.from_numpy(shard["image"][row].astype(np.float32) / 255),
            "depth": depth,
            "valid": depth < SKY_DEPTH,
            "counted": torch.ones_like(depth, dtype=torch.bool),
            "known": torch.from_numpy(shard["known"][row].copy()),
            "fov": torch.tensor(shard["fov"][row]),
            "captions": shard["captions"][row],
            **{name: int(label) for name, label in zip(LABELS, shard["labels"][row // 2], strict=True)},
            "objects": torch.from_numpy(shard["objects"][row].astype(np.int64)),
        }


def render_shards(config: WorldsConfig) -> list[Path]:
    """The shards of `config`, rendering those that are missing; ValueError if there are none or their seeds
    reach the evaluation's."""
    if config.count < 1:
        raise ValueError(f"data.worlds.count must be at least 1, got {config.count}")
    starts = range(config.seed, config.seed + config.count, WORLDS_PER_SHARD)
    assert_training_seed(starts[-1] + WORLDS_PER_SHARD - 1)  # shards are rendered whole
    root = Path(config.folder) / f"v{GENERATOR_VERSION}-{config.size}px"
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

    workers = min(len(jobs), processes or os.cpu_count() or 1, MOST_PROCESSES)
    with ProcessPoolExecutor(workers, get_context("spawn"), torch.set_num_threads, (1,)) as pool:
        for _ in tqdm(pool.map(_render_shard, jobs), total=len(jobs), desc="rendering worlds", unit="shard"):
            pass


def _render_shard(job: tuple[int, Path, int]) -> None:
    first_seed, path, size = job
    worlds = [build_world(seed) for seed in range(first_seed, first_seed + WORLDS_PER_SHARD)]
    cameras = pair_cameras(worlds, size)
    arrays = [
        rendered_pairs(worlds[i : i + 16], cameras[2 * i : 2 * i + 32]) for i in range(0, len(worlds), 16)
    ]
    partial = path.with_name(path.name + f".partial{os.getpid()}")
    partial.mkdir(parents=True)
    for name in RENDERED:
        np.save(partial / f"{name}.npy", torch.cat([a[name] for a in arrays]).numpy())
    np.save(partial / "objects.npy", pair_objects(worlds, cameras))
    np.save(partial / "labels.npy", np.array([labels(world) for world in worlds], dtype=np.int8))
    (partial / "captions.json").write_text(json.dumps(pair_captions(worlds, cameras)), encoding="utf8")
    settle(partial, path)


def settle(partial: Path, path: Path) -> None:
    """Give a finished folder its name, or remove it where another process was faster."""
    try:
        os.replace(partial, path)
    except OSError:
        if not path.is_dir():
            raise
        shutil.rmtree(partial)


def pair_cameras(worlds: Sequence[World], size: int) -> list[Camera]:
    """Two cameras of each world, interleaved, size x size pixels: view 2i and its partner 2i + 1."""
    rngs = [np.random.default_rng([world.seed, 1]) for world in worlds]
    first = [world.camera(rng, size) for world, rng in zip(worlds, rngs, strict=True)]
    second = [neighbour_camera(w, c, rng) for w, c, rng in zip(worlds, first, rngs, strict=True)]
    return [camera for pair in zip(first, second, strict=True) for camera in pair]


def rendered_pairs(
    worlds: Sequence[World], cameras: Sequence[Camera], device: torch.device | str = "cpu"
) -> dict[str, Tensor]:
    """Both views of B worlds from their `pair_cameras`, on `device`: image (2B,3,H,W) uint8, depth (2B,1,H,W)
    float16, known (2B,1,H,W) bool, fov (2B,) float32."""
    views = render([world for world in worlds for _ in range(2)], cameras, device)
    return {
        "image": (views.image * 255).round().to(torch.uint8),
        "depth": views.depth.half(),
        "known": seen_by_partner(views, cameras),
        "fov": torch.tensor([camera.fov_degrees for camera in cameras], device=views.depth.device),
    }


def seen_by_partner(views: RenderedViews, cameras: Sequence[Camera], tolerance: float = 0.03) -> Tensor:
    """(B,1,H,W) bool: which pixels of view i show something that its partner, view i ^ 1, shows too.

    The shadow-map test: a surface counts as seen where its depth in the partner agrees with what that saw
    there, within the relative `tolerance`; sky counts where the partner saw sky in that direction.
    """
    height, width = views.depth.shape[-2:]
    device = views.depth.device
    partner = torch.arange(len(cameras), device=device) ^ 1
    q = _in_partner(cameras).to(device) @ _points(views.depth)  # (B,3,H*W)
    z = q[:, 2].unflatten(1, (height, width))
    uv = (q[:, :2] / q[:, 2:]).unflatten(2, (height, width)).permute(0, 2, 3, 1)
    grid = 2 * uv / uv.new_tensor([width, height]) - 1
    inside = (z > 0) & (grid.abs() < 1).all(-1)
    # inverse depth, because that is linear across a plane's pixels
    there = torch.cat([1 / views.depth, views.sky.float()], dim=1)[partner]
    inverse, sky = grid_sample(there, grid, align_corners=False, padding_mode="border").unbind(1)
    agrees = (inverse * z - 1).abs() < tolerance
    return (inside & torch.where(views.sky[:, 0], sky > 0.5, agrees & (sky < 0.5)))[:, None]


def _points(depth: Tensor) -> Tensor:
    """(B,4,H*W): (u d, v d, d, 1) of every pixel centre (u, v) and depth d of (B,1,H,W)."""
    height, width = depth.shape[-2:]
    rows, columns = (torch.arange(n, device=depth.device) + 0.5 for n in (height, width))
    v, u = torch.meshgrid(rows, columns, indexing="ij")
    points = torch.stack([u, v, torch.ones_like(u)]) * depth  # (B,3,H,W)
    return torch.cat([points, torch.ones_like(depth)], dim=1).flatten(2)


def _in_partner(cameras: Sequence[Camera]) -> Tensor:
    """(B,3,4) float32: from `_points` of view i to (u z, v z, z) in the picture of its partner i ^ 1."""
    maps = []
    for i, camera in enumerate(cameras):
        other = cameras[i ^ 1]
        from_pixels = torch.eye(4, dtype=torch.float64)
        from_pixels[:3, :3] = torch.linalg.inv(camera.K)
        there = other.camera_from_world.double() @ camera.world_from_camera.double() @ from_pixels
        maps.append(other.K @ there[:3])
    return torch.stack(maps).float()


def labels(world: World) -> tuple[int, int, int]:
    """What LABELS of a world are, as indices into their words."""
    return KINDS.index(world.kind), TIMES.index(world.time), WEATHERS.index(world.weather)


def pair_captions(worlds: Sequence[World], cameras: Sequence[Camera]) -> list[list[str]]:
    """What training says of each of the views from the `pair_cameras` of the worlds."""
    found = []
    for i, camera in enumerate(cameras):
        world = worlds[i // 2]
        rngs = [np.random.default_rng([world.seed, 2, i % 2, draw]) for draw in range(CAPTIONS_PER_VIEW)]
        found.append(captions(world, rngs, camera=camera))
    return found


def pair_objects(worlds: Sequence[World], cameras: Sequence[Camera]) -> np.ndarray:
    """(2B,O) int8: `objects_in_view` of each of the views from the `pair_cameras` of B worlds."""
    of = [worlds[i // 2] for i in range(len(cameras))]
    return np.stack([objects_in_view(w.layout, w.primitives, c) for w, c in zip(of, cameras, strict=True)])


def _open(path: Path) -> Mapping[str, Any]:
    arrays = {name: np.load(path / f"{name}.npy", mmap_mode="r") for name in (*RENDERED, "objects", "labels")}
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
