"""The optimisers of the loop: AdamW, and Muon for the weights that are matrices."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Literal

import torch
from torch import Tensor, nn

OptimizerName = Literal["adamw", "muon"]

MOMENTUM = 0.95
# a, b, c of X -> a X + b (X X^T) X + c (X X^T)^2 X, which drives singular values to about 1 in few rounds
NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
ROUNDS = 5
UPDATE_RMS = 0.2  # of AdamW's steps in practice, so that both take the same learning rate
EPSILON = 1e-8


def optimizer_of(
    model: nn.Module, name: OptimizerName, learning_rate: float, beta2: float, weight_decay: float
) -> torch.optim.Optimizer:
    """AdamW for all parameters, or Muon for the weights of linear layers and convolutions and AdamW for the
    rest."""
    if name == "adamw":
        return torch.optim.AdamW(
            model.parameters(), learning_rate, (0.9, beta2), weight_decay=weight_decay, fused=True
        )
    return Muon(model.parameters(), learning_rate, (0.9, beta2), weight_decay)


class Muon(torch.optim.Optimizer):
    """Momentum orthogonalised by Newton-Schulz (Jordan et al. 2024), at the scale of AdamW's steps
    (Moonlight, arXiv 2502.16982, equation 4); parameters of fewer than two dimensions are AdamW's.

    A convolution's weight (C_out, C_in, k, k) counts as the matrix (C_out, C_in k k).
    """

    def __init__(
        self,
        parameters: Iterable[Tensor],
        lr: float,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, {"lr": lr, "betas": betas, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> None:  # type: ignore[override]
        """One update of every parameter that has a gradient."""
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                update = self._orthogonal(p) if p.ndim > 1 else self._adam(p, group["betas"])
                p.mul_(1 - group["lr"] * group["weight_decay"]).sub_(update, alpha=group["lr"])

    def _orthogonal(self, p: Tensor) -> Tensor:
        state = self.state[p]
        if not state:
            state["momentum"] = torch.zeros_like(p)
        momentum = state["momentum"].lerp_(p.grad, 1 - MOMENTUM)
        matrix = p.grad.lerp(momentum, MOMENTUM).flatten(1)  # Nesterov's
        scale = UPDATE_RMS * max(matrix.shape) ** 0.5
        return scale * orthogonalized(matrix).view(p.shape)

    def _adam(self, p: Tensor, betas: tuple[float, float]) -> Tensor:
        state = self.state[p]
        if not state:
            state.update(step=torch.tensor(0.0), mean=torch.zeros_like(p), square=torch.zeros_like(p))
        # under this name torch keeps it where it is; older states have "steps"
        state["step"] = state.pop("steps", state.get("step")) + 1
        mean = state["mean"].lerp_(p.grad, 1 - betas[0])
        square = state["square"].lerp_(p.grad.square(), 1 - betas[1])
        unbiased = (square / (1 - betas[1] ** state["step"])).sqrt_() + EPSILON
        return mean / (1 - betas[0] ** state["step"]) / unbiased


def orthogonalized(matrix: Tensor) -> Tensor:
    """The matrix (M, N) with all its singular values moved to between about 0.7 and 1.2."""
    a, b, c = NEWTON_SCHULZ
    x = matrix.bfloat16() if matrix.shape[0] <= matrix.shape[1] else matrix.bfloat16().T
    x = x / (x.norm() + 1e-7)
    for _ in range(ROUNDS):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return (x if matrix.shape[0] <= matrix.shape[1] else x.T).to(matrix.dtype)
