"""How many worlds a second are built and rendered at 64 px with shadows, one process a core:
results/worlds.json."""

from __future__ import annotations

import os
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import torch
from record import hardware, save

from depthgen.worlds import GENERATOR_VERSION, build_world, render

SIZE, WORLDS = 64, 150  # worlds a process


def build_and_render(first_seed: int) -> float:
    """Wall seconds for WORLDS worlds in this process."""
    torch.set_num_threads(1)
    start = time.perf_counter()
    for seed in range(first_seed, first_seed + WORLDS, 10):
        worlds = [build_world(s) for s in range(seed, seed + 10)]
        render(worlds, [world.camera(np.random.default_rng(world.seed), SIZE) for world in worlds])
    return time.perf_counter() - start


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
        },
    )


if __name__ == "__main__":
    main()
