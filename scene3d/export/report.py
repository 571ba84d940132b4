"""report.html and report.json: how good the scene is, for people and for programs."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from scene3d.files import replacing

if TYPE_CHECKING:
    from scene3d.scene import Scene


def write_report(scene: Scene, path: Path) -> Path:
    """Measure the scene and write both files of the report, of which `path` names one."""
    from scene3d.report import Thresholds, failures, measure
    from scene3d.report.page import page

    figures, limits = measure(scene), Thresholds()
    missed = failures(figures, limits)
    document = {"failures": missed, "limits": asdict(limits)} | figures.as_json()
    texts = {".json": json.dumps(document, indent=1) + "\n", ".html": page(scene, figures, missed)}
    for suffix, text in texts.items():
        with replacing(path.with_suffix(suffix)) as aside:
            aside.write_text(text, encoding="utf-8")
    return path
