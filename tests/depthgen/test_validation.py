from __future__ import annotations

from pathlib import Path

import pytest
import torch

from depthgen.data.frames import DataConfig, SourceConfig
from depthgen.depth import DepthCoding
from depthgen.model import DiffusionModel, ModelConfig
from depthgen.nn.unet import UNetConfig
from depthgen.validation import (
    PANEL_ROWS,
    VALIDATION_SAMPLES,
    Validation,
    depth_panel,
    depth_scores,
    upsampling_panel,
    validation_batches,
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
    assert scores["rel"].tolist() == pytest.approx([0.1] * 5, abs=1e-4)
    assert scores["delta1"].tolist() == [1.0] * 5


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
    assert depth_scores(Knows(answer), samples)["rel"].tolist() == pytest.approx([0.0] * 5, abs=1e-6)


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


class Answers(torch.nn.Module):
    """A judge that gives every picture the same answers: it saw objects 0 and 1, both in colour 1."""

    def __init__(self) -> None:
        super().__init__()
        self.logits = torch.nn.ParameterDict(
            {
                "kind": torch.tensor([0.0, 1, 0]),
                "objects": torch.ones(2),
                "colors": torch.tensor([0.0, 1, 0, 1]),
            }
        )

    def forward(self, image: torch.Tensor) -> dict[str, torch.Tensor]:
        return {name: answer.expand(len(image), -1) for name, answer in self.logits.items()}


def judged(kinds: list[int], objects: list[list[int]]) -> dict[str, torch.Tensor]:
    image = torch.zeros(len(kinds), 3, 8, 8)
    return {"image": image, "kind": torch.tensor(kinds), "objects": torch.tensor(objects)}


def no_loss(model, batch, generator) -> torch.Tensor:
    return torch.zeros(())


def test_a_judge_is_asked_for_objects_in_sight_and_the_colours_that_are_told() -> None:
    """Of the second batch no object is in sight, of the first three, two of which have a colour."""
    batches = [judged([1, 0], [[1, 0], [-2, -1]]), judged([1, 1], [[-2, -2], [-2, -2]])]
    scores = Validation("judge", no_loss, batches)(Answers())
    assert scores == {"val_loss": 0.0, "kind": 0.75, "objects": 1.0, "colors": 0.5}
    blind = Answers()
    blind.logits["objects"].data[0] = -1
    assert Validation("judge", no_loss, batches)(blind)["objects"] == pytest.approx(2 / 3, abs=1e-5)


def test_what_nothing_was_measured_of_is_left_out() -> None:
    scores = Validation("judge", no_loss, [judged([0], [[-2, -2]])])(Answers())
    assert scores == {"val_loss": 0.0, "kind": 0.0}


def test_a_picture_without_anything_to_count_weighs_nothing() -> None:
    class OffByATenth(Knows):
        def denoise(self, z_t, t, condition, text=None, fov=None) -> torch.Tensor:
            return self.answer[: len(z_t)]

    samples = batch()
    nothing = {name: value[:1].clone() for name, value in samples.items()}
    nothing["counted"][:] = False
    model = OffByATenth(samples["depth"] * 1.1)
    assert Validation("depth", no_loss, [samples, nothing])(model)["rel"] == pytest.approx(0.1, abs=1e-4)


def test_validation_takes_pictures_from_all_of_a_split(monkeypatch: pytest.MonkeyPatch) -> None:
    frames = [{"image": torch.full((3, 2, 2), float(n))} for n in range(2 * VALIDATION_SAMPLES - 1)]
    monkeypatch.setattr("depthgen.validation.Frames", lambda config, broken: frames)
    held_out = DataConfig(sources=(SourceConfig(),), validation=(SourceConfig(),))
    batches = validation_batches(held_out, Path("broken.txt"), 100)
    numbers = torch.cat([taken["image"][:, 0, 0, 0] for taken in batches])
    assert len(numbers) == VALIDATION_SAMPLES
    assert set(numbers.diff().tolist()) == {1.0, 2.0}
    assert numbers[-1] >= 2 * VALIDATION_SAMPLES - 3


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
    assert (depth_scores(Errs(samples["depth"]), samples)["rel"] < 0.01).all()


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
