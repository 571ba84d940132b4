"""How many worlds a second are built and rendered with shadows, reflections and smooth edges:
results/worlds.json.

At 64 px one process a core builds and renders; where there is a CUDA device, it renders prepared worlds too.
"""

from __future__ import annotations

import os
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import numpy as np
import torch
from record import hardware, save

from depthgen.geometry import Camera
from depthgen.worlds import GENERATOR_VERSION, World, build_world, render

SIZE, WORLDS = 64, 150  # worlds a process
CUDA_WORLDS = 512


def prepared(seeds: range) -> tuple[list[World], list[Camera]]:
    """Worlds and a camera in each."""
    worlds = [build_world(seed) for seed in seeds]
    return worlds, [world.camera(np.random.default_rng(world.seed), SIZE) for world in worlds]


def build_and_render(first_seed: int) -> float:
    """Wall seconds for WORLDS worlds in this process."""
    torch.set_num_threads(1)
    start = time.perf_counter()
    for seed in range(first_seed, first_seed + WORLDS, 10):
        render(*prepared(range(seed, seed + 10)))
    return time.perf_counter() - start


def on_cuda() -> dict[str, Any]:
    """Images a second of a CUDA device, worlds and cameras being there; nothing without one."""
    if not torch.cuda.is_available():
        return {}
    scenes = prepared(range(CUDA_WORLDS))
    render(*scenes, device="cuda")  # warm up
    start = time.perf_counter()
    render(*scenes, device="cuda").image.sum().item()
    rate = CUDA_WORLDS / (time.perf_counter() - start)
    return {"cuda": {"device": torch.cuda.get_device_name(), "rendered_per_second": round(rate, 1)}}


def main() -> None:
    machine, cores = hardware(), os.cpu_count() or 1
    with ProcessPoolExecutor(cores, get_context("spawn")) as pool:
        list(pool.map(build_and_render, [10**6 + i for i in range(cores)]))  # warm up
        taken = list(pool.map(build_and_render, [10**6 + WORLDS * (i + 2) for i in range(cores)]))
    rate = cores * WORLDS / max(taken)
    save(
        "worlds",
        {
            "hardware": machine,
            "generator_version": GENERATOR_VERSION,
            "size": SIZE,
            "processes": cores,
            "images_per_second": round(rate, 1),
            **on_cuda(),
        },
    )


if __name__ == "__main__":
    main()
