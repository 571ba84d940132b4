"""Losses over the valid pixels, and step unrolling.

The ground truth of depth has holes: they are infilled only to make z_t, and never counted in a loss.
"""

from __future__ import annotations

import torch
from torch import Tensor

from depthgen.diffusion.schedule import diffuse


def masked_mean(values: Tensor, valid: Tensor) -> Tensor:
    """Mean of values (B, C, H, W) where valid (B, 1, H, W) or like values, bool; 0 where nothing is valid."""
    kept = valid.expand_as(values)
    return torch.where(kept, values, 0).sum() / kept.sum().clamp(min=1)


def masked_l1(prediction: Tensor, target: Tensor, valid: Tensor) -> Tensor:
    """Mean absolute error over valid pixels: the loss of the depth stages, robust to label noise."""
    return masked_mean(_difference(prediction, target, valid).abs(), valid)


def masked_l2(prediction: Tensor, target: Tensor, valid: Tensor) -> Tensor:
    """Mean squared error over valid pixels: the loss of pre-training, which keeps more diversity."""
    return masked_mean(_difference(prediction, target, valid).square(), valid)


def _difference(prediction: Tensor, target: Tensor, valid: Tensor) -> Tensor:
    """prediction - target, 0 at invalid pixels whatever is stored there (NaN would poison the gradient)."""
    return torch.where(valid, prediction - torch.where(valid, target, 0), 0)


def unrolled(
    x0: Tensor, x0_hat: Tensor, eps: Tensor, alpha: Tensor, sigma: Tensor, limit: float = 4.0
) -> tuple[Tensor, Tensor]:
    """Input and noise of step-unrolled denoising (DepthGen): z_t made from a prediction, not the truth.

    The network's own x0_hat (no gradient) replaces the truth, z_t = alpha x0_hat + sigma eps, and the noise
    becomes the one that maps this z_t back to the truth:
    eps' = (z_t - alpha x0) / sigma = eps + alpha / sigma (x0_hat - x0).
    That shift has no bound as sigma goes to 0, so it is clamped to +-limit BEFORE z_t is built: input and
    noise always agree, and the target stays finite.

    All (B, C, H, W) or broadcastable, x0 infilled. Returns (z_t, eps'); the target is
    `prediction.target(x0, eps', alpha, sigma, kind)`.
    """
    shift = (alpha / sigma * (x0_hat - x0)).detach().clamp(-limit, limit)
    eps = eps + shift
    return diffuse(x0, eps, alpha, sigma), eps
