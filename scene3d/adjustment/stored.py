"""adjustment.json: the corrections of a scene, beside the views that they were solved from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch

from scene3d.adjustment.correction import COARSEST, Adjustment, Correction
from scene3d.adjustment.solve import solve
from scene3d.frame import Frame
from scene3d.journal import Manifest, as_json, replace_file

FILE = "adjustment.json"
VERSION = 7  # of the method: raise it when the same views would get other corrections


def stored_adjustment(root: Path, manifest: Manifest, frames: Sequence[Frame]) -> Adjustment:
    """The corrections in the scene folder `root`; solved anew, and written, if they are not of these views.

    frames: the committed views of `manifest`. A folder that cannot be written to is no reason to stop.
    """
    source = _fingerprint(manifest)
    found = _read(root / FILE, source, len(frames))
    if found is None:
        found = solve(frames)
        with suppress(OSError):
            replace_file(root / FILE, as_json(_document(found, source)))
    return found


def _fingerprint(manifest: Manifest) -> str:
    """What the corrections depend on: the method, and the files of the views."""
    views = [entry.files for entry in manifest.journal]
    return hashlib.sha256(json.dumps([VERSION, views], sort_keys=True).encode()).hexdigest()


def _read(path: Path, source: str, views: int) -> Adjustment | None:
    """The adjustment in a file; None if it is missing, damaged, or solved from other views."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["solved_from"] != source or len(data["views"]) != views:
            return None
        corrections = tuple(_correction(view) for view in data["views"])
        return Adjustment(corrections, data["disagreement_before"], data["disagreement_after"])
    except (OSError, ValueError, KeyError, TypeError, RuntimeError):
        return None


def _document(adjustment: Adjustment, source: str) -> dict[str, Any]:
    return {
        "solved_from": source,
        "disagreement_before": adjustment.before,
        "disagreement_after": adjustment.after,
        "views": [
            {
                "scale": c.scale,
                "shift_metres": c.shift,
                "field": c.field.tolist(),
                "detail": c.detail if c.detail is None else c.detail.tolist(),
            }
            for c in adjustment.corrections
        ],
    }


def _correction(view: dict[str, Any]) -> Correction:
    field = torch.tensor(view["field"], dtype=torch.float64)
    if field.ndim != 2 or len(set(field.shape)) != 1 or len(field) < COARSEST:
        raise ValueError(f"no field of control values: {tuple(field.shape)}")
    detail = view["detail"]
    if detail is not None:
        detail = torch.tensor(detail, dtype=torch.float64)
        if detail.ndim != 2 or not detail.numel():
            raise ValueError(f"no detail of cells: {tuple(detail.shape)}")
    return Correction(float(view["shift_metres"]), field, detail)
