"""Limits that a scene is held to: what makes the report usable as a check."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from scene3d.report.figures import SceneFigures


@dataclass(frozen=True)
class Thresholds:
    """Each figure of a scene may be so bad and no worse.

    seam_step: median over the views of the relative depth jump across the border of the known region.
    seam_color: the same in colour, [0, 1], at most in any view.
    known_kept: share of known pixels that every view keeps exactly.
    residual_image, residual_depth: of any view, how far a model strays from what is known, before it is put
        back: [0, 1], and log of depth.
    coverage: mean share of pictures around the path that is no hole.
    disagreement: mean |log| of the ratio of two views' depths of one surface, after the adjustment.
    """

    seam_step: float = 0.01
    seam_color: float = 0.05
    known_kept: float = 1.0
    residual_image: float = 0.1
    residual_depth: float = 0.2
    coverage: float = 0.9
    disagreement: float = 0.02


def failures(figures: SceneFigures, limits: Thresholds | None = None) -> list[str]:
    """One readable line for every limit that the scene misses, empty if it keeps them all."""
    return list(_failures(figures, limits or Thresholds()))


def _failures(figures: SceneFigures, limits: Thresholds) -> Iterator[str]:
    if figures.seam_step is not None and figures.seam_step > limits.seam_step:
        yield f"seam step, median: {_percent(figures.seam_step)}, limit {_percent(limits.seam_step)}"
    for view in figures.views:
        for name in ("seam_color", "residual_image", "residual_depth"):
            value, limit = getattr(view.entry, name), getattr(limits, name)
            if value is not None and value > limit:
                words = name.replace("_", " ")
                yield f"{words}, view {view.entry.view}: {_percent(value)}, limit {_percent(limit)}"
        if view.known_kept is not None and view.known_kept < limits.known_kept:
            yield f"known pixels kept, view {view.entry.view}: {_percent(view.known_kept, 4)}"
    if figures.coverage < limits.coverage:
        yield f"coverage: {_percent(figures.coverage)}, at least {_percent(limits.coverage)}"
    after = figures.disagreement[1]
    if after is not None and after > limits.disagreement:
        yield f"disagreement of the views: {_percent(after)}, limit {_percent(limits.disagreement)}"


def _percent(share: float, digits: int = 2) -> str:
    return f"{100 * share:.{digits}f} %"
