"""Where the surfaces of a depth map end, decided the same way at every scale.

A depth step is compared with the width of a pixel on the surface, z / focal metres: their ratio is the slope
of the surface against the image plane, whatever the unit of depth.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from depthgen.geometry.camera import Camera

MAX_SLOPE = 5.0  # a surface seen at 11 degrees
MAX_PLANAR_SLOPE = 57.0  # the same for steps that continue a plane, such as distant ground: 1 degree
PLANE_SUPPORT = 3  # steps beside the one in question that must agree with the plane
PLANE_TOLERANCE = 0.5  # part of the step that the plane may leave unexplained


def depth_edges(depth: Tensor, camera: Camera, valid: Tensor | None = None) -> Tensor:
    """Pixels (1,H,W) bool that are cut from at least one valid neighbour (left, right, above, below).

    depth (1,H,W) metres; valid (1,H,W) bool, all True by default. Raises ValueError on wrong shapes or on
    depth that is not positive and finite where valid.
    """
    valid = torch.ones_like(depth, dtype=torch.bool) if valid is None else valid
    check_depth(depth, valid, camera)
    right, down = connections(depth[0], valid[0], camera)
    cut_right = valid[0, :, :-1] & valid[0, :, 1:] & ~right
    cut_down = valid[0, :-1] & valid[0, 1:] & ~down
    edges = F.pad(cut_right, (0, 1)) | F.pad(cut_right, (1, 0))
    edges |= F.pad(cut_down, (0, 0, 0, 1)) | F.pad(cut_down, (0, 0, 1, 0))
    return edges[None]


def check_depth(depth: Tensor, valid: Tensor, camera: Camera) -> None:
    """Raises ValueError unless depth and valid are (1,H,W) of the camera's size, depth > 0 where valid."""
    size = (1, camera.height, camera.width)
    if depth.shape != size or valid.shape != size:
        raise ValueError(
            f"depth map: depth {tuple(depth.shape)} and valid {tuple(valid.shape)} must both be {size}, "
            "the size of the camera; resize one of them"
        )
    seen = depth[valid]
    if not (torch.isfinite(seen) & (seen > 0)).all():
        raise ValueError("depth map: NaN, infinite or <= 0 where valid is True; mark such pixels not valid")


def connections(depth: Tensor, valid: Tensor, camera: Camera) -> tuple[Tensor, Tensor]:
    """Which pixels share a surface with their right (H,W-1) and their lower (H-1,W) neighbour.

    depth (H,W) metres, > 0 (also where not valid); valid (H,W) bool.
    """
    right = _same_surface(depth, valid, camera.K[0, 0].item())
    down = _same_surface(depth.T, valid.T, camera.K[1, 1].item()).T
    return right, down


def _same_surface(depth: Tensor, valid: Tensor, focal: float) -> Tensor:
    """Which pixels (H,W-1) share a surface with the next one in their row; `focal` in pixels.

    Steep steps pass only if they continue a plane, and then up to a far steeper slope.
    """
    here, there = depth[:, :-1], depth[:, 1:]
    slope = (here - there).abs() * focal / torch.minimum(here, there)
    planar = _continues_plane((1 / depth).where(valid, torch.nan))
    gentle = (slope <= MAX_SLOPE) | ((slope <= MAX_PLANAR_SLOPE) & planar)
    return gentle & valid[:, :-1] & valid[:, 1:]


def _continues_plane(inverse: Tensor) -> Tensor:
    """Which steps (H,W-1) along the rows of an inverse depth map (H,W), NaN where invalid, are a plane's.

    The inverse depth of a plane is linear in the image, so its step equals those before or after it.
    """
    step = inverse.diff(dim=1)
    padded = F.pad(step, (PLANE_SUPPORT, PLANE_SUPPORT), value=torch.nan)
    means = padded.unfold(1, PLANE_SUPPORT, 1).mean(-1)
    before, after = means[:, : step.shape[1]], means[:, PLANE_SUPPORT + 1 :]
    allowed = PLANE_TOLERANCE * step.abs()
    return ((step - before).abs() <= allowed) | ((step - after).abs() <= allowed)
