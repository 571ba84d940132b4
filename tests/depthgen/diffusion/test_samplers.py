"""Samplers against one-pixel Gaussian data, whose denoiser and distribution are known in closed form."""

from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from depthgen.diffusion.samplers import (
    ancestral_step,
    ddim_step,
    normal_like,
    sample_ancestral,
    sample_ddim,
    sample_dpmpp_2m,
    sample_heun,
    uniform_times,
)
from depthgen.diffusion.schedule import CosineSchedule

RANDOM = {
    "ancestral": sample_ancestral,
    "ancestral, upper variance": partial(sample_ancestral, k=1.0),
    "ddim, eta 1": partial(sample_ddim, eta=1.0),
}
DETERMINISTIC = {"ddim": sample_ddim, "heun": sample_heun, "dpmpp_2m": sample_dpmpp_2m}
CALLS = {"heun": lambda steps: 2 * steps - 1}  # the others: one a step
every_sampler = pytest.mark.parametrize("name", [*RANDOM, *DETERMINISTIC])


def noise_like_normal(count):
    """Noise (count, 1, 1, 1) with mean 0 and variance 1 exactly: only a sampler's own error is left."""
    noise = torch.randn(count, 1, 1, 1, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    return (noise - noise.mean()) / noise.std(correction=0)


def standard_deviation(sample, denoise, schedule, steps, generator=None):
    x0 = sample(denoise, noise_like_normal(2), schedule, uniform_times(steps), generator)
    return x0.std(correction=0).item()


@every_sampler
@pytest.mark.parametrize(("mean", "std"), [(0.3, 1.0), (-0.5, 0.3)])
def test_samples_have_the_mean_and_spread_of_the_data(name, mean, std, gaussian, schedule, generator):
    sample = {**RANDOM, **DETERMINISTIC}[name]
    denoise = gaussian([mean], [[std**2]])
    x0 = sample(denoise, noise_like_normal(20_000), schedule, uniform_times(128), generator)
    assert x0.mean().item() == pytest.approx(mean, abs=0.03 * std)
    assert x0.std().item() == pytest.approx(std, rel=0.06)
    assert denoise.calls == CALLS.get(name, lambda steps: steps)(128)


@pytest.mark.parametrize(("name", "gain"), [("ddim", 1.8), ("heun", 2.5), ("dpmpp_2m", 2.5)])
def test_doubling_the_steps_divides_the_error(name, gain, gaussian, schedule):
    denoise = gaussian([0.0], [[1.0]])
    coarse, fine = (1 - standard_deviation(DETERMINISTIC[name], denoise, schedule, n) for n in (32, 64))
    assert 0 < gain * fine < coarse


@pytest.mark.parametrize("name", ["heun", "dpmpp_2m"])
def test_second_order_beats_ddim_with_twice_the_steps(name, gaussian, schedule):
    denoise = gaussian([0.0], [[1.0]])
    ddim = 1 - standard_deviation(sample_ddim, denoise, schedule, 32)
    assert abs(1 - standard_deviation(DETERMINISTIC[name], denoise, schedule, 16)) < ddim / 2


@every_sampler
def test_data_without_spread_is_hit_exactly(name, gaussian, schedule, generator):
    sample = {**RANDOM, **DETERMINISTIC}[name]
    x0 = sample(gaussian([0.7], [[0.0]]), noise_like_normal(4), schedule, uniform_times(5), generator)
    torch.testing.assert_close(x0, torch.full_like(x0, 0.7))


@pytest.mark.parametrize("name", RANDOM)
def test_same_seed_same_sample(name, gaussian, schedule):
    denoise, noise = gaussian([0.0], [[1.0]]), noise_like_normal(4)
    first, again, other = (
        RANDOM[name](denoise, noise, schedule, uniform_times(4), torch.Generator().manual_seed(seed))
        for seed in (3, 3, 4)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


times = st.floats(0.01, 0.98).map(lambda t: torch.tensor(t, dtype=torch.float64))


@settings(deadline=None)
@given(t=times, s=times)
def test_ddim_with_eta_one_is_the_ancestral_step(t, s):
    s, t = min(s, t) * 0.99, max(s, t)
    z, x0, noise = (torch.randn(5, dtype=torch.float64) for _ in range(3))
    one = ancestral_step(z, x0, CosineSchedule(), t, s, noise)
    torch.testing.assert_close(ddim_step(z, x0, CosineSchedule(), t, s, 1.0, noise), one)


@settings(deadline=None)
@given(t=times, s=times, eta=st.floats(0, 1))
def test_a_step_with_the_true_x0_lands_on_the_noise_level_of_s(t, s, eta):
    # with x0 = 0, the variance of z_s is the sum of the squared weights of the old and the fresh noise
    s, t = min(s, t) * 0.99, max(s, t)
    schedule, one, zero = (
        CosineSchedule(),
        torch.ones((), dtype=torch.float64),
        torch.zeros((), dtype=torch.float64),
    )
    of_eps = ddim_step(schedule.sigma(t), zero, schedule, t, s, eta, zero)
    of_noise = ddim_step(zero, zero, schedule, t, s, eta, one)
    torch.testing.assert_close(of_eps**2 + of_noise**2, schedule.sigma(s) ** 2)


def test_uniform_times_run_from_noise_to_clean():
    assert uniform_times(4).tolist() == [1, 0.75, 0.5, 0.25, 0]
    with pytest.raises(ValueError, match="at least 1 step, not 0"):
        uniform_times(0)


def test_noise_has_the_type_of_the_data(generator):
    assert normal_like(torch.zeros(2, 3, dtype=torch.float64), generator).dtype == torch.float64
