"""The files of an evaluation: table, JSON, a CSV of rows for every model, a page and a sheet of pictures."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from depthgen.evaluation.page import page
from depthgen.evaluation.pictures import best_worst
from depthgen.evaluation.report import Report, table


def write_report(report: Report, folder: Path) -> list[Path]:
    """Write the report into `folder` and return the paths.

    report.json, report.txt, report.html, a CSV of rows for every model, and best_worst.png where there are
    examples.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tables = _write_rows(report, folder)  # first: they may be the work of hours, and all else is made of them
    sheet = best_worst(report.examples) if report.examples else None
    texts = {
        "report.json": _json(report),
        "report.txt": table(report) + "\n",
        "report.html": page(report, sheet),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf8")
    paths = [folder / name for name in texts]
    paths += tables
    if sheet is not None:
        paths.append(folder / "best_worst.png")
        sheet.save(paths[-1])
    return paths


def _write_rows(report: Report, folder: Path) -> list[Path]:
    """One CSV for every model, with a row an image."""
    paths = [folder / name for name in _csv_names(report.rows)]
    for path, rows in zip(paths, report.rows.values(), strict=True):
        with path.open("w", newline="", encoding="utf8") as file:
            writer = csv.DictWriter(file, fieldnames=list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    return paths


def _csv_names(models: Sequence[str] | Mapping[str, Any]) -> list[str]:
    """A file name for every model, whose own name may be a path."""
    stems = [re.sub(r"[^\w.-]+", "_", model).strip("_") for model in models]
    return [f"{stem}.csv" if stems.count(stem) == 1 else f"{i}_{stem}.csv" for i, stem in enumerate(stems)]


def _json(report: Report) -> str:
    overall = {m: {k: asdict(v) for k, v in e.items()} for m, e in report.overall().items()}
    groups = {
        m: {name: {k: asdict(v) for k, v in e.items()} for name, e in part.items()}
        for m, part in report.by_group().items()
    }
    data = {
        "title": report.title,
        "facts": dict(report.facts),
        "overall": overall,
        f"by_{report.group}": groups,
        "broken": list(report.broken),
    }
    return json.dumps(data, indent=2) + "\n"
