"""Every stage of the paper, small: results/stages.json. Validation loss at fixed noise, before and after, and time.

    python examples/benchmarks/stages.py [FOLDER]

The stages follow each other as the paper's do, on worlds in the native layouts of their data sets, which are written
into FOLDER/runs/small_data first (default: a new temporary folder). Target: the loss falls by at least a fifth.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from record import hardware, save

STAGES = ("palette", "indoor", "outdoor", "nyu", "kitti")
TARGET = 0.2


def train_stage(name: str) -> dict[str, Any]:
    """Train experiment `name`, writing its data first; what its log says."""
    started = time.perf_counter()
    subprocess.run([Path(sys.executable).with_name("depthgen-train"), f"experiment={name}"], check=True)
    seconds = time.perf_counter() - started
    rows = [json.loads(line) for line in Path("runs", name, "log.jsonl").read_text().splitlines()]
    losses = [row["val_loss"] for row in rows if "val_loss" in row]
    fall = 1 - losses[-1] / losses[0]
    return {
        "val_loss": [losses[0], losses[-1]],
        "fall": round(fall, 3),
        "reached": fall >= TARGET,
        "seconds": round(seconds, 1),
        "rel": [row["rel"] for row in rows if "rel" in row][-1:],
    }


def main() -> None:
    machine = hardware()
    os.chdir(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp())
    figures = {stage: train_stage(f"{stage}_small") for stage in STAGES}
    save("stages", {"hardware": machine, "target": TARGET, "stages": figures})


if __name__ == "__main__":
    main()
