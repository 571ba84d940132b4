"""Depth at another resolution, without inventing surfaces between foreground and background."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

_RADIUS = 2  # low-resolution neighbours on each side
_SPATIAL_SIGMA = 0.8  # low-resolution pixels
_COLOR_SIGMA = 0.08  # [0,1] colour distance
_DEPTH_SIGMA = 0.08  # log depth: surfaces further apart than this do not mix
_CHUNK = 1 << 17  # high-resolution pixels at once, bounds the memory


def downsample_depth(
    depth: Tensor, valid: Tensor, size: tuple[int, int], least: float = 0.5
) -> tuple[Tensor, Tensor]:
    """Shrink a depth map: every cell takes the lower median of its valid pixels, so a depth that occurs.

    depth: (1,H,W) metres; valid: (1,H,W) bool; size: (h, w), where it is larger, pixels repeat. least: share
    in [0,1] of a cell that must be valid. Returns depth (1,h,w), 0 where invalid, and valid (1,h,w).
    """
    h, w = size
    rows, columns = -(-depth.shape[-2] // h), -(-depth.shape[-1] // w)
    blank = depth.float().masked_fill(~valid, torch.nan)
    cells = F.interpolate(blank[None], size=(h * rows, w * columns), mode="nearest-exact")[0]
    cells = cells.reshape(1, h, rows, w, columns).permute(0, 1, 3, 2, 4).reshape(1, h, w, rows * columns)
    share = (~cells.isnan()).float().mean(-1)
    kept = (share >= least) & (share > 0)
    return cells.nanmedian(-1).values.masked_fill(~kept, 0.0), kept


def joint_bilateral_upsample(depth_low: Tensor, guide_low: Tensor, guide: Tensor) -> Tensor:
    """Enlarge a depth map along the edges of an image (after Kopf et al. 2007, with two changes).

    Each of the 5 x 5 low-resolution neighbours proposes a depth for the fine pixel by following its own slope
    (linear in disparity, as planes are; slopes stop at edges), weighted by distance and colour. The mode of
    the proposals in log depth is taken, not their mean: no pixel lands between foreground and background.
    depth_low: (1,h,w) metres > 0; guide_low: (3,h,w), guide: (3,H,W) images in [0,1]. Returns (1,H,W) metres.
    """
    if depth_low.shape[-2:] != guide_low.shape[-2:]:
        raise ValueError(f"depth {tuple(depth_low.shape)} and guide {tuple(guide_low.shape)} differ in size")
    low = (depth_low.shape[-2], depth_low.shape[-1])
    high = (guide.shape[-2], guide.shape[-1])
    if low == high:
        return depth_low.clone()
    disparity = 1.0 / depth_low[0]
    fields = torch.stack([disparity, _slope(disparity, 0), _slope(disparity, 1), *guide_low]).flatten(1)
    pixels = guide.flatten(1)
    chunks = torch.arange(high[0] * high[1], device=guide.device).split(_CHUNK)
    fine = [_upsample_pixels(chunk, pixels, fields, low, high) for chunk in chunks]
    return torch.cat(fine).reshape(1, *high)


def _upsample_pixels(
    index: Tensor, pixels: Tensor, fields: Tensor, low: tuple[int, int], high: tuple[int, int]
) -> Tensor:
    """The fine depths (N,) of the pixels `index` (N,)."""
    y = (index // high[1] + 0.5) * (low[0] / high[0]) - 0.5  # position in low-resolution pixels
    x = (index % high[1] + 0.5) * (low[1] / high[1]) - 0.5
    rows, dy = _neighbours(y, low[0])  # (N,5)
    columns, dx = _neighbours(x, low[1])
    near = (rows[:, :, None] * low[1] + columns[:, None, :]).flatten(1)  # (N,25)
    offset_y = dy[:, :, None].expand(-1, -1, dx.shape[1]).flatten(1)
    offset_x = dx[:, None, :].expand(-1, dy.shape[1], -1).flatten(1)
    disparity, slope_y, slope_x, *color = fields[:, near]
    proposal = disparity + slope_y * offset_y + slope_x * offset_x
    proposal = -torch.log(proposal.clamp(fields[0].min(), fields[0].max()))
    difference = (torch.stack(color) - pixels[:, index, None]).square().sum(0)
    distance = offset_y.square() + offset_x.square()
    weight = torch.exp(-distance / (2 * _SPATIAL_SIGMA**2) - difference / (2 * _COLOR_SIGMA**2))
    return torch.exp(_mode(proposal, weight + 1e-12 / (1 + distance)))  # the nearest, where no colour matches


def _neighbours(position: Tensor, length: int) -> tuple[Tensor, Tensor]:
    """Indices (N,5) of the nearest low-resolution pixels along one axis, and position - index."""
    near = position.round()[:, None] + torch.arange(-_RADIUS, _RADIUS + 1, device=position.device)
    near = near.clamp(0, length - 1)
    return near.long(), position[:, None] - near


def _mode(proposal: Tensor, weight: Tensor) -> Tensor:
    """Mean shift (N,K) -> (N,) from the heaviest proposal to the peak of the weighted density."""
    center = proposal.gather(1, weight.argmax(1, keepdim=True))
    for _ in range(3):
        kernel = weight * torch.exp(-(proposal - center).square() / (2 * _DEPTH_SIGMA**2))
        center = (kernel * proposal).sum(1, keepdim=True) / kernel.sum(1, keepdim=True)
    return center[:, 0]


def _slope(values: Tensor, axis: int) -> Tensor:
    """Minmod slope of (h,w) per pixel: the smaller one-sided difference, 0 where they disagree in sign."""
    step = values.diff(dim=axis)
    if step.shape[axis] == 0:
        return torch.zeros_like(values)
    first, last = step.narrow(axis, 0, 1), step.narrow(axis, -1, 1)
    before, after = torch.cat([first, step], axis), torch.cat([step, last], axis)
    smaller = torch.where(before.abs() < after.abs(), before, after)
    return torch.where(before * after > 0, smaller, torch.zeros_like(values))
