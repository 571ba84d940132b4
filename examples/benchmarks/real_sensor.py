"""Fine-tuning on a real sensor: results/real_sensor.json and .txt.

    python examples/benchmarks/real_sensor.py FOLDER [TRAIN.STEPS]

FOLDER holds the sets named in SETS. The built-in depth model is fine-tuned on the HoloLens recording with and without
infilling and step unrolling; its last fifth is held out, ten frames before it are left out. REL and delta_1 there are
metric; on the other real sets they are affine-invariant (scale and shift fitted to the truth), as those cameras and
places have nothing to do with the training. These are a few frames each: no figure is a result on the data set.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import yaml
from builtin_jobs import digest
from record import RESULTS, hardware, save

from depthgen.checkpoint import builtin_path
from depthgen.cli.compose import compose
from depthgen.evaluation import EvaluateConfig, EvaluationData, evaluate
from depthgen.experiment import Experiment, run

RUNS = Path("runs/real_sensor")
TRAIN, GAP, HELD_OUT = 213, 10, 56  # of 279 frames
SETS: dict[str, dict[str, Any]] = {
    "hololens": {
        "images": "000/images/*.jpg",
        "depth": "000/depth/*.png",
        "metres_per_level": 0.001,
        "intrinsics": {"file": "000/K.txt"},
        "shares": {"train": TRAIN / 279, "val": GAP / 279, "test": HELD_OUT / 279},
    },
    "7scenes_redkitchen": {
        "images": "data/*.color.jpg",
        "depth": "data/*.depth.png",
        "metres_per_level": 0.001,
        "invalid": [0, 65535],
        "pair_by": "stem",
        "intrinsics": {"fx": 585, "fy": 585, "cx": 320, "cy": 240},
    },
    "iclnuim_livingroom1": {
        "images": "image/*.jpg",
        "depth": "depth/*.png",
        "metres_per_level": 0.001,
        "intrinsics": {"fx": 525, "fy": 525, "cx": 319.5, "cy": 239.5},
    },
    "nyu_demo": {
        "images": "rgb/*.jpg",
        "depth": "depth/*.png",
        "metres_per_level": 0.001,
        "intrinsics": {"fx": 518.8579, "fy": 519.46961, "cx": 325.58245, "cy": 253.73617},
    },
    "kitti_demo": {
        "images": "rgb/*.png",
        "depth": "depth/*.png",
        "metres_per_level": 1 / 256,
        "intrinsics": {"fx": 707.0493, "fy": 707.0493, "cx": 604.0814, "cy": 180.5066},
    },
}
VARIANTS = {
    "infill and unroll": ["data.infill=true", "objective.unroll=true"],
    "neither": ["data.infill=false", "objective.unroll=false"],
}


def described(source: Path) -> Path:
    """A folder with one sub-folder a set, each with an rgbd.yaml that points into `source`."""
    for name, sheet in SETS.items():
        folder = RUNS / "sets" / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "rgbd.yaml").write_text(yaml.safe_dump({**sheet, "root": str((source / name).resolve())}))
    return RUNS / "sets"


def fine_tuned(name: str, overrides: list[str], sets: Path, steps: str) -> str:
    """The checkpoint of a variant, trained if it is not there."""
    label = f"{name.replace(' ', '_')}_{steps}_{digest(builtin_path('depth').read_bytes())}"
    path = RUNS / label / "model.safetensors"
    if not path.is_file():
        settings = [f"name={label}", f"runs={RUNS}", f"data.root={sets}", f"train.steps={steps}"]
        run(compose("train", ["experiment=hololens", *settings, *overrides], Experiment()))
    return str(path)


def measured(sets: Path, name: str, checkpoints: tuple[str, ...], align: str) -> dict[str, dict[str, Any]]:
    """model -> {"rel", "delta1"} with intervals, on the held-out part of a set."""
    split = "test" if name == "hololens" else "all"
    report = evaluate(
        EvaluateConfig(
            protocol="folder",
            checkpoint=checkpoints,
            data=EvaluationData(root=str(sets / name), split=split),
            align=align,
            out=str(RUNS / "reports" / f"{name}-{align}"),
        )
    )
    return {
        model: {metric: [round(e.mean, 4), round(e.low, 4), round(e.high, 4)] for metric, e in row.items()
                if metric in ("rel", "delta1")}
        for model, row in report.overall().items()
    }  # fmt: skip


def main() -> None:
    sets, steps = described(Path(sys.argv[1])), sys.argv[2] if len(sys.argv) > 2 else "500"
    names = {"builtin": "before fine-tuning"}
    names |= {fine_tuned(name, overrides, sets, steps): name for name, overrides in VARIANTS.items()}
    figures: dict[str, Any] = {}
    for name in SETS:
        align = "none" if name == "hololens" else "depth"
        rows = measured(sets, name, tuple(names), align)
        figures[f"{name}, {'metric' if align == 'none' else 'affine-invariant'}"] = {
            names[model]: row for model, row in rows.items()
        }
    lines = [f"{'':40}{'model':>22}{'REL':>26}{'delta_1':>26}"]
    for title, rows in figures.items():
        for model, row in rows.items():
            cells = "".join(f"{f'{m:.3f} [{a:.3f}, {b:.3f}]':>26}" for m, a, b in row.values())
            lines.append(f"{title:40}{model:>22}{cells}")
    (RESULTS / "real_sensor.txt").write_text("\n".join(lines) + "\n")
    save("real_sensor", {"hardware": hardware(), "steps": int(steps), "figures": figures})
    print("\n".join(lines))


if __name__ == "__main__":
    main()
