"""An experiment is one training stage as data; running it builds model, data and objective and calls the
loop."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import torch
from torch.utils.data import Dataset

from depthgen.checkpoint import load_checkpoint, save_checkpoint, stage_path
from depthgen.data.frames import DataConfig, Frames, broken_files
from depthgen.data.pool import PoolViews
from depthgen.data.registry import IMAGE_READERS
from depthgen.data.synthetic import SyntheticConfig, write_sources
from depthgen.data.worlds import WorldViews, collate
from depthgen.distillation import DistilConfig, lesson
from depthgen.model import DiffusionModel, ModelConfig
from depthgen.nn.judge import Judge, JudgeConfig
from depthgen.objectives import (
    DepthObjective,
    completion_loss,
    depth_loss,
    judge_loss,
    palette_loss,
    upsampling_loss,
)
from depthgen.pretrain import TaskShares
from depthgen.text import TextEncoder
from depthgen.training import Objective, TrainConfig, fit, is_main_process, main_process_first, own_device
from depthgen.transfer import transfer
from depthgen.validation import Batch, Validation, validation_batches
from depthgen.worlds import COLORS, KINDS, OBJECTS, TIMES, WEATHERS

ATTRIBUTES = {"kind": len(KINDS), "time": len(TIMES), "weather": len(WEATHERS),
              "objects": len(OBJECTS), "colors": len(OBJECTS) * len(COLORS)}  # fmt: skip
Stage = Literal["palette", "depth", "completion", "upsampling", "judge"]
# What describes the network and the loss of a stage; of the others, "model" alone.
DESCRIBED_BY = {"palette": ("model", "palette"), "depth": ("model", "objective"), "judge": ("judge",)}


@dataclass(frozen=True)
class Experiment:
    """What to train, on what, and where its weights go."""

    name: str = "experiment"
    stage: Stage = "depth"
    model: ModelConfig = field(default_factory=ModelConfig)  # of all stages but the judge
    judge: JudgeConfig = field(default_factory=lambda: JudgeConfig(ATTRIBUTES))
    objective: DepthObjective = field(default_factory=DepthObjective)  # of the stage "depth"
    palette: TaskShares = field(default_factory=TaskShares)  # of the stage "palette"
    # A few-step student of a teacher, which `model` and `start_from` are then taken from; not of "palette".
    distil: DistilConfig | None = None
    data: DataConfig = field(default_factory=DataConfig)
    synthetic: SyntheticConfig = field(default_factory=SyntheticConfig)  # worlds in place of missing data
    train: TrainConfig = field(default_factory=TrainConfig)
    # A checkpoint to begin with, or "builtin", the shipped one; of another task: what fits is carried over.
    start_from: str | None = None
    shift_levels: int = 0  # levels of the network around those of `start_from`, see `transfer`
    runs: str = "runs"  # state and log go to RUNS/NAME
    weights: str | None = None  # the averaged weights, half precision; default RUNS/NAME/model.safetensors


def run(experiment: Experiment, views: PoolViews | None = None, encoder: TextEncoder | None = None) -> Path:
    """Train to the end (or resume to it) and export; returns the path of the checkpoint.

    views: what to train on in place of `experiment.data`, without a validation. encoder: the text encoder, by
    default the packaged one. ValueError where the run that is resumed was another, see `recipe_of`.
    """
    folder = Path(experiment.runs) / experiment.name
    broken = folder / "broken.txt"
    if experiment.stage == "completion" and encoder is None:
        encoder = TextEncoder.load(own_device(experiment.train.device))
    taught = None
    if experiment.distil:
        taught = lesson(experiment.stage, experiment.distil, experiment.objective, encoder)
        experiment = replace(experiment, model=taught[0].config)
    # before a large network is made: a wrong folder is found out at once
    data, held_out = (views, []) if views is not None else _data(experiment, broken)
    torch.manual_seed(experiment.train.seed)  # initial weights
    model, objective = taught or (start(experiment), objective_of(experiment, encoder))
    started = time.perf_counter()
    averaged, facts = fit(
        model,
        objective,
        data,
        experiment.train,
        folder,
        collate=collate if views is None else _as_it_is,
        validate=Validation(experiment.stage, objective, held_out) if held_out else None,
        recipe=recipe_of(experiment, own_views=views is not None),
    )
    record = {
        "experiment": json.loads(json.dumps(asdict(experiment))),
        "images_seen": facts["steps_done"] * _images_a_step(experiment.train) * facts["processes"],
        "seconds_since_start_or_resume": round(time.perf_counter() - started),
        **({} if views is None else {"pool": views.facts()}),
        **facts,
    }
    path = Path(experiment.weights or folder / "model.safetensors")
    if is_main_process():  # several would replace each other's half-written file
        save_checkpoint(path, averaged, record, dtype=torch.float16)
        _report_broken(broken)
    return path


def recipe_of(experiment: Experiment, own_views: bool = False) -> dict[str, Any]:
    """What decides the result besides `train`, as plain values: with another recipe, no run is resumed.

    Free to change are where data lie (the folders of sources are told apart by their names), which worlds are
    rendered and how many, what is only logged and whether broken files are left out. own_views: the caller
    brings the data, and answers for what each part of a run began with, too.
    """
    values = asdict(experiment)
    described_by = DESCRIBED_BY.get(experiment.stage, ("model",))
    recipe = {name: values[name] for name in ("stage", *described_by, "distil")}
    if not own_views:
        recipe |= {name: values[name] for name in ("start_from", "shift_levels")}
        recipe["data"] = _data_recipe(experiment.data)
    elif experiment.distil:
        del recipe["distil"]["teacher"]
    return json.loads(json.dumps(recipe))


def _data_recipe(config: DataConfig) -> dict[str, Any]:
    if not config.sources:
        return {"sources": [], "worlds": {"size": config.worlds.size}}
    free = ("worlds", "root", "validation", "skip_broken")
    recipe = {name: value for name, value in asdict(config).items() if name not in free}
    for source in recipe["sources"]:
        source["root"] = source["root"] and Path(source["root"]).name
    return recipe


def _check_sources(experiment: Experiment) -> None:
    """ValueError where the data sets cannot teach what the stage is to learn."""
    names = [source.name for source in experiment.data.sources]
    if names and experiment.stage not in ("palette", "depth"):
        raise ValueError(f"data.sources: {experiment.stage} is learned from rendered worlds; leave it empty")
    if not names or experiment.stage != "depth":
        return
    without_depth = [name for name in names if name in IMAGE_READERS]
    if without_depth:
        raise ValueError(f"data.sources: {without_depth[0]} holds pictures without depth")
    given, model = experiment.data.canonical_fov, experiment.model
    meant = None if model.unet.field_of_view else model.training_fov
    if given != meant:
        raise ValueError(
            f"data.canonical_fov must be {json.dumps(meant)}, not {json.dumps(given)}: model.training_fov, "
            "or null where the model is told the field of view (model.unet.field_of_view)"
        )


def _data(experiment: Experiment, broken: Path) -> tuple[Dataset, list[Batch]]:
    """What to train on, and held-out batches."""
    _check_sources(experiment)
    config = experiment.data
    with main_process_first(experiment.train.device):  # renders what lacks
        write_sources(experiment.synthetic, config)
        data = Frames(config, broken) if config.sources else WorldViews(config.worlds)
        return data, validation_batches(config, broken, experiment.train.batch_size)


def _as_it_is(batch: Any) -> Any:
    return batch


def start(experiment: Experiment) -> Judge | DiffusionModel:
    """The model to train: fresh, that of `start_from`, or a fresh one with all that fits of another's
    tensors.

    What became of every tensor is printed in the last case.
    """
    fresh = Judge(experiment.judge) if experiment.stage == "judge" else DiffusionModel(experiment.model)
    if not experiment.start_from:
        return fresh
    source, _ = load_checkpoint(stage_path(experiment.start_from, experiment.stage))
    if isinstance(source, DiffusionModel) and source.config.steps is not None:
        raise ValueError(
            f"start_from={experiment.start_from} is a student of {source.config.steps} step(s), "
            "which this training would make it forget; give its teacher"
        )
    if source.config == fresh.config:
        return source.train()
    if not (isinstance(source, DiffusionModel) and isinstance(fresh, DiffusionModel)):
        raise ValueError(f"{experiment.start_from} has nothing to give to a model of {experiment.stage}")
    report = transfer(source, fresh, experiment.shift_levels)
    if is_main_process():
        print(report)
    return fresh


def objective_of(experiment: Experiment, encoder: TextEncoder | None = None) -> Objective:
    """The loss of the experiment's stage; encoder: of a completer's captions."""
    model = experiment.model
    if experiment.stage == "judge":
        return judge_loss()
    if experiment.stage == "depth":
        return depth_loss(model, experiment.objective)
    if experiment.stage == "palette":
        return palette_loss(model.prediction, experiment.palette)
    if experiment.stage == "upsampling":
        return upsampling_loss(model.prediction)
    assert encoder is not None
    return completion_loss(encoder, model.prediction)


def _images_a_step(train: TrainConfig) -> int:
    """Of one process."""
    return train.batch_size * train.accumulate


def _report_broken(log: Path) -> None:
    broken = broken_files(log)
    if broken:
        print(f"left out {len(broken)} broken frames (also in {log}):")
        print("\n".join(f"  {line}" for line in broken))
