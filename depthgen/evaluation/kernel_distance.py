"""How far two sets of pictures are apart, by features of them."""

from __future__ import annotations

import torch
from torch import Tensor

from depthgen.nn.judge import Judge


def kernel_distance(first: Tensor, second: Tensor) -> float:
    """The kernel inception distance (arXiv 1801.01401) of features (N, D) and (M, D).

    The unbiased estimate of the squared maximum mean discrepancy under the kernel (x y / D + 1)^3: 0 on
    average for two samples of one distribution, so that it may be negative. Its spread depends on N and M;
    compare only figures of the same. ValueError below two rows.
    """
    if min(len(first), len(second)) < 2:
        raise ValueError(f"a kernel distance needs two pictures of each, got {len(first)}, {len(second)}")
    a, b = first.double(), second.double()
    return float(_between_different(a) + _between_different(b) - 2 * _kernel(a, b).mean())


def _kernel(a: Tensor, b: Tensor) -> Tensor:
    return (a @ b.T / a.shape[1] + 1) ** 3


def _between_different(a: Tensor) -> Tensor:
    """Mean kernel of all pairs of different rows."""
    kernel, count = _kernel(a, a), len(a)
    return (kernel.sum() - kernel.diagonal().sum()) / (count * (count - 1))


def features(judge: Judge, pictures: Tensor, batch: int = 32) -> Tensor:
    """What a judge's last layer sees (N, D) of pictures (N, 3, H, W) in [0, 1], at their own size."""
    device = next(judge.parameters()).device
    with torch.inference_mode():
        parts = [judge.features(2 * part.to(device) - 1).cpu() for part in pictures.split(batch)]
    return torch.cat(parts)
