"""Measure the built-in models on the frozen evaluation set and write their model cards from what came out.

    python examples/benchmarks/builtin_models.py

results/depth and results/prompts get the reports of `depthgen-evaluate`; depthgen/weights gets one card a model.
"""

from __future__ import annotations

import json
from typing import Any

from record import RESULTS, hardware

from depthgen.checkpoint import builtin_path, load_checkpoint
from depthgen.evaluation import EvaluateConfig, evaluate, table, write_report

COUNT = 270  # eighteen worlds of each kind

ABOUT = {
    "depth": "Depth (metres) from a 64 px picture, and from what is known of its depth, by diffusion: one to a few DDIM "
    "steps; log depth over 0.5 to 80 m.",
    "completer": "A 64 px picture from a caption and from whatever part of it is known: text-to-image and inpainting.",
    "judge": "Kind of place, time of day and weather of a 64 px picture: the yardstick of the completer, no product.",
}
OLD_VIEWS = (
    "The views were rendered just before a last clean-up of the outdoor worlds (palm bark, boats' sail captions) "
    "that kept generator version 1; geometry is the same."
)
# What the checkpoints' own records do not say.
NOTES = {
    "depth": "It started from the second version's weights (416,000 pictures), which were not shown known depth: "
    "`start_from=builtin data.worlds.count=15360 train.minutes=43 train.steps=20000 train.learning_rate=4e-4 "
    "train.warmup_steps=100`, with the version before this one in place, beside other work on the machine.",
    "completer": "The first 2,000 steps ran before the noise level modulated the network's output. " + OLD_VIEWS,
    "judge": OLD_VIEWS,
}
LIMITS = {
    "depth": "Knows the procedural worlds of this package only: pictures of 60 degrees, upright, from eye height. "
    "On photographs it is a toy. Thin things vanish at 64 px.",
    "completer": "Knows fifteen kinds of place in one low-poly style. Small objects are blobs, counts and colours of "
    "single objects are often missed.",
    "judge": "Its errors on real renders bound what it can say of drawn ones.",
}


def main() -> None:
    machine = hardware()
    figures: dict[str, dict[str, Any]] = {}
    for name, protocol in (("depth", "worlds"), ("completer", "prompts")):
        folder = RESULTS / protocol
        report = evaluate(EvaluateConfig(protocol=protocol, count=COUNT, out=str(folder)))
        write_report(report, folder)
        print(table(report))
        figures[name] = json.loads((folder / "report.json").read_text())
    figures["judge"] = figures["completer"]
    for name, report in figures.items():
        path = builtin_path(name)
        path.with_suffix(".md").write_text(card(name, report, machine), encoding="utf8")


def card(name: str, report: dict[str, Any], machine: dict[str, Any]) -> str:
    """A model card: how it was trained, as its checkpoint records, and how it measured."""
    model, run = load_checkpoint(builtin_path(name))
    experiment = run["experiment"]
    worlds = worlds_of(experiment["data"])
    rows = report["overall"] if name != "judge" else {"renders": report["overall"]["renders"]}
    return f"""# {name}

{ABOUT[name]}

| | |
|---|---|
| command | `depthgen-train experiment={experiment["name"]}` |
| parameters | {sum(p.numel() for p in model.parameters()):,}, stored in half precision |
| data | worlds {worlds["seed"]} to {worlds["seed"] + worlds["count"] - 1}, two views each, {worlds["size"]} px |
| steps | {run.get("steps_done", experiment["train"]["steps"]):,} of {experiment["train"]["batch_size"]} pictures: {run["images_seen"]:,} seen |
| precision | {run["precision"]} on {run["device"]}, {run["threads"]} thread(s), torch {run["torch"]} |
| hardware | {machine["cpu"]}, {machine["cores"]} cores |
| notes | {NOTES[name]} |

Measured on {report["facts"]["count"]} held-out worlds (set {report["facts"]["evaluation_set"]}, generator version {report["facts"]["generator_version"]}; mean and 95 % interval):

{markdown(rows)}

By kind:

{by_kind(report, name)}

Limits: {LIMITS[name]}
"""


def worlds_of(data: dict[str, Any]) -> dict[str, Any]:
    """The worlds of a record; those of the first version's runs have their fields one level higher."""
    return data["worlds"] if isinstance(data["worlds"], dict) else {**data, "count": data["worlds"]}


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
    kinds = next(part for model, part in report["by_kind"].items() if (model == "renders") == (name == "judge"))
    metrics = list(next(iter(kinds.values())))
    lines = ["| kind | " + " | ".join(metrics) + " |", "|---" * (len(metrics) + 1) + "|"]
    lines += [
        f"| {kind} | " + " | ".join(f"{estimates[m]['mean']:.3f}" for m in metrics) + " |"
        for kind, estimates in kinds.items()
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
