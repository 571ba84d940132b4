"""Running a depth model over samples: one row of scores an image."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from torch import Tensor

from depthgen.depth import depth_metrics
from depthgen.evaluation.protocols import DepthProtocol
from depthgen.evaluation.samples import DepthSample

Row = dict[str, float | str]
Predict = Callable[[DepthSample], Tensor]  # (1,H,W) metres; a model must look at .image and .camera only


def score_depth(
    models: dict[str, Predict], samples: Iterable[DepthSample], protocol: DepthProtocol
) -> tuple[dict[str, list[Row]], list[str]]:
    """Rows of scores for every model, and the images left out because no pixel of theirs counts.

    A row holds the image's "image" (its world's seed), "kind", "time", "weather" and all metrics of
    `depthgen.depth.METRICS`.
    """
    rows: dict[str, list[Row]] = {name: [] for name in models}
    skipped: list[str] = []
    for sample in samples:
        counted = protocol.counted(sample.depth, sample.valid)
        if not counted.any():
            skipped.append(str(sample.world.seed))
            continue
        for name, predict in models.items():
            depth = protocol.clamped(predict(sample))
            rows[name].append({**_labels(sample), **depth_metrics(depth, sample.depth, counted)})
    return rows, skipped


def _labels(sample: DepthSample) -> Row:
    world = sample.world
    return {"image": str(world.seed), "kind": world.kind, "time": world.time, "weather": world.weather}
