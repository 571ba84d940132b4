"""Completion against the closed-form conditional of Gaussian data, with its exact denoiser."""

import pytest
import torch

from depthgen.diffusion.imputation import Gradient, Guide, Known, Resample, complete, conditioned, renoise
from depthgen.diffusion.samplers import uniform_times

RHO, GIVEN = 0.9, 1.5
TRUE_MEAN, TRUE_STD = RHO * GIVEN, (1 - RHO**2) ** 0.5
EVERY = [Resample(1), Resample(3), Guide(), Gradient()]


@pytest.fixture
def complete_pair(gaussian, schedule, generator):
    """Completes the second of two unit Gaussians with correlation 0.9, the first of which is 1.5."""

    def run(steps, method, count=4000):
        denoise = gaussian([0.0, 0.0], [[1.0, RHO], [RHO, 1.0]])
        noise = torch.randn(count, 1, 1, 2, generator=generator, dtype=torch.float64)
        values = torch.tensor([GIVEN, torch.nan], dtype=torch.float64).expand_as(noise)
        known = torch.tensor([True, False]).expand_as(noise)
        x0 = complete(denoise, noise, values, known, schedule, uniform_times(steps), generator, method)
        assert (x0[..., 0] == GIVEN).all()
        return x0[..., 1], denoise.calls

    return run


def test_replacement_alone_is_biased_and_resampling_removes_the_bias(complete_pair):
    means = [complete_pair(64, Resample(rounds))[0].mean().item() for rounds in (1, 3, 10)]
    errors = [abs(mean - TRUE_MEAN) for mean in means]
    assert errors[0] > 0.35
    assert errors[0] > 2 * errors[1] > 3 * errors[2]
    assert errors[2] < 0.06


def test_the_default_is_nearly_unbiased_in_sixteen_calls(complete_pair):
    completed, calls = complete_pair(16, Guide())
    assert calls == 16
    assert completed.mean().item() == pytest.approx(TRUE_MEAN, abs=0.06)
    assert completed.std().item() == pytest.approx(TRUE_STD, rel=0.2)


def test_correction_at_every_noise_level_removes_the_rest_of_the_bias(complete_pair):
    completed, _ = complete_pair(32, Guide(least_alpha=0.0))
    assert completed.mean().item() == pytest.approx(TRUE_MEAN, abs=0.02)
    assert completed.std().item() == pytest.approx(TRUE_STD, rel=0.12)


def test_the_gradient_alone_comes_near_in_sixteen_calls_but_not_nearer_in_more(complete_pair):
    (few, calls), (many, _) = complete_pair(16, Gradient()), complete_pair(64, Gradient())
    assert calls == 16
    for completed in (few, many):
        assert completed.mean().item() == pytest.approx(TRUE_MEAN, abs=0.1)
        assert completed.std().item() == pytest.approx(TRUE_STD, rel=0.15)
        assert completed.mean().item() < TRUE_MEAN - 0.04  # as if the known value told of itself alone


def test_a_stronger_gradient_overshoots(complete_pair):
    assert complete_pair(16, Gradient(strength=2.0))[0].mean().item() > TRUE_MEAN + 0.15


def test_resampling_costs_its_rounds(complete_pair):
    assert complete_pair(9, Resample(4), count=2)[1] == 8 * 4 + 1


def row(count=24, length=8.0):
    """Covariance of a row of pixels: one offset for all of it, a smooth part and a little roughness."""
    x = torch.arange(count, dtype=torch.float64)
    near = torch.exp(-((x[:, None] - x) ** 2) / (2 * length**2))
    return 0.3**2 + 0.1**2 * near + 0.02**2 * torch.eye(count, dtype=torch.float64)


def true_conditional(covariance, known, values):
    gain = torch.linalg.solve(covariance[known][:, known], covariance[known][:, ~known])
    return values[known] @ gain


def test_guidance_continues_a_row_of_pixels(gaussian, schedule, generator):
    covariance, known = row(), torch.arange(24) < 16
    values = torch.linalg.cholesky(covariance) @ torch.randn(24, generator=generator, dtype=torch.float64)
    values = values - values.mean() + 0.45  # one and a half standard deviations off what the model expects
    noise = torch.randn(200, 1, 1, 24, generator=generator, dtype=torch.float64)
    given, where = values.view(1, 1, 1, 24).expand_as(noise), known.view(1, 1, 1, 24)
    denoise, exact = gaussian(torch.zeros(24), covariance), Guide(iterations=3, least_alpha=0.0)
    x0 = complete(denoise, noise, given, where, schedule, uniform_times(16), generator, exact)
    error = x0.mean(0)[0, 0, ~known] - true_conditional(covariance, known, values)
    assert error.square().mean().sqrt().item() < 0.03  # a tenth of the standard deviation


@pytest.mark.parametrize("method", EVERY, ids=repr)
def test_known_values_are_exact_and_unknown_ones_are_not_read(method, gaussian, schedule, generator):
    denoise = gaussian(torch.zeros(24), row())
    noise = torch.randn(3, 1, 1, 24, generator=generator, dtype=torch.float64)
    known = torch.rand(3, 1, 1, 24, generator=generator) < 0.5
    values = torch.where(known, torch.rand_like(noise), torch.nan)
    x0 = complete(denoise, noise, values, known, schedule, uniform_times(4), generator, method)
    assert torch.equal(x0[known], values[known])
    assert x0.isfinite().all()


@pytest.mark.parametrize("method", EVERY, ids=repr)
def test_with_nothing_known_samples_have_the_spread_of_the_data(method, gaussian, schedule, generator):
    noise = torch.randn(2000, 1, 1, 1, generator=generator, dtype=torch.float64)
    nowhere = torch.zeros(1, 1, 1, 1, dtype=torch.bool)
    x0 = complete(
        gaussian([0.3], [[1.0]]), noise, noise, nowhere, schedule, uniform_times(64), generator, method
    )
    assert x0.mean().item() == pytest.approx(0.3, abs=0.1)
    assert x0.std().item() == pytest.approx(1.0, abs=0.1)


def test_the_derivative_is_not_taken_at_high_noise(schedule):
    def without_gradient(z, t):
        assert z.requires_grad == (schedule.alpha(t[0]) >= 0.3)
        return 0 * z

    noise = torch.zeros(1, 1, 2, 2)
    complete(without_gradient, noise, noise, noise == 0, schedule, uniform_times(16))


@pytest.mark.parametrize("method", EVERY, ids=repr)
@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_completion_runs_where_gradients_are_off(method, mode, gaussian, schedule, generator):
    denoise, noise = gaussian(torch.zeros(24), row()), torch.randn(1, 1, 1, 24, dtype=torch.float64)
    known = torch.arange(24).view(1, 1, 1, 24) < 12
    with mode():
        x0 = complete(denoise, noise, noise / 3, known, schedule, uniform_times(3), generator, method)
    assert not x0.requires_grad


def test_conditioned_solves_the_gaussian_conditional(generator):
    root = torch.randn(6, 6, generator=generator, dtype=torch.float64)
    covariance, mean = root @ root.T, torch.randn(6, generator=generator, dtype=torch.float64)
    values = torch.randn(6, generator=generator, dtype=torch.float64)
    where = torch.arange(6) < 4
    noisy = covariance[:4, :4] + 0.1 * torch.eye(4, dtype=torch.float64)
    expected = mean + covariance[:, :4] @ torch.linalg.solve(noisy, values[:4] - mean[:4])
    known = Known(values.view(1, 1, 1, 6), where.view(1, 1, 1, 6))
    solved = conditioned(mean.view(1, 1, 1, 6), lambda v: v @ covariance, known, 0.1, iterations=4)
    torch.testing.assert_close(solved.flatten(), expected)


def test_conditioned_keeps_the_mean_where_the_covariance_is_not_positive():
    mean = torch.zeros(1, 1, 1, 4)
    known = Known(torch.ones_like(mean), torch.ones_like(mean, dtype=torch.bool))
    assert torch.equal(conditioned(mean, lambda v: -v, known, 0.01, iterations=3), mean)


def test_renoising_returns_to_the_noise_level_it_came_from(schedule):
    s, t = torch.tensor(0.3, dtype=torch.float64), torch.tensor(0.5, dtype=torch.float64)
    zero, one = torch.zeros((), dtype=torch.float64), torch.ones((), dtype=torch.float64)
    torch.testing.assert_close(renoise(schedule.alpha(s), schedule, s, t, zero), schedule.alpha(t))
    kept, added = renoise(schedule.sigma(s), schedule, s, t, zero), renoise(zero, schedule, s, t, one)
    torch.testing.assert_close(kept**2 + added**2, schedule.sigma(t) ** 2)


@pytest.mark.parametrize("make", [lambda: Resample(0), lambda: Guide(iterations=0), lambda: Gradient(0)])
def test_no_work_at_all_is_refused(make):
    with pytest.raises(ValueError, match=r"must be (at least 1|positive)"):
        make()


def test_a_correction_that_overshoots_is_held_within_the_data(schedule):
    """A denoiser with a steep derivative: known values beyond its reach would push x0 far out."""

    def steep(z, t):
        return torch.tanh(40 * z)

    z = torch.full((1, 1, 2, 2), 0.01)
    known = Known(torch.full_like(z, -1.0), torch.tensor([[[[True, False], [False, False]]]]))
    t = torch.tensor(0.3, dtype=torch.float64)
    held = Guide(limit=1.0).estimate(steep, z, known, schedule, t)
    free = Guide(known_std=1e-6).estimate(lambda z, t: 3 * steep(z, t), z, known, schedule, t)
    assert free.abs().max() > 1
    assert held.abs().max() <= 1
