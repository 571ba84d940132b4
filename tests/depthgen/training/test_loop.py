from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from depthgen.training import TrainConfig, fit
from depthgen.training.loop import learning_rate_factor

CONFIG = TrainConfig(
    steps=12,
    batch_size=4,
    learning_rate=0.05,
    warmup_steps=2,
    ema_decay=0.5,
    precision="no",
    log_every=4,
    validate_every=6,
    checkpoint_every=5,
    device="cpu",
)
TRUE_WEIGHT = torch.tensor([[2.0, -1.0]])


class Points(torch.utils.data.Dataset):
    """Noise-free samples of one linear map."""

    def __init__(self) -> None:
        self.x = torch.randn(24, 2, generator=torch.Generator().manual_seed(0))

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        return {"x": self.x[index], "y": self.x[index] @ TRUE_WEIGHT[0]}


def squared_error(model: nn.Module, batch: Any, generator: torch.Generator) -> Tensor:
    jitter = 0.01 * torch.randn(batch["y"].shape, generator=generator)
    return (model(batch["x"])[:, 0] - batch["y"] + jitter).square().mean()


def linear() -> nn.Module:
    torch.manual_seed(0)
    return nn.Linear(2, 1, bias=False)


def test_the_loop_learns(tmp_path: Path) -> None:
    model, _ = fit(linear(), squared_error, Points(), replace(CONFIG, steps=200), tmp_path)
    assert torch.allclose(model.weight, TRUE_WEIGHT, atol=0.05)


def test_killed_and_resumed_equals_uninterrupted(tmp_path: Path) -> None:
    whole, _ = fit(linear(), squared_error, Points(), CONFIG, tmp_path / "whole")

    def dies(model: nn.Module, batch: Any, generator: torch.Generator) -> Tensor:
        if (tmp_path / "cut" / "state.pt").is_file() and generator.initial_seed() == death:
            raise KeyboardInterrupt
        return squared_error(model, batch, generator)

    from depthgen.training.sampler import step_generator

    death = step_generator(CONFIG.seed, 8, 0, "cpu").initial_seed()  # after the checkpoint of step 5
    with pytest.raises(KeyboardInterrupt):
        fit(linear(), dies, Points(), CONFIG, tmp_path / "cut")
    resumed, _ = fit(linear(), squared_error, Points(), CONFIG, tmp_path / "cut")
    assert torch.equal(resumed.weight, whole.weight)


def test_log_holds_losses_and_validation(tmp_path: Path) -> None:
    fit(linear(), squared_error, Points(), CONFIG, tmp_path, validate=lambda model: {"error": 1.5})
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows if "loss" in row] == [4, 8, 12]
    assert [row["step"] for row in rows if "error" in row] == [6, 12]
    assert rows[0]["event"] == "start"


def test_resuming_with_another_seed_is_refused(tmp_path: Path) -> None:
    fit(linear(), squared_error, Points(), CONFIG, tmp_path)
    with pytest.raises(ValueError, match=r"train\.seed"):
        fit(linear(), squared_error, Points(), replace(CONFIG, seed=5), tmp_path)


def test_learning_rate_warms_up_then_falls_to_a_hundredth() -> None:
    config = TrainConfig(steps=100, warmup_steps=10)
    assert learning_rate_factor(0, config) == pytest.approx(0.1)
    assert learning_rate_factor(9, config) == pytest.approx(1.0)
    assert learning_rate_factor(55, config) == pytest.approx(0.505)
    assert learning_rate_factor(100, config) == pytest.approx(0.01)
    assert learning_rate_factor(99, replace(config, decay="constant")) == 1.0
