"""Rendered worlds written as data sets in their native layouts, so that every stage can be run small, as it
is.

The readers then read them back like the real thing; nothing downstream knows the difference.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from depthgen.data.frames import DataConfig
from depthgen.data.nyu import intrinsics as nyu_intrinsics
from depthgen.data.sample import RGBD
from depthgen.data.scenenet import scenenet_camera
from depthgen.data.worlds import settle
from depthgen.geometry import Camera
from depthgen.worlds import INDOOR_KINDS, OUTDOOR_KINDS, SKY_DEPTH, build_world, render
from depthgen.worlds.evaluation_set import assert_training_seed
from depthgen.worlds.sensors import kinect, lidar

Places = Literal["indoor", "outdoor", "all"]
KINDS = {"indoor": INDOOR_KINDS, "outdoor": OUTDOOR_KINDS, "all": (*INDOOR_KINDS, *OUTDOOR_KINDS)}
RENDER_BATCH = 8
HFOV_DEGREES = 60.0
SEEDS_A_SOURCE = 10**6
SENSOR_STREAM = 5  # of a world's random numbers


@dataclass(frozen=True)
class SyntheticConfig:
    """Which worlds to write where the sources of a stage are missing."""

    frames: int = 0  # of every training source, one a world; 0: write nothing
    validation_frames: int = 48
    size: tuple[int, int] = (96, 128)  # height, width of the pictures written
    places: Places = "all"
    lines: int = 16  # of a LiDAR; they must be rarer than rows to leave gaps
    seed: int = 10**8  # of the first world


@dataclass(frozen=True)
class Layout:
    """How worlds become one data set: who writes it, with which camera, and what measured the depth.

    writer: "module:function" of `(root, samples, *, split, **options)`; intrinsics: K (3,3) of a size
    (height, width).
    """

    writer: str
    intrinsics: Callable[[tuple[int, int]], Tensor]
    sensor: Literal["exact", "kinect", "lidar"] = "exact"
    options: Mapping[str, Any] = field(default_factory=dict)

    def write(self, root: Path, samples: Iterable[RGBD], split: str) -> None:
        """Write one split below `root`."""
        module, _, function = self.writer.partition(":")
        getattr(import_module(module), function)(root, samples, split=split, **self.options)


def pinhole(size: tuple[int, int]) -> Tensor:
    """K (3,3) of a centred camera of HFOV_DEGREES."""
    return Camera.from_fov(HFOV_DEGREES, size[1], size[0]).K


LAYOUTS = {
    "nyu": Layout("depthgen.data.writers:write_nyu_sync", lambda size: nyu_intrinsics(size=size), "kinect"),
    "kitti": Layout("depthgen.data.writers:write_kitti", pinhole, "lidar"),
    "scenenet": Layout(
        "depthgen.data.writers:write_scenenet", lambda size: scenenet_camera(size[1], size[0]).K
    ),
    "scannet": Layout("depthgen.data.writers_scannet:write_scannet", pinhole, "kinect"),
    # whose writer casts beams of its own: few, as every frame read decodes a whole turn of them
    "waymo": Layout(
        "depthgen.data.writers_waymo:write_waymo",
        pinhole,
        options={"beams": (16, 720), "rows_per_group": 1},
    ),
    "imagenet": Layout("depthgen.data.writers_images:write_image_folder", pinhole),
    "places365": Layout("depthgen.data.writers_images:write_image_folder", pinhole),
}


def write_sources(config: SyntheticConfig, data: DataConfig) -> list[Path]:
    """Write the folders of all sources of `data` that do not exist yet; returns those written.

    ValueError for a source that cannot be written, or for seeds that are reserved for evaluation.
    """
    if config.frames == 0:
        return []
    sources = [(source, config.frames) for source in data.sources]
    sources += [(source, config.validation_frames) for source in data.validation]
    assert_training_seed(config.seed + SEEDS_A_SOURCE * len(sources))
    folders: dict[Path, list[Part]] = {}
    for number, (source, count) in enumerate(sources):
        seeds = range(config.seed + number * SEEDS_A_SOURCE, config.seed + number * SEEDS_A_SOURCE + count)
        folders.setdefault(source.place(data.root), []).append(Part(source.name, source.split, seeds))
    missing = [place for place in folders if not place.exists()]
    for place in missing:
        print(f"writing rendered worlds into {place}")
        _write_folder(place, folders[place], config)
    return missing


@dataclass(frozen=True)
class Part:
    """One split of one data set, and the seeds of the worlds that fill it."""

    dataset: str
    split: str
    seeds: range


def _write_folder(place: Path, parts: Sequence[Part], config: SyntheticConfig) -> None:
    """All splits of one data set; the folder appears when it is whole."""
    partial = place.with_name(f"{place.name}.partial{os.getpid()}")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    for part in parts:
        layout = layout_of(part.dataset)
        layout.write(partial, measured_frames(layout, part.seeds, config), part.split)
    settle(partial, place)


def layout_of(name: str) -> Layout:
    """The layout called `name`; ValueError lists those there are."""
    if name not in LAYOUTS:
        raise ValueError(f"worlds cannot be written as {name!r}; there are: {', '.join(LAYOUTS)}")
    return LAYOUTS[name]


def measured_frames(layout: Layout, seeds: range, config: SyntheticConfig) -> Iterator[RGBD]:
    """One view of every world as the layout's sensor and camera have it."""
    for seed, frame in zip(
        seeds, rendered_frames(seeds, layout.intrinsics(config.size), config.size, config.places), strict=True
    ):
        generator = torch.Generator().manual_seed(10 * seed + SENSOR_STREAM)
        yield measured(frame, layout.sensor, generator, config.lines)


def measured(frame: RGBD, sensor: str, generator: torch.Generator, lines: int) -> RGBD:
    """The frame with what a sensor ("exact", "kinect" or "lidar") would have made of its exact depth."""
    camera = frame.camera
    assert camera is not None
    if sensor == "kinect":
        depth, valid = kinect(frame.depth.where(frame.valid, SKY_DEPTH), frame.image, camera, generator)
    elif sensor == "lidar":
        depth, valid = lidar(frame.depth, frame.valid, camera, generator, lines=lines)
    else:
        return frame
    return replace(frame, depth=depth, valid=valid)


def rendered_frames(seeds: range, K: Tensor, size: tuple[int, int], places: Places) -> Iterator[RGBD]:
    """One view of `size` (height, width) of each world: exact depth, sky known and not valid."""
    kinds = KINDS[places]
    for start in range(0, len(seeds), RENDER_BATCH):
        batch = [build_world(seed, kinds[seed % len(kinds)]) for seed in seeds[start : start + RENDER_BATCH]]
        poses = [
            world.camera(np.random.default_rng([world.seed, 1]), 64).world_from_camera for world in batch
        ]
        cameras = [Camera(K, pose, size[1], size[0]) for pose in poses]
        views = render(batch, cameras)
        for i, (world, camera) in enumerate(zip(batch, cameras, strict=True)):
            valid = ~views.sky[i]
            depth = views.depth[i].where(valid, 0.0)
            name = f"{world.kind} {world.seed}"
            yield RGBD(
                views.image[i].clamp(0, 1),
                depth,
                valid,
                name,
                camera.K,
                camera.world_from_camera,
                views.sky[i],
            )
