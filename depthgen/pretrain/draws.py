"""Random numbers from a generator that may live on another device than the pictures."""

from __future__ import annotations

import torch
from torch import Tensor


def uniform(
    generator: torch.Generator, *shape: int, low: float = 0.0, high: float = 1.0, device: torch.device
) -> Tensor:
    """float32 of `shape` in [low, high), drawn where the generator lives, on `device`."""
    drawn = torch.rand(shape, generator=generator, device=generator.device).to(device)
    return low + (high - low) * drawn


def integers(generator: torch.Generator, low: int, high: int, count: int, device: torch.device) -> Tensor:
    """(count,) int64 from low to high, both included, on `device`."""
    drawn = torch.randint(low, high + 1, (count,), generator=generator, device=generator.device)
    return drawn.to(device)


def normal(generator: torch.Generator, *shape: int, device: torch.device) -> Tensor:
    """float32 of `shape` from N(0, 1), on `device`."""
    return torch.randn(shape, generator=generator, device=generator.device).to(device)
