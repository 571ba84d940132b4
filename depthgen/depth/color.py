"""Depth as colours, for people."""

from __future__ import annotations

import torch
from torch import Tensor

# ColorBrewer's "Spectral", the customary colours of depth maps: red is near, violet is far.
_SPECTRAL = torch.tensor(
    [
        [158, 1, 66], [213, 62, 79], [244, 109, 67], [253, 174, 97], [254, 224, 139], [255, 255, 191],
        [230, 245, 152], [171, 221, 164], [102, 194, 165], [50, 136, 189], [94, 79, 162],
    ],
    dtype=torch.float32,
)  # fmt: skip
LEAST = 1e-6  # metres, whose logarithm is still a number
_INVALID = torch.tensor([40, 40, 48], dtype=torch.uint8)


def colorize(depth: Tensor, valid: Tensor, near: float | None = None, far: float | None = None) -> Tensor:
    """(H,W) metres -> (H,W,3) uint8: red is near, violet far, on a log scale; invalid pixels are dark grey.

    near, far: metres of the two ends; by default the 1st and 99th percentile of the valid pixels.
    """
    canvas = _INVALID.expand(*depth.shape, 3).clone()
    if not valid.any():
        return canvas
    log_depth = torch.log(depth[valid].float().cpu().clamp_min(LEAST))
    low = _log_or_quantile(near, log_depth, 0.01)
    high = _log_or_quantile(far, log_depth, 0.99)
    unit = ((log_depth - low) / (high - low).clamp_min(1e-6)).clamp(0.0, 1.0)
    canvas[valid.cpu()] = _interpolate(unit)
    return canvas


def depth_range(depths: Tensor) -> tuple[float, float]:
    """Two metres between which nearly all depths (n,) lie, n > 0: their 1st and 99th percentile."""
    ordered = depths.sort().values
    near, far = (ordered[round(share * (len(ordered) - 1))].item() for share in (0.01, 0.99))
    return near, max(far, 1.01 * near)


def _log_or_quantile(metres: float | None, log_depth: Tensor, share: float) -> Tensor:
    if metres is not None:
        return torch.log(torch.tensor(float(metres)).clamp_min(LEAST))
    return log_depth.kthvalue(1 + int(share * (log_depth.numel() - 1))).values  # quantile() has a size limit


def _interpolate(unit: Tensor) -> Tensor:
    position = unit * (len(_SPECTRAL) - 1)
    lower = position.floor().long().clamp_max(len(_SPECTRAL) - 2)
    weight = (position - lower).unsqueeze(-1)
    return torch.lerp(_SPECTRAL[lower], _SPECTRAL[lower + 1], weight).round().to(torch.uint8)
