"""Model cards: how each built-in model was trained, as its checkpoint records, and how it measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from depthgen.checkpoint import load_checkpoint
from depthgen.model import DiffusionModel
from depthgen.weight_files import part_paths
from depthgen.worlds import KINDS

ABOUT = {
    "depth": "Depth in metres from a {resolution} px picture, and from what is known of its depth, by diffusion: one "
    "to a few steps; log depth over 0.5 to 80 m.",
    "completer": "A {resolution} px picture from a caption and from whatever part of it is known: text-to-image and "
    "inpainting.",
    "upsampler": "A {resolution} px picture from one of a quarter its sides and from whatever part of it is known.",
    "judge": "Kind of place, time of day, weather, objects and their colours from a 64 px picture: the yardstick of "
    "the completer, no product. `objects_right`: share of the objects that a caption names that are found; "
    "`colors_right`: of those with a colour, found in it.",
}
LIMITS = {
    "depth": "Knows the procedural worlds of this package only: upright pictures from eye height. On photographs it is "
    "a toy.",
    "completer": f"Knows {len(KINDS)} kinds of place in one low-poly style, and no word that its captions do not hold, "
    "the thesaurus does not know and the text encoder does not put near. Counts and colours of single objects are "
    "often missed.",
    "upsampler": "Knows the look of the procedural worlds only: photographs become low-poly.",
    "judge": "Its errors on real renders bound what it can say of drawn ones.",
}
# What a checkpoint's own record does not say, by the pictures that it has seen.
NOTES = {
    ("depth", 75_296): (
        "51,296 pictures once, and a third of the steps on such as were seen before, mirrored, where rendering fell "
        "behind; four in ten with known depth. On from what shipped before, itself trained on from 141,504 pictures of "
        "worlds 133120 to 175615 by 44,800 of worlds 175872 to 194303; on one of two busy cores. What ships is the mean "
        "of the weights before and after."
    ),
    ("completer", 50_784): "36 minutes on one of two busy cores, on worlds new to it.",
    ("upsampler", 38_832): (
        "On parts of 128 px, by L1, half an hour on one of two busy cores; it was halted for a while."
    ),
}
# The processors of those runs: a record says "cpu" alone, and figures may be measured on another machine.
PROCESSORS = {
    ("depth", 75_296): "Intel Xeon (with AMX), 2 cores",
    ("completer", 50_784): "AMD EPYC, 2 cores",
    ("upsampler", 38_832): "AMD EPYC, 2 cores",
    ("judge", 192_000): "AMD EPYC, 2 cores",
}


def write_card(name: str, path: Path, report: dict[str, Any] | None, machine: dict[str, Any]) -> None:
    """NAME.md beside the weights; report: that of an evaluation, as in its report.json."""
    path.with_suffix(".md").write_text(card(name, path, report, machine), encoding="utf8")


def card(name: str, path: Path, report: dict[str, Any] | None, machine: dict[str, Any]) -> str:
    model, run = load_checkpoint(path)
    about = ABOUT[name]
    if isinstance(model, DiffusionModel):
        about = about.format(resolution=model.config.resolution)
    seen = (name, run["images_seen"])
    here = f"{machine['cpu']}, {machine['cores']} cores"
    facts = {
        "command": command_of(run),
        "parameters": f"{sum(p.numel() for p in model.parameters()):,}",
        "stored": f"in half precision in {', '.join(f'`{part.name}`' for part in part_paths(path))}",
        "data": data_of(run),
        "steps": f"{steps_of(run):,} of {run['experiment']['train']['batch_size']} pictures: {run['images_seen']:,} seen",
        "starts from": beginning_of(run),
        "student of": teacher_of(name, run),
        "hours": f"{run['seconds'] / 3600:.2f}" if "seconds" in run else None,
        "precision": f"{run['precision']} on {run['device']}, {run['threads']} thread(s), torch {run['torch']}",
        "hardware": PROCESSORS.get(seen, here) if run["device"] == "cpu" else run["device"],
        "notes": NOTES.get(seen),
    }
    rows = [(key, value) for key, value in facts.items() if value]
    parts = [f"# {name}", about, table(("", ""), rows), *measured(name, report), f"Limits: {LIMITS[name]}"]
    return "\n\n".join(parts) + "\n"


def command_of(run: dict[str, Any]) -> str:
    name = run["experiment"]["name"]
    return (
        f"`python examples/train_builtin.py --part {name}`"
        if "pool" in run
        else f"`depthgen-train experiment={name}`"
    )


def beginning_of(run: dict[str, Any]) -> str | None:
    """The weights that training began with."""
    start = run["experiment"].get("start_from")
    if start is None or start == "builtin":
        return start and "the version before this one"
    return f"`{trained_as(start)}`"


def teacher_of(name: str, run: dict[str, Any]) -> str | None:
    """Of a student: whose, how it was taught, and the command that trains the teacher."""
    lesson = run["experiment"].get("distil")
    if lesson is None:
        return None
    teacher = f"worlds_{name}" if lesson["teacher"] == "builtin" else trained_as(lesson["teacher"])
    experiment = {**run["experiment"], "name": teacher}
    guidance = (
        f", guidance {lesson['guidance']:g} folded in" if run["experiment"]["stage"] == "completion" else ""
    )
    return (
        f"`{teacher}`: {lesson['steps']} step(s) for its {lesson['teacher_steps']}{guidance}; the teacher comes from "
        f"{command_of({**run, 'experiment': experiment})}"
    )


def trained_as(path: str) -> str:
    """The name under which weights were trained or exported."""
    return Path(path).parent.name if Path(path).stem == "model" else Path(path).stem


def steps_of(run: dict[str, Any]) -> int:
    return run.get("steps_done", run["experiment"]["train"]["steps"])


def data_of(run: dict[str, Any]) -> str:
    """The worlds of a record; those of the first version's runs have their fields one level higher."""
    if "pool" in run:
        pool = run["pool"]
        return (
            f"{pool['views']:,} views of worlds {pool['first_seed']} to {pool['next_seed'] - 1} in the last call, "
            f"{pool['size']} px, rendered while training"
        )
    data = run["experiment"]["data"]
    worlds = data["worlds"] if isinstance(data["worlds"], dict) else {**data, "count": data["worlds"]}
    last = worlds["seed"] + worlds["count"] - 1
    return f"worlds {worlds['seed']} to {last}, two views each, {worlds['size']} px"


def measured(name: str, report: dict[str, Any] | None) -> list[str]:
    """The report's figures, of the judge those on renders; by kind those of the model itself."""
    if report is None:
        return []
    facts = report["facts"]
    shown = {n: means for n, means in report["overall"].items() if name != "judge" or n.startswith("renders")}
    own = "renders" if name == "judge" else next(n for n in shown if not n.startswith("renders"))
    metrics = list(shown[own])
    overall = [(n, *(interval(means.get(m)) for m in metrics)) for n, means in shown.items()]
    kinds = [(kind, *(mean(means.get(m)) for m in metrics)) for kind, means in report["by_kind"][own].items()]
    where = f"evaluation set {facts['evaluation_set']}, generator version {facts['generator_version']}"
    precision = facts.get("objects_found_that_are_there")
    return [
        f"Measured on held-out worlds ({where}; mean and 95 % interval):",
        table(("", *metrics), overall),
        *(
            [f"Of the objects it finds in renders, {precision:.0%} are there."]
            if name == "judge" and precision
            else []
        ),
        "By kind:",
        table(("kind", *metrics), kinds),
    ]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Markdown."""
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ("---",) * len(head), *rows))


def interval(estimate: Mapping[str, float] | None) -> str:
    return "-" if estimate is None else "{mean:.3f} [{low:.3f}, {high:.3f}]".format(**estimate)


def mean(estimate: Mapping[str, float] | None) -> str:
    return "-" if estimate is None else f"{estimate['mean']:.3f}"
