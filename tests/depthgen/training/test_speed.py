from __future__ import annotations

import torch
from torch import nn

from depthgen.training.speed import matmul_rate, training_flops


def test_flops_are_three_forward_passes() -> None:
    layer, x = nn.Linear(32, 16, bias=False), torch.ones(8, 32)
    assert training_flops(lambda: layer(x).sum()) == 3 * 2 * 8 * 32 * 16


def test_a_pass_without_gradient_counts_once() -> None:
    layer, x = nn.Linear(32, 16, bias=False), torch.ones(8, 32)

    def unrolled() -> torch.Tensor:
        with torch.no_grad():
            layer(x)
        return layer(x).sum()

    assert training_flops(unrolled) == (1 + 3) * 2 * 8 * 32 * 16


def test_attention_and_convolutions_are_counted_as_torch_does() -> None:
    from torch.utils.flop_counter import FlopCounterMode

    layer, x, q = nn.Conv2d(3, 8, 3), torch.rand(2, 3, 16, 16), torch.rand(1, 2, 16, 8, requires_grad=True)

    def loss() -> torch.Tensor:
        return layer(x).mean() + nn.functional.scaled_dot_product_attention(q, q, q).mean()

    with FlopCounterMode(display=False) as counter:
        loss()
    assert training_flops(loss) == 3 * counter.get_total_flops() > 0


def test_counting_leaves_no_gradient() -> None:
    layer = nn.Linear(4, 4)
    training_flops(lambda: layer(torch.ones(1, 4)).sum())
    assert layer.weight.grad is None


def test_a_matrix_product_runs_at_a_believable_rate() -> None:
    assert 1e8 < matmul_rate(torch.device("cpu"), "no", seconds=0.01) < 1e15
