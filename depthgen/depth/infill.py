"""Filling depth where there is none. Filled values only feed the network; losses keep to the valid pixels."""

from __future__ import annotations

import torch
from torch import Tensor


def infill_nearest(depth: Tensor, valid: Tensor) -> Tensor:
    """Give every invalid pixel the depth of the nearest valid one (exact Euclidean distance, ties are free).

    depth: (H,W) or (1,H,W) metres, what stands at invalid pixels is ignored. valid: the same shape, bool.
    Returns the depth without holes; ValueError when no pixel is valid.
    """
    from scipy.ndimage import distance_transform_edt

    if depth.shape != valid.shape:
        raise ValueError(f"depth {tuple(depth.shape)} and valid {tuple(valid.shape)} must have one shape")
    if not valid.any():
        raise ValueError("cannot infill a depth map without a single valid pixel; drop this sample")
    plane = valid.reshape(valid.shape[-2:]).cpu().numpy()
    indices = torch.as_tensor(distance_transform_edt(~plane, return_distances=False, return_indices=True))
    nearest = indices[0].long() * plane.shape[1] + indices[1].long()
    return depth.flatten()[nearest.flatten().to(depth.device)].reshape(depth.shape)


def fill_sky(depth: Tensor, sky: Tensor, far: float) -> Tensor:
    """Set sky pixels to `far`, the largest modelled depth in metres. depth and sky (bool): one shape."""
    return torch.where(sky, torch.full_like(depth, far), depth)
