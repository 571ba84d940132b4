"""How SeamBench counts time and memory."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest
import torch

BENCHMARKS = Path(__file__).resolve().parents[2] / "examples" / "benchmarks"


@pytest.fixture
def seam_costs(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import seam_costs

    return seam_costs


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="only Linux counts a stage's memory")
def test_each_stage_counts_its_own_peak(seam_costs: ModuleType) -> None:
    costs = seam_costs.Costs()
    with costs("large"):
        torch.ones(1 << 28, dtype=torch.uint8)  # a quarter of a GiB
    with costs("small"):
        pass
    (large,), (small,) = costs.of["large"], costs.of["small"]
    assert large["peak_memory_gib"] - small["peak_memory_gib"] == pytest.approx(0.25, abs=0.05)
    assert large["seconds"] > small["seconds"]


def test_the_costs_of_a_stage_add_up(seam_costs: ModuleType) -> None:
    costs = [{"seconds": 1.5, "peak_memory_gib": 0.5}, {"seconds": 2.0, "peak_memory_gib": 0.25}]
    assert seam_costs.together(costs) == {"seconds": 3.5, "peak_memory_gib": 0.5}
    assert seam_costs.together([*costs, {"seconds": 0.0, "peak_memory_gib": None}])["peak_memory_gib"] is None
