"""The denoiser contract, and ways to build one denoiser from others.

A denoiser is any callable `denoise(z_t, t) -> x0`: z_t (B, C, H, W) is x0 with noise of time t (B,) in [0, 1]
under a schedule, and the result (B, C, H, W) is the expected clean x0 (the posterior mean). Whatever it is
conditioned on is bound inside it. Samplers and imputation ask for nothing else.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Denoiser = Callable[[Tensor, Tensor], Tensor]


def denoise_at(denoise: Denoiser, z: Tensor, t: Tensor) -> Tensor:
    """x0 (B, C, H, W) of z (B, C, H, W) when the whole batch is at one time t ()."""
    return denoise(z, t.to(z).expand(len(z)))


def guided(conditional: Denoiser, unconditional: Denoiser, scale: float) -> Denoiser:
    """Classifier-free guidance, unconditional + scale (conditional - unconditional); 1 is conditional."""

    def denoise(z_t: Tensor, t: Tensor) -> Tensor:
        return torch.lerp(unconditional(z_t, t), conditional(z_t, t), scale)

    return conditional if scale == 1 else denoise


def mirror_averaged(denoise: Denoiser, mirrored: Denoiser) -> Denoiser:
    """The mean of a denoiser and of its mirror image, which is bound to the mirrored condition."""
    return lambda z_t, t: (denoise(z_t, t) + mirrored(z_t.flip(-1), t).flip(-1)) / 2


def clipped(denoise: Denoiser, low: float = -1.0, high: float = 1.0) -> Denoiser:
    """The denoiser with its answer clamped to the range of the data."""
    return lambda z_t, t: denoise(z_t, t).clamp(low, high)
