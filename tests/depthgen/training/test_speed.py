from __future__ import annotations

import torch
from torch import nn

from depthgen.training.speed import matmul_rate, training_flops


def test_flops_are_three_forward_passes() -> None:
    layer, x = nn.Linear(32, 16, bias=False), torch.ones(8, 32)
    assert training_flops(lambda: layer(x).sum()) == 3 * 2 * 8 * 32 * 16


def test_counting_leaves_no_gradient() -> None:
    layer = nn.Linear(4, 4)
    training_flops(lambda: layer(torch.ones(1, 4)).sum())
    assert layer.weight.grad is None


def test_a_matrix_product_runs_at_a_believable_rate() -> None:
    assert 1e8 < matmul_rate(torch.device("cpu"), "no", seconds=0.01) < 1e15
