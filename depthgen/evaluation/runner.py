"""From a configuration to a report: load the models, run a protocol, say what the figures depend on."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from depthgen.checkpoint import load_checkpoint, stage_path
from depthgen.completer import ImageCompleter
from depthgen.depth import METRICS
from depthgen.devices import resolve_device
from depthgen.estimator import DepthEstimator
from depthgen.evaluation.cases import Case, dataset_cases, world_case
from depthgen.evaluation.config import EvaluateConfig
from depthgen.evaluation.depth import Predict, Scores, score_depth, with_scenes
from depthgen.evaluation.prediction import Prediction, Predictor
from depthgen.evaluation.prompts import (
    ANSWERS,
    FOV,
    found_and_there,
    held_out_words,
    known_words,
    score_prompts,
    shares_of_renders,
)
from depthgen.evaluation.protocols import DepthProtocol, PromptProtocol, protocol
from depthgen.evaluation.report import Report, environment
from depthgen.evaluation.samples import evaluation_samples, kind_mean_depth, training_samples
from depthgen.experiment import ATTRIBUTES
from depthgen.images import to_pil
from depthgen.nn.judge import Judge
from depthgen.worlds import GENERATOR_VERSION, content_hash

BASELINE = "mean depth of kind"


def evaluate(config: EvaluateConfig) -> Report:
    """Run the protocol that `config` names. ValueError on unknown names and on data that is not there."""
    chosen = protocol(config.protocol)
    if isinstance(chosen, PromptProtocol):
        return evaluate_prompts(config, chosen)
    return evaluate_worlds(config, chosen) if chosen.dataset is None else evaluate_dataset(config, chosen)


def evaluate_worlds(config: EvaluateConfig, chosen: DepthProtocol) -> Report:
    """Depth of the evaluation worlds by the models, beside the per-kind mean depth map of training worlds."""
    models = _models(config, chosen)
    means = kind_mean_depth(training_samples(config.baseline_worlds, chosen.size), far=chosen.far)

    def baseline(case: Case, counted: Tensor) -> Prediction:
        return Prediction(means[case.labels["kind"]])

    cases = (world_case(sample) for sample in evaluation_samples(config.worlds, chosen.size))
    scores = _scored({**models, BASELINE: baseline}, cases, chosen, config.worlds)
    facts = {
        **_world_facts(config),
        **_depth_facts(config, chosen, models, scores),
        "pixels": f"not sky, {chosen.near:g} m < depth < {chosen.far:g} m, {chosen.size} x {chosen.size} px",
        "baseline": f"geometric mean of {config.baseline_worlds} training worlds a kind",
        **environment(),
    }
    title = f"depth of {config.worlds} evaluation worlds"
    return Report(title, scores.rows, tuple(METRICS), facts, examples=scores.examples())


def evaluate_dataset(config: EvaluateConfig, chosen: DepthProtocol) -> Report:
    """Depth of a data set's frames by the models, with the table's rows also by scene."""
    cases = dataset_cases(config, chosen)  # before the models: a wrong folder is found out at once
    models = _models(config, chosen)
    scores = _scored(models, cases, chosen, len(cases))
    split = config.data.split or chosen.split
    facts = {
        "protocol": config.protocol,
        "data": f"{chosen.dataset}, split {split}, {len(cases)} of {len(cases.dataset)} images",
        "count": len(cases),
        "seed": config.seed,
        "dtype": "float32",
        **_depth_facts(config, chosen, models, scores),
        "pixels": _pixels(chosen),
        "camera": "the data set's, where it has one" if config.camera else "assumed by the models",
        "images_broken": len(cases.broken),
        **environment(),
    }
    title = (
        f"depth of {len(next(iter(scores.rows.values())))} images of {chosen.dataset}, protocol {chosen.name}"
    )
    rows, broken = with_scenes(scores.rows), tuple(cases.broken)
    return Report(title, rows, tuple(METRICS), facts, "scene", broken, scores.examples())


def evaluate_prompts(config: EvaluateConfig, chosen: PromptProtocol) -> Report:
    """What the judge sees in pictures drawn for prompts, beside what it sees in the renders they describe."""
    name, *others = config.checkpoints
    if others:
        raise ValueError(f"protocol {chosen.name} judges one checkpoint at a time; give one")
    judge = load_judge(config.judge, config.device)
    completer = ImageCompleter.from_pretrained(name, config.device)
    generator = torch.Generator().manual_seed(config.seed)
    steps = config.steps or completer.steps
    words = held_out_words if chosen.held_out else known_words
    samples = list(evaluation_samples(config.worlds, chosen.size))
    renders, prompts = torch.stack([sample.image for sample in samples]), list(map(words, samples))
    started = time.perf_counter()
    rows, drawn = score_prompts(
        lambda texts: completer.sample(
            texts, fov=FOV, guidance=config.guidance, steps=steps, generator=generator
        ),
        judge,
        prompts,
        chosen.batch,
    )
    seconds = time.perf_counter() - started
    _save_sheet(drawn, Path(config.out) / "generated.png")
    facts = {
        **_world_facts(config),
        "checkpoint_sha256": _sha256(name, "completion"),
        "guidance": completer.guidance if config.guidance is None else config.guidance,
        "steps": steps,
        "share_of_renders": {name: round(e.mean, 3) for name, e in shares_of_renders(rows).items()},
        "objects_found_that_are_there": round(found_and_there(judge, renders, samples), 3),
        "seconds_per_image": round(seconds / len(prompts), 3),
        **environment(),
    }
    said = "captions in held-out words" if chosen.held_out else "held-out captions"
    return Report(f"pictures for {config.worlds} {said}, judged", rows, ANSWERS, facts)


def load_judge(name_or_path: str, device: str) -> Judge:
    """The judge of prompts; ValueError if the checkpoint is another model or asks other questions."""
    path = stage_path(name_or_path, "judge")
    judge, _ = load_checkpoint(path, resolve_device(device))
    if not isinstance(judge, Judge) or dict(judge.config.heads) != ATTRIBUTES:
        asked = ", ".join(ATTRIBUTES)
        raise ValueError(f"{path} is not a judge of {asked}; train one: experiment=worlds_judge")
    return judge


def _models(config: EvaluateConfig, chosen: DepthProtocol) -> dict[str, Predictor]:
    return {
        name: Predictor(DepthEstimator.from_pretrained(name, config.device).sampler, config, chosen)
        for name in config.checkpoints
    }


def _scored(models: dict[str, Any], cases: Iterable[Case], chosen: DepthProtocol, total: int) -> Scores:
    from tqdm import tqdm

    named: dict[str, Predict] = models
    scores = score_depth(named, tqdm(cases, total=total, unit="image", disable=None), chosen)
    if not any(scores.rows.values()):
        raise ValueError(
            f"protocol {chosen.name}: none of the {total} images has a pixel that counts ({_pixels(chosen)})"
        )
    return scores


def _depth_facts(
    config: EvaluateConfig, chosen: DepthProtocol, models: dict[str, Predictor], scores: Scores
) -> dict[str, Any]:
    def of_model(name: str) -> dict[str, Any]:
        return {"sha256": _sha256(name, "depth"), **models[name].facts()}

    return {
        "samples": config.samples,
        "multisample": config.multisample,
        "flip": config.flip,
        "clamped_to": f"{chosen.clamp[0]:g} to {chosen.clamp[1]:g} m",
        "models": {name: of_model(name) for name in models},
        "images_left_out": len(scores.left_out),
    }


def _pixels(chosen: DepthProtocol) -> str:
    """In words, which pixels count."""
    parts = [f"valid, {chosen.near:g} m < depth < {chosen.far:g} m"]
    if chosen.window is not None:
        parts.append("picture and truth cut to {} x {} at the bottom centre".format(*chosen.window))
    if chosen.crop is not None:
        unit = "pixels" if chosen.crop.of else "of height and width"
        spans = ["{:g} to {:g}".format(*span) for span in (chosen.crop.rows, chosen.crop.columns)]
        parts.append(f"rows {spans[0]}, columns {spans[1]} ({unit})")
    return "; ".join(parts)


def _world_facts(config: EvaluateConfig) -> dict[str, Any]:
    return {
        "protocol": config.protocol,
        "checkpoint": ", ".join(config.checkpoints),
        "generator_version": GENERATOR_VERSION,
        "evaluation_set": content_hash(config.worlds),
        "count": config.worlds,
        "seed": config.seed,
        "dtype": "float32",
    }


def _sha256(name: str, stage: str) -> str | None:
    """The first digits of a checkpoint file's hash, which covers its parts; None for what is no such file."""
    path = stage_path(name, stage)
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16] if path.is_file() else None


def _save_sheet(pictures: torch.Tensor, path: Path, columns: int = 8) -> None:
    """The first columns x columns pictures (N,3,h,w) as one PNG."""
    shown = pictures[: columns * columns]
    shown = torch.cat([shown, shown.new_ones(-len(shown) % columns, *shown.shape[1:])])
    rows = [torch.cat(list(row), dim=-1) for row in shown.split(columns)]
    path.parent.mkdir(parents=True, exist_ok=True)
    to_pil(torch.cat(rows, dim=-2)).save(path)
