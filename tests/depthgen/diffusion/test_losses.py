import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from depthgen.diffusion.losses import masked_l1, masked_l2, masked_mean, unrolled
from depthgen.diffusion.prediction import target, to_x0
from depthgen.diffusion.schedule import CosineSchedule

VALID = torch.tensor([[[[True, False], [True, True]]]])
losses = pytest.mark.parametrize("loss", [masked_l1, masked_l2])


def test_losses_by_hand():
    prediction = torch.tensor([[[[1.0, 7.0], [2.0, 5.0]]]])
    truth = torch.tensor([[[[0.0, 0.0], [4.0, 5.0]]]])
    assert masked_l1(prediction, truth, VALID).item() == pytest.approx((1 + 2 + 0) / 3)
    assert masked_l2(prediction, truth, VALID).item() == pytest.approx((1 + 4 + 0) / 3)


@losses
@pytest.mark.parametrize("hidden", [1e30, float("nan"), float("inf")])
def test_what_stands_at_invalid_pixels_changes_neither_loss_nor_gradient(loss, hidden):
    prediction = torch.randn(1, 1, 2, 2, requires_grad=True)
    clean = torch.randn(1, 1, 2, 2)
    spoilt = torch.where(VALID, clean, hidden)
    values = [loss(prediction, truth, VALID) for truth in (clean, spoilt)]
    gradients = [torch.autograd.grad(value, prediction)[0] for value in values]
    assert values[0] == values[1]
    assert torch.equal(gradients[0], gradients[1])
    assert (gradients[0][~VALID] == 0).all()


@losses
def test_nothing_valid_is_no_loss(loss):
    prediction = torch.randn(1, 1, 2, 2, requires_grad=True)
    value = loss(prediction, torch.zeros(1, 1, 2, 2), torch.zeros_like(VALID))
    value.backward()
    assert value == 0
    assert (prediction.grad == 0).all()


def test_one_validity_serves_all_channels():
    values = torch.arange(12.0).view(1, 3, 2, 2)
    assert masked_mean(values, VALID) == masked_mean(values, VALID.expand(1, 3, 2, 2))


@settings(deadline=None)
@given(x0=st.floats(-1, 1), x0_hat=st.floats(-1, 1), eps=st.floats(-3, 3), t=st.floats(0, 0.99))
def test_unrolled_target_maps_back_to_the_truth(x0, x0_hat, eps, t):
    x0, x0_hat, eps, t = (torch.tensor(x, dtype=torch.float64) for x in (x0, x0_hat, eps, t))
    alpha, sigma = CosineSchedule().alpha(t), CosineSchedule().sigma(t)
    z, noise = unrolled(x0, x0_hat, eps, alpha, sigma)
    for kind in ("eps", "v", "x0"):
        back = to_x0(target(x0, noise, alpha, sigma, kind), z, alpha, sigma, kind)
        torch.testing.assert_close(back, x0, rtol=0, atol=1e-8)
    assert noise.abs() <= eps.abs() + 4


def test_unrolled_input_is_made_from_the_prediction():
    z, _ = unrolled(*map(torch.tensor, (0.5, 0.4, 1.0, 0.8, 0.6)))
    assert z.item() == pytest.approx(0.8 * 0.4 + 0.6 * 1.0)


def test_unrolled_stays_finite_without_noise_and_stops_the_gradient():
    x0_hat = torch.tensor(0.9, requires_grad=True)
    z, noise = unrolled(torch.tensor(0.1), x0_hat, torch.tensor(0.3), torch.tensor(1.0), torch.tensor(1e-12))
    assert noise.item() == pytest.approx(4.3)
    assert z.item() == pytest.approx(0.1)
    assert not z.requires_grad
