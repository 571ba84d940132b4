from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from depthgen.training import TrainConfig, fit
from depthgen.training.loop import _Run, learning_rate_factor
from depthgen.training.optimizer import OptimizerName
from depthgen.training.precision import choose_precision

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


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_killed_and_resumed_equals_uninterrupted(tmp_path: Path, optimizer: OptimizerName) -> None:
    config = replace(CONFIG, optimizer=optimizer)
    whole, _ = fit(linear(), squared_error, Points(), config, tmp_path / "whole")

    def dies(model: nn.Module, batch: Any, generator: torch.Generator) -> Tensor:
        if (tmp_path / "cut" / "state.pt").is_file() and generator.initial_seed() == death:
            raise KeyboardInterrupt
        return squared_error(model, batch, generator)

    from depthgen.training.sampler import step_generator

    death = step_generator(CONFIG.seed, 8, 0, "cpu").initial_seed()  # after the checkpoint of step 5
    with pytest.raises(KeyboardInterrupt):
        fit(linear(), dies, Points(), config, tmp_path / "cut")
    resumed, _ = fit(linear(), squared_error, Points(), config, tmp_path / "cut")
    assert torch.equal(resumed.weight, whole.weight)


def test_log_holds_losses_and_validation(tmp_path: Path) -> None:
    fit(linear(), squared_error, Points(), CONFIG, tmp_path, validate=lambda model: {"error": 1.5})
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows if "loss" in row] == [4, 8, 12]
    assert [row["step"] for row in rows if "error" in row] == [0, 6, 12]
    assert rows[0]["event"] == "start"


def test_log_tells_the_speed(tmp_path: Path) -> None:
    fit(linear(), squared_error, Points(), CONFIG, tmp_path)
    row = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()][-1]
    assert row["images_per_second"] > 0
    assert 0 <= row["mfu"] < 1


def test_panels_are_pictures_beside_the_log(tmp_path: Path) -> None:
    red = torch.tensor([1.0, 0, 0])[:, None, None].expand(3, 4, 6)
    fit(linear(), squared_error, Points(), CONFIG, tmp_path, validate=lambda model: {"panel": red})
    with Image.open(tmp_path / "panels" / "panel-0000012.png") as picture:
        assert picture.size == (6, 4)
        assert picture.getpixel((0, 0)) == (255, 0, 0)


def test_tensorboard_gets_the_scalars(tmp_path: Path) -> None:
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    fit(linear(), squared_error, Points(), CONFIG, tmp_path)
    events = accumulator.EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert [event.step for event in events.Scalars("loss")] == [4, 8, 12]


def exact_error(model: nn.Module, batch: Any, generator: torch.Generator) -> Tensor:
    return (model(batch["x"])[:, 0] - batch["y"]).square().mean()


def test_accumulated_gradients_equal_those_of_a_large_batch(tmp_path: Path) -> None:
    large, _ = fit(linear(), exact_error, Points(), replace(CONFIG, batch_size=8), tmp_path / "large")
    parts, _ = fit(linear(), exact_error, Points(), replace(CONFIG, accumulate=2), tmp_path / "parts")
    assert torch.allclose(large.weight, parts.weight, atol=1e-6)


def test_an_accumulating_run_resumes_exactly(tmp_path: Path) -> None:
    config = replace(CONFIG, accumulate=2)
    whole, _ = fit(linear(), squared_error, Points(), config, tmp_path / "whole")
    fit(linear(), squared_error, Points(), replace(config, steps=5, decay="constant"), tmp_path / "cut")
    assert not torch.equal(whole.weight, linear().weight)
    resumed = [
        fit(linear(), squared_error, Points(), replace(config, decay="constant"), tmp_path / name)[0]
        for name in ("cut", "straight")
    ]
    assert torch.equal(resumed[0].weight, resumed[1].weight)


class Wide(nn.Module):
    """A network with the switch that activation checkpointing needs."""

    recompute = False

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(2, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x)


def test_recomputing_needs_a_switch_in_the_network(tmp_path: Path) -> None:
    config = replace(CONFIG, recompute=True)
    with pytest.raises(ValueError, match=r"train\.recompute"):
        fit(linear(), squared_error, Points(), config, tmp_path / "without")
    network = Wide()
    fit(network, squared_error, Points(), config, tmp_path / "with")
    assert network.recompute


def test_precision_is_probed_as_it_is_trained_recomputing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, probed = Wide(), []
    monkeypatch.setattr(
        "depthgen.training.loop.choose_precision", lambda *_: probed.append(network.recompute) or "no"
    )
    config = replace(CONFIG, precision="auto", recompute=True, steps=1)
    fit(network, squared_error, Points(), config, tmp_path)
    assert probed == [True]


def test_a_precision_that_the_device_lacks_is_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accelerate.utils.is_bf16_available", lambda **_: False)
    assert choose_precision("auto", lambda: pytest.fail("probed"), torch.device("cpu")) == "no"


def test_where_nothing_compiles_the_run_goes_on_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from torch._dynamo.exc import TorchDynamoException

    def uncompilable(model: nn.Module) -> Any:
        def forward(*_: Any) -> Tensor:
            raise TorchDynamoException("no compiler\nand a long story")

        return forward

    monkeypatch.setattr("torch.compile", uncompilable)
    plain, _ = fit(linear(), squared_error, Points(), CONFIG, tmp_path / "plain")
    with pytest.warns(UserWarning, match=r"train\.compile is left out, nothing compiles here: no compiler$"):
        bare, _ = fit(linear(), squared_error, Points(), replace(CONFIG, compile=True), tmp_path / "bare")
    assert torch.equal(plain.weight, bare.weight)


def test_resuming_with_another_seed_is_refused(tmp_path: Path) -> None:
    fit(linear(), squared_error, Points(), CONFIG, tmp_path)
    with pytest.raises(ValueError, match=r"train\.seed"):
        fit(linear(), squared_error, Points(), replace(CONFIG, seed=5), tmp_path)


def test_resuming_on_another_number_of_processes_is_refused(tmp_path: Path) -> None:
    fit(linear(), squared_error, Points(), CONFIG, tmp_path)
    state = torch.load(tmp_path / "state.pt", weights_only=True)
    torch.save({**state, "processes": 8}, tmp_path / "state.pt")
    with pytest.raises(ValueError, match="8 process"):
        fit(linear(), squared_error, Points(), CONFIG, tmp_path)


def test_two_runs_in_one_process_may_differ_in_precision(tmp_path: Path) -> None:
    for precision in ("no", "bf16"):
        config = replace(CONFIG, precision=precision)
        _, facts = fit(linear(), squared_error, Points(), config, tmp_path / precision)
        assert facts["precision"] == precision


def test_learning_rate_warms_up_then_falls_to_a_hundredth() -> None:
    config = TrainConfig(steps=100, warmup_steps=10)
    assert learning_rate_factor(0, config) == pytest.approx(0.1)
    assert learning_rate_factor(9, config) == pytest.approx(1.0)
    assert learning_rate_factor(55, config) == pytest.approx(0.505)
    assert learning_rate_factor(100, config) == pytest.approx(0.01)
    assert learning_rate_factor(99, replace(config, decay="constant")) == 1.0


def test_the_rate_falls_with_the_time_where_that_is_further_on() -> None:
    config = TrainConfig(steps=100, warmup_steps=10)
    assert learning_rate_factor(12, config, spent=0.5) == pytest.approx(0.505)
    assert learning_rate_factor(55, config, spent=0.1) == pytest.approx(0.505)


def test_a_run_ends_with_its_time_and_goes_on_when_started_again(tmp_path: Path) -> None:
    config = replace(CONFIG, steps=10**6, minutes=1e-9, log_every=1)
    done = [fit(linear(), squared_error, Points(), config, tmp_path)[1] for _ in range(3)]
    assert [facts["steps_done"] for facts in done] == [1, 2, 3]
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows if "loss" in row] == [1, 2, 3]


def test_the_rate_falls_along_the_time_of_all_starts() -> None:
    run = _Run(linear(), replace(CONFIG, minutes=1.0, total_minutes=10.0), "no")
    run.restore(run.state() | {"seconds": 300.0})
    assert run.spent() == pytest.approx(0.5, abs=0.01)
    run = _Run(linear(), replace(CONFIG, minutes=5.0), "no")
    run.restore(run.state() | {"seconds": 300.0})
    assert run.spent() == pytest.approx(0.5, abs=0.01)


def test_a_data_set_may_hand_out_whole_batches(tmp_path: Path) -> None:
    class Whole(Points):
        def __getitems__(self, indices: list[int]) -> dict[str, Tensor]:
            return {"x": self.x[indices], "y": self.x[indices] @ TRUE_WEIGHT[0]}

    single, _ = fit(linear(), squared_error, Points(), CONFIG, tmp_path / "single")
    whole, _ = fit(linear(), squared_error, Whole(), CONFIG, tmp_path / "whole", collate=lambda batch: batch)
    assert torch.equal(single.weight, whole.weight)


def test_the_scale_of_half_precision_outlives_a_restart() -> None:
    before, after = _Run(linear(), CONFIG, "no"), _Run(linear(), CONFIG, "no")
    before.accelerator.scaler = torch.amp.GradScaler("cpu", init_scale=8.0)
    after.accelerator.scaler = torch.amp.GradScaler("cpu")
    after.restore(before.state())
    assert after.accelerator.scaler.get_scale() == 8


def test_the_optimiser_has_the_configured_memory() -> None:
    run = _Run(linear(), replace(CONFIG, beta2=0.5), "no")
    assert run.optimizer.param_groups[0]["betas"] == (0.9, 0.5)


def test_all_processes_take_the_precision_of_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("depthgen.training.loop.choose_precision", lambda *_: "bf16")
    monkeypatch.setattr("accelerate.utils.broadcast_object_list", lambda _: ["no"])
    _, facts = fit(linear(), squared_error, Points(), replace(CONFIG, precision="auto", steps=1), tmp_path)
    assert facts["precision"] == "no"
