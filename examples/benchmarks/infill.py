"""How long one core fills the holes of a 1216 x 352 LiDAR frame, the size of KITTI's: results/infill.json."""

from __future__ import annotations

import time

import numpy as np
import torch
from record import hardware, save

from depthgen.depth import infill_nearest
from depthgen.geometry import Camera
from depthgen.worlds import build_world, lidar, render

WIDTH, HEIGHT, HFOV = 1216, 352, 80.0
REPEATS = 30
LIMIT_MS = 30.0


def frame() -> tuple[torch.Tensor, torch.Tensor]:
    """Depth (1,H,W) and valid (1,H,W) of a village, as a LiDAR of 64 lines sees it."""
    world = build_world(5, "village")
    pose = world.camera(np.random.default_rng(5), 64).world_from_camera
    camera = Camera.from_fov(HFOV, WIDTH, HEIGHT, pose)
    views = render([world], [camera])
    return lidar(views.depth[0], ~views.sky[0], camera, torch.Generator().manual_seed(0))


def milliseconds(depth: torch.Tensor, valid: torch.Tensor) -> dict[str, float]:
    """Of REPEATS runs, after one that warms up: time of the core, which other programs do not lengthen much,
    and time of the clock."""
    infill_nearest(depth, valid)
    core, clock = [], []
    for _ in range(REPEATS):
        start_core, start_clock = time.thread_time(), time.perf_counter()
        infill_nearest(depth, valid)
        core.append(1e3 * (time.thread_time() - start_core))
        clock.append(1e3 * (time.perf_counter() - start_clock))
    return {
        "core_ms_median": round(sorted(core)[REPEATS // 2], 1),
        "core_ms_max": round(max(core), 1),
        "clock_ms_median": round(sorted(clock)[REPEATS // 2], 1),
    }


def main() -> None:
    machine = hardware()
    torch.set_num_threads(1)
    depth, lidar_hits = frame()
    random = torch.Generator().manual_seed(0)
    dense = torch.rand(depth.shape, generator=random) < 0.16  # as KITTI's annotations
    save(
        "infill",
        {
            "hardware": machine,
            "threads": 1,
            "size": [HEIGHT, WIDTH],
            "limit_ms": LIMIT_MS,
            **{
                name: {"valid_share": round(valid.float().mean().item(), 4), **milliseconds(depth, valid)}
                for name, valid in (("lidar_64_lines", lidar_hits), ("random_16_percent", dense))
            },
        },
    )


if __name__ == "__main__":
    main()
