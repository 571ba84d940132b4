"""What the network predicts: the noise (eps), the clean data (x0) or v = alpha eps - sigma x0.

alpha and sigma are those of z_t = alpha x0 + sigma eps, and broadcast against it, for example (B, 1, 1, 1).
"""

from __future__ import annotations

from typing import Literal, get_args

from torch import Tensor

Prediction = Literal["eps", "x0", "v"]


def to_x0(output: Tensor, z_t: Tensor, alpha: Tensor, sigma: Tensor, kind: Prediction) -> Tensor:
    """Clean data that a network's output of this kind stands for. Not clipped: for eps, huge near t = 1."""
    if kind == "x0":
        return output
    if kind == "v":
        return alpha * z_t - sigma * output
    if kind == "eps":
        return (z_t - sigma * output) / alpha
    raise unknown(kind)


def to_eps(output: Tensor, z_t: Tensor, alpha: Tensor, sigma: Tensor, kind: Prediction) -> Tensor:
    """Noise that the output of a network of this kind stands for."""
    if kind == "eps":
        return output
    if kind == "v":
        return sigma * z_t + alpha * output
    if kind == "x0":
        return (z_t - alpha * output) / sigma
    raise unknown(kind)


def target(x0: Tensor, eps: Tensor, alpha: Tensor, sigma: Tensor, kind: Prediction) -> Tensor:
    """What a network of this kind should answer at z_t = alpha x0 + sigma eps."""
    if kind == "x0":
        return x0
    if kind == "eps":
        return eps
    if kind == "v":
        return alpha * eps - sigma * x0
    raise unknown(kind)


def unknown(kind: str) -> ValueError:
    """Error for a kind that does not exist."""
    return ValueError(f"prediction type {kind!r} is unknown; choose one of {', '.join(get_args(Prediction))}")
