"""What an evaluation found: a table for the terminal, rows as CSV, everything as JSON."""

from __future__ import annotations

import csv
import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from depthgen.evaluation.depth import Row
from depthgen.evaluation.statistics import Estimate, grouped, summarize


@dataclass(frozen=True)
class Report:
    """rows: model -> one row an image; metrics: columns to average; facts: what identifies the figures."""

    title: str
    rows: Mapping[str, Sequence[Row]]
    metrics: tuple[str, ...]
    facts: Mapping[str, Any]

    def overall(self) -> dict[str, dict[str, Estimate]]:
        """model -> metric -> mean over all images, with its interval."""
        return {model: summarize(rows, self.metrics) for model, rows in self.rows.items()}

    def by_kind(self) -> dict[str, dict[str, dict[str, Estimate]]]:
        """model -> kind of place -> metric -> mean."""
        return {
            model: {kind: summarize(part, self.metrics) for kind, part in grouped(rows, "kind").items()}
            for model, rows in self.rows.items()
        }


def environment() -> dict[str, Any]:
    """The machine and versions that figures depend on."""
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return {
        "torch": torch.__version__,
        "machine": platform.machine(),
        "cpu_cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "gpu": gpu,
    }


def table(report: Report) -> str:
    """The report as aligned text: all images with intervals, then one line a kind for every model."""
    lines = [report.title, *(f"  {name}: {value}" for name, value in report.facts.items()), ""]
    head = "".join(f"{name:>24}" for name in report.metrics)
    lines.append(f"{'all images':<28}{head}")
    for model, estimates in report.overall().items():
        cells = "".join(f"{_interval(estimates[name]):>24}" for name in report.metrics)
        lines.append(f"{model:<28}{cells}")
    for model, kinds in report.by_kind().items():
        lines += ["", f"{model + ', by kind':<28}" + "".join(f"{name:>14}" for name in report.metrics)]
        for kind, estimates in kinds.items():
            lines.append(f"{kind:<28}" + "".join(f"{estimates[name].mean:>14.3f}" for name in report.metrics))
    return "\n".join(lines)


def write_report(report: Report, folder: Path) -> list[Path]:
    """Write report.json, report.txt and one CSV of rows a model into `folder`; returns the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = {"report.json": _json(report), "report.txt": table(report) + "\n"}
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf8")
    paths = [folder / name for name in texts]
    for model, rows in report.rows.items():
        paths.append(folder / f"{model.replace(' ', '_')}.csv")
        with paths[-1].open("w", newline="", encoding="utf8") as file:
            writer = csv.DictWriter(file, fieldnames=list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    return paths


def _interval(estimate: Estimate) -> str:
    return f"{estimate.mean:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]"


def _json(report: Report) -> str:
    overall = {m: {k: asdict(v) for k, v in e.items()} for m, e in report.overall().items()}
    kinds = {
        m: {kind: {k: asdict(v) for k, v in e.items()} for kind, e in by.items()}
        for m, by in report.by_kind().items()
    }
    data = {"title": report.title, "facts": dict(report.facts), "overall": overall, "by_kind": kinds}
    return json.dumps(data, indent=2) + "\n"
