"""Running depth models over pictures: one row of scores an image, and the best and worst to look at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from torch import Tensor

from depthgen.data.sample import RGBD
from depthgen.depth import depth_metrics
from depthgen.evaluation.cases import Case, scenes
from depthgen.evaluation.prediction import Prediction
from depthgen.evaluation.protocols import DepthProtocol

Row = dict[str, float | str]
Predict = Callable[[Case, Tensor], Prediction]  # a model must look at the frame's image and camera only
EXAMPLES = 3  # best images, and as many worst


@dataclass(frozen=True, eq=False)
class Example:
    """An image worth a look: the frame, its counted pixels, every model's depth (1,h,w) and scores."""

    frame: RGBD
    counted: Tensor
    depths: Mapping[str, Tensor]
    scores: Mapping[str, Row]
    rel: float  # of the first model, by which images are ranked


@dataclass
class Scores:
    """rows: model -> one row an image; left_out: images without a pixel that counts; best, worst: the first
    model's, best and worst first.
    """

    rows: dict[str, list[Row]]
    left_out: list[str] = field(default_factory=list)
    best: list[Example] = field(default_factory=list)
    worst: list[Example] = field(default_factory=list)

    def examples(self) -> tuple[Example, ...]:
        """Best images first, the worst last, none twice."""
        return (*self.best, *[e for e in reversed(self.worst) if e not in self.best])


def score_depth(models: Mapping[str, Predict], cases: Iterable[Case], protocol: DepthProtocol) -> Scores:
    """Score every model on every case.

    A row holds the case's labels, all metrics of `depthgen.depth.METRICS` and, where a model drew several
    samples, "spread": their standard deviation in metres, averaged over the counted pixels.
    """
    scores = Scores({name: [] for name in models})
    for case in cases:
        frame = case.frame
        counted = protocol.counted(frame.depth, frame.valid)
        if not counted.any():
            scores.left_out.append(frame.name)
            continue
        depths = {}
        for name, predict in models.items():
            prediction = predict(case, counted)
            depths[name] = protocol.clamped(prediction.depth)
            scores.rows[name].append(_row(case, depths[name], prediction.spread, counted))
        _keep_examples(scores, frame, counted, depths)
    return scores


def with_scenes(rows: Mapping[str, list[Row]]) -> dict[str, list[Row]]:
    """The rows with a column "scene" after "image", told from the images' paths."""
    return {
        model: [
            {"image": row["image"], "scene": scene, **row}
            for row, scene in zip(part, scenes([str(row["image"]) for row in part]), strict=True)
        ]
        for model, part in rows.items()
    }


def _row(case: Case, depth: Tensor, spread: Tensor | None, counted: Tensor) -> Row:
    row: Row = {**case.labels, **depth_metrics(depth, case.frame.depth, counted)}
    if spread is not None:
        row["spread"] = float(spread[counted].mean())
    return row


def _keep_examples(scores: Scores, frame: RGBD, counted: Tensor, depths: Mapping[str, Tensor]) -> None:
    latest = {name: rows[-1] for name, rows in scores.rows.items()}
    rel = float(next(iter(latest.values()))["rel"])
    example = Example(frame, counted, depths, latest, rel)
    scores.best = sorted([*scores.best, example], key=lambda e: e.rel)[:EXAMPLES]
    scores.worst = sorted([*scores.worst, example], key=lambda e: -e.rel)[:EXAMPLES]
