"""Nothing depends on the unit of length: a scene made larger or smaller is the same scene."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest
import torch

from depthgen import worlds
from depthgen.geometry import Camera, turned
from scene3d.backends.oracle import Oracle
from scene3d.frame import Frame
from scene3d.fusion import Fused, extend, view_from

SIZE, TURNS = 40, (0, 18, 36, 54)  # pixels, degrees


@cache
def views(kind: str) -> Sequence[Frame]:
    """What an oracle says of a turn in a world; nothing is known yet."""
    world = worlds.build_world(3, kind)
    oracle = Oracle(world, world.camera(np.random.default_rng(3), SIZE))
    cameras = [Camera.from_fov(60, SIZE, SIZE, turned(yaw, 0, (0.02 * yaw, 0, 0))) for yaw in TURNS]
    random = torch.Generator()
    return [
        Frame(
            oracle.generate("", camera=camera, generator=random),
            (depth := oracle.predict(torch.empty(0), camera=camera, generator=random)).depth,
            depth.valid,
            torch.zeros_like(depth.valid),
            camera,
        )
        for camera in cameras
    ]


def fused_at(scale: float, kind: str) -> tuple[Fused, list[torch.Tensor]]:
    """The loop of `generate` over the views, all lengths multiplied; and what was known of each view."""
    fused, seen = Fused(), []
    for frame in views(kind):
        pose = frame.camera.world_from_camera.clone()
        pose[:3, 3] *= scale
        view = view_from(fused, frame.camera.moved(pose))
        depth = (scale * frame.depth).where(~view.surface, view.depth)
        fused = extend(fused, Frame(frame.image, depth, frame.valid, view.known, frame.camera.moved(pose)))
        seen.append(view.known)
    return fused, seen


@pytest.mark.parametrize("kind", ["office", "forest"])
@pytest.mark.parametrize("scale", [1e-4, 0.1, 10.0, 100.0])
def test_a_scene_at_another_scale_has_the_same_triangles(kind: str, scale: float) -> None:
    reference, known = fused_at(1.0, kind)
    scaled, known_scaled = fused_at(scale, kind)
    assert all(torch.equal(a, b) for a, b in zip(known, known_scaled, strict=True))
    assert torch.equal(scaled.surface.faces, reference.surface.faces)
    assert torch.equal(scaled.sky.faces, reference.sky.faces)
    torch.testing.assert_close(scaled.surface.vertices, scale * reference.surface.vertices, rtol=1e-4, atol=0)
