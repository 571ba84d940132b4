"""SeamBench: depth that is completed after a change of view, ours and published ways, on worlds with exact truth.

    python examples/benchmarks/seambench.py --quick          # -> results/seambench_quick.{json,txt,png}, minutes
    python examples/benchmarks/seambench.py [--plain FILE]   # -> results/seambench.*, thirty worlds of 128 px

An interrupted run goes on where it was: finished worlds are kept, as long as code and models stay the same.

A world's true first view is drawn from a second camera; what it shows there is known, the rest is a hole of a
real shape. Every method gets the true picture of the new view and the known depth, and must say the rest. The
worlds are those of the frozen evaluation set. Figures, on newly seen surface nearer than 40 m unless said otherwise:

mae, rmse, rel, delta1   errors, means over the cases
seam                     median relative step of depth across the border of the hole, less that of the truth
residual                 mean |ln predicted - ln known| on known pixels before they are put back
kept                     share of known pixels whose depth is exactly what was known
there_and_back           relative error of the first view after turning 60 degrees away and back, when it is withheld
full_turn                see seam_walks.full_turn
uncertainty              of several samples: rank correlation (Spearman) of their spread with the error in each
                         picture, and the error of the surest share of pixels relative to that of all of them
stages                   seconds of one process in all, all methods together, and its most memory
seconds                  of the whole run; fewer where it went on from worlds that were kept
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from builtin_jobs import Stage, run
from record import RESULTS, hardware, save
from seam_cases import CHANGES, Case, cases_of
from seam_costs import together
from seam_measures import MEANS, Row, calibration_summary, ratio, score, summary
from seam_methods import Method, is_alignment
from seam_sheet import SHOWN, sheet
from seam_worlds import (
    AT,
    LEAST_PIXELS,
    Extent,
    Networks,
    rows_for,
    says_something,
    steps_in,
    turn_in,
)
from torch import Tensor

import scene3d
from depthgen.checkpoint import builtin_path
from depthgen.worlds import GENERATOR_VERSION, content_hash

LEAST_RATIO, LEAST_SEAM, LEAST_DISAGREEMENT = 0.5, 0.01, 0.02
PICTURES = 6
QUICK = Extent(worlds=36, stride=7, size=96, rooms=1, turning=("default",), slow_everywhere=False)
FULL = Extent(worlds=30, stride=1, size=128, rooms=4)
SOURCES = (
    *sorted(Path(__file__).parent.glob("seam_*.py")),
    Path(__file__).with_name("mesh_truth.py"),
    *sorted(Path(scene3d.__file__).parent.rglob("*.py")),
)


def jobs(extent: Extent, networks: Networks) -> dict[str, Stage]:
    """Those that take longest first."""
    turns = [(number, name) for number in extent.to_turn_in() for name in extent.turning]
    return {
        "turns": Stage(turn_in, (extent, networks), turns, SOURCES),
        "steps": Stage(steps_in, (extent, networks), [(number,) for number in extent.chosen], SOURCES),
    }


def pictures(extent: Extent, rows_of: Sequence[Method]) -> list[tuple[Case, dict[str, Tensor]]]:
    """Some cases, evenly chosen, and the depth that methods say there."""
    some = extent.chosen[:: max(1, len(extent.chosen) // PICTURES)][:PICTURES]
    cases = [
        case for number in some for case in cases_of(*extent.oracle(number), [AT]) if says_something(case)
    ]
    return [(case, {m.name: score(case, m)[1] for m in rows_of if m.name in SHOWN}) for case in cases]


def lines_of(rows: list[Row], rows_of: Sequence[Method], turns: list[Row]) -> dict[str, Row]:
    """What the figures must reach, and whether they do."""
    at_line, ours = (
        [r for r in rows if r[key] == value] for key, value in (("change", AT), ("method", "default"))
    )
    alignment = ratio(at_line, [method.name for method in rows_of if is_alignment(method)])
    exact = min([row["kept"] for row in ours] + [turn["known_kept"] for turn in turns])
    closing = [turn["first_withheld"] for turn in turns]
    as_completed, after = (
        max(turn[name] for turn in closing) for name in ("disagreement", "disagreement_adjusted")
    )
    seam = summary(ours)["seam"]
    return {
        "mae_over_best_alignment": alignment | _line(alignment["ratio"], LEAST_RATIO),
        "mae_over_best_rival": ratio(at_line, [method.name for method in rows_of if method.rival]),
        "seam_median": _line(seam, LEAST_SEAM),
        "full_turn_disagreement_as_completed": _line(as_completed, LEAST_DISAGREEMENT),
        "full_turn_disagreement_after_global_adjustment": _line(after, LEAST_DISAGREEMENT),
        "known_kept": {"value": exact, "line": 1.0, "reached": exact == 1.0},
    }


def _line(value: float, most: float) -> Row:
    return {"value": value, "line": most, "reached": value <= most}


NO_CASE = f"no case: nowhere {LEAST_PIXELS} pixels of surface are new, as cracks 2 pixels wide are no holes"


def table(report: dict[str, Any]) -> str:
    """One line a method for each change of view, then the rest."""
    names = ("seam", *MEANS)
    lines = []
    for change, rows in report["changes"].items():
        lines.append(f"{change:34} cases " + " ".join(f"{name:>8}" for name in names))
        if not rows:
            lines.append(f"  {NO_CASE}")
        for method, row in rows.items():
            values = (f"{row[name]:8.4f}" if row[name] is not None else 7 * " " + "-" for name in names)
            lines.append(f"  {method:32} {row['cases']:5} " + " ".join(values))
    for name in ("lines", "there_and_back", "uncertainty", "stages"):
        lines.append(f"{name}")
        lines += [f"  {key}: {value}" for key, value in report[name].items()]
    for room, turns in report["full_turn"].items():
        for method, figures in turns.items():
            lines.append(f"full turn, {method}, {room}")
            for key, value in figures.items():
                inner = value.items() if key.endswith("withheld") else [("", value)]
                lines += [f"  {f'{key} {name}'.strip()}: {of_it}" for name, of_it in inner]
    return "\n".join(lines) + "\n"


def rounded(figures: Any) -> Any:
    """Nested figures with four decimals."""
    if isinstance(figures, dict):
        return {name: rounded(value) for name, value in figures.items()}
    return round(figures, 4) if isinstance(figures, float) else figures


def markdown(report: dict[str, Any]) -> str:
    """The rows at the change of view that the lines ask for, as the README prints them."""
    names = ("mae", "rel", "delta1", "seam", "seconds")
    lines = [f"| {AT} degrees | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for method, row in report["changes"][AT].items():
        lines.append(
            f"| {method} | " + " | ".join("-" if row[n] is None else f"{row[n]:.3f}" for n in names) + " |"
        )
    return "\n".join(lines) + "\n"


def by_change(rows: Sequence[Row], rows_of: Sequence[Method]) -> dict[str, dict[str, Row]]:
    """Change of view -> method -> summary."""
    found: dict[str, dict[str, Row]] = {}
    for change in CHANGES:
        of = {m.name: [r for r in rows if (r["change"], r["method"]) == (change, m.name)] for m in rows_of}
        found[change] = {name: summary(part) for name, part in of.items() if part}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="6 worlds of 96 px, one room; slow rivals at 15 degrees alone, none on the full turn",
    )
    parser.add_argument(
        "--depth", type=Path, default=builtin_path("depth"), help="file of a depth network of ours"
    )
    parser.add_argument(
        "--plain", type=Path, help="file of one that is never shown known depth, for the rows that align"
    )
    parser.add_argument(
        "--kept", type=Path, default=Path("runs/seambench"), help="folder of the worlds that are done"
    )
    options = parser.parse_args()
    machine, extent, started = hardware(), QUICK if options.quick else FULL, time.perf_counter()
    networks = (options.depth, options.plain)
    found = run(jobs(extent, networks), options.kept)
    seen = sheet(pictures(extent, rows_for(*networks)))
    report = {
        "hardware": machine,
        "evaluation": {
            "worlds": len(extent.chosen),
            "size": extent.size,
            "generator_version": GENERATOR_VERSION,
            "set": content_hash(extent.worlds),
        },
        **report_of(found["steps"], found["turns"], rows_for(*networks)),
        "seconds": round(time.perf_counter() - started),
    }
    name = "seambench_quick" if options.quick else "seambench"
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.txt").write_text(markdown(report) + "\n" + table(report), encoding="utf8")
    seen.save(RESULTS / f"{name}.png")
    print(markdown(report), table(report), sep="\n")
    save(name, report)


def report_of(steps: Row, turns: Row, rows_of: Sequence[Method]) -> Row:
    """What the figures of all worlds amount to."""
    rooms: dict[str, Row] = {}
    for room, method, figures in turns["turns"]:
        rooms.setdefault(room, {})[method] = figures
    return {
        "lines": rounded(lines_of(steps["rows"], rows_of, [room["default"] for room in rooms.values()])),
        "methods": {method.name: method.about for method in rows_of},
        "changes": by_change(steps["rows"], rows_of),
        "there_and_back": {name: round(fmean(errors), 4) for name, errors in steps["there_and_back"].items()},
        "full_turn": rounded(rooms),
        "uncertainty": calibration_summary(steps["calibration"]),
        "stages": {stage: together(costs) for stage, costs in (steps["costs"] | turns["costs"]).items()},
    }


if __name__ == "__main__":
    main()
