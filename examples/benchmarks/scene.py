"""Time, memory and start-up of the main command, as results/scene.json.

python examples/benchmarks/scene.py            # on a machine that does nothing else
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from record import hardware, save

PROMPT = "a village at sunset"


def seconds(*command: str) -> float:
    """Wall time of one run of a command."""
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


def median_seconds(*command: str) -> float:
    """Of five runs, after one that warms the disk cache."""
    return round(median([seconds(*command) for _ in range(6)][1:]), 2)


def main() -> None:
    machine = hardware()
    program = str(Path(sys.executable).with_name("generate-scene"))
    figures: dict = {"hardware": machine, "python": sys.version.split()[0]}
    figures["help_seconds"] = median_seconds(program, "--help")
    torch_alone = median_seconds(sys.executable, "-c", "import torch")
    for package in ("depthgen", "scene3d"):
        both = median_seconds(sys.executable, "-c", f"import torch, {package}")
        figures[f"import_{package}_beyond_torch_seconds"] = round(both - torch_alone, 2)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "scene"
        figures["whole_command_seconds"] = round(seconds(program, PROMPT, "--out", str(out)), 1)
        figures["peak_memory_gib"] = round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20, 2)
        figures["seconds_by_view_and_stage"] = json.loads((out / "timings.json").read_text())
        figures["journal"] = json.loads((out / "scene.json").read_text())["journal"]
    save("scene", figures)


if __name__ == "__main__":
    main()
