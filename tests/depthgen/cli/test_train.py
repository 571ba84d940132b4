"""The real training command, run small."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from depthgen.checkpoint import load_checkpoint
from depthgen.cli import train

SMALL = [
    "data.worlds=4",
    "data.size=16",
    "train.steps=3",
    "train.batch_size=2",
    "train.log_every=1",
    "train.validate_every=3",
    "train.checkpoint_every=2",
    "train.precision=no",
    "train.compile=false",
    "train.device=cpu",
    "weights=null",
]
NETWORK = [f"model.unet.{part}" for part in ("channels=[16,16]", "blocks=[1,1]", "attention=[false,true]")]


@pytest.fixture
def small_worlds(monkeypatch: pytest.MonkeyPatch) -> None:
    from depthgen.data import worlds

    def render_here(jobs: list, processes: int) -> None:
        for job in jobs:
            worlds._render_shard(job)

    monkeypatch.setattr(worlds, "WORLDS_PER_SHARD", 4)
    monkeypatch.setattr(worlds, "_render_parallel", render_here)
    monkeypatch.setattr("depthgen.experiment.VALIDATION_WORLDS", 4)


def run(monkeypatch: pytest.MonkeyPatch, arguments: list[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["depthgen-train", *arguments])
    train.main()


@pytest.mark.parametrize("stage", ["depth", "completer", "judge"])
def test_every_experiment_trains_logs_and_exports(
    stage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small_worlds: None
) -> None:
    folders = [f"data.folder={tmp_path / 'cache'}", f"runs={tmp_path / 'runs'}"]
    run(monkeypatch, [f"experiment=worlds_{stage}", *SMALL, *folders, *(NETWORK if stage != "judge" else [])])
    folder = tmp_path / "runs" / f"worlds_{stage}"
    _, record = load_checkpoint(folder / "model.safetensors")
    rows = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows if "loss" in row] == [1, 2, 3]
    assert record["images_seen"] == 6
    assert record["experiment"]["data"]["worlds"] == 4


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["experiment=worlds_colour"], "worlds_colour"),
        (["experiment=worlds_depth", "train.wheels=4"], "wheels"),
        (["experiment=worlds_depth", "train.steps=many"], "steps"),
        (["experiment=worlds_depth", "data.seed=4294967296"], "evaluation"),
    ],
)
def test_bad_settings_take_one_line(
    arguments: list[str], said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        run(monkeypatch, arguments)
    message = capsys.readouterr().err.strip()
    assert stopped.value.code == 2
    assert said in message
    assert len(message.splitlines()) == 1


def test_help_lists_the_experiments(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(monkeypatch, ["--help"])
    assert "worlds_completer, worlds_depth, worlds_judge" in capsys.readouterr().out
