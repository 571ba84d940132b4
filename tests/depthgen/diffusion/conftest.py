import pytest
import torch

from depthgen.diffusion.schedule import CosineSchedule


class GaussianDenoiser:
    """The exact E[x0 | z] of x0 ~ N(mean, covariance) over the flattened pixels; counts its calls."""

    def __init__(self, mean, covariance, schedule):
        self.mean, self.covariance, self.schedule, self.calls = mean, covariance, schedule, 0

    def __call__(self, z, t):
        self.calls += 1
        alpha, sigma = self.schedule.alpha(t[0]), self.schedule.sigma(t[0])
        total = alpha**2 * self.covariance + sigma**2 * torch.eye(len(self.mean), dtype=z.dtype)
        gain = alpha * torch.linalg.solve(total, self.covariance)
        return (self.mean + (z.flatten(1) - alpha * self.mean) @ gain).view_as(z)


@pytest.fixture
def schedule():
    return CosineSchedule()


@pytest.fixture
def gaussian(schedule):
    """Makes the exact denoiser of N(mean (n,), covariance (n, n)), given as nested lists."""

    def build(mean, covariance):
        mean, covariance = (torch.as_tensor(x, dtype=torch.float64) for x in (mean, covariance))
        return GaussianDenoiser(mean, covariance, schedule)

    return build


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(0)
