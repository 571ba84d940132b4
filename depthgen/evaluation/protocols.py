"""Evaluation protocols as data: what is measured, on which pixels."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class DepthProtocol:
    """Which pixels of a depth map count, and between which metres predictions are clamped first.

    A pixel counts where the truth is valid (not sky) and its depth lies in [near, far) metres. size: side in
    pixels of the pictures. Every score is taken per image and then averaged over the images.
    """

    name: str
    size: int
    near: float
    far: float
    clamp: tuple[float, float]

    def counted(self, truth: Tensor, valid: Tensor) -> Tensor:
        """The pixels that are scored: truth (1,H,W) metres, valid (1,H,W) bool -> (1,H,W) bool."""
        return valid & (truth >= self.near) & (truth < self.far)

    def clamped(self, depth: Tensor) -> Tensor:
        """A prediction in metres, NaN and infinities included, as it is scored."""
        low, high = self.clamp
        return torch.nan_to_num(depth, nan=low, posinf=high, neginf=low).clamp(low, high)


@dataclass(frozen=True)
class PromptProtocol:
    """Pictures drawn for captions of evaluation worlds, judged by kind of place, time and weather."""

    name: str
    size: int
    batch: int = 32  # pictures drawn at once


WORLDS = DepthProtocol("worlds", size=64, near=1e-3, far=40.0, clamp=(0.1, 1000.0))
PROMPTS = PromptProtocol("prompts", size=64)
PROTOCOLS: dict[str, DepthProtocol | PromptProtocol] = {p.name: p for p in (WORLDS, PROMPTS)}


def protocol(name: str) -> DepthProtocol | PromptProtocol:
    """The protocol called `name`; ValueError lists those there are."""
    if name not in PROTOCOLS:
        raise ValueError(f"no protocol {name!r}; there are: {', '.join(PROTOCOLS)}")
    return PROTOCOLS[name]
