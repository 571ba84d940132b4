"""Depth in metres <-> the number the network works on, in [-1, 1]."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class DepthCoding:
    """How metres are mapped to [-1, 1].

    log=True maps `log(d / near) / log(far / near)` (so that a room and a mountain share one model, as DMD,
    arXiv 2312.13252, does); log=False maps `(d - near) / (far - near)` (DepthGen, arXiv 2302.14816).
    Metres outside [near, far] are clamped: beyond `far`, sky included, is the far plane.
    """

    near: float = 0.5
    far: float = 80.0
    log: bool = True

    def __post_init__(self) -> None:
        if not (math.isfinite(self.far) and 0.0 <= self.near < self.far):
            raise ValueError(f"depth coding needs 0 <= near < far < inf, got {self.near} and {self.far}")
        if self.log and self.near == 0.0:
            raise ValueError("log depth coding needs near > 0; set near, or log=False")

    def encode(self, metres: Tensor) -> Tensor:
        """Metres of any shape -> the same shape in [-1, 1]; values outside [near, far] are clamped."""
        clamped = metres.clamp(self.near, self.far)
        unit = torch.log(clamped / self.near) / self._log_ratio if self.log else self._linear(clamped)
        return (2.0 * unit - 1.0).clamp(-1.0, 1.0)

    def decode(self, coded: Tensor) -> Tensor:
        """Codes of any shape, clamped to [-1, 1] -> metres in [near, far]."""
        unit = (coded.clamp(-1.0, 1.0) + 1.0) / 2.0
        if self.log:
            return (self.near * torch.exp(unit * self._log_ratio)).clamp(self.near, self.far)
        return self.near + unit * (self.far - self.near)

    @property
    def _log_ratio(self) -> float:
        return math.log(self.far / self.near)

    def _linear(self, metres: Tensor) -> Tensor:
        return (metres - self.near) / (self.far - self.near)
