"""Variance-preserving noise schedules: z_t = alpha(t) x0 + sigma(t) eps with alpha^2 + sigma^2 = 1."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor

LOG_SNR_LIMIT = 20.0  # log-SNR is kept in [-20, 20], so that neither alpha nor sigma ever reaches 0


class Schedule(ABC):
    """alpha and sigma of a noise time t in [0, 1] (0 clean, 1 noise), any shape, through the log-SNR."""

    @abstractmethod
    def log_snr(self, t: Tensor) -> Tensor:
        """log(alpha^2 / sigma^2), decreasing in t, within [-20, 20]."""

    def alpha(self, t: Tensor) -> Tensor:
        """What is left of the signal."""
        return self.log_snr(t).sigmoid().sqrt()

    def sigma(self, t: Tensor) -> Tensor:
        """Standard deviation of the noise."""
        return (-self.log_snr(t)).sigmoid().sqrt()


@dataclass(frozen=True)
class CosineSchedule(Schedule):
    """Imagen's continuous cosine schedule: log-SNR = -2 log tan(pi/2 (t + s) / (1 + s))."""

    offset: float = 0.008  # s, so that the least noise is sigma(0) = 0.0125 rather than none

    def log_snr(self, t: Tensor) -> Tensor:
        """log(alpha^2 / sigma^2), decreasing in t, within [-20, 20]."""
        angle = math.pi / 2 * (t + self.offset) / (1 + self.offset)
        edge = math.atan(math.exp(-LOG_SNR_LIMIT / 2))  # bounds the log-SNR, and tan stays finite
        log_snr = -2 * angle.clamp(edge, math.pi / 2 - edge).tan().log()
        return log_snr.clamp(-LOG_SNR_LIMIT, LOG_SNR_LIMIT)


@dataclass(frozen=True)
class LinearSchedule(Schedule):
    """Noise rate beta rising linearly in t: the continuous limit of 1000 steps from 1e-4 to 0.02 (DDPM)."""

    beta_min: float = 0.1
    beta_max: float = 20.0

    def log_snr(self, t: Tensor) -> Tensor:
        """log(alpha^2 / sigma^2), decreasing in t, within [-20, 20]; alpha^2 = exp(-integral of beta)."""
        integral = self.beta_min * t + (self.beta_max - self.beta_min) * t**2 / 2
        tiny = torch.finfo(t.dtype).tiny
        return -integral.expm1().clamp(min=tiny).log().clamp(-LOG_SNR_LIMIT, LOG_SNR_LIMIT)


def diffuse(x0: Tensor, eps: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
    """z_t = alpha x0 + sigma eps; alpha and sigma broadcast against x0, for example (B, 1, 1, 1)."""
    return alpha * x0 + sigma * eps
