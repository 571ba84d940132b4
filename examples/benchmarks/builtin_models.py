"""Every figure of the built-in models, on the frozen evaluation set and held-out prompts, as the README's table.

    python examples/benchmarks/builtin_models.py                    # the shipped weights; a quarter of an hour on two quiet cores
    python examples/benchmarks/builtin_models.py --quick            # a look, in two
    python examples/benchmarks/builtin_models.py --weights out      # those of a folder, such as train_builtin.py exports
    python examples/benchmarks/builtin_models.py --cards            # writes the shipped models' cards anew as well
    python examples/benchmarks/builtin_models.py --student completer=runs/completer_student/model.safetensors

Lines of students are absent unless --student gives one, or the folder of --weights holds NAME_student.safetensors. A
student that keeps up is shipped in its teacher's place: the command that trained it, again, with
weights=depthgen/weights/NAME.safetensors.
An interrupted run goes on where it was. results/builtin_models.json gets the table and the risk-coverage curve, which
results/risk_coverage.png draws, results/worlds and results/prompts the reports by kind of place, and --out the contact
sheets; with --quick or --weights all of it goes to --out.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from builtin_cards import write_card
from builtin_jobs import Stage, digest, quiet, run
from builtin_lines import (
    Line,
    completion_lines,
    depth_lines,
    distance_lines,
    markdown,
    prompt_lines,
    residual_lines,
    risk_coverage_curve,
    spread_lines,
    time_lines,
)
from builtin_measures import (
    SIZE,
    Cascade,
    completion_rows,
    depth_rows,
    drawn_bytes,
    drawn_marks,
    render_marks,
    residual_rows,
    spread_rows,
)
from builtin_sheets import curve_sheet, depth_sheet, prompt_sheet
from record import RESULTS, hardware

from depthgen.checkpoint import BUILTIN, SHIPPED_AS, builtin_path, is_shipped, load_checkpoint
from depthgen.depth import METRICS
from depthgen.evaluation import Report, write_report
from depthgen.evaluation.prompts import ANSWERS
from depthgen.evaluation.report import environment
from depthgen.evaluation.runner import load_judge
from depthgen.model import DiffusionModel
from depthgen.worlds import GENERATOR_VERSION, KINDS, content_hash

COUNT, QUICK = {"depth": 512, "prompts": 120, "few": 24}, {"depth": 30, "prompts": 30, "few": 4}
SHEET_PROMPTS = (
    "a village by a lake at sunset",
    "a living room with a red sofa at noon",
    "a snowy forest at night",
    "a foggy city street",
    "a library with tall shelves",
    "a beach with palms in bright sunshine",
)
SHEET_SAMPLES = 4
TAUGHT = ("completer", "upsampler", "depth")  # that have students
NAMES = (*BUILTIN, *(f"{name}_student" for name in TAUGHT))


class Weights:
    """Where the models are: students as --student says, else in the folder of --weights, else what ships."""

    def __init__(self, folder: Path | None, students: Mapping[str, Path]) -> None:
        self.folder = folder
        self.students = students

    def path(self, name: str) -> Path | None:
        """The model's file, None where there is none."""
        if name in self.students:
            return self.students[name]
        own = self.folder / f"{name}.safetensors" if self.folder else None
        if own is not None and own.is_file():
            return own
        return builtin_path(name) if is_shipped(name) else None

    def depth(self) -> dict[str, Path]:
        """The depth models there are."""
        return {name: path for name in ("depth", "depth_student") if (path := self.path(name))}

    def cascades(self) -> dict[str, Cascade]:
        """The completers there are, each with an upsampler if there is one."""
        enlarging = self.path("upsampler")
        with_student = self.path("upsampler_student") or enlarging
        pairs = {
            "teacher": (self.path("completer"), enlarging),
            "student": (self.path("completer_student"), with_student),
        }
        return {name: (base, upsampler) for name, (base, upsampler) in pairs.items() if base}

    def hashes(self) -> dict[str, str]:
        """Of the files of the models there are."""
        return {name: digest(path.read_bytes()) for name in NAMES if (path := self.path(name))}

    def judge(self) -> Path | None:
        """None, and a line that says why, where the judge does not answer all questions."""
        path = self.path("judge")
        try:
            load_judge(str(path), "auto")
        except ValueError as error:
            print(f"prompts are not judged: {error}")
            return None
        return path


def main() -> None:
    options = arguments()
    quiet()
    machine = hardware() | {"threads": torch.get_num_threads()}
    count, weights = QUICK if options.quick else COUNT, Weights(options.weights, dict(options.student))
    timed = time_lines(weights.depth(), weights.cascades(), SHEET_PROMPTS[0])  # while no other work runs
    found = run(stages(weights, count), options.kept)
    facts = {
        "hardware": machine,
        "generator_version": GENERATOR_VERSION,
        "evaluation_set": found["set"][0],
        "count": count,
        "weights": weights.hashes(),
        **environment(),
    }
    results = options.out if options.quick or options.weights else RESULTS
    curve = risk_coverage_curve(found["spread"]) if "spread" in found else None
    write_table([*all_lines(found, count), *timed], facts | {"risk_coverage": curve}, results)
    write_sheets(found, weights, options.out)
    reports = write_reports(found, facts, results)
    if options.cards:
        for name in filter(is_shipped, BUILTIN):
            write_card(name, builtin_path(name), reports.get(name), machine)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--weights", type=Path, help="folder of NAME.safetensors that go before the shipped ones"
    )
    parser.add_argument(
        "--student",
        type=student,
        action="append",
        default=[],
        metavar="NAME=FILE",
        help=f"few-step student of {', '.join(TAUGHT)}, to be measured beside its teacher",
    )
    parser.add_argument("--quick", action="store_true", help="few worlds and prompts: a look, no figures")
    parser.add_argument(
        "--out", type=Path, default=Path("runs/builtin_models"), help="folder of the contact sheets"
    )
    parser.add_argument(
        "--kept", type=Path, default=Path("runs/builtin_models/kept"), help="folder of finished jobs"
    )
    parser.add_argument("--cards", action="store_true", help="write depthgen/weights/*.md anew")
    options = parser.parse_args()
    if options.cards and (options.quick or options.weights):
        parser.error("cards tell the figures of the shipped models: leave out --quick and --weights")
    return options


def student(text: str) -> tuple[str, Path]:
    """NAME=FILE as the name in NAMES and the file."""
    name, _, file = text.partition("=")
    if name not in TAUGHT:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=FILE with a NAME of {', '.join(TAUGHT)}")
    try:
        model, _ = load_checkpoint(file)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    task = model.config.task if isinstance(model, DiffusionModel) else "judge"
    if SHIPPED_AS.get(task, task) != name or model.config.steps is None:
        raise argparse.ArgumentTypeError(f"{file} is no few-step student of {name}")
    return f"{name}_student", Path(file)


def stages(weights: Weights, count: dict[str, int]) -> dict[str, Stage]:
    """What there are models for."""
    depth, cascades, judge = weights.depth(), weights.cascades(), weights.judge()
    found = {"set": Stage(content_hash, (), [(count["depth"],)])}
    if "depth" in depth:
        found |= depth_stages(depth, count)
    found |= {f"{name} sheet": sheet_stage(cascade) for name, cascade in cascades.items()}
    if "teacher" in cascades:
        found["residual"] = Stage(residual_rows, (cascades["teacher"],), spans(0, count["few"], 2))
    return found | judged_stages(judge, cascades, count) if judge else found


def depth_stages(models: dict[str, Path], count: dict[str, int]) -> dict[str, Stage]:
    few = spans(0, count["few"], 2)
    return {
        "depth": Stage(depth_rows, (models,), spans(0, count["depth"], 8)),
        "completion": Stage(completion_rows, (models,), few),
        "spread": Stage(spread_rows, (models["depth"],), few),
    }


def sheet_stage(cascade: Cascade) -> Stage:
    """Of pictures that no judge looks at."""
    return Stage(drawn_bytes, (cascade,), [(text, SHEET_SAMPLES) for text in SHEET_PROMPTS])


def judged_stages(judge: Path, cascades: dict[str, Cascade], count: dict[str, int]) -> dict[str, Stage]:
    """Of renders and of drawn pictures, a batch of one a kind each."""
    batches = spans(0, count["prompts"], len(KINDS))
    found = {"renders": Stage(render_marks, (judge,), spans(0, 2 * count["prompts"], len(KINDS)))}
    for name, cascade in cascades.items():
        found[name] = Stage(drawn_marks, (judge, cascade, "known"), batches)
    if "teacher" in cascades:
        found["held out"] = Stage(drawn_marks, (judge, cascades["teacher"], "held out"), batches)
    return found


def spans(start: int, stop: int, step: int) -> list[tuple[int, int]]:
    """(start, stop) of the parts of a range."""
    return [(first, min(stop, first + step)) for first in range(start, stop, step)]


def all_lines(found: dict[str, Any], count: dict[str, int]) -> list[Line]:
    """The table, but for times."""
    return [
        *depth_lines(found.get("depth"), count["depth"]),
        *completion_lines(found.get("completion")),
        *spread_lines(found.get("spread")),
        *prompt_lines(found),
        *distance_lines(found),
        *residual_lines(found.get("residual")),
    ]


def write_table(lines: list[Line], facts: dict[str, Any], folder: Path) -> None:
    """The table with the facts, and of these the risk-coverage curve as a picture too."""
    folder.mkdir(parents=True, exist_ok=True)
    record = {**facts, "lines": [asdict(line) for line in lines]}
    (folder / "builtin_models.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf8")
    if facts["risk_coverage"]:
        curve_sheet(facts["risk_coverage"]).save(folder / "risk_coverage.png")
    print(markdown(lines))


def write_sheets(found: dict[str, Any], weights: Weights, folder: Path) -> None:
    """Prompts x samples, and the depth of the worlds that come out best and worst."""
    folder.mkdir(parents=True, exist_ok=True)
    for stage, file in {"teacher sheet": "prompts.png", "student sheet": "prompts_student.png"}.items():
        if stage in found:
            prompt_sheet(SHEET_PROMPTS, found[stage].float() / 255).save(folder / file)
    if "depth" in found:
        ranked = [int(row["image"]) for row in sorted(found["depth"]["depth"], key=lambda row: row["rel"])]
        depth_sheet(weights.depth(), [*ranked[:3], *ranked[-3:]]).save(folder / "depth.png")
    print(f"contact sheets: {folder}")


def write_reports(found: dict[str, Any], facts: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The reports by kind of place; model -> that of its card, as JSON."""
    written = {}
    if "depth" in found:
        title = f"depth of {facts['count']['depth']} evaluation worlds at {SIZE} px"
        written["depth"] = saved(Report(title, found["depth"], tuple(METRICS), facts), folder / "worlds")
    if "renders" in found:
        on_renders = found["renders"]["verdicts"]
        rows = {"renders": on_renders["known"], "renders, held-out words": on_renders["held out"]}
        drawn = {"teacher": "generated", "student": "student", "held out": "generated, held-out words"}
        rows |= {words: found[name]["verdicts"] for name, words in drawn.items() if name in found}
        precision = sum(found["renders"]["precision"]) / len(found["renders"]["precision"])
        facts = {**facts, "objects_found_that_are_there": round(precision, 3)}
        report = saved(
            Report("pictures for held-out captions, judged", rows, ANSWERS, facts), folder / "prompts"
        )
        written |= {"completer": report, "judge": report}
    return written


def saved(report: Report, folder: Path) -> dict[str, Any]:
    """Write a report; returns its JSON."""
    write_report(report, folder)
    return json.loads((folder / "report.json").read_text(encoding="utf8"))


if __name__ == "__main__":
    main()
