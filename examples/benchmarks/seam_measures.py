"""The figures of one completed view of SeamBench, and what many of them amount to."""

from __future__ import annotations

import time
from collections.abc import Sequence
from statistics import fmean, median
from typing import Any

import torch
from seam_cases import Case
from seam_methods import Method
from torch import Tensor

from depthgen.depth import depth_metrics
from depthgen.evaluation.statistics import bootstrap_ratio
from depthgen.evaluation.uncertainty import risk_coverage, spearman
from scene3d.fusion import seam_step

SAMPLES = 4
COVERAGES = (0.25, 0.5, 0.75, 1.0)
MEANS = ("new", "mae", "rmse", "rel", "delta1", "residual", "kept", "seconds")

Row = dict[str, Any]


def score(case: Case, method: Method) -> tuple[Row, Tensor]:
    """One method on one case: its figures and its depth (1,H,W)."""
    start = time.perf_counter()
    out = method(case.truth.image, case.seen, case.truth.camera)
    seconds = time.perf_counter() - start
    depth, seen, truth = out.depth[None], case.seen, case.truth
    errors = depth_metrics(depth, truth.depth, case.counted)
    row: Row = {
        "kind": case.kind,
        "change": case.change,
        "method": method.name,
        "new": float((~seen.known).double().mean()),
        "mae": float((depth - truth.depth).abs()[case.counted].mean()),
        "rmse": errors["rms"],
        "rel": errors["rel"],
        "delta1": errors["delta1"],
        "seam": seam_error(depth, truth.depth, truth.valid, seen.known),
        "residual": out.residual,
        "kept": float((depth == seen.depth)[seen.surface].double().mean()),
        "seconds": seconds,
    }
    return row, depth


def seam_error(depth: Tensor, truth: Tensor, valid: Tensor, known: Tensor) -> float | None:
    """The seam step of a depth map less that of the truth, relative; None where there is no seam."""
    ours, theirs = (seam_step(values, valid, known) for values in (depth, truth))
    return None if ours is None or theirs is None else ours - theirs


def calibration(case: Case, method: Method) -> tuple[float, list[float]]:
    """Whether the spread of several samples tells where they err: rank correlation, and error by coverage."""
    out = method(case.truth.image, case.seen, case.truth.camera, samples=SAMPLES)
    assert out.std is not None
    counted, truth = case.counted[0], case.truth.depth[0]
    error = ((out.depth - truth).abs() / truth)[counted]
    spread = (out.std / out.depth)[counted]
    return spearman(spread, error), risk_coverage(error, spread, COVERAGES)


def summary(rows: Sequence[Row]) -> Row:
    """Means over the cases of one method; of seams the median of their size."""
    seams = [abs(row["seam"]) for row in rows if row["seam"] is not None]
    means = {name: round(fmean(row[name] for row in rows), 4) for name in MEANS}
    return {"cases": len(rows), **means, "seam": round(median(seams), 4) if seams else None}


def calibration_summary(found: Sequence[tuple[float, list[float]]]) -> Row:
    """Means over the cases."""
    risks = torch.tensor([risk for _, risk in found]).mean(0).tolist()
    return {
        "samples": SAMPLES,
        "spearman": round(fmean(rank for rank, _ in found), 3),
        "risk_at_coverage": {str(c): round(risk, 3) for c, risk in zip(COVERAGES, risks, strict=True)},
    }


def ratio(rows: Sequence[Row], rivals: Sequence[str]) -> Row:
    """MAE of the default as a share of that of the best of some rivals, with its 95 % interval."""
    errors = {name: [row["mae"] for row in rows if row["method"] == name] for name in ("default", *rivals)}
    best = min(rivals, key=lambda name: sum(errors[name]))
    found = bootstrap_ratio(errors["default"], errors[best])
    return {
        "of": best,
        "ratio": round(found.mean, 3),
        "low": round(found.low, 3),
        "high": round(found.high, 3),
        "mae": round(fmean(errors["default"]), 4),
    }
