"""Where the surfaces of a depth map end, decided the same way at every scale.

A depth step is compared with the width of a pixel on the surface, z / focal metres: their ratio is the slope
of the surface against the image plane, whatever the unit of depth.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from depthgen.geometry.camera import Camera

MAX_SLOPE = 4.0  # a surface seen at 14 degrees: steeper steps must go on like those beside them
MAX_CURVED_SLOPE = 24.0  # 2.4 degrees, where round things turn away: one step beside must be alike
CURVE_TOLERANCE = 0.65  # part of the step that the one beside it may leave unexplained,
CURVE_WIDTHS = 6.5  # and how many widths of a pixel at most
PLANE_SUPPORT = 2  # steps beside one that is steeper still, such as distant ground's, that must be a plane's
PLANE_TOLERANCE = 0.3


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


def cut_squares(depth: Tensor, camera: Camera, valid: Tensor) -> tuple[Tensor, Tensor]:
    """Which squares (H-1,W-1) bool of four valid pixels are cut, and why, by their steepest cut side.

    depth (1,H,W) metres; valid (1,H,W) bool. The first are cut by a step from one surface to another, the
    second by one that a surface seen at a grazing angle would make (up to MAX_CURVED_SLOPE).
    """
    right, down = connections(depth[0], valid[0], camera)
    across = _slope(depth[0], camera.K[0, 0].item()).where(~right, 0.0)
    along = _slope(depth[0].T, camera.K[1, 1].item()).T.where(~down, 0.0)
    sides = torch.stack([across[:-1], across[1:], along[:, :-1], along[:, 1:]])
    whole = F.max_pool2d((~valid).float(), 2, 1)[0] == 0
    steepest = sides.amax(0).where(whole, 0.0)
    return steepest > MAX_CURVED_SLOPE, (steepest > 0) & (steepest <= MAX_CURVED_SLOPE)


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

    The steeper a step, the more the steps beside it must agree that the surface goes on. The limits are
    measured: `examples/benchmarks/surface.py` asks of each triangle whether the true surface has a gap there.
    """
    slope = _slope(depth, focal)
    inverse = (1 / depth).where(valid, torch.nan)
    part = (CURVE_WIDTHS / slope).clamp(max=CURVE_TOLERANCE)
    curved = (slope <= MAX_CURVED_SLOPE) & _goes_on(inverse, 1, part)
    plane = _goes_on(inverse, PLANE_SUPPORT, PLANE_TOLERANCE)
    joined = (slope <= MAX_SLOPE) | curved | plane | _creases(inverse)
    return joined & valid[:, :-1] & valid[:, 1:]


def _slope(depth: Tensor, focal: float) -> Tensor:
    """Slope (H,W-1) of the steps along the rows of a depth map (H,W) against the image plane."""
    here, there = depth[:, :-1], depth[:, 1:]
    return (here - there).abs() * focal / torch.minimum(here, there)


def _goes_on(inverse: Tensor, support: int, tolerance: float | Tensor) -> Tensor:
    """Which steps (H,W-1) along the rows of an inverse depth map (H,W), NaN where invalid, are expected.

    The inverse depth of a plane is linear in the image: its step equals the mean of the `support` steps
    before or after it. A step may differ from that by `tolerance` times itself.
    """
    step = inverse.diff(dim=1)
    padded = F.pad(step, (support, support), value=torch.nan)
    means = padded.unfold(1, support, 1).mean(-1)
    before, after = means[:, : step.shape[1]], means[:, support + 1 :]
    allowed = tolerance * step.abs()
    return ((step - before).abs() <= allowed) | ((step - after).abs() <= allowed)


def _creases(inverse: Tensor) -> Tensor:
    """Which steps (H,W-1) along the rows of an inverse depth map (H,W) may bend from one plane into another.

    The planes on either side, carried on, meet within the step if it lies between the steps before and after
    it; at a jump it is beyond both. NaN where invalid.
    """
    step = inverse.diff(dim=1)
    before, after = F.pad(step, (1, 0), value=torch.nan)[:, :-1], F.pad(step, (0, 1), value=torch.nan)[:, 1:]
    return (step - before) * (step - after) <= 0
