from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from depthgen.geometry import Camera
from scene3d.frame import Frame


@pytest.fixture(scope="session")
def view() -> Callable[..., Frame]:
    """A view of a depth map (H, W) in metres, infinite on the sky, from a camera of 60 degrees at a pose."""

    def make(depth: torch.Tensor, pose: torch.Tensor | None = None) -> Frame:
        height, width = depth.shape
        valid = depth.isfinite()[None]
        nothing = torch.zeros_like(valid)
        camera = Camera.from_fov(60, width, height, pose)
        return Frame(torch.zeros(3, height, width), depth.where(valid[0], 1.0)[None], valid, nothing, camera)

    return make
