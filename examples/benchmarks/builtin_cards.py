"""Model cards: how each built-in model was trained, as its checkpoint records, and how it measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from depthgen.checkpoint import load_checkpoint

ABOUT = {
    "depth": "Depth in metres from a picture by diffusion, one to a few steps; log depth over 0.5 to 80 m.",
    "completer": "A 64 px picture from a caption and from whatever part of it is known: text-to-image and inpainting.",
    "upsampler": "A 256 px picture from a 64 px one and from whatever part of it is known.",
    "judge": "Kind of place, time of day and weather of a 64 px picture: the yardstick of the completer, no product.",
}
LIMITS = {
    "depth": "Knows the procedural worlds of this package only: upright pictures from eye height. On photographs it is "
    "a toy.",
    "completer": "Knows fifteen kinds of place in one low-poly style, and no word that its captions do not hold or the "
    "text encoder does not put near. Counts and colours of single objects are often missed.",
    "upsampler": "Knows the look of the procedural worlds only: photographs become low-poly.",
    "judge": "Its errors on real renders bound what it can say of drawn ones.",
}
OLD_VIEWS = (
    "The views were rendered just before a last clean-up of the outdoor worlds (palm bark, boats' sail captions) "
    "that kept generator version 1; geometry is the same."
)
# What the checkpoints' own records do not say, by the steps they were trained for.
NOTES = {
    (
        "depth",
        6000,
    ): "It started from the first version's weights (224,000 pictures, half of them with t uniform and "
    "before the noise level modulated the network's output): `train.steps=6000 train.learning_rate=5e-4 "
    "data.worlds.count=32768 start_from=builtin`, with the version before this one in place.",
    ("completer", 4200): "The first 2,000 steps ran before the noise level modulated the network's output. "
    + OLD_VIEWS,
    ("judge", 1200): OLD_VIEWS,
}


def write_card(name: str, path: Path, report: dict[str, Any] | None, machine: dict[str, Any]) -> None:
    """NAME.md beside the weights; report: that of an evaluation, as in its report.json."""
    path.with_suffix(".md").write_text(card(name, path, report, machine), encoding="utf8")


def card(name: str, path: Path, report: dict[str, Any] | None, machine: dict[str, Any]) -> str:
    model, run = load_checkpoint(path)
    experiment, steps = run["experiment"], run.get("steps_done", run["experiment"]["train"]["steps"])
    hardware = f"{machine['cpu']}, {machine['cores']} cores" if run["device"] == "cpu" else run["device"]
    rows = {
        "command": f"`depthgen-train experiment={experiment['name']}`"
        if "pool" not in run
        else f"`python examples/train_builtin.py --part {experiment['name']}`",
        "parameters": f"{sum(p.numel() for p in model.parameters()):,}, stored in half precision",
        "data": data_of(run),
        "steps": f"{steps:,} of {experiment['train']['batch_size']} pictures: {run['images_seen']:,} seen",
        "hours": f"{run['seconds'] / 3600:.2f}" if "seconds" in run else "not recorded",
        "precision": f"{run['precision']} on {run['device']}, {run['threads']} thread(s), torch {run['torch']}",
        "hardware": hardware,
        "notes": NOTES.get((name, steps), ""),
    }
    table = "\n".join(
        ["| | |", "|---|---|", *(f"| {key} | {value} |" for key, value in rows.items() if value)]
    )
    return f"# {name}\n\n{ABOUT[name]}\n\n{table}\n\n{measured(name, report)}Limits: {LIMITS[name]}\n"


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


def measured(name: str, report: dict[str, Any] | None) -> str:
    if report is None:
        return ""
    facts = report["facts"]
    rows = report["overall"] if name != "judge" else {"renders": report["overall"]["renders"]}
    return (
        f"Measured on {facts['count']} held-out worlds (set {facts['evaluation_set']}, generator version "
        f"{facts['generator_version']}; mean and 95 % interval):\n\n{markdown(rows)}\n\nBy kind:\n\n"
        f"{by_kind(report, name)}\n\n"
    )


def markdown(rows: dict[str, dict[str, dict[str, float]]]) -> str:
    """model -> metric -> estimate, as a table."""
    metrics = list(next(iter(rows.values())))
    lines = ["| | " + " | ".join(metrics) + " |", "|---" * (len(metrics) + 1) + "|"]
    for model, estimates in rows.items():
        cells = (f"{e['mean']:.3f} [{e['low']:.3f}, {e['high']:.3f}]" for e in estimates.values())
        lines.append(f"| {model} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def by_kind(report: dict[str, Any], name: str) -> str:
    """One row a kind of place, of the model itself."""
    kinds = next(
        part for model, part in report["by_kind"].items() if (model == "renders") == (name == "judge")
    )
    metrics = list(next(iter(kinds.values())))
    lines = ["| kind | " + " | ".join(metrics) + " |", "|---" * (len(metrics) + 1) + "|"]
    lines += [
        f"| {kind} | " + " | ".join(f"{estimates[m]['mean']:.3f}" for m in metrics) + " |"
        for kind, estimates in kinds.items()
    ]
    return "\n".join(lines)
