from __future__ import annotations

import pytest
import torch

from depthgen.depth import DepthCoding
from depthgen.model import DiffusionModel, ModelConfig
from depthgen.nn.unet import UNetConfig
from depthgen.validation import (
    PANEL_ROWS,
    Validation,
    depth_panel,
    depth_scores,
    judge_scores,
    upsampling_panel,
)

UNET = UNetConfig(channels=(16, 16), blocks=(1, 1), attention=(False, True))


class Knows(DiffusionModel):
    """A depth model that answers with what it was given."""

    def __init__(self, depth: torch.Tensor) -> None:
        super().__init__(ModelConfig(unet=UNET, coding=DepthCoding()))
        self.answer = self.config.coding.encode(depth)

    def denoise(self, z_t, t, condition, text=None, fov=None) -> torch.Tensor:
        return self.answer


def batch() -> dict[str, torch.Tensor]:
    depth = torch.full((5, 1, 8, 8), 4.0)
    depth[:, :, :2] = 60.0  # beyond what is scored
    return {
        "image": torch.rand(5, 3, 8, 8, generator=torch.Generator().manual_seed(0)),
        "depth": depth,
        "counted": torch.ones_like(depth, dtype=torch.bool),
    }


def test_depth_scores_by_hand() -> None:
    samples = batch()
    scores = depth_scores(Knows(samples["depth"] * 1.1), samples)
    assert scores["rel"] == pytest.approx(0.1, abs=1e-4)
    assert scores["delta1"] == 1.0


def test_a_panel_has_rows_of_picture_truth_and_answer() -> None:
    samples = batch()
    shown = depth_panel(Knows(samples["depth"][:PANEL_ROWS]), samples)
    assert shown.shape == (3, 8 * PANEL_ROWS, 8 * 3)
    assert torch.equal(shown[:, :8, :8], samples["image"][0])
    assert torch.allclose(shown[:, :, 8:16], shown[:, :, 16:], atol=2 / 255)


def test_sky_is_not_scored() -> None:
    samples = batch()
    samples["valid"] = samples["counted"].clone()
    samples["valid"][:, :, 2:4] = False
    answer = samples["depth"].clone()
    answer[:, :, 2:4] = 1.0
    assert depth_scores(Knows(answer), samples)["rel"] == pytest.approx(0.0, abs=1e-6)


def test_the_loss_is_measured_with_one_noise_over_all_batches() -> None:
    def loss(model, batch, generator) -> torch.Tensor:
        return batch["image"].mean() + 0 * torch.rand((), generator=generator)

    samples = batch()
    parts = [{name: value[part] for name, value in samples.items()} for part in (slice(0, 4), slice(4, 5))]
    model = DiffusionModel(ModelConfig(unet=UNET, coding=DepthCoding()))
    whole, split, again = (Validation("depth", loss, batches)(model) for batches in ([samples], parts, parts))
    assert split["val_loss"] == again["val_loss"]
    assert split["val_loss"] == pytest.approx(whole["val_loss"], abs=2e-5)
    assert split["rel"] == again["rel"]


def test_judge_scores_are_shares() -> None:
    answers = {"kind": torch.eye(4)[[0, 1, 2, 2]]}
    scores = judge_scores(
        lambda image: answers,
        {"image": torch.zeros(4, 3, 8, 8), "kind": torch.arange(4)},  # type: ignore[arg-type]
    )
    assert scores == {"kind": 0.75}


def test_a_judge_is_asked_for_objects_in_sight_and_the_colours_that_are_told() -> None:
    """Three objects are in sight, two of them with a colour, of which one is told right."""
    answers = {"objects": torch.tensor([[1.0, 1], [-1, 1]]), "colors": torch.zeros(2, 4)}
    answers["colors"][0, 1] = 1  # object 0 in colour 1, object 1 in colour 0
    truth = torch.tensor([[1, 1], [-2, -1]])
    scores = judge_scores(lambda image: answers, {"image": torch.zeros(2, 3, 8, 8), "objects": truth})  # type: ignore[arg-type]
    assert scores == {"objects": 1.0, "colors": 0.5}
    answers["objects"][0, 0] = -1
    scores = judge_scores(lambda image: answers, {"image": torch.zeros(2, 3, 8, 8), "objects": truth})  # type: ignore[arg-type]
    assert scores["objects"] == pytest.approx(2 / 3)


class Errs(DiffusionModel):
    """A depth model that knows the noise but for a thousandth."""

    def __init__(self, depth: torch.Tensor) -> None:
        super().__init__(ModelConfig(unet=UNET, coding=DepthCoding(), prediction="eps"))
        self.x0 = self.config.coding.encode(depth)

    def forward(self, z_t, t, condition, text=None, fov=None) -> torch.Tensor:
        alpha, sigma = (f(t)[:, None, None, None] for f in (self.schedule.alpha, self.schedule.sigma))
        return (z_t - alpha * self.x0) / sigma + 1e-3


def test_noise_prediction_is_scored_after_several_steps() -> None:
    samples = batch()
    assert depth_scores(Errs(samples["depth"]), samples)["rel"] < 0.01


def test_an_upsamplers_panel_has_rows_of_its_input_answer_and_picture() -> None:
    samples = batch() | {"known": torch.zeros(5, 1, 8, 8, dtype=torch.bool)}
    samples["image"] = torch.nn.functional.interpolate(samples["image"][..., ::4, ::4], scale_factor=4)

    class Draws(DiffusionModel):
        def denoise(self, z_t, t, condition, text=None, fov=None) -> torch.Tensor:
            return 2 * samples["image"][:PANEL_ROWS] - 1

    shown = upsampling_panel(Draws(ModelConfig(task="upsampling", unet=UNET)), samples)
    assert shown.shape == (3, 8 * PANEL_ROWS, 8 * 3)
    torch.testing.assert_close(shown[:, :8, 8:], torch.cat([samples["image"][0]] * 2, dim=-1))
    assert (shown[:, :, :8] - shown[:, :, 16:]).abs().mean() < 0.25
