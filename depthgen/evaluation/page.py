"""report.html: the report as one page that needs no other file and no network."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from string import Template
from typing import TYPE_CHECKING

from depthgen.evaluation.html import data_address, document, facts, table
from depthgen.evaluation.report import Report
from depthgen.evaluation.statistics import Estimate

if TYPE_CHECKING:
    from PIL.Image import Image

GREATER_IS_BETTER = re.compile(r"delta\d|\w+_right")  # such columns

_BODY = Template("""\
<h1>$title</h1>
<div class="scroll">$overall</div>
<p><small>Means over images; below them the 95 % bootstrap interval. Bold: the best of a column.</small></p>
$pictures
$groups
$broken
<h2>What the figures depend on</h2>
<dl>$facts</dl>
""")


def page(report: Report, sheet: Image | None) -> str:
    """The HTML of `report`; sheet: its best and worst images, embedded."""
    body = _BODY.substitute(
        title=escape(report.title),
        overall=_overall(report),
        pictures=_pictures(sheet),
        groups="".join(_group_table(report, *part) for part in report.by_group().items() if report.grouped),
        broken=_broken(report.broken),
        facts="".join(facts(report.facts)),
    )
    return document(report.title, body)


def _overall(report: Report) -> str:
    overall = report.overall()
    best = {m: _best([e[m].mean for e in overall.values() if m in e], m) for m in report.metrics}
    rows = []
    for model, estimates in overall.items():
        cells = [_cell(estimates.get(m), best[m]) for m in report.metrics]
        rows.append([f"<td>{escape(model)}</td>", *cells])
    return table(["", *report.metrics], rows)


def _best(means: Sequence[float], metric: str) -> float | None:
    if len(means) < 2:
        return None
    return max(means) if GREATER_IS_BETTER.fullmatch(metric) else min(means)


def _cell(estimate: Estimate | None, best: float | None) -> str:
    if estimate is None:
        return "<td>-</td>"
    style = ' class="best"' if estimate.mean == best else ""
    return f"<td{style}>{estimate.mean:.3f}<small>{estimate.low:.3f} to {estimate.high:.3f}</small></td>"


def _group_table(report: Report, model: str, groups: Mapping[str, Mapping[str, Estimate]]) -> str:
    rows = [
        [f"<td>{escape(name)}</td>", *(f"<td>{_mean(estimates.get(m))}</td>" for m in report.metrics)]
        for name, estimates in groups.items()
    ]
    title = f"{escape(model)}, by {escape(report.group)}"
    return f'<h2>{title}</h2><div class="scroll">{table(["", *report.metrics], rows)}</div>'


def _mean(estimate: Estimate | None) -> str:
    return "-" if estimate is None else f"{estimate.mean:.3f}"


def _pictures(sheet: Image | None) -> str:
    if sheet is None:
        return ""
    return f'<h2>Best and worst images</h2><img alt="best and worst images" src="{data_address(sheet)}">'


def _broken(messages: Sequence[str]) -> str:
    if not messages:
        return ""
    items = "".join(f"<li>{escape(message)}</li>" for message in messages)
    return f"<h2>Left out because they could not be read: {len(messages)}</h2><ul>{items}</ul>"
