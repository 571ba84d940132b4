from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from depthgen.depth.coding import DepthCoding
from depthgen.diffusion.prediction import target
from depthgen.model import DiffusionModel, ModelConfig, completion_condition
from depthgen.nn.unet import UNetConfig
from depthgen.objectives import SCHEDULE, completion_loss, depth_loss, judge_loss, training_known
from depthgen.text import TextEncoder

SIDE = 16
UNET = UNetConfig(channels=(16, 16), blocks=(1, 1), attention=(False, True))


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def batch(count: int = 4) -> dict:
    generator = seeded(1)
    return {
        "image": torch.rand(count, 3, SIDE, SIDE, generator=generator),
        "depth": 1 + 9 * torch.rand(count, 1, SIDE, SIDE, generator=generator),
        "known": torch.rand(count, 1, SIDE, SIDE, generator=generator) < 0.5,
        "captions": [["a lake", "a small lake"]] * count,
        "kind": torch.arange(count) % 3,
    }


class Perfect(torch.nn.Module):
    """Knows the clean x0 from the condition, so its loss must vanish whatever noise and flip are drawn."""

    def __init__(self, clean: Callable[[torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.clean = clean

    def forward(self, z_t, t, condition, text=None) -> torch.Tensor:
        alpha, sigma = (f(t)[:, None, None, None] for f in (SCHEDULE.alpha, SCHEDULE.sigma))
        x0 = self.clean(condition)
        return target(x0, (z_t - alpha * x0) / sigma, alpha, sigma, "v")


def test_depth_loss_vanishes_for_the_true_depth() -> None:
    samples, coding = batch(), DepthCoding()
    samples["depth"] = 2 + samples["image"][:, :1]  # so that the picture, flipped or not, tells the depth

    def clean(image: torch.Tensor) -> torch.Tensor:
        return coding.encode(2 + (image[:, :1] + 1) / 2)

    assert depth_loss(coding)(Perfect(clean), samples, seeded()) < 1e-3
    assert depth_loss(coding)(Perfect(lambda image: clean(image) + 0.1), samples, seeded()) > 0.02


def test_completion_loss_vanishes_for_the_true_picture() -> None:
    samples = batch()
    samples["image"] = (samples["image"] + samples["image"].flip(-1)) / 2  # a flip changes nothing
    x0 = 2 * samples["image"] - 1
    assert completion_loss(TextEncoder.load())(Perfect(lambda condition: x0), samples, seeded()) < 1e-3


def test_losses_reach_every_parameter() -> None:
    torch.manual_seed(0)
    model = DiffusionModel(ModelConfig(task="completion", unet=UNET, text=True))
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    completion_loss(TextEncoder.load())(model, batch(), seeded()).backward()
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in model.parameters())


def test_judge_loss_is_cross_entropy() -> None:
    def knows(image: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"kind": 100.0 * torch.nn.functional.one_hot(samples["kind"], 3)}

    samples = batch()
    assert judge_loss()(knows, samples, seeded()) < 1e-6  # type: ignore[arg-type]


def test_known_parts_come_in_the_stated_shares() -> None:
    warped = torch.zeros(4000, 1, 8, 8, dtype=torch.bool)
    warped[:, :, 0, 0] = warped[:, :, 7, 7] = True  # no rectangle looks like this
    known = training_known(warped, seeded())
    nothing = ~known.flatten(1).any(1)
    real = (known == warped).flatten(1).all(1)
    assert nothing.float().mean() == pytest.approx(0.4 + 0.2 * 0.03, abs=0.04)
    assert real.float().mean() == pytest.approx(0.4, abs=0.03)


def test_the_condition_hides_what_is_not_known() -> None:
    samples = batch()
    condition = completion_condition(2 * samples["image"] - 1, samples["known"])
    hidden = ~samples["known"].expand(-1, 4, -1, -1)
    assert condition.shape == (4, 4, SIDE, SIDE)
    assert not condition[hidden].any()
