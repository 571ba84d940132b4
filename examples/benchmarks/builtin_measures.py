"""What `builtin_models.py` measures, one function a question, each of a few evaluation worlds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from depthgen import DepthEstimator, ImageCompleter
from depthgen.data.worlds import seen_by_partner
from depthgen.depth import align_depth, downsample_depth
from depthgen.depth_models import SampleRequest
from depthgen.evaluation.cases import Case, world_case
from depthgen.evaluation.depth import Predict, Scores, score_depth
from depthgen.evaluation.kernel_distance import features
from depthgen.evaluation.prediction import Prediction
from depthgen.evaluation.prompts import FOV, found_and_there, held_out_words, known_words, verdicts
from depthgen.evaluation.protocols import WORLDS
from depthgen.evaluation.runner import load_judge
from depthgen.evaluation.samples import DepthSample, first_camera, rendered, samples_of
from depthgen.evaluation.statistics import Row
from depthgen.evaluation.uncertainty import calibrated_spearman, risk_coverage, spearman
from depthgen.geometry import Camera, push_pull, turned
from depthgen.images import resize, size_of
from depthgen.nn.judge import Judge
from depthgen.worlds import World, build_world, evaluation_seeds, render

SIZE, JUDGED, TURN = 256, 64, 15.0  # pixels, pixels that the judge looks at, degrees
FEW = 64  # pixels; a turn that shows less anew is left out
SAMPLES = 8  # whose spread is looked at
COVERAGES = tuple(n / 20 for n in range(1, 21))
MORE_STEPS = (4, 16)  # in which the depth model is measured beside its own choice
PROMPTS = {"known": known_words, "held out": held_out_words}
DepthModels = Mapping[str, Path]
Cascade = tuple[Path, Path | None]  # base and upsampler


def depth_rows(models: DepthModels, start: int, stop: int) -> dict[str, list[Row]]:
    """The metrics of `DepthEstimator.predict` of every model, and of "depth" in more steps, one row an image."""
    ways = {name: predicting(path) for name, path in models.items()}
    ways |= {f"depth, {steps} steps": predicting(models["depth"], steps) for steps in MORE_STEPS}
    return depth_scores(ways, rendered(worlds_of(range(start, stop)), SIZE)).rows


def depth_scores(ways: Mapping[str, Predict], samples: Iterable[DepthSample]) -> Scores:
    """The metrics for some views, with pictures of the best and worst."""
    return score_depth(ways, map(world_case, samples), replace(WORLDS, size=SIZE))


def predicting(path: Path, steps: int | None = None) -> Predict:
    """A model as what is scored; steps: None for its own choice."""

    def predict(case: Case, counted: Tensor) -> Prediction:
        frame = case.frame
        return Prediction(
            depth_model(path).predict(frame.image, camera=frame.camera, steps=steps).depth[None]
        )

    return predict


def completion_rows(models: DepthModels, start: int, stop: int) -> list[Row]:
    """Mean absolute error in metres on the pixels that a turn shows anew, the true picture given and the true depth
    of all others: of "depth" completing them; of each model's plain depth as aligned to what is known; of its smooth
    continuation from the border."""
    rows: list[Row] = []
    for view, known in turned_views(worlds_of(range(start, stop)), TURN):
        near = view.valid & (view.depth < WORLDS.far)
        fresh, anchors = ~known & near, known & near
        if min(fresh.sum(), anchors.sum()) < FEW:
            continue
        plain = {
            n: depth_model(p).predict(view.image, camera=view.camera).depth[None] for n, p in models.items()
        }
        completed = depth_model(models["depth"]).complete(view.image, view.depth, known, camera=view.camera)
        answers = {
            "completion": completed.depth[None],
            "border": push_pull(view.depth.clamp(max=WORLDS.far).log(), known).exp(),
            **{
                f"{name} aligned": align_depth(d, view.depth, anchors, *WORLDS.clamp)
                for name, d in plain.items()
            },
        }
        errors = {name: float((d - view.depth).abs()[fresh].mean()) for name, d in answers.items()}
        rows.append({"image": str(view.world.seed), "kind": view.world.kind, **errors})
    return rows


def spread_rows(model: Path, start: int, stop: int) -> list[Row]:
    """How the spread of samples in log depth ranks the true errors of their mean, image by image: "spearman"; how
    it would if one of the samples were the truth: "calibrated"; the mean "error"; that of the surest 5 % of the
    pixels, 10 %, ... as a share of it, "5%", ...; and of those whose error is least, which no spread can beat,
    "least 5%", ..."""
    rows: list[Row] = []
    for sample in rendered(worlds_of(range(start, stop)), SIZE):
        request = SampleRequest(SAMPLES, None, sample.camera, torch.Generator().manual_seed(0))
        drawn = depth_model(model).sampler.sample(sample.image, None, request).depth.log()
        near = sample.valid & (sample.depth < WORLDS.far)
        truth, counted = downsample_depth(sample.depth, near, size_of(drawn))
        if counted.sum() < FEW:
            continue
        error = (drawn.mean(0) - truth.clamp(min=1e-3).log()).abs()[counted]
        spread = drawn.std(0)[counted]
        figures = {
            "spearman": spearman(spread, error),
            "calibrated": calibrated_spearman(drawn[:, counted]),
            "error": float(error.mean()),
        }
        curves = curve("", error, spread) | curve("least ", error, error)
        rows.append({"image": str(sample.world.seed), **figures, **curves})
    return rows


def curve(prefix: str, error: Tensor, order: Tensor) -> dict[str, float]:
    """The risk-coverage curve of one image as columns of its row."""
    risks = risk_coverage(error, order, COVERAGES)
    return {f"{prefix}{share:.0%}": risk for share, risk in zip(COVERAGES, risks, strict=True)}


def residual_rows(cascade: Cascade, start: int, stop: int) -> list[Row]:
    """Mean difference on what is known after a turn before it is put back, in levels of 255."""
    rows: list[Row] = []
    for view, known in turned_views(worlds_of(range(start, stop)), TURN):
        if known.any() and not known.all():
            text, fov = known_words(view).text, view.camera.fov_degrees
            residual = completer(*cascade).complete(view.image, known, text, fov=fov).residual
            rows.append({"image": str(view.world.seed), "residual": 255 * residual})
    return rows


def render_marks(judge: Path, start: int, stop: int) -> dict[str, Any]:
    """The judge on renders: "verdicts" of each kind of PROMPTS, its "precision", "features" of the renders, and
    "enlarged" of the same enlarged from 64 px."""
    samples = list(rendered(worlds_of(range(start, stop)), SIZE))
    pictures = torch.stack([sample.image for sample in samples])
    small = avg_pool2d(pictures, SIZE // JUDGED)
    return {
        "verdicts": {
            words: verdicts(judge_of(judge), small, [ask(sample) for sample in samples])
            for words, ask in PROMPTS.items()
        },
        "precision": found_and_there(judge_of(judge), small, samples),
        "features": features(judge_of(judge), pictures),
        "enlarged": features(judge_of(judge), torch.stack([resize(p, (SIZE, SIZE)) for p in small])),
    }


def drawn_marks(judge: Path, cascade: Cascade, words: str, start: int, stop: int) -> dict[str, Any]:
    """The judge on pictures drawn for prompts: its "verdicts" and their "features"."""
    prompts = [PROMPTS[words](sample) for sample in rendered(worlds_of(range(start, stop)), JUDGED)]
    drawn = pictures(cascade, [prompt.text for prompt in prompts], seed=start)
    small = avg_pool2d(drawn, SIZE // JUDGED)
    return {
        "verdicts": verdicts(judge_of(judge), small, prompts),
        "features": features(judge_of(judge), drawn),
    }


def drawn_bytes(cascade: Cascade, prompt: str, count: int) -> Tensor:
    """(count,3,SIZE,SIZE) uint8 drawn for one prompt."""
    return (255 * pictures(cascade, [prompt] * count)).round().to(torch.uint8)


def pictures(cascade: Cascade, prompts: Sequence[str], seed: int = 0) -> Tensor:
    """(N,3,SIZE,SIZE) in [0,1] drawn for the prompts: by the cascade, or enlarged where there is no upsampler."""
    model, generator = completer(*cascade), torch.Generator().manual_seed(seed)
    drawn = model.sample(prompts, fov=FOV, generator=generator)
    if model.upsampler is not None:
        drawn = model.upsample(drawn, generator=generator)
    return torch.stack([resize(picture, (SIZE, SIZE)) for picture in drawn]).clamp(0, 1)


def worlds_of(indices: Sequence[int]) -> list[World]:
    """The worlds of the evaluation set at these places."""
    seeds = evaluation_seeds(max(indices) + 1)
    return [build_world(*seeds[i]) for i in indices]


def turned_views(worlds: Sequence[World], degrees: float) -> list[tuple[DepthSample, Tensor]]:
    """Each world's first view after its camera turned about the vertical, to the right and to the left in turns, and
    which of its pixels (1,H,W) the view before the turn shows too."""
    before = [first_camera(world, SIZE) for world in worlds]
    after = [level_turn(camera, degrees * (-1) ** i) for i, camera in enumerate(before)]
    cameras = [camera for pair in zip(before, after, strict=True) for camera in pair]
    both = [world for world in worlds for _ in range(2)]
    views = render(both, cameras)
    known = seen_by_partner(views, cameras)
    return list(zip(samples_of(views, both, cameras), known, strict=True))[1::2]


def level_turn(camera: Camera, degrees: float) -> Camera:
    """The camera after a turn about the vertical."""
    pose = camera.world_from_camera.clone()
    pose[:3, :3] = turned(degrees)[:3, :3].to(pose) @ pose[:3, :3]
    return camera.moved(pose)


@cache
def depth_model(path: Path) -> DepthEstimator:
    return DepthEstimator.from_pretrained(path)


@cache
def completer(base: Path, upsampler: Path | None) -> ImageCompleter:
    return ImageCompleter.from_pretrained(base, upsampler=upsampler)


@cache
def judge_of(path: Path) -> Judge:
    return load_judge(str(path), "auto")
