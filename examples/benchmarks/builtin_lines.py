"""The lines of the built-in models' table: what was measured, held against its goal."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from builtin_measures import COVERAGES, MORE_STEPS, SAMPLES, SIZE, TURN, Cascade, completer, depth_model
from record import RESULTS, seconds
from torch import Tensor

from depthgen.evaluation.kernel_distance import kernel_distance
from depthgen.evaluation.prompts import ANSWERS, shares_of_renders
from depthgen.evaluation.statistics import Estimate, Row, bootstrap, bootstrap_ratio, column
from depthgen.model import DiffusionModel
from depthgen.worlds import KINDS

GOALS = {
    "kind": 0.95,
    "time": 0.90,
    "weather": 0.90,
    "objects": 0.80,
    "colors": 0.80,
}  # of what renders score
HELD_OUT_GOAL = 0.75
DRAWING, ESTIMATING = (6.0, 1.5), (3.0, 0.6)  # seconds at most, of a teacher and of a student
NO_STUDENT = "no student given, see --student"
NOTED = ("20%", "40%", "60%", "80%")  # of the risk-coverage curve, beside the rank correlation
ASKED = {
    "kind": "kind of place",
    "time": "time of day",
    "objects": "named objects",
    "colors": "their colours",
}
Found = Mapping[str, Any]  # stage -> what it found


@dataclass(frozen=True)
class Line:
    """One line of the table. met: whether the value reaches the goal; without a value the note says why, or else
    no model is shipped."""

    name: str
    goal: str = ""
    value: float | None = None
    interval: tuple[float, float] | None = None
    met: bool | None = None
    note: str = ""

    def cells(self) -> tuple[str, ...]:
        """Name, figure with its interval, goal, verdict, note."""
        figure = f"{self.value:.3f}" if self.value is not None else "-" if self.note else "not shipped"
        interval = "" if self.interval is None else " [{:.3f}, {:.3f}]".format(*self.interval)
        verdict = "" if self.met is None else "reached" if self.met else "**missed**"
        return self.name, figure + interval, self.goal, verdict, self.note


def line(
    name: str,
    value: Estimate | float | None,
    *,
    most: float | None = None,
    least: float | None = None,
    note: str = "",
) -> Line:
    """A line that is met at `most` or less, or at `least` or more; with neither, a figure beside the others."""
    goal = f"<= {most:.4g}" if most is not None else f">= {least:.4g}" if least is not None else ""
    if value is None:
        return Line(name, goal, note=note)
    interval = (value.low, value.high) if isinstance(value, Estimate) else None
    mean = value.mean if isinstance(value, Estimate) else value
    met = mean <= most if most is not None else mean >= least if least is not None else None
    return Line(name, goal, mean, interval, met, note)


def markdown(lines: Sequence[Line]) -> str:
    """The table as the README has it."""
    head = ("built-in models", "measured [95 %]", "goal", "", "beside")
    rows = [head, ("---",) * len(head), *(line.cells() for line in lines)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def depth_lines(rows: Mapping[str, Sequence[Row]] | None, count: int) -> list[Line]:
    """REL and delta_1 of the plain model, and what few steps cost it and its student.

    A model that is trained by L1 is best in a single evaluation, which is its default. So its student is held against
    the best that the teacher does in any number of steps; and the model itself, which has no need of a student where
    it loses nothing, against its own many steps.
    """
    name, most = f"depth, {count} worlds, {SIZE} px, one sample: ", MORE_STEPS[-1]
    rel = {model: column(part, "rel") for model, part in (rows or {}).items()}
    student = rel.pop("depth_student", None)
    best = min(rel.values(), key=sum, default=[])
    note = ", ".join(f"{way} {bootstrap(values).mean:.3f}" for way, values in rel.items())
    by_student = bootstrap_ratio(student, best) if student else None
    by_itself = bootstrap_ratio(rel["depth"], rel[f"depth, {most} steps"]) if rel else None
    return [
        line(f"{name}REL", bootstrap(rel["depth"]) if rel else None, most=0.04),
        line(f"{name}delta_1", bootstrap(column(rows["depth"], "delta1")) if rows else None, least=0.98),
        line(
            f"depth, student: REL / its teacher's least by default, in {' and '.join(map(str, MORE_STEPS))} steps",
            by_student,
            most=1.05,
            note=note if student else NO_STUDENT,
        ),
        line(f"depth by default, no student: REL / that in {most} steps", by_itself, most=1.05, note=note),
    ]


def completion_lines(rows: Sequence[Row] | None) -> list[Line]:
    """After the turn: ours beside the better of alignment and continuation, and all in metres."""
    name = f"completion, true picture after {TURN:g} degrees: MAE of new pixels / "
    if not rows:
        return [line(f"{name}the best simple way's", None, most=0.5)]
    errors = {way: column(rows, way) for way in rows[0] if way not in ("image", "kind")}
    best = min(set(errors) - {"completion"}, key=lambda way: sum(errors[way]))
    beside = ", ".join(f"{way} {sum(values) / len(values):.3f} m" for way, values in errors.items())
    return [
        line(
            f"{name}that of {best}",
            bootstrap_ratio(errors["completion"], errors[best]),
            most=0.5,
            note=beside,
        )
    ]


def spread_lines(rows: Sequence[Row] | None) -> list[Line]:
    """The rank correlation, beside it some of the risk-coverage curve; and what it would be of a calibrated spread."""
    name = f"spread of {SAMPLES} samples and true error, log depth: Spearman"
    calibrated = "the same, were one of the samples the truth"
    if not rows:
        return [line(name, None, least=0.5), line(calibrated, None)]
    some = ", ".join(f"{share}: {bootstrap(column(rows, share)).mean:.2f}" for share in NOTED)
    note = f"error of the surest pixels / of all: {some}"
    return [
        line(name, bootstrap(column(rows, "spearman")), least=0.5, note=note),
        line(calibrated, bootstrap(column(rows, "calibrated"))),
    ]


def risk_coverage_curve(rows: Sequence[Row]) -> dict[str, Any]:
    """Means over the images of `spread_rows`: error of the surest pixels as a share of the error of all, with its
    interval, at each coverage; the same where the true error says which are surest; and that error itself."""
    by_spread = [bootstrap(column(rows, f"{share:.0%}")) for share in COVERAGES]
    return {
        "images": len(rows),
        "samples": SAMPLES,
        "mean_error_log_depth": bootstrap(column(rows, "error")).mean,
        "coverage": list(COVERAGES),
        "by_spread": [estimate.mean for estimate in by_spread],
        "low": [estimate.low for estimate in by_spread],
        "high": [estimate.high for estimate in by_spread],
        "by_true_error": [bootstrap(column(rows, f"least {share:.0%}")).mean for share in COVERAGES],
    }


def prompt_lines(found: Found) -> list[Line]:
    """What the judge finds of the prompts, as shares of what it finds in the renders that these describe."""
    held_out = dict.fromkeys(GOALS, HELD_OUT_GOAL)
    return [
        *_shares(found, "prompts", "teacher", "known", GOALS),
        *_shares(found, "prompts, student", "student", "known", GOALS),
        *_shares(found, "prompts in held-out words", "held out", "held out", held_out),
    ]


def _shares(found: Found, title: str, stage: str, words: str, goals: Mapping[str, float]) -> list[Line]:
    if stage not in found:
        return [line(title, None, note=NO_STUDENT if stage == "student" else "")]
    drawn = found[stage]["verdicts"]
    rows = {"renders": found["renders"]["verdicts"][words][: len(drawn)], "generated": drawn}
    shares = shares_of_renders(rows)
    lines = []
    for (name, goal), answer in zip(goals.items(), ANSWERS, strict=True):
        right = [
            f"{part} {bootstrap(values).mean:.3f}" for part in rows if (values := column(rows[part], answer))
        ]
        asked = f"{title}: {ASKED.get(name, name)}, share of renders' score"
        lines.append(line(asked, shares.get(answer), least=goal, note=f"right: {', '.join(right)}"))
    return lines


def distance_lines(found: Found) -> list[Line]:
    """Kernel distance to other worlds' renders, beside it that of wrong kinds and of enlarged renders."""
    if "renders" not in found:
        return [line("kernel distance to held-out renders", None)]
    renders, enlarged = found["renders"]["features"], found["renders"]["enlarged"]
    half = len(renders) // 2
    first, held_out = renders[:half], renders[half:]
    wrong = bootstrap(by_kind(first, held_out, rotate=1)).mean
    blurred = bootstrap(by_kind(enlarged[:half], held_out)).mean
    same = bootstrap(by_kind(first, held_out)).mean
    note = f"wrong kinds {wrong:.3f}, 64 px enlarged {blurred:.3f}, renders {same:.3f}"
    name = f"kernel distance to held-out renders, {half // len(KINDS)} a kind"
    lines = []
    for prefix, stage, absent in (("", "teacher", ""), ("student: ", "student", NO_STUDENT)):
        ours = bootstrap(by_kind(found[stage]["features"], held_out)) if stage in found else None
        lines.append(line(prefix + name, ours, most=min(0.1 * wrong, blurred), note=note if ours else absent))
    return lines


def by_kind(first: Tensor, second: Tensor, rotate: int = 0) -> list[float]:
    """Kernel distance of each kind's features, in sets whose kinds take turns; `rotate` sets kind i + rotate of the
    first against kind i of the second."""
    kinds = len(KINDS)
    return [kernel_distance(first[(i + rotate) % kinds :: kinds], second[i::kinds]) for i in range(kinds)]


def residual_lines(rows: Sequence[Row] | None) -> list[Line]:
    """How far known pixels are missed."""
    value = bootstrap(column(rows, "residual")) if rows else None
    return [line("residual on known pixels before they are put back, levels of 255", value, most=2.0)]


def time_lines(depth: Mapping[str, Path], cascades: Mapping[str, Cascade], prompt: str) -> list[Line]:
    """Seconds on this machine; they count where nothing else runs. Each model is held to the limit of its sort, also
    a student that ships in its teacher's place."""
    picture = torch.rand(3, SIZE, SIZE, generator=torch.Generator().manual_seed(0))
    drawing = {name: completer(*cascade) for name, cascade in cascades.items()}
    draws = {name: (c.model, partial(c.generate, prompt, size=SIZE)) for name, c in drawing.items()}
    estimating = {name: depth_model(path) for name, path in depth.items()}
    looks = {name: (e.sampler.model, partial(e.predict, picture)) for name, e in estimating.items()}
    drawn, looked = (
        f"seconds from text to a {SIZE} px picture",
        f"seconds of the depth of a {SIZE} px picture",
    )
    scene = json.loads((RESULTS / "scene.json").read_text(encoding="utf8"))
    note = f"scene.py, load {scene['hardware']['load_before']:g} before"
    return [
        time_line(drawn, draws.get("teacher"), DRAWING),
        time_line(f"{drawn}, student", draws.get("student"), DRAWING[1:], NO_STUDENT),
        time_line(looked, looks.get("depth"), ESTIMATING),
        time_line(f"{looked}, student", looks.get("depth_student"), ESTIMATING[1:], NO_STUDENT),
        line("seconds of generate-scene, 8 views", scene["whole_command_seconds"], most=60.0, note=note),
    ]


def time_line(
    name: str,
    timed: tuple[DiffusionModel, Callable[[], Any]] | None,
    limits: tuple[float, ...],
    absent: str = "",
) -> Line:
    """limits: seconds at most, first of a teacher, last of a student."""
    if timed is None:
        return line(name, None, most=limits[0], note=absent)
    model, work = timed
    if model.config.steps is None:
        return line(name, seconds(work), most=limits[0])
    return line(name, seconds(work), most=limits[-1], note=f"a student of {model.config.steps} step(s)")
