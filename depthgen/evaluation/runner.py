"""From a configuration to a report: load the models, run a protocol, say what the figures depend on."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from depthgen.checkpoint import builtin_path, load_checkpoint
from depthgen.completer import GUIDANCE, STEPS, ImageCompleter
from depthgen.devices import resolve_device
from depthgen.estimator import DepthEstimator
from depthgen.evaluation.depth import DepthSample, score_depth
from depthgen.evaluation.prompts import CLASSES, score_prompts
from depthgen.evaluation.protocols import DepthProtocol, PromptProtocol, protocol
from depthgen.evaluation.report import Report, environment
from depthgen.evaluation.samples import evaluation_samples, kind_mean_depth, training_samples
from depthgen.images import to_pil
from depthgen.nn.judge import Judge
from depthgen.worlds import GENERATOR_VERSION, content_hash

DEPTH_METRICS = ("rel", "rms", "delta1", "delta2", "delta3", "log10")


@dataclass(frozen=True)
class EvaluateConfig:
    """What to evaluate. Fields that a protocol does not need are ignored by it."""

    protocol: str = "worlds"  # worlds: depth; prompts: pictures from words, judged
    checkpoint: str = "builtin"  # any name DepthEstimator or ImageCompleter.from_pretrained takes
    judge: str = "builtin"  # of protocol prompts
    count: int = 256  # images, from the start of the frozen evaluation set
    samples: int = 1  # depth: drawn and averaged
    steps: int | None = None  # of the sampler; None: the model's own default
    guidance: float = GUIDANCE
    baseline_worlds: int = 32  # training worlds a kind for the mean depth map
    seed: int = 0  # of the samplers' noise
    device: str = "auto"
    out: str = "runs/evaluate"


def evaluate(config: EvaluateConfig) -> Report:
    """Run the protocol that `config` names. ValueError on unknown names or a count below 1."""
    if config.count < 1:
        raise ValueError(f"count must be at least 1, got {config.count}")
    chosen = protocol(config.protocol)
    if isinstance(chosen, PromptProtocol):
        return evaluate_prompts(config, chosen)
    return evaluate_depth(config, chosen)


def evaluate_depth(config: EvaluateConfig, chosen: DepthProtocol) -> Report:
    """Depth of the evaluation worlds by the model, beside the per-kind mean depth map of training worlds."""
    estimator = DepthEstimator.from_pretrained(config.checkpoint, config.device)
    generator = torch.Generator().manual_seed(config.seed)
    means = kind_mean_depth(training_samples(config.baseline_worlds, chosen.size), far=chosen.far)
    spent: list[float] = []

    def predict(sample: DepthSample) -> torch.Tensor:
        started = time.perf_counter()
        out = estimator.predict(
            sample.image,
            camera=sample.camera,
            samples=config.samples,
            steps=config.steps,
            generator=generator,
        )
        spent.append(time.perf_counter() - started)
        return out.depth[None]

    models = {config.checkpoint: predict, "mean depth of kind": lambda sample: means[sample.world.kind]}
    rows, skipped = score_depth(models, evaluation_samples(config.count, chosen.size), chosen)
    facts = {
        **_facts(config, "depth"),
        "pixels": f"not sky, {chosen.near:g} m <= depth < {chosen.far:g} m, {chosen.size} x {chosen.size} px",
        "images_left_out": len(skipped),
        "baseline": f"geometric mean of {config.baseline_worlds} training worlds a kind",
        "seconds_per_image": round(sum(spent) / len(spent), 4),
    }
    return Report(f"depth of {config.count} evaluation worlds", rows, DEPTH_METRICS, facts)


def evaluate_prompts(config: EvaluateConfig, chosen: PromptProtocol) -> Report:
    """What the judge sees in pictures drawn for held-out captions, beside what it sees in real renders."""
    judge = load_judge(config.judge, config.device)
    completer = ImageCompleter.from_pretrained(config.checkpoint, config.device)
    generator = torch.Generator().manual_seed(config.seed)
    steps = config.steps or STEPS
    samples = list(evaluation_samples(config.count, chosen.size))
    started = time.perf_counter()
    rows, drawn = score_prompts(
        lambda prompts: completer.sample(prompts, guidance=config.guidance, steps=steps, generator=generator),
        judge,
        samples,
        chosen.batch,
    )
    seconds = time.perf_counter() - started
    _save_sheet(drawn, Path(config.out) / "generated.png")
    metrics = tuple(f"{name}_right" for name in CLASSES)
    facts = {
        **_facts(config, "completer"),
        "guidance": config.guidance,
        "steps": steps,
        "share_of_renders": _shares(rows, metrics),
        "seconds_per_image": round(seconds / len(samples), 3),
    }
    return Report(f"pictures for {config.count} held-out captions, judged", rows, metrics, facts)


def load_judge(name_or_path: str, device: str) -> nn.Module:
    """The attribute judge; ValueError if the checkpoint is another model or asks other questions."""
    path = builtin_path("judge") if name_or_path == "builtin" else Path(name_or_path)
    judge, _ = load_checkpoint(path, resolve_device(device))
    expected = {name: len(classes) for name, classes in CLASSES.items()}
    if not isinstance(judge, Judge) or dict(judge.config.heads) != expected:
        raise ValueError(f"{path} is not a judge of {', '.join(CLASSES)}; train one: experiment=worlds_judge")
    return judge


def _facts(config: EvaluateConfig, builtin: str) -> dict[str, Any]:
    path = builtin_path(builtin) if config.checkpoint == "builtin" else Path(config.checkpoint)
    return {
        "protocol": config.protocol,
        "checkpoint": config.checkpoint,
        "checkpoint_sha256": hashlib.sha256(path.read_bytes()).hexdigest()[:16] if path.is_file() else None,
        "generator_version": GENERATOR_VERSION,
        "evaluation_set": content_hash(config.count),
        "count": config.count,
        "seed": config.seed,
        "dtype": "float32",
        **environment(),
    }


def _shares(rows: dict[str, list[dict[str, float | str]]], metrics: tuple[str, ...]) -> dict[str, float]:
    """Right answers on generated pictures, as a share of those on real renders."""
    totals = {m: [sum(float(r[m]) for r in rows[part]) for part in ("generated", "renders")] for m in metrics}
    return {m: round(generated / max(renders, 1.0), 3) for m, (generated, renders) in totals.items()}


def _save_sheet(pictures: torch.Tensor, path: Path, columns: int = 8) -> None:
    """The first columns x columns pictures (N,3,h,w) as one PNG."""
    shown = pictures[: columns * columns]
    shown = torch.cat([shown, shown.new_ones(-len(shown) % columns, *shown.shape[1:])])
    rows = [torch.cat(list(row), dim=-1) for row in shown.split(columns)]
    path.parent.mkdir(parents=True, exist_ok=True)
    to_pil(torch.cat(rows, dim=-2)).save(path)
