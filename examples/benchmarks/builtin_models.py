"""Every figure of the built-in models, on the frozen evaluation set and held-out prompts.

    python examples/benchmarks/builtin_models.py                    # the shipped weights; ten minutes on two quiet cores
    python examples/benchmarks/builtin_models.py --weights out      # those of a folder, such as train_builtin.py exports
    python examples/benchmarks/builtin_models.py --cards            # writes the shipped models' cards anew as well

results/builtin_models.json and .txt get the table; results/worlds and results/prompts the reports by kind of place;
builtin_pictures.png and builtin_depth.png the contact sheets.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from builtin_cards import write_card
from builtin_measures import (
    completion_rows,
    depth_scores,
    distance_by_kind,
    held_out_words,
    judged,
    pictures,
    residual_rows,
    seconds,
    spread_rows,
)
from builtin_views import evaluation_views
from record import RESULTS, hardware
from torch import Tensor

from depthgen import DepthEstimator, ImageCompleter
from depthgen.checkpoint import builtin_path, is_shipped
from depthgen.depth import METRICS
from depthgen.evaluation.output import write_report
from depthgen.evaluation.prompts import CLASSES, held_out_caption
from depthgen.evaluation.report import Report, environment
from depthgen.evaluation.runner import load_judge
from depthgen.evaluation.samples import DepthSample
from depthgen.evaluation.statistics import Estimate, Row, bootstrap, bootstrap_ratio
from depthgen.images import resize, to_pil
from depthgen.nn.judge import Judge
from depthgen.worlds import GENERATOR_VERSION, KINDS, content_hash

SIZE, TURN = 256, 15.0
SHEET_PROMPTS = (
    "a village by a lake at sunset",
    "a living room with a red sofa at noon",
    "a snowy forest at night",
    "a foggy city street",
    "a library with tall shelves",
    "a beach with palms in bright sunshine",
)
SHEET_SAMPLES = 4
NOT_TRAINED = "not trained yet"
SHIPPED = ("completer", "upsampler", "depth", "judge")
NAMES = (*SHIPPED, "completer_student", "upsampler_student", "depth_student")


@dataclass(frozen=True)
class Line:
    """One line of the table. value: None where there is nothing to measure yet; met: whether it reaches the goal."""

    name: str
    goal: str
    value: float | None = None
    interval: tuple[float, float] | None = None
    met: bool | None = None
    note: str = ""

    def __str__(self) -> str:
        value = f"{self.value:.3f}" if self.value is not None else "-" if self.note else NOT_TRAINED
        interval = "" if self.interval is None else "[{:.3f}, {:.3f}]".format(*self.interval)
        verdict = "" if self.met is None else ("yes" if self.met else "NO")
        return f"{self.name:<58}{value:>16} {interval:<18} {self.goal:<12}{verdict:<5}{self.note}"


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
    return Line(name, goal, round(mean, 4), interval, met, note)


def column(rows: Sequence[Row], name: str) -> list[float]:
    return [float(row[name]) for row in rows]


class Weights:
    """Where the models are: in the folder of --weights, else among the shipped ones."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder

    def path(self, name: str) -> Path | None:
        own = self.folder / f"{name}.safetensors" if self.folder else None
        if own is not None and own.is_file():
            return own
        return builtin_path(name) if is_shipped(name) else None

    def depth(self, name: str) -> DepthEstimator | None:
        path = self.path(name)
        return None if path is None else DepthEstimator.from_pretrained(path)

    def completer(self, suffix: str = "") -> ImageCompleter | None:
        path = self.path(f"completer{suffix}")
        upsampler = self.path(f"upsampler{suffix}") or self.path("upsampler")
        return None if path is None else ImageCompleter.from_pretrained(path, upsampler=upsampler)


@dataclass(frozen=True)
class Setting:
    """What all measures share. samples: views of the evaluation set; after: the first of them after the turn."""

    weights: Weights
    judge: Judge
    samples: list[DepthSample]
    after: list[DepthSample]
    options: argparse.Namespace
    facts: dict[str, Any]

    @property
    def before(self) -> list[DepthSample]:
        return self.samples[: len(self.after)]


def main() -> None:
    options = arguments()
    machine = hardware() | {"threads": torch.get_num_threads()}
    setting = prepared(options)
    lines, reports = depth_lines(setting)
    more, reports["completer"] = picture_lines(setting)
    lines += more + time_lines(setting)
    write_table(lines, {"hardware": machine, **setting.facts}, options.out)
    if options.cards:
        reports["judge"] = reports["completer"]
        for name in filter(is_shipped, SHIPPED):
            write_card(name, builtin_path(name), reports.get(name), machine)


def prepared(options: argparse.Namespace) -> Setting:
    weights = Weights(options.weights)
    judge = load_judge(str(weights.path("judge")), "auto")
    assert isinstance(judge, Judge)
    facts = {
        "generator_version": GENERATOR_VERSION,
        "evaluation_set": content_hash(options.count),
        "count": options.count,
        "prompts": options.prompts,
        "turns_and_spreads": options.few,
        "weights": {name: str(path.name) for name in NAMES if (path := weights.path(name)) is not None},
        **environment(),
    }
    samples = evaluation_views(max(options.count, 2 * options.prompts, options.few), SIZE)
    return Setting(weights, judge, samples, evaluation_views(options.few, SIZE, TURN), options, facts)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--weights", type=Path, help="folder of NAME.safetensors that go before the shipped ones"
    )
    parser.add_argument("--count", type=int, default=512, help="worlds whose depth is measured")
    parser.add_argument(
        "--prompts", type=int, default=150, help="captions drawn; a multiple of 15, two a kind or more"
    )
    parser.add_argument("--few", type=int, default=45, help="worlds for turns, spreads and residuals")
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--cards", action="store_true")
    options = parser.parse_args()
    if options.prompts % len(KINDS) or options.prompts < 2 * len(KINDS):
        parser.error(f"--prompts must be a multiple of {len(KINDS)}, at least {2 * len(KINDS)}")
    return options


def depth_lines(setting: Setting) -> tuple[list[Line], dict[str, Any]]:
    """The lines of depth, and the report of the model's card."""
    count, out = setting.options.count, setting.options.out
    models = {name: model for name in ("depth", "depth_student") if (model := setting.weights.depth(name))}
    scores = depth_scores(models, setting.samples[:count])
    title = f"depth of {count} evaluation worlds at {SIZE} px"
    report = Report(title, scores.rows, tuple(METRICS), setting.facts, examples=scores.examples())
    written = saved(report, out / "worlds")
    (out / "worlds" / "best_worst.png").replace(out / "builtin_depth.png")
    rel = {name: column(rows, "rel") for name, rows in scores.rows.items()}
    student = bootstrap_ratio(rel["depth_student"], rel["depth"]) if "depth_student" in rel else None
    best = min(models, key=lambda name: sum(rel[name]))
    return [
        line(f"depth, {count} worlds, {SIZE} px, one sample: REL", bootstrap(rel["depth"]), most=0.04),
        line("  delta_1", bootstrap(column(scores.rows["depth"], "delta1")), least=0.98),
        line("  student: REL / the teacher's", student, most=1.05),
        *completion_lines(completion_rows(models["depth"], models[best], setting.before, setting.after)),
        *spread_lines(spread_rows(models["depth"], setting.before)),
    ], {"depth": written}


def completion_lines(rows: list[Row]) -> list[Line]:
    """After the turn: ours beside the better of alignment and continuation, both with the best plain model."""
    errors = {name: column(rows, name) for name in ("completion", "scale and shift", "border")}
    best = min(("scale and shift", "border"), key=lambda name: sum(errors[name]))
    ratio = bootstrap_ratio(errors["completion"], errors[best])
    name = f"completion after {TURN:g} degrees: MAE / that of {best}"
    absolute = [line(f"  {name}: MAE, metres", bootstrap(values)) for name, values in errors.items()]
    return [line(name, ratio, most=0.5), *absolute]


def spread_lines(rows: list[Row]) -> list[Line]:
    """The rank correlation, then the risk-coverage curve."""
    curve = [name for name in rows[0] if name.startswith("risk")]
    return [
        line("spread of 8 samples and true error: Spearman", bootstrap(column(rows, "spearman")), least=0.5),
        *(line(f"  {name} of the pixels, surest first", bootstrap(column(rows, name))) for name in curve),
    ]


def picture_lines(setting: Setting) -> tuple[list[Line], dict[str, Any]]:
    """The lines of drawn pictures, and the report of the completer's card."""
    prompts, out = setting.options.prompts, setting.options.out
    asked, others = setting.samples[:prompts], setting.samples[prompts : 2 * prompts]
    worlds = [sample.world for sample in asked]
    renders, held_out = (torch.stack([sample.image for sample in part]) for part in (asked, others))
    completer = setting.weights.completer()
    assert completer is not None
    drawn = {"generated": pictures(completer, [held_out_caption(world) for world in worlds], SIZE)}
    if student := setting.weights.completer("_student"):
        drawn["student"] = pictures(student, [held_out_caption(world) for world in worlds], SIZE)
    words = [caption for world in worlds if (caption := held_out_words(world)) is not None]
    other_words = {"held-out words": pictures(completer, words, SIZE)} if words else {}
    shown = {"renders": renders, **drawn, **other_words}
    rows = {name: judged(setting.judge, part, worlds) for name, part in shown.items()}
    metrics = tuple(f"{name}_right" for name in CLASSES)
    title = f"pictures for {prompts} held-out captions, judged"
    written = saved(Report(title, rows, metrics, {**setting.facts, "count": prompts}), out / "prompts")
    contact_sheet(completer).save(out / "builtin_pictures.png")
    known = column(residual_rows(completer, setting.before, setting.after), "residual")
    no_words = "" if words else "these worlds have no held-out words"
    return [
        *faithfulness(rows, "generated", "", (0.95, 0.90)),
        *faithfulness(rows, "student", "student: ", (0.95, 0.90)),
        *faithfulness(rows, "held-out words", "held-out words: ", (0.75, 0.75), no_words),
        line(
            "objects and colours, share of what renders score",
            None,
            least=0.80,
            note="this judge is not asked",
        ),
        *distances(setting.judge, drawn, renders, held_out),
        line("residual on known pixels, levels of 255", bootstrap(known), most=2.0),
    ], written


def faithfulness(
    rows: Mapping[str, list[Row]], part: str, prefix: str, goals: tuple[float, float], note: str = ""
) -> list[Line]:
    """Right answers of the judge, as shares of those on renders: kind of place, then time and weather."""
    lines = []
    for name in CLASSES:
        words, goal = f"{prefix}{name}, share of what renders score", goals[0 if name == "kind" else 1]
        if part not in rows:
            lines.append(line(words, None, least=goal, note=note))
            continue
        on_renders = column(rows["renders"], f"{name}_right")
        share = bootstrap_ratio(column(rows[part], f"{name}_right"), on_renders)
        right = f"the judge is right on {bootstrap(on_renders).mean:.3f} of renders"
        lines.append(line(words, share, least=goal, note=right))
    return lines


def distances(judge: Judge, drawn: dict[str, Tensor], renders: Tensor, held_out: Tensor) -> list[Line]:
    """Kernel distance to other worlds' renders, kind by kind, with that of wrong kinds and of blurred renders."""
    blurred = torch.stack([resize(resize(picture, (64, 64)), (SIZE, SIZE)) for picture in renders])
    each = len(renders) // len(KINDS)
    wrong, blur, right = (
        bootstrap(distance_by_kind(judge, first, held_out, rotate))
        for first, rotate in ((renders, 1), (blurred, 0), (renders, 0))
    )
    most = min(0.1 * wrong.mean, blur.mean)
    ours = {name: bootstrap(distance_by_kind(judge, part, held_out)) for name, part in drawn.items()}
    note = "a tenth of wrong kinds, and below enlarged renders"
    return [
        *(
            line(f"{name}: kernel distance to renders, {each} a kind", d, most=most, note=note)
            for name, d in ours.items()
        ),
        line("  renders of wrong kinds", wrong),
        line("  64 px renders enlarged", blur),
        line("  renders", right),
    ]


def time_lines(setting: Setting) -> list[Line]:
    """Seconds on this machine; they count where nothing else runs."""
    weights, sample = setting.weights, setting.samples[0]

    def drawing(completer: ImageCompleter | None) -> float | None:
        return completer and seconds(lambda: completer.generate(SHEET_PROMPTS[0], size=SIZE))

    def estimating(estimator: DepthEstimator | None) -> float | None:
        return estimator and seconds(lambda: estimator.predict(sample.image, camera=sample.camera))

    recorded = RESULTS / "scene.json"
    scene = json.loads(recorded.read_text()) if recorded.is_file() else {}
    whole = scene.get("whole_command_seconds")
    return [
        line("seconds from text to 256 px", drawing(weights.completer()), most=6.0),
        line("  student", drawing(weights.completer("_student")), most=1.5),
        line("seconds of the depth of a 256 px picture", estimating(weights.depth("depth")), most=3.0),
        line("  student", estimating(weights.depth("depth_student")), most=0.6),
        line("seconds of generate-scene, 8 views", whole, most=60.0, note="by scene.py"),
    ]


def contact_sheet(completer: ImageCompleter) -> Any:
    """Prompts x samples, each prompt above its pictures."""
    from PIL import Image, ImageDraw, ImageFont

    side, margin, text = SIZE, 8, 24
    sheet = Image.new(
        "RGB",
        (SHEET_SAMPLES * (side + margin) + margin, len(SHEET_PROMPTS) * (side + text + margin)),
        (20, 22, 27),
    )
    pen = ImageDraw.Draw(sheet)
    for row, prompt in enumerate(SHEET_PROMPTS):
        top = row * (side + text + margin)
        pen.text((margin, top + 4), prompt, (236, 238, 242), font=ImageFont.load_default(15))
        for column, picture in enumerate(pictures(completer, [prompt] * SHEET_SAMPLES, side)):
            sheet.paste(to_pil(picture), (margin + column * (side + margin), top + text))
    return sheet


def saved(report: Report, folder: Path) -> dict[str, Any]:
    """Write a report; returns its JSON."""
    write_report(report, folder)
    print(f"{report.title}: {folder}", flush=True)
    return json.loads((folder / "report.json").read_text(encoding="utf8"))


def write_table(lines: Sequence[Line], facts: dict[str, Any], out: Path) -> None:
    text = "\n".join(str(entry).rstrip() for entry in lines)
    (out / "builtin_models.txt").write_text(text + "\n", encoding="utf8")
    record = {**facts, "lines": [asdict(entry) for entry in lines]}
    (out / "builtin_models.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf8")
    print(text)


if __name__ == "__main__":
    main()
