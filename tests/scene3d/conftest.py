"""A small scene with known geometry: a checkered floor, a wall five metres away, and sky above the wall."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from depthgen import worlds
from depthgen.geometry import Camera, pixel_rays, turned
from scene3d.backends.oracle import Oracle
from scene3d.frame import Frame, round_to_8_bits
from scene3d.fusion import extend, fuse_all, view_from
from scene3d.journal import Entry, Manifest, start
from scene3d.scene import Scene

FLOOR, WALL, WALL_TOP = 1.25, 5.0, -1.0  # metres: y of the floor, distance of the wall, y of its upper edge


def garden_view(camera: Camera) -> tuple[Tensor, Tensor, Tensor]:
    """Image (3,H,W), depth (1,H,W) and validity of floor, wall (three planes in a half ring) and sky."""
    rotation = camera.world_from_camera[:3, :3].float()
    origin = camera.position.float()
    rays = pixel_rays(camera) @ rotation.T
    to_floor = torch.where(rays[..., 1] > 1e-6, (FLOOR - origin[1]) / rays[..., 1], math.inf)
    walls = torch.tensor([[math.sin(a), 0.0, math.cos(a)] for a in (-1.0, 0.0, 1.0)])
    speed = rays @ walls.T
    to_wall = torch.where(speed > 1e-6, (WALL - walls @ origin) / speed, math.inf).amin(-1)
    to_wall[(origin[1] + to_wall * rays[..., 1]) < WALL_TOP] = math.inf
    depth = torch.minimum(to_floor, to_wall)
    valid = depth.isfinite()
    points = origin + depth.where(valid, 1.0)[..., None] * rays
    checker = ((points[..., 0].floor() + points[..., 2].floor()) % 2)[..., None]
    floor = torch.tensor([0.3, 0.5, 0.2]) + 0.3 * checker * torch.tensor([1.0, 0.5, 0.5])
    wall = torch.tensor([0.7, 0.4, 0.3]) * (0.7 + 0.1 * points[..., 1:2].abs())
    sky = torch.tensor([0.5, 0.7, 0.95]).expand_as(floor)
    color = torch.where((to_floor < to_wall)[..., None], floor, wall).where(valid[..., None], sky)
    return color.permute(2, 0, 1).clamp(0, 1), depth.where(valid, 1.0)[None], valid[None]


@pytest.fixture
def garden(garden_folder: Path, tmp_path: Path) -> Scene:
    """Three committed views of 48 x 40 pixels that turn to the right; the depth is exact."""
    return Scene.load(shutil.copytree(garden_folder, tmp_path / "garden"))


@pytest.fixture(scope="session")
def garden_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the garden, made once; for `garden` to copy."""
    manifest = Manifest(prompt="a garden wall", seed=0, config={}, models={}, environment={})
    root = tmp_path_factory.mktemp("scene") / "garden"
    start(root, manifest, picture=None)
    scene = Scene(manifest.prompt, (), root, manifest)
    fused = fuse_all(())
    for view in range(3):
        camera = Camera.from_fov(60, 48, 40, turned(20 * view, translation=(0.1 * view, 0, 0)))
        image, depth, valid = garden_view(camera)
        known = view_from(fused, camera).known
        frame = Frame(round_to_8_bits(image), depth, valid, known, camera)
        scene = scene.with_frame(frame, Entry(view=view, new_pixels=1 - known.float().mean().item()))
        fused = extend(fused, scene.frames[-1])
    return root


@pytest.fixture
def look() -> Callable[[Camera], tuple[Tensor, Tensor, Tensor]]:
    """The garden itself: what any camera sees of it."""
    return garden_view


@pytest.fixture(scope="session")
def views_of_a_room() -> Callable[[Sequence[Camera]], list[Frame]]:
    """What the loop commits of a living room, known to an oracle, from square cameras in their order."""

    def committed(cameras: Sequence[Camera]) -> list[Frame]:
        world = worlds.build_world(1, "living room")
        oracle = Oracle(world, world.camera(np.random.default_rng(1), cameras[0].width))
        random, fused, frames = torch.Generator(), fuse_all(()), []
        for camera in cameras:
            seen = view_from(fused, camera)
            image = oracle.generate("", camera=camera, generator=random)
            depth = oracle.predict(image, camera=camera, generator=random)
            frames.append(Frame(image, depth.depth, depth.valid, seen.covered, camera))
            fused = extend(fused, frames[-1])
        return frames

    return committed
