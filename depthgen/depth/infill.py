"""Filling depth where there is none. Filled values only feed the network; losses keep to the valid pixels."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def infill_nearest(depth: Tensor, valid: Tensor) -> Tensor:
    """Give every invalid pixel the depth of the nearest valid one (exact Euclidean distance, ties are free).

    depth: (H,W) or (1,H,W) metres, what stands at invalid pixels is ignored. valid: the same shape, bool.
    Returns the depth without holes; ValueError when no pixel is valid. A LiDAR frame of 1216 x 352 takes
    11 to 18 ms of one core (examples/benchmarks/infill.py).
    """
    from scipy.ndimage import distance_transform_edt

    if depth.shape != valid.shape:
        raise ValueError(f"depth {tuple(depth.shape)} and valid {tuple(valid.shape)} must have one shape")
    if not valid.any():
        raise ValueError("cannot infill a depth map without a single valid pixel; drop this sample")
    plane = valid.reshape(valid.shape[-2:]).cpu().numpy()
    rows, columns = np.asarray(distance_transform_edt(~plane, return_distances=False, return_indices=True))
    nearest = torch.from_numpy(rows * plane.shape[1] + columns).flatten()
    return depth.flatten().index_select(0, nearest.to(depth.device)).reshape(depth.shape)


def fill_sky(depth: Tensor, sky: Tensor, far: float) -> Tensor:
    """Set sky pixels to `far`, the largest modelled depth in metres. depth and sky (bool): one shape."""
    return torch.where(sky, torch.full_like(depth, far), depth)
