"""Muon turns momentum into steps of even size in all directions, and leaves the rest to AdamW."""

import pytest
import torch
from torch import nn

from depthgen.training.optimizer import UPDATE_RMS, Muon, optimizer_of, orthogonalized


@pytest.mark.parametrize("shape", [(6, 20), (20, 6), (8, 8)])
def test_singular_values_become_about_one_and_singular_vectors_stay(shape):
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    u, _, vt = torch.linalg.svd(matrix, full_matrices=False)
    inside = u.T @ orthogonalized(matrix) @ vt.T
    assert ((inside.diagonal() > 0.6) & (inside.diagonal() < 1.3)).all()
    assert (inside - inside.diagonal().diag()).abs().max() < 0.1  # bfloat16's rounding


def test_parameters_without_a_matrix_take_the_steps_of_adamw():
    ours, theirs = (nn.Parameter(torch.tensor([1.0, -2.0, 3.0])) for _ in range(2))
    settings = {"lr": 0.1, "betas": (0.9, 0.99), "weight_decay": 0.01}
    optimizers = [Muon([ours], **settings), torch.optim.AdamW([theirs], **settings)]
    for step in range(5):
        for p in (ours, theirs):
            p.grad = (p.detach() - step) ** 3
        for optimizer in optimizers:
            optimizer.step()
    assert torch.allclose(ours, theirs, atol=1e-5)


def test_a_state_of_before_goes_on():
    ours, theirs = (nn.Parameter(torch.tensor([1.0, -2.0])) for _ in range(2))
    optimizers = [Muon([p], lr=0.1) for p in (ours, theirs)]
    for step in range(3):
        for p, optimizer in zip((ours, theirs), optimizers, strict=True):
            p.grad = p.detach() - step
            optimizer.step()
        state = optimizers[1].state_dict()
        if step == 0:
            state["state"][0]["steps"] = state["state"][0].pop("step")
        optimizers[1].load_state_dict(state)
    assert torch.equal(ours, theirs)


def test_the_first_step_of_a_convolution_is_as_large_as_adamws():
    conv = nn.Conv2d(32, 16, 3, bias=False)
    before = conv.weight.detach().clone()
    conv.weight.grad = torch.randn_like(before)
    optimizer_of(conv, "muon", learning_rate=1e-2, beta2=0.99, weight_decay=0.0).step()
    rms = (conv.weight.detach() - before).square().mean().sqrt()
    assert rms.item() == pytest.approx(UPDATE_RMS * 1e-2, rel=0.25)


def test_weights_decay_where_there_is_no_gradient_to_follow():
    conv = nn.Conv2d(4, 4, 3, bias=False)
    before = conv.weight.detach().clone()
    conv.weight.grad = torch.zeros_like(before)
    Muon(conv.parameters(), lr=0.1, weight_decay=0.5).step()
    assert torch.allclose(conv.weight, 0.95 * before)
