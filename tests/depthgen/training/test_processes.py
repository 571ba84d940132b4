"""Two processes on one machine, as two machines would do it: disjoint data, equal weights, exact resume."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

SCRIPT = Path(__file__).with_name("two_processes.py")


def launch(folder: Path, steps: int, prefix: Path) -> None:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
    environment = {**os.environ, "ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [*command, str(SCRIPT), str(folder), str(steps), str(prefix)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]


def seen(prefix: Path, rank: int) -> list[list[int]]:
    return json.loads(Path(f"{prefix}-seen-{rank}.json").read_text())


def weights(prefix: Path, rank: int) -> dict[str, torch.Tensor]:
    return torch.load(f"{prefix}-weights-{rank}.pt", weights_only=True)


@pytest.mark.slow
def test_two_processes_share_the_data_and_resume_exactly(tmp_path: Path) -> None:
    whole, first, second = (tmp_path / name for name in ("whole", "first", "second"))
    launch(tmp_path / "run", 8, whole)
    launch(tmp_path / "cut", 4, first)  # stops after its checkpoint of step 4 ...
    launch(tmp_path / "cut", 8, second)  # ... and goes on

    for step in range(4):  # an epoch has 24 // (2 * 3) = 4 steps
        assert not set(seen(whole, 0)[step]) & set(seen(whole, 1)[step])
    epoch = [index for rank in (0, 1) for step in range(4) for index in seen(whole, rank)[step]]
    assert sorted(epoch) == list(range(24))

    for rank in (0, 1):
        assert seen(first, rank) + seen(second, rank) == seen(whole, rank)
        for name, tensor in weights(whole, 0).items():
            assert torch.equal(weights(second, rank)[name], tensor)
            assert torch.equal(weights(whole, rank)[name], tensor)
