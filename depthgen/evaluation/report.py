"""What an evaluation found: a table, rows as CSV, everything as JSON, and a page with pictures."""

from __future__ import annotations

import csv
import json
import os
import platform
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from depthgen.evaluation.depth import Example, Row
from depthgen.evaluation.statistics import Estimate, grouped, summarize


@dataclass(frozen=True)
class Report:
    """rows: model -> one row an image; metrics: columns to average; facts: what identifies the figures.

    group: the column that images are grouped by; broken: what could not be read and was left out, one message
    an image; examples: the first model's best and worst images.
    """

    title: str
    rows: Mapping[str, Sequence[Row]]
    metrics: tuple[str, ...]
    facts: Mapping[str, Any]
    group: str = "kind"
    broken: tuple[str, ...] = ()
    examples: tuple[Example, ...] = ()

    @property
    def grouped(self) -> bool:
        """Whether there are several groups to tell apart."""
        return len({row[self.group] for rows in self.rows.values() for row in rows}) > 1

    def overall(self) -> dict[str, dict[str, Estimate]]:
        """model -> metric -> mean over all images, with its interval."""
        return {model: summarize(rows, self.metrics) for model, rows in self.rows.items()}

    def by_group(self) -> dict[str, dict[str, dict[str, Estimate]]]:
        """model -> kind of place or scene -> metric -> mean."""
        return {
            model: {name: summarize(part, self.metrics) for name, part in grouped(rows, self.group).items()}
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
    """The report as aligned text: all images with intervals, then one line a group for every model."""
    lines = [report.title, *_fact_lines(report.facts), ""]
    by_group = report.by_group()
    width = max(28, *(len(name) + 2 for part in by_group.values() for name in part))
    head = "".join(f"{name:>15}" for name in report.metrics)
    lines.append(f"{'all images':<{width}}{head}")
    for model, estimates in report.overall().items():
        means = "".join(f"{estimates[name].mean:>16.3f}" for name in report.metrics)
        ends = "".join(f"{_interval(estimates[name]):>15}" for name in report.metrics)
        lines += [f"{model:<{width}}{means}", f"{'  95 % interval':<{width}}{ends}"]
    for model, groups in by_group.items() if report.grouped else ():
        lines += ["", f"{model}, by {report.group}", " " * width + head]
        for name, estimates in groups.items():
            cells = "".join(f"{estimates[metric].mean:>16.3f}" for metric in report.metrics)
            lines.append(f"{name:<{width}}{cells}")
    if report.broken:
        lines += ["", f"left out because they could not be read: {len(report.broken)}"]
        lines += [f"  {message}" for message in report.broken]
    return "\n".join(lines)


def write_report(report: Report, folder: Path) -> list[Path]:
    """Write the report into `folder` and return the paths.

    report.json, report.txt, report.html, a CSV of rows for every model, and best_worst.png where there are
    examples.
    """
    from depthgen.evaluation.page import page
    from depthgen.evaluation.pictures import best_worst

    folder.mkdir(parents=True, exist_ok=True)
    sheet = best_worst(report.examples) if report.examples else None
    texts = {
        "report.json": _json(report),
        "report.txt": table(report) + "\n",
        "report.html": page(report, sheet),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf8")
    paths = [folder / name for name in texts]
    for name, rows in zip(_csv_names(report.rows), report.rows.values(), strict=True):
        paths.append(folder / name)
        with paths[-1].open("w", newline="", encoding="utf8") as file:
            writer = csv.DictWriter(file, fieldnames=list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    if sheet is not None:
        paths.append(folder / "best_worst.png")
        sheet.save(paths[-1])
    return paths


def _csv_names(models: Sequence[str] | Mapping[str, Any]) -> list[str]:
    """A file name for every model, whose own name may be a path."""
    stems = [re.sub(r"[^\w.-]+", "_", model).strip("_") for model in models]
    return [f"{stem}.csv" if stems.count(stem) == 1 else f"{i}_{stem}.csv" for i, stem in enumerate(stems)]


def _fact_lines(facts: Mapping[str, Any]) -> list[str]:
    """One line a fact; what is said of every model stands under its name."""
    lines = []
    for name, value in facts.items():
        if isinstance(value, Mapping):
            lines.append(f"  {name}:")
            lines += [f"    {key}: {_inline(part)}" for key, part in value.items()]
        else:
            lines.append(f"  {name}: {value}")
    return lines


def _inline(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {part}" for key, part in value.items())
    return str(value)


def _interval(estimate: Estimate) -> str:
    return f"{estimate.low:.3f}-{estimate.high:.3f}"


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
