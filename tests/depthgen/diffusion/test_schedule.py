import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from depthgen.diffusion.schedule import CosineSchedule, LinearSchedule, diffuse

schedules = pytest.mark.parametrize("schedule", [CosineSchedule(), LinearSchedule()])
times = st.floats(0, 1, width=32).map(lambda t: torch.tensor(t, dtype=torch.float64))


@schedules
@settings(deadline=None)
@given(t=times)
def test_variance_is_preserved(schedule, t):
    assert torch.isclose(schedule.alpha(t) ** 2 + schedule.sigma(t) ** 2, torch.ones_like(t))


@schedules
@settings(deadline=None)
@given(t=times)
def test_log_snr_is_that_of_alpha_and_sigma(schedule, t):
    ratio = schedule.alpha(t) / schedule.sigma(t)
    assert torch.isclose(schedule.log_snr(t), 2 * ratio.log(), atol=1e-9)


@schedules
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_log_snr_falls_and_stays_within_limits(schedule, dtype):
    log_snr = schedule.log_snr(torch.linspace(0, 1, 1001, dtype=dtype))
    assert log_snr.isfinite().all()
    assert (log_snr.diff() < 0).all()
    assert log_snr.abs().max() <= 20


def test_cosine_schedule_by_hand():
    # t = (1 - s) / 2 puts the angle at 45 degrees: as much signal as noise
    half = torch.tensor((1 - 0.008) / 2, dtype=torch.float64)
    assert CosineSchedule().log_snr(half).item() == pytest.approx(0, abs=1e-12)
    assert CosineSchedule().sigma(torch.zeros((), dtype=torch.float64)).item() == pytest.approx(
        math.sin(math.pi / 2 * 0.008 / 1.008)
    )
    assert CosineSchedule().log_snr(torch.ones(())).item() == pytest.approx(-20)


def test_linear_schedule_is_the_limit_of_a_thousand_small_steps():
    beta = torch.linspace(1e-4, 0.02, 1000, dtype=torch.float64)
    alpha_bar = (1 - beta).log().cumsum(0).exp().sqrt()
    t = torch.arange(1, 1001, dtype=torch.float64) / 1000
    torch.testing.assert_close(LinearSchedule().alpha(t)[99::100], alpha_bar[99::100], rtol=0.05, atol=0)


def test_diffuse_mixes_signal_and_noise():
    z = diffuse(
        torch.full((2, 1), 10.0), torch.full((2, 1), 1.0), torch.tensor([[0.8], [0.0]]), torch.tensor(0.6)
    )
    torch.testing.assert_close(z, torch.tensor([[8.6], [0.6]]))
