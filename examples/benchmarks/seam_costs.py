"""Time and memory of SeamBench by stage."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

STATUS, RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")

Row = dict[str, Any]


class Costs:
    """`with costs("mesh"): ...` keeps the seconds of a stage, and the most memory of the process within it."""

    def __init__(self) -> None:
        self.of: dict[str, list[Row]] = {}

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Stages do not lie in one another: each forgets the peaks before it."""
        if RESET.exists():  # Linux
            RESET.write_text("5")
        start = time.perf_counter()
        yield
        spent = {"seconds": time.perf_counter() - start, "peak_memory_gib": _peak_gib()}
        self.of.setdefault(stage, []).append(spent)


def together(costs: Sequence[Row]) -> Row:
    """Of one stage: the sum of its seconds, and the greatest of its peaks, None where the system counts none."""
    peaks = [cost["peak_memory_gib"] for cost in costs]
    seconds = round(sum(cost["seconds"] for cost in costs), 1)
    return {"seconds": seconds, "peak_memory_gib": None if None in peaks else max(peaks)}


def _peak_gib() -> float | None:
    found = re.search(r"VmHWM:\s+(\d+) kB", STATUS.read_text()) if RESET.exists() else None
    return round(int(found.group(1)) / 2**20, 2) if found else None
