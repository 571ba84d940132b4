"""Samplers as plain loops over a grid of times from 1 to 0.

Each takes a denoiser (`depthgen.diffusion.denoiser`), Gaussian noise (B, C, H, W), a schedule and times
(N + 1,), and returns x0 (B, C, H, W). The last step lands on the denoiser's own x0, without noise.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor

from depthgen.diffusion.denoiser import Denoiser, denoise_at
from depthgen.diffusion.schedule import Schedule


def uniform_times(steps: int) -> Tensor:
    """Times (steps + 1,) from 1 to 0, equally spaced, float64. ValueError for less than one step."""
    if steps < 1:
        raise ValueError(f"a sampler needs at least 1 step, not {steps}")
    return torch.linspace(1, 0, steps + 1, dtype=torch.float64)


def normal_like(z: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """Standard normal noise shaped like z, drawn where the generator lives: the same on every device."""
    device = z.device if generator is None else generator.device
    return torch.randn(z.shape, generator=generator, device=device, dtype=z.dtype).to(z.device)


def ancestral_step(
    z: Tensor, x0: Tensor, schedule: Schedule, t: Tensor, s: Tensor, noise: Tensor, k: float = 0.0
) -> Tensor:
    """One step from time t to s < t of ancestral sampling (Imagen, eq. 6).

    z_s = (1 - r) alpha_s / alpha_t z + r alpha_s x0 + std noise, where r = 1 - e^(l_t - l_s), l the log-SNR,
    and std^2 = (r sigma_s^2)^(1 - k) (r sigma_t^2)^k; k = 0 is the variance of the posterior, and the least.
    """
    drop = schedule.log_snr(t) - schedule.log_snr(s)
    alpha_t, alpha_s = schedule.alpha(t), schedule.alpha(s)
    std = (-drop.expm1()).sqrt() * schedule.sigma(s) ** (1 - k) * schedule.sigma(t) ** k
    return drop.exp() * alpha_s / alpha_t * z - drop.expm1() * alpha_s * x0 + std * noise


def ddim_step(
    z: Tensor,
    x0: Tensor,
    schedule: Schedule,
    t: Tensor,
    s: Tensor,
    eta: float = 0.0,
    noise: Tensor | None = None,
) -> Tensor:
    """One step from time t to s of DDIM (arXiv 2010.02502): keep the noise eps that z holds beside x0.

    z_s = alpha_s x0 + sigma_s (sqrt(1 - r) eps + sqrt(r) noise), of whose variance the share
    r = eta^2 (1 - e^(l_t - l_s)) is renewed by fresh noise; eta = 0 needs none, eta = 1 is ancestral.
    """
    eps = (z - schedule.alpha(t) * x0) / schedule.sigma(t)
    if noise is not None:
        renewed = -(eta**2) * (schedule.log_snr(t) - schedule.log_snr(s)).expm1()
        eps = (1 - renewed).sqrt() * eps + renewed.sqrt() * noise
    return schedule.alpha(s) * x0 + schedule.sigma(s) * eps


def sample_ancestral(
    denoise: Denoiser,
    noise: Tensor,
    schedule: Schedule,
    times: Tensor,
    generator: torch.Generator | None = None,
    k: float = 0.0,
) -> Tensor:
    """Ancestral sampling as in Imagen and DepthGen (128 steps there), one call a step; k as in the step."""
    z = noise
    for t, s in pairwise(times[:-1]):
        z = ancestral_step(z, denoise_at(denoise, z, t), schedule, t, s, normal_like(z, generator), k)
    return denoise_at(denoise, z, times[-2])


def sample_ddim(
    denoise: Denoiser,
    noise: Tensor,
    schedule: Schedule,
    times: Tensor,
    generator: torch.Generator | None = None,
    eta: float = 0.0,
) -> Tensor:
    """DDIM, one call a step; eta 0 is deterministic, eta 1 ancestral."""
    z = noise
    for t, s in pairwise(times[:-1]):
        fresh = normal_like(z, generator) if eta else None
        z = ddim_step(z, denoise_at(denoise, z, t), schedule, t, s, eta, fresh)
    return denoise_at(denoise, z, times[-2])


def sample_heun(
    denoise: Denoiser,
    noise: Tensor,
    schedule: Schedule,
    times: Tensor,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Heun's method, second order, 2 N - 1 calls: each step is redone with the mean x0 of its ends.

    Deterministic: the generator, there so that all samplers are called alike, is not drawn from.
    """
    z = noise
    for t, s in pairwise(times[:-1]):
        x0 = denoise_at(denoise, z, t)
        x0_after = denoise_at(denoise, ddim_step(z, x0, schedule, t, s), s)
        z = ddim_step(z, (x0 + x0_after) / 2, schedule, t, s)
    return denoise_at(denoise, z, times[-2])


def sample_dpmpp_2m(
    denoise: Denoiser,
    noise: Tensor,
    schedule: Schedule,
    times: Tensor,
    generator: torch.Generator | None = None,
) -> Tensor:
    """DPM-Solver++ 2M (arXiv 2211.01095), second order, one call a step: x0 is extrapolated.

    With h the rise of half the log-SNR, x0 + h / (2 h_before) (x0 - x0_before) takes the place of x0.
    Deterministic: the generator, there so that all samplers are called alike, is not drawn from.
    """
    z, before = noise, None
    for t, s in pairwise(times[:-1]):
        x0, h = denoise_at(denoise, z, t), (schedule.log_snr(s) - schedule.log_snr(t)) / 2
        ahead = x0 if before is None else x0 + h / (2 * before[1]) * (x0 - before[0])
        z, before = ddim_step(z, ahead, schedule, t, s), (x0, h)
    return denoise_at(denoise, z, times[-2])
