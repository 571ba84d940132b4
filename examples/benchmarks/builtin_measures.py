"""What `builtin_models.py` measures, one function a question."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from builtin_views import seen_before
from torch import Tensor
from torch.nn.functional import avg_pool2d

from depthgen import DepthEstimator, ImageCompleter
from depthgen import worlds as worlds_module
from depthgen.depth import align_depth, downsample_depth
from depthgen.depth_models import SampleRequest
from depthgen.evaluation.cases import Case, world_case
from depthgen.evaluation.depth import Predict, Scores, score_depth
from depthgen.evaluation.kernel_distance import features, kernel_distance
from depthgen.evaluation.prediction import Prediction
from depthgen.evaluation.prompts import held_out_caption, verdicts
from depthgen.evaluation.protocols import WORLDS
from depthgen.evaluation.samples import DepthSample
from depthgen.evaluation.statistics import Row
from depthgen.evaluation.uncertainty import risk_coverage, spearman
from depthgen.geometry import push_pull
from depthgen.images import resize, size_of
from depthgen.nn.judge import Judge
from depthgen.worlds import KINDS, World

FAR = WORLDS.far  # metres: what lies beyond is not counted
FEW = 64  # pixels; a turn that shows less anew is left out
COVERAGES = (0.2, 0.4, 0.6, 0.8, 1.0)
BATCH = 15  # pictures drawn at once
WORDS_STREAM = 4  # of a world's random numbers, for prompts in held-out words


def depth_scores(models: dict[str, DepthEstimator], samples: Sequence[DepthSample]) -> Scores:
    """REL and the other metrics of what `DepthEstimator.predict` returns, one row an image."""

    def predicts(estimator: DepthEstimator) -> Predict:
        def predict(case: Case, counted: Tensor) -> Prediction:
            return Prediction(estimator.predict(case.frame.image, camera=case.frame.camera).depth[None])

        return predict

    cases = (world_case(sample) for sample in samples)
    protocol = replace(WORLDS, size=samples[0].image.shape[-1])
    return score_depth({name: predicts(model) for name, model in models.items()}, cases, protocol)


def completion_rows(
    completing: DepthEstimator,
    plain: DepthEstimator,
    before: Sequence[DepthSample],
    after: Sequence[DepthSample],
) -> list[Row]:
    """Mean absolute error in metres on the pixels that a turn shows anew, the true picture and the true depth of all
    others given; of the plain model as aligned to these, and of their smooth continuation."""
    rows: list[Row] = []
    for old, new in zip(before, after, strict=True):
        known = seen_before(old, new)
        fresh = ~known & new.valid & (new.depth < FAR)
        anchors = known & new.valid & (new.depth < FAR)
        if fresh.sum() < FEW or anchors.sum() < FEW:
            continue
        guess = plain.predict(new.image, camera=new.camera).depth[None]
        answers = {
            "completion": completing.complete(new.image, new.depth, known, camera=new.camera).depth[None],
            "scale and shift": align_depth(guess, new.depth, anchors, *WORLDS.clamp),
            "border": push_pull(new.depth.clamp(max=FAR).log(), known).exp(),
        }
        errors = {name: float((d - new.depth).abs()[fresh].mean()) for name, d in answers.items()}
        rows.append({"image": str(new.world.seed), "kind": new.world.kind, **errors})
    return rows


def spread_rows(estimator: DepthEstimator, samples: Sequence[DepthSample], count: int = 8) -> list[Row]:
    """How the spread of `count` samples in log depth ranks the true errors of their mean, image by image."""
    rows: list[Row] = []
    for sample in samples:
        request = SampleRequest(count, None, sample.camera, torch.Generator().manual_seed(0))
        drawn = estimator.sampler.sample(sample.image, None, request).depth.log()
        truth, valid = downsample_depth(sample.depth, sample.valid & (sample.depth < FAR), size_of(drawn))
        if valid.sum() < FEW:
            continue
        error = (drawn.mean(0) - truth.clamp(min=1e-3).log()).abs()[valid]
        spread = drawn.std(0)[valid]
        risks = risk_coverage(error, spread, COVERAGES)
        curve = {f"risk at {share:.0%}": risk for share, risk in zip(COVERAGES, risks, strict=True)}
        rows.append({"image": str(sample.world.seed), "spearman": spearman(spread, error), **curve})
    return rows


def residual_rows(
    completer: ImageCompleter, before: Sequence[DepthSample], after: Sequence[DepthSample]
) -> list[Row]:
    """Mean difference on known pixels before they are put back, in levels of 255."""
    rows: list[Row] = []
    for old, new in zip(before, after, strict=True):
        known = seen_before(old, new)
        if known.any() and not known.all():
            completed = completer.complete(new.image, known, held_out_caption(new.world))
            assert completed.residual is not None
            rows.append({"image": str(new.world.seed), "residual": 255 * completed.residual})
    return rows


def pictures(completer: ImageCompleter, prompts: Sequence[str], size: int) -> Tensor:
    """(N,3,size,size) drawn for the prompts: by the cascade, or enlarged where there is no upsampler."""
    generator, drawn = torch.Generator().manual_seed(0), []
    for start in range(0, len(prompts), BATCH):
        small = completer.sample(prompts[start : start + BATCH], generator=generator)
        if completer.upsampler is not None:
            small = completer.upsample(small, generator=generator)
        drawn += [resize(picture, (size, size)) for picture in small]
    return torch.stack(drawn)


def judged(judge: Judge, drawn: Tensor, worlds: Sequence[World]) -> list[Row]:
    """The judge's verdicts on pictures (N,3,S,S), averaged to the 64 px that it was trained at."""
    return verdicts(judge, avg_pool2d(drawn, drawn.shape[-1] // 64), worlds)


def distance_by_kind(judge: Judge, first: Tensor, second: Tensor, rotate: int = 0) -> list[float]:
    """Kernel distance of each kind's pictures, in sets whose kinds take turns; `rotate` sets kind i + rotate of the
    first against kind i of the second."""
    a, b = features(judge, first), features(judge, second)
    kinds = len(KINDS)
    return [kernel_distance(a[(i + rotate) % kinds :: kinds], b[i::kinds]) for i in range(kinds)]


def held_out_words(world: World) -> str | None:
    """A caption in words that training never used; None where the worlds have none."""
    make: Any = getattr(worlds_module, "held_out_caption", None)
    if make is None:
        return None
    layout: Any = world.layout
    rng = np.random.default_rng([world.seed, WORDS_STREAM])
    return make(world.kind, world.time, world.weather, layout.things, rng)


def seconds(work: Callable[[], Any], repeats: int = 3) -> float:
    """The median time of some work, after a first run."""
    times = []
    for _ in range(repeats + 1):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return sorted(times[1:])[repeats // 2]
