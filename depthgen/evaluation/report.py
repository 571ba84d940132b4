"""What an evaluation found, and its table for the terminal."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
        means = _means(estimates, report.metrics)
        ends = "".join(f"{_interval(estimates.get(name)):>15}" for name in report.metrics)
        lines += [f"{model:<{width}}{means}", f"{'  95 % interval':<{width}}{ends}"]
    for model, groups in by_group.items() if report.grouped else ():
        lines += ["", f"{model}, by {report.group}", " " * width + head]
        for name, estimates in groups.items():
            lines.append(f"{name:<{width}}{_means(estimates, report.metrics)}")
    if report.broken:
        lines += ["", f"left out because they could not be read: {len(report.broken)}"]
        lines += [f"  {message}" for message in report.broken]
    return "\n".join(lines)


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


def _means(estimates: Mapping[str, Estimate], metrics: Sequence[str]) -> str:
    return "".join(f"{e.mean:>15.3f}" if (e := estimates.get(name)) else f"{'-':>15}" for name in metrics)


def _interval(estimate: Estimate | None) -> str:
    return "-" if estimate is None else f"{estimate.low:.3f}-{estimate.high:.3f}"
