"""SeamBench: depth that is completed after a change of view, ours and published ways, on worlds with exact truth.

    python examples/benchmarks/seambench.py --quick          # -> results/seambench.{json,txt,png}, minutes
    python examples/benchmarks/seambench.py [--plain FILE]   # thirty worlds of 128 px

A world's true first view is drawn from a second camera; what it shows there is known, the rest is a hole of a
real shape. Every method gets the true picture of the new view and the known depth, and must say the rest. The
worlds are those of the frozen evaluation set. Figures, on newly seen surface nearer than 40 m unless said otherwise:

mae, rmse, rel, delta1   errors, means over the cases
seam                     median relative step of depth across the border of the hole, less that of the truth
residual                 mean |ln predicted - ln known| on known pixels before they are put back
kept                     share of known pixels whose depth is exactly what was known
there_and_back           relative error after turning 30 degrees away and back, the first view withheld
full_turn                see seam_walks.full_turn
uncertainty              of several samples: rank correlation (Spearman) of their spread with the error in each
                         picture, and the error of the surest share of pixels relative to that of all of them
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from record import RESULTS, hardware, save
from seam_cases import CHANGES, Case, cases_of, oracles
from seam_measures import MEANS, Row, calibration, calibration_summary, ratio, score, summary
from seam_methods import SLOW, Method, is_alignment, methods
from seam_sheet import sheet
from seam_walks import full_turn, has_room, there_and_back
from torch import Tensor

from depthgen.worlds import GENERATOR_VERSION, INDOOR_KINDS, content_hash
from scene3d.backends.oracle import Oracle

LEAST_PIXELS = 16  # newly seen surface below which a case says nothing
AT = "turn 15"  # the change of view that the lines ask for
WALKING = ("default", "scale-shift-depth", "border")
LEAST_RATIO, LEAST_SEAM, LEAST_DISAGREEMENT = 0.5, 0.01, 0.02
SHOWN = 6


@dataclass(frozen=True)
class Extent:
    """worlds: of the evaluation set, every `stride`-th of them. slow_everywhere: slow methods at every change."""

    worlds: int
    stride: int
    size: int
    rooms: int
    views: int = 24
    slow_everywhere: bool = True

    def oracles(self) -> list[tuple[str, Oracle]]:
        """The worlds, each with its kind."""
        return list(oracles(self.worlds, self.size))[:: self.stride]


QUICK = Extent(worlds=15, stride=2, size=64, rooms=1, slow_everywhere=False)
FULL = Extent(worlds=30, stride=1, size=128, rooms=4)


def single_steps(
    rows_of: Sequence[Method], extent: Extent
) -> tuple[list[Row], list[tuple[Case, dict[str, Tensor]]]]:
    """Every method on every case of one change of view; the rows, and depth to look at."""
    rows, shown = [], []
    for kind, oracle in extent.oracles():
        for case in cases_of(kind, oracle, list(CHANGES)):
            if case.counted.sum() < LEAST_PIXELS or not case.seen.surface.any():
                continue
            slow = extent.slow_everywhere or case.change == AT
            found = {m.name: score(case, m) for m in rows_of if slow or m.name not in SLOW}
            rows += [row for row, _ in found.values()]
            if case.change == AT:
                shown.append((case, {name: depth for name, (_, depth) in found.items()}))
        print(kind, oracle.world.seed, len(rows), flush=True)
    return rows, shown


def walks(rows_of: Sequence[Method], extent: Extent) -> tuple[Row, dict[str, Row]]:
    """Errors after turning away and back in all worlds, and full turns in rooms."""
    worlds = extent.oracles()
    rooms = [(k, o) for k, o in worlds if k in INDOOR_KINDS and has_room(o)][: extent.rooms]
    back, turns = {}, {}
    for method in (m for m in rows_of if m.name in WALKING):
        errors = [error for _, oracle in worlds if (error := there_and_back(oracle, method)) is not None]
        back[method.name] = round(fmean(errors), 4)
        turns[method.name] = {kind: full_turn(oracle, method, extent.views) for kind, oracle in rooms}
        print(method.name, back[method.name], flush=True)
    return back, turns


def lines_of(rows: list[Row], rows_of: Sequence[Method], turns: dict[str, Row]) -> dict[str, Row]:
    """What the figures must reach, and whether they do."""
    at_line, ours = (
        [r for r in rows if r[key] == value] for key, value in (("change", AT), ("method", "default"))
    )
    alignment = ratio(at_line, [method.name for method in rows_of if is_alignment(method)])
    rooms = list(turns["default"].values())
    kept = min([row["kept"] for row in ours] + [room["known_kept"] for room in rooms])
    closing = max(room["disagreement_last"] for room in rooms)
    seam = summary(ours)["seam"]
    return {
        "mae_over_best_alignment": alignment | _line(alignment["ratio"], LEAST_RATIO),
        "mae_over_best_rival": ratio(at_line, [method.name for method in rows_of if method.rival]),
        "seam_median": _line(seam, LEAST_SEAM),
        "full_turn_disagreement_worst": _line(closing, LEAST_DISAGREEMENT),
        "known_kept": {"value": kept, "line": 1.0, "reached": kept == 1.0},
    }


def _line(value: float, most: float) -> Row:
    return {"value": value, "line": most, "reached": value <= most}


def table(report: dict[str, Any]) -> str:
    """One line a method for each change of view, then the rest."""
    names = ("seam", *MEANS)
    lines = []
    for change, rows in report["changes"].items():
        lines.append(f"{change:34} cases " + " ".join(f"{name:>8}" for name in names))
        for method, row in rows.items():
            values = (f"{row[name]:8.4f}" if row[name] is not None else 7 * " " + "-" for name in names)
            lines.append(f"  {method:32} {row['cases']:5} " + " ".join(values))
    for name in ("lines", "there_and_back", "uncertainty"):
        lines.append(f"{name}")
        lines += [f"  {key}: {value}" for key, value in report[name].items()]
    for method, rooms in report["full_turn"].items():
        for kind, figures in rooms.items():
            lines.append(f"full turn, {method}, {kind}")
            lines += [f"  {key}: {value}" for key, value in figures.items()]
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
        "--quick", action="store_true", help="8 worlds of 64 px, one room, slow rivals at 15 degrees"
    )
    parser.add_argument("--depth", default="builtin", help="depth network of ours: name or file")
    parser.add_argument(
        "--plain", help="file of one that is never shown known depth, for the rows that align"
    )
    arguments = parser.parse_args()
    machine, start, extent = hardware(), time.perf_counter(), QUICK if arguments.quick else FULL
    rows_of = methods(arguments.depth, arguments.plain)
    rows, shown = single_steps(rows_of, extent)
    back, turns = walks(rows_of, extent)
    report = {
        "hardware": machine,
        "evaluation": {
            "worlds": len(extent.oracles()),
            "size": extent.size,
            "generator_version": GENERATOR_VERSION,
            "set": content_hash(extent.worlds),
        },
        "lines": rounded(lines_of(rows, rows_of, turns)),
        "methods": {method.name: method.about for method in rows_of},
        "changes": by_change(rows, rows_of),
        "there_and_back": back,
        "full_turn": rounded(turns),
        "uncertainty": calibration_summary([calibration(case, rows_of[0]) for case, _ in shown]),
        "seconds": round(time.perf_counter() - start),
        "peak_memory_gib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "seambench.txt").write_text(markdown(report) + "\n" + table(report), encoding="utf8")
    sheet(shown[:: max(1, len(shown) // SHOWN)][:SHOWN]).save(RESULTS / "seambench.png")
    print(markdown(report), table(report), sep="\n")
    save("seambench", report)


if __name__ == "__main__":
    main()
