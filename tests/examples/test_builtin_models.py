"""The table of the built-in models: its verdicts, its jobs that are kept, its cards."""

from __future__ import annotations

import json
import runpy
import sys
from argparse import ArgumentTypeError
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from depthgen.checkpoint import BUILTIN, builtin_path, save_checkpoint
from depthgen.evaluation.statistics import Estimate
from depthgen.experiment import ATTRIBUTES
from depthgen.model import DiffusionModel, ModelConfig
from depthgen.nn.judge import Judge, JudgeConfig
from depthgen.nn.unet import UNetConfig
from depthgen.worlds import KINDS

BENCHMARKS = Path(__file__).resolve().parents[2] / "examples" / "benchmarks"


@pytest.fixture(autouse=True)
def _scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))


def logged(log: str, first: int, last: int) -> dict[str, Any]:
    """A measure that says when it works, and fails from 6 on until told otherwise."""
    if last > 6 and not Path(log).with_suffix(".go").exists():
        raise ValueError("interrupted")
    with Path(log).open("a", encoding="utf8") as file:
        file.write(f"{first} ")
    return {
        "rows": list(range(first, last)),
        "features": torch.arange(first, last),
        "mean": (first + last) / 2,
    }


def test_a_line_is_held_against_its_goal_and_says_what_is_not_shipped() -> None:
    from builtin_lines import line, markdown

    rows = markdown(
        [
            line("REL", Estimate(0.05, 0.04, 0.06), most=0.04),
            line("delta_1", 0.99, least=0.98, note="of 512"),
            line("a figure", 1.0),
            line("student", None, most=1.05),
        ]
    ).splitlines()[2:]
    assert rows == [
        "| REL | 0.050 [0.040, 0.060] | <= 0.04 | **missed** |  |",
        "| delta_1 | 0.990 | >= 0.98 | reached | of 512 |",
        "| a figure | 1.000 |  |  |  |",
        "| student | not shipped | <= 1.05 |  |  |",
    ]


def test_the_table_stands_without_any_model() -> None:
    from builtin_lines import (
        completion_lines,
        depth_lines,
        distance_lines,
        prompt_lines,
        residual_lines,
        spread_lines,
    )

    lines = [*depth_lines(None, 512), *completion_lines(None), *spread_lines(None), *residual_lines(None)]
    lines += [*prompt_lines({}), *distance_lines({})]
    assert all(line.value is None and line.met is None for line in lines)


def test_completion_is_held_against_the_best_of_the_simple_ways() -> None:
    from builtin_lines import completion_lines

    rows = [
        {"image": "1", "kind": "lake", "completion": 0.1, "border": 0.5, "depth aligned": 0.2},
        {"image": "2", "kind": "lake", "completion": 0.3, "border": 0.5, "depth aligned": 0.6},
    ]
    (line,) = completion_lines(rows)
    assert "depth aligned" in line.name
    assert line.value == pytest.approx(0.5)
    assert "completion 0.200 m, border 0.500 m, depth aligned 0.400 m" in line.note


def test_depth_students_are_held_against_the_best_of_their_teachers() -> None:
    from builtin_lines import NO_STUDENT, depth_lines

    def rows(*rel: float) -> list[dict[str, float]]:
        return [{"rel": value, "delta1": 1.0} for value in rel]

    found = {
        "depth": rows(0.1, 0.1),
        "depth, 4 steps": rows(0.1, 0.2),
        "depth, 16 steps": rows(0.16, 0.24),
        "depth_student": rows(0.12, 0.1),
    }
    by_student, by_itself = depth_lines(found, 2)[2:]
    assert (by_student.value, by_student.met) == (pytest.approx(1.1), False)
    assert by_student.note == "depth 0.100, depth, 4 steps 0.150, depth, 16 steps 0.200"
    assert (by_itself.value, by_itself.met) == (pytest.approx(0.5), True)
    del found["depth_student"]
    absent = depth_lines(found, 2)[2]
    assert (absent.value, absent.met, absent.note) == (None, None, NO_STUDENT)


def test_the_risk_coverage_curve_runs_from_the_surest_pixels_to_all() -> None:
    from builtin_lines import risk_coverage_curve
    from builtin_measures import COVERAGES, curve

    error = torch.arange(1.0, 41.0)
    least = curve("least ", error, error)
    assert least["least 50%"] == pytest.approx(10.5 / 20.5)
    reversed_order = curve("", error, -error)  # the worst spread there is
    assert reversed_order["5%"] == pytest.approx(39.5 / 20.5)
    unsure = {f"{share:.0%}": 1.0 for share in COVERAGES}  # what a spread by chance comes to
    rows = [{"error": 0.2, **least, **reversed_order}, {"error": 0.4, **least, **unsure}]
    found = risk_coverage_curve(rows)
    assert found["mean_error_log_depth"] == pytest.approx(0.3)
    assert (found["coverage"][0], found["coverage"][-1]) == (0.05, 1.0)
    assert found["by_spread"][0] == pytest.approx((39.5 / 20.5 + 1) / 2)
    assert found["by_spread"][-1] == found["by_true_error"][-1] == pytest.approx(1.0)


def test_the_curve_is_drawn_where_its_figures_are() -> None:
    from builtin_sheets import BACKGROUND, LINE, curve_sheet

    half = [0.5] * 3
    flat = {
        "coverage": [0.0, 0.5, 1.0],
        "by_spread": half,
        "low": half,
        "high": half,
        "by_true_error": [0.0] * 3,
    }
    sheet = curve_sheet(flat)
    column = [sheet.getpixel((400, y)) for y in range(sheet.height)]
    assert column.count(LINE) == 3  # its width
    middle = column.index(LINE) + 1
    flat |= {"high": [2.0] * 3}  # then 1 lies at half the height and the curve at a quarter
    column = [curve_sheet(flat).getpixel((400, y)) for y in range(sheet.height)]
    assert column.index(LINE) + 1 > middle
    assert column[0] == BACKGROUND


@pytest.mark.parametrize(("steps", "met", "note"), [(None, True, ""), (1, False, "a student of 1 step(s)")])
def test_a_student_is_held_to_the_seconds_of_students_wherever_it_ships(
    steps: int | None, met: bool, note: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import builtin_lines

    monkeypatch.setattr(builtin_lines, "seconds", lambda work: work())
    model = SimpleNamespace(config=SimpleNamespace(steps=steps))
    line = builtin_lines.time_line("seconds", (model, lambda: 2.0), builtin_lines.DRAWING)
    assert (line.value, line.met, line.note) == (2.0, met, note)


def test_students_come_before_those_of_the_folder(tmp_path: Path) -> None:
    from builtin_models import Weights, student

    write_tiny_models(tmp_path)
    other = tmp_path / "other.safetensors"
    other.write_bytes((tmp_path / "depth_student.safetensors").read_bytes())
    assert student(f"depth={other}") == ("depth_student", other)
    weights = Weights(tmp_path, dict([student(f"depth={other}")]))
    assert weights.depth() == {"depth": tmp_path / "depth.safetensors", "depth_student": other}
    assert weights.cascades()["student"][0] == tmp_path / "completer_student.safetensors"
    for wrong, message in (
        (f"depth={tmp_path / 'depth.safetensors'}", "no few-step student of depth"),
        (f"completer={other}", "no few-step student of completer"),
        (f"judge={tmp_path / 'judge.safetensors'}", "NAME of completer, upsampler, depth"),
        ("depth=nowhere", "no such checkpoint"),
    ):
        with pytest.raises(ArgumentTypeError, match=message):
            student(wrong)


def test_prompts_are_shares_of_the_same_renders() -> None:
    from builtin_lines import prompt_lines

    def rows(*right: float) -> list[dict[str, float | None]]:
        others = dict.fromkeys(("time_right", "weather_right", "objects_right"), 1.0)
        return [{**others, "kind_right": value, "colors_right": None} for value in right]

    renders = {"known": rows(1, 1, 0, 0), "held out": rows(1, 1, 1, 1)}
    lines = prompt_lines({"renders": {"verdicts": renders}, "teacher": {"verdicts": rows(1, 0)}})
    kind, colors = lines[0], lines[4]
    assert (kind.value, kind.met) == (0.5, False)  # of the first two renders, those that were asked for
    assert "renders 1.000, generated 0.500" in kind.note
    assert colors.value is None


def test_kinds_are_compared_with_their_own_or_the_next_kind() -> None:
    from builtin_lines import by_kind

    kinds = torch.arange(len(KINDS)).float().repeat(3)[:, None]  # a feature that is the kind
    assert by_kind(kinds, kinds) == pytest.approx([0.0] * len(KINDS))
    assert min(by_kind(kinds, kinds, rotate=1)) > 0


def test_kept_jobs_are_told_apart_by_arguments_and_by_what_is_in_files(tmp_path: Path) -> None:
    from builtin_jobs import Stage

    first, other = (Stage(logged, (words,), [(0, 3)]) for words in ("a", "b"))
    assert first.key != other.key
    assert first.key == Stage(logged, ("a",), [(3, 6)]).key  # jobs may be added
    model = tmp_path / "model"
    model.write_bytes(b"1")
    keys = [Stage(logged, ({"depth": model},), []).key]
    model.write_bytes(b"2")
    assert Stage(logged, ({"depth": model},), []).key not in keys


def test_cards_tell_the_run_and_what_was_measured(tmp_path: Path) -> None:
    from builtin_cards import card

    path = tmp_path / "judge.safetensors"
    worlds = {"seed": 0, "count": 32, "size": 64}
    train = {"steps": 7, "batch_size": 4}
    experiment = {"name": "worlds_judge", "start_from": "builtin", "train": train, "data": {"worlds": worlds}}
    run = {
        "device": "cpu",
        "precision": "no",
        "threads": 1,
        "torch": "2.6",
        "images_seen": 28,
        "seconds": 360,
    }
    save_checkpoint(path, Judge(JudgeConfig({"kind": 15}, (8,), 4)), {"experiment": experiment, **run})
    right = {"kind_right": {"mean": 0.9, "low": 0.8, "high": 1.0}}
    report = {
        "facts": {"evaluation_set": "a1", "generator_version": "2", "objects_found_that_are_there": 0.83},
        "overall": {"renders": right, "generated": right},
        "by_kind": {"renders": {"lake": right, "beach": {}}, "generated": {"lake": right}},
    }
    text = card("judge", path, report, {"cpu": "a processor", "cores": 2})
    assert "| stored | in half precision in `judge.safetensors` |" in text
    assert "| steps | 7 of 4 pictures: 28 seen |" in text
    assert "| starts from | the version before this one |" in text
    assert "| hours | 0.10 |" in text
    assert "| hardware | a processor, 2 cores |" in text
    assert "| renders | 0.900 [0.800, 1.000] |" in text
    assert "generated" not in text  # a judge is told by renders
    assert "83% are there" in text
    assert "| beach | - |" in text


@pytest.mark.parametrize("name", BUILTIN)
def test_cards_of_what_ships_do_not_name_the_machine_that_measures(name: str) -> None:
    from builtin_cards import card

    assert "another processor" not in card(
        name, builtin_path(name), None, {"cpu": "another processor", "cores": 9}
    )


def test_cards_of_students_tell_whose_they_are_and_how_their_teachers_come() -> None:
    from builtin_cards import teacher_of

    lesson = {"teacher": "builtin", "steps": 4, "teacher_steps": 8, "guidance": 3.0}
    experiment = {"name": "completer_student", "stage": "completion", "distil": lesson}
    told = teacher_of("completer", {"experiment": experiment})
    assert told is not None
    assert "4 step(s) for its 8, guidance 3 folded in" in told
    assert told.endswith("`depthgen-train experiment=worlds_completer`")
    lesson["teacher"] = "state/depth/model.safetensors"
    told = teacher_of("depth", {"experiment": experiment | {"stage": "depth"}, "pool": {}})
    assert told is not None
    assert told.endswith("`python examples/train_builtin.py --part depth`")
    assert "guidance" not in told
    assert teacher_of("depth", {"experiment": {"name": "worlds_depth"}}) is None


def test_results_of_jobs_are_joined_by_their_form() -> None:
    from builtin_jobs import joined

    first, second = ({"rows": [i], "f": torch.ones(i), "mean": i / 2} for i in (1, 2))
    found = joined([first, second])
    assert (found["rows"], len(found["f"]), found["mean"]) == ([1, 2], 3, [0.5, 1.0])


@pytest.mark.slow  # processes that import torch
def test_jobs_that_are_done_are_not_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from builtin_jobs import Stage, run

    monkeypatch.syspath_prepend(str(Path(__file__).parents[2]))  # where processes find this module

    log = tmp_path / "log"
    stages = {"numbers": Stage(logged, (str(log),), [(0, 3), (3, 6), (6, 8)])}
    with pytest.raises(ValueError, match="interrupted"):
        run(stages, tmp_path / "kept")
    log.with_suffix(".go").touch()
    found = run(stages, tmp_path / "kept")["numbers"]
    assert found["rows"] == list(range(8))
    torch.testing.assert_close(found["features"], torch.arange(8))
    assert sorted(log.read_text().split()) == ["0", "3", "6"]  # each once


@pytest.mark.slow  # draws and measures, if with tiny networks
def test_the_table_has_every_row_and_says_by_which_models(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights, out = tmp_path / "weights", tmp_path / "out"
    write_tiny_models(weights)
    folders = ("--weights", str(weights), "--out", str(out), "--kept", str(tmp_path / "kept"))
    monkeypatch.setattr(sys, "argv", ["builtin_models.py", "--quick", *folders])
    runpy.run_path(str(BENCHMARKS / "builtin_models.py"), run_name="__main__")
    record = json.loads((out / "builtin_models.json").read_text(encoding="utf8"))
    assert set(record["weights"]) == {path.stem for path in weights.iterdir()}
    unasked = {line["name"] for line in record["lines"] if line["value"] is None}
    assert not {
        name for name in unasked if "colours" not in name
    }  # random judges may find no colour anywhere
    pictures = {"prompts.png", "prompts_student.png", "depth.png", "risk_coverage.png"}
    assert pictures <= {path.name for path in out.iterdir()}
    assert record["risk_coverage"]["by_spread"][-1] == pytest.approx(1.0)
    assert json.loads((out / "worlds" / "report.json").read_text(encoding="utf8"))["by_kind"].keys() == {
        "depth",
        "depth_student",
        "depth, 4 steps",
        "depth, 16 steps",
    }


def write_tiny_models(folder: Path) -> None:
    """Random weights under the names of all built-in models and their students."""
    torch.manual_seed(0)
    unet = UNetConfig(channels=(8, 16), blocks=(1, 1), attention=(False, True), heads=2, groups=4)
    configs = {
        "depth": ModelConfig(task="depth", unet=unet, resolution=32),
        "completer": ModelConfig(task="completion", unet=unet, resolution=32, text=True),
        "upsampler": ModelConfig(task="upsampling", unet=unet, resolution=128),
    }
    for name, config in configs.items():
        save_checkpoint(folder / f"{name}.safetensors", DiffusionModel(config))
        save_checkpoint(folder / f"{name}_student.safetensors", DiffusionModel(replace(config, steps=2)))
    judge = Judge(JudgeConfig(ATTRIBUTES, channels=(8, 8), groups=4))
    for head in judge.heads.values():
        torch.nn.init.zeros_(head.weight)  # one answer to every picture, which some of the renders bear out
    save_checkpoint(folder / "judge.safetensors", judge)
