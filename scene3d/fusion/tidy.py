"""Floaters out of a view before its surface is exported: specks cut off from everything around them."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor
from torch.nn import functional as F

from depthgen.geometry import surface_parts
from scene3d.frame import Frame

FLOATER = 1 / 2000  # of a picture's pixels: connected surfaces smaller than this are floaters


def tidied(frame: Frame) -> Frame:
    """The view with its new floaters moved onto the farthest of what surrounds them, be it the sky.

    Its picture stays as it is, so the view itself looks the same; from aside nothing hovers. The committed
    view, from which the loop goes on, is not touched by this.
    """
    part = surface_parts(frame.depth, frame.valid & frame.certain, frame.camera)
    size = part.flatten().bincount(minlength=part.numel())[part]
    floater = (size < FLOATER * part.numel()) & frame.valid & frame.certain & ~frame.known
    if not floater.any() or floater.all():
        return frame
    depth = _filled_from_farthest(frame.depth.where(frame.valid, torch.inf), floater)
    valid = depth.isfinite()
    return replace(frame, depth=depth.where(valid, frame.depth), valid=valid)


def _filled_from_farthest(depth: Tensor, hole: Tensor) -> Tensor:
    """Depth (1, H, W), inf in the sky, whose hole pixels take that of the farthest settled neighbour."""
    while hole.any():
        around = F.max_pool2d(depth.where(~hole, 0.0), 3, stride=1, padding=1)
        reached = hole & (around > 0)
        depth, hole = around.where(reached, depth), hole & ~reached
    return depth
