"""The training of the built-in models, tiny, on the CPU, by the commands that its first lines print."""

from __future__ import annotations

import json
import runpy
import shutil
import sys
from importlib import import_module
from pathlib import Path

import pytest
import torch

from depthgen import DepthEstimator, ImageCompleter
from depthgen.checkpoint import load_checkpoint
from depthgen.packed_text import unpack_encoder
from depthgen.worlds import build_world, caption

SCRIPT = Path(__file__).resolve().parents[2] / "examples" / "train_builtin.py"


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", [str(SCRIPT), *arguments])
    runpy.run_path(str(SCRIPT), run_name="__main__")


def train(monkeypatch: pytest.MonkeyPatch, folder: Path, *arguments: str) -> None:
    places = ("--state", str(folder / "state"), "--export", str(folder / "out"))
    run(monkeypatch, *arguments, *places, "--device", "cpu", "--tiny")


def test_a_part_is_trained_goes_on_and_is_exported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("depthgen.weight_files.MOST_BYTES", 24_000)
    records = []
    for _ in range(2):
        train(monkeypatch, tmp_path, "--part", "judge", "--minutes", "0.001")
        records.append(load_checkpoint(tmp_path / "out" / "judge.safetensors")[1])
    files = sorted((tmp_path / "out").glob("judge*.safetensors"))
    assert files[0].name == "judge.2.safetensors"  # nothing that is exported is larger than it may be
    assert max(path.stat().st_size for path in files) <= 24_000
    first, second = records
    assert second["steps_done"] > first["steps_done"] > 0
    assert second["images_seen"] == 4 * second["steps_done"]
    assert second["pool"]["first_seed"] == first["pool"]["next_seed"]  # no world twice
    rows = [json.loads(line) for line in (tmp_path / "out" / "judge.log.jsonl").read_text().splitlines()]
    assert rows[-1]["step"] == second["steps_done"]
    assert rows[-1]["images_per_second"] > 0


def test_a_part_asks_for_what_it_begins_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit, match="depth begins from depth_64"):
        train(monkeypatch, tmp_path, "--part", "depth", "--minutes", "0.001")


def test_a_student_begins_as_its_teacher_even_where_its_own_weights_lie(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    for part in ("completer", "completer_student", "completer_student"):
        train(monkeypatch, tmp_path, "--part", part, "--minutes", "0.001", "--start", str(out))
        shutil.rmtree(tmp_path / "state")  # another machine
    student, record = load_checkpoint(out / "completer_student.safetensors")
    assert student.config.steps == 4
    assert Path(record["experiment"]["distil"]["teacher"]) == out / "completer.safetensors"


def test_a_student_sees_pictures_of_the_size_of_its_teachers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(SCRIPT.parent))
    parts = import_module("train_builtin")
    sides = {name: parts.side(name) for name in parts.PARTS}
    assert {sides["completer_student"], sides["depth_64"]} == {64}
    assert {sides["depth"], sides["depth_student"], sides["upsampler_student"]} == {256}


@pytest.mark.parametrize(
    ("given", "minutes"),
    [("--plan 26", 26), ("--plan 26 --minutes 7", 7), ("--part depth", 8), ("--part depth --minutes 9", 9)],
)
def test_a_plan_is_trained_whole_where_no_time_is_given(
    given: str, minutes: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(SCRIPT.parent))
    monkeypatch.setattr(sys, "argv", [str(SCRIPT), *given.split()])
    assert import_module("train_builtin").arguments().minutes == minutes


@pytest.mark.slow
def test_a_plan_trains_all_models_over_several_calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out, names = tmp_path / "out", ("completer", "upsampler", "depth", "judge")
    for _ in range(8):
        train(monkeypatch, tmp_path, "--plan", "0.5", "--minutes", "0.2")
        if (out / "upsampler_student.safetensors").is_file():
            break
    students = {f"{name}_student" for name in names[:3]}
    assert {path.stem for path in out.glob("*.safetensors")} == {*names, *students}
    completer = ImageCompleter.from_pretrained(
        out / "completer_student.safetensors", "cpu", upsampler=out / "upsampler_student.safetensors"
    )
    assert completer.generate("a lake", size=256).shape == (3, 256, 256)
    depth = DepthEstimator.from_pretrained(out / "depth.safetensors", "cpu")
    assert depth.predict(torch.rand(3, 64, 64)).depth.shape == (64, 64)


@pytest.mark.slow
def test_the_packed_encoder_knows_every_caption(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import numpy as np

    path = tmp_path / "text.safetensors"
    run(monkeypatch, "--pack-encoder", str(path))
    encoder = unpack_encoder(path)
    assert path.stat().st_size < 30e6
    for seed in range(100):
        world = build_world(seed)
        rng = np.random.default_rng(seed)
        tokens = encoder.tokens(
            [caption(world, rng, held_out) for held_out in (False, True) for _ in range(4)]
        )
        assert encoder.known[tokens].all()
