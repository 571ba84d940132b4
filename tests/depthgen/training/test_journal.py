from __future__ import annotations

import json
from pathlib import Path

import pytest

from depthgen.training.journal import Journal


def written(folder: Path, first_step: int, steps: tuple[int, ...]) -> list[int]:
    """The steps in the log after a run has written these."""
    with Journal(folder, active=True, first_step=first_step) as journal:
        for step in steps:
            journal.write(step, {"loss": 1.0 / (1 + step)})
    return [json.loads(line)["step"] for line in (folder / "log.jsonl").read_text().splitlines()]


def test_a_run_that_goes_on_leaves_no_step_twice(tmp_path: Path) -> None:
    assert written(tmp_path, 0, (0, 4, 8, 12)) == [0, 4, 8, 12]
    assert written(tmp_path, 8, (12, 16)) == [0, 4, 8, 12, 16]  # it died after 12, its state is of step 8
    assert [path.name for path in tmp_path.glob("log*")] == ["log.jsonl"]


def test_a_run_that_died_before_its_first_state_begins_anew(tmp_path: Path) -> None:
    written(tmp_path, 0, (0, 4))
    assert written(tmp_path, 0, (0, 4, 8)) == [0, 4, 8]


def test_a_row_that_was_cut_off_is_dropped(tmp_path: Path) -> None:
    written(tmp_path, 0, (4, 8))
    with (tmp_path / "log.jsonl").open("a") as file:
        file.write('{"step": 8, "val_')
    assert written(tmp_path, 8, (12,)) == [4, 8, 12]


def test_processes_but_the_first_leave_the_log_alone(tmp_path: Path) -> None:
    written(tmp_path, 0, (4, 8))
    with Journal(tmp_path, active=False, first_step=4) as journal:
        journal.write(8, {"loss": 0.0})
    assert len((tmp_path / "log.jsonl").read_text().splitlines()) == 2


def test_tensorboard_shows_each_step_once_and_none_is_lost(tmp_path: Path) -> None:
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    written(tmp_path, 0, (4, 8, 12))
    written(tmp_path, 8, (12, 16))
    events = accumulator.EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert [event.step for event in events.Scalars("loss")] == [4, 8, 12, 16]
