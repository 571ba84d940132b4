"""What lies behind the edges of a depth map: the farther surface, carried on behind the nearer one.

A silhouette hides what is behind it from this camera, but not from one that steps aside. What is made here is
a guess, the local plane of what is seen beside the silhouette, and good for the width of such a step only.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from depthgen.geometry.camera import Camera
from depthgen.geometry.edges import MAX_SLOPE, check_depth, connections
from depthgen.geometry.holes import push_pull

SUPPORT = 6  # pixels around from which the plane and the colour beside a silhouette are read
FARTHEST = 2.0  # times the depth beside the silhouette; planes are not followed farther away


class Behind(NamedTuple):
    """image (3,H,W) [0,1] and depth (1,H,W) metres, 0 but where a surface is `hidden` (1,H,W) bool."""

    image: Tensor
    depth: Tensor
    hidden: Tensor


def behind(image: Tensor, depth: Tensor, valid: Tensor, camera: Camera, margin: int) -> Behind:
    """Surfaces hidden within `margin` pixels of the silhouettes of a view.

    image (3,H,W) [0,1]; depth (1,H,W) metres; valid (1,H,W) bool. Where two valid neighbours are cut from
    each other, the plane of the farther one (linear in inverse depth) goes on as long as it stays behind what
    is seen; its colour is that beside the silhouette, spread smoothly. Raises ValueError as `depth_edges`.
    """
    check_depth(depth, valid, camera)
    depth, valid = depth[0].where(valid[0], 1.0), valid[0]
    right, down = connections(depth, valid, camera)
    far_side = _far_side(depth, valid, right, down)
    planes = torch.stack([1 / depth, *_gradients(1 / depth, right, down), depth.reciprocal() / FARTHEST])
    in_front = 1 / (depth * (1 + MAX_SLOPE / camera.K[0, 0].item()))
    reached, seen = far_side, far_side
    for _ in range(margin):
        grown, planes = _grown(reached, planes)
        reached = reached | (grown & valid & (planes[0] < in_front) & (planes[0] >= planes[3]))
    hidden = reached & ~seen
    beside = (_spread(far_side.float()[None], right, down, SUPPORT)[0] > 0) & ~far_side
    color = push_pull(image, (beside & ~hidden)[None])
    return Behind(
        color.where(hidden, 0.0), (1 / planes[0].where(hidden, 1.0)).where(hidden, 0.0)[None], hidden[None]
    )


def _far_side(depth: Tensor, valid: Tensor, right: Tensor, down: Tensor) -> Tensor:
    """The pixels (H,W) with a valid neighbour that is nearer and not on the same surface."""
    across = ~right & valid[:, :-1] & valid[:, 1:]
    along = ~down & valid[:-1] & valid[1:]
    deeper_right, deeper_down = depth.diff(dim=1) > 0, depth.diff(dim=0) > 0
    return (
        F.pad(across & deeper_right, (1, 0))
        | F.pad(across & ~deeper_right, (0, 1))
        | F.pad(along & deeper_down, (0, 0, 1, 0))
        | F.pad(along & ~deeper_down, (0, 0, 0, 1))
    )


def _gradients(inverse: Tensor, right: Tensor, down: Tensor) -> Tensor:
    """Steps (2,H,W) of inverse depth to the right and down, averaged along each surface."""
    across, along = inverse.diff(dim=1) * right, inverse.diff(dim=0) * down
    steps = torch.stack([_to_both(across, 1), _to_both(along, 0)])
    counts = torch.stack([_to_both(right.float(), 1), _to_both(down.float(), 0)])
    return _spread(steps, right, down, SUPPORT) / _spread(counts, right, down, SUPPORT).clamp(min=1)


def _to_both(between: Tensor, dim: int) -> Tensor:
    """Values between neighbours along a dimension of (H,W), added up at both of them."""
    before, after = ((1, 0), (0, 1)) if dim == 1 else ((0, 0, 1, 0), (0, 0, 0, 1))
    return F.pad(between, before) + F.pad(between, after)


def _spread(values: Tensor, right: Tensor, down: Tensor, rounds: int) -> Tensor:
    """Values (C,H,W) added to those of connected neighbours, again and again."""
    for _ in range(rounds):
        across = F.pad(values[..., 1:] * right, (0, 1)) + F.pad(values[..., :-1] * right, (1, 0))
        along = F.pad(values[:, 1:] * down, (0, 0, 0, 1)) + F.pad(values[:, :-1] * down, (0, 0, 1, 0))
        values = values + across + along
    return values


def _grown(reached: Tensor, planes: Tensor) -> tuple[Tensor, Tensor]:
    """A region (H,W) and its 8-neighbours, with planes (4,H,W) carried on into the latter.

    A plane is inverse depth, its steps to the right and down, and the least inverse depth it may take.
    """
    ones = torch.ones(3, 3)
    row, column = torch.meshgrid(torch.arange(3.0) - 1, torch.arange(3.0) - 1, indexing="ij")
    kernels = torch.zeros(5, 5, 3, 3)  # from a neighbour at an offset back to here: value - steps * offset
    for channel in range(5):
        kernels[channel, channel] = ones
    kernels[0, 1], kernels[0, 2] = -column, -row
    inside = reached.float()
    total = F.conv2d(torch.cat([planes * inside, inside[None]])[None], kernels, padding=1)[0]
    grown = total[4] > 0
    carried = total[:4] / total[4].clamp(min=1)
    return grown, planes.where(reached | ~grown, carried)
