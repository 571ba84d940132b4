"""What SeamBench measures in one world, as jobs that run side by side and are kept."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

from seam_cases import CHANGES, Case, cases_of, evaluation_oracle
from seam_costs import Costs
from seam_measures import Row, calibration, score
from seam_methods import SLOW, Method, methods
from seam_walks import full_turn, has_room, there_and_back

from depthgen.worlds import INDOOR_KINDS
from scene3d.backends.oracle import Oracle

LEAST_PIXELS = 16  # newly seen surface below which a case says nothing
AT = "turn 15"  # the change of view that the lines ask for
WALKING = ("default", "scale-shift-depth", "border")

Networks = tuple[Path, Path | None]  # the depth network, and the one that is never shown known depth
rows_for = cache(methods)


@dataclass(frozen=True)
class Extent:
    """worlds: of the evaluation set, every `stride`-th of them. turning: the methods that turn around in `rooms` rooms.
    slow_everywhere: slow methods at every change."""

    worlds: int
    stride: int
    size: int
    rooms: int
    views: int = 24
    turning: tuple[str, ...] = WALKING
    slow_everywhere: bool = True

    @property
    def chosen(self) -> range:
        """Numbers of the worlds in the evaluation set."""
        return range(0, self.worlds, self.stride)

    def oracle(self, number: int) -> tuple[str, Oracle]:
        """The kind of a world, and the world."""
        return evaluation_oracle(number, self.size)

    def to_turn_in(self) -> list[int]:
        """The first `rooms` rooms that have space to turn around in."""
        worlds = ((number, *self.oracle(number)) for number in self.chosen)
        spacious = (n for n, kind, oracle in worlds if kind in INDOOR_KINDS and has_room(oracle))
        return list(islice(spacious, self.rooms))


def steps_in(extent: Extent, networks: Networks, number: int) -> dict[str, Any]:
    """All figures of one world but those of full turns.

    rows: of every method at every change of view. calibration: of the default. there_and_back: by method.
    """
    (kind, oracle), rows_of, costs = extent.oracle(number), rows_for(*networks), Costs()
    with costs("single steps"):
        cases = [case for case in cases_of(kind, oracle, list(CHANGES)) if says_something(case)]
        rows = [row for case in cases for row in _single_steps(case, rows_of, extent)]
    with costs("calibration"):
        found = [calibration(case, rows_of[0]) for case in cases if case.change == AT]
    with costs("there and back"):
        back = {method.name: there_and_back(oracle, method) for method in rows_of if method.name in WALKING}
    return {
        "rows": rows,
        "calibration": found,
        "there_and_back": {name: [] if error is None else [error] for name, error in back.items()},
        "costs": costs.of,
    }


def turn_in(extent: Extent, networks: Networks, number: int, name: str) -> dict[str, Any]:
    """The full turns of one method in one room: `turns`, a list of (room, method, figures)."""
    (kind, oracle), costs = extent.oracle(number), Costs()
    method = next(method for method in rows_for(*networks) if method.name == name)
    figures = full_turn(oracle, method, extent.views, costs)
    return {"turns": [(f"{kind}, world {number}", name, figures)], "costs": costs.of}


def says_something(case: Case) -> bool:
    """Whether there is enough to be completed, and something to go by."""
    return bool(case.counted.sum() >= LEAST_PIXELS and case.seen.surface.any())


def _single_steps(case: Case, rows_of: list[Method], extent: Extent) -> list[Row]:
    slow = extent.slow_everywhere or case.change == AT
    return [score(case, method)[0] for method in rows_of if slow or method.name not in SLOW]
