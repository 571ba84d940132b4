"""An experiment is one training stage as data; running it builds model, data and objective and calls the
loop."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import torch
from torch import nn

from depthgen.checkpoint import load_checkpoint, save_checkpoint
from depthgen.data.worlds import WorldsConfig, WorldViews, collate
from depthgen.depth.metrics import abs_rel, delta
from depthgen.model import DiffusionModel, ModelConfig
from depthgen.nn.judge import Judge, JudgeConfig
from depthgen.objectives import completion_loss, depth_loss, judge_loss
from depthgen.text import TextEncoder
from depthgen.training import Objective, TrainConfig, fit
from depthgen.worlds import KINDS, TIMES, WEATHERS

# Beyond every training set one could render and far below the seeds that are reserved for evaluation.
VALIDATION_SEED = 2**31
VALIDATION_WORLDS = 256
ATTRIBUTES = {"kind": len(KINDS), "time": len(TIMES), "weather": len(WEATHERS)}


@dataclass(frozen=True)
class Experiment:
    """What to train, on what, and where its weights go."""

    name: str = "experiment"
    stage: Literal["depth", "completion", "judge"] = "depth"
    model: ModelConfig = field(default_factory=ModelConfig)  # for depth and completion
    judge: JudgeConfig = field(default_factory=lambda: JudgeConfig(ATTRIBUTES))  # for the judge
    data: WorldsConfig = field(default_factory=WorldsConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    start_from: str | None = None  # a checkpoint whose weights to begin with
    runs: str = "runs"  # state and log go to RUNS/NAME
    weights: str | None = None  # the averaged weights, half precision; default RUNS/NAME/model.safetensors


def run(experiment: Experiment) -> Path:
    """Train to the end (or resume to it) and export; returns the path of the checkpoint."""
    torch.manual_seed(experiment.train.seed)  # initial weights
    folder = Path(experiment.runs) / experiment.name
    model = _start(experiment)
    data = WorldViews(experiment.data)
    started = time.perf_counter()
    averaged, facts = fit(
        model,
        _objective(experiment),
        data,
        experiment.train,
        folder,
        collate=collate,
        validate=_validation(experiment),
    )
    record = {
        "experiment": json.loads(json.dumps(asdict(experiment))),
        "images_seen": experiment.train.steps * experiment.train.batch_size * facts["processes"],
        "seconds_since_start_or_resume": round(time.perf_counter() - started),
        **facts,
    }
    path = Path(experiment.weights or folder / "model.safetensors")
    save_checkpoint(path, averaged, record, dtype=torch.float16)
    return path


def _start(experiment: Experiment) -> nn.Module:
    if experiment.start_from:
        model, _ = load_checkpoint(experiment.start_from)
        return model.train()
    return Judge(experiment.judge) if experiment.stage == "judge" else DiffusionModel(experiment.model)


def _objective(experiment: Experiment) -> Objective:
    if experiment.stage == "judge":
        return judge_loss()
    if experiment.stage == "depth":
        return depth_loss(experiment.model.coding, experiment.model.prediction)
    return completion_loss(TextEncoder.load(), experiment.model.prediction)


def _validation(experiment: Experiment) -> Any:
    """Scalars on worlds that are neither trained on nor part of the evaluation set."""
    config = WorldsConfig(experiment.data.folder, VALIDATION_WORLDS, experiment.data.size, VALIDATION_SEED)
    measure = {"depth": _depth_scalars, "judge": _judge_scalars}.get(experiment.stage)
    if measure is None:
        return None
    views = WorldViews(config)
    batch = collate([views[i] for i in range(0, len(views), 2)])
    return lambda model: measure(model, batch)


@torch.no_grad()
def _depth_scalars(model: nn.Module, batch: Mapping[str, Any]) -> dict[str, float]:
    """REL and delta_1 of a single step from pure noise, over valid pixels under 40 m."""
    assert isinstance(model, DiffusionModel)
    noise = torch.randn(batch["depth"].shape, generator=torch.Generator().manual_seed(0))
    device = next(model.parameters()).device
    x0 = model.denoise(
        noise.to(device), torch.ones(len(noise), device=device), (2 * batch["image"] - 1).to(device)
    )
    depth = model.config.coding.decode(x0.cpu())
    counted = batch["valid"] & (batch["depth"] < 40)
    rows = [(d, t, v) for d, t, v in zip(depth, batch["depth"], counted, strict=True) if v.any()]
    return {
        "rel": round(sum(float(abs_rel(*row)) for row in rows) / len(rows), 4),
        "delta1": round(sum(float(delta(*row)) for row in rows) / len(rows), 4),
    }


@torch.no_grad()
def _judge_scalars(model: nn.Module, batch: Mapping[str, Any]) -> dict[str, float]:
    """Share of right answers for each attribute."""
    device = next(model.parameters()).device
    logits = model((2 * batch["image"] - 1).to(device))
    return {
        name: round((logits[name].argmax(1).cpu() == batch[name]).float().mean().item(), 4) for name in logits
    }
