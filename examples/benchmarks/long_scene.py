"""Does a view cost more the more views there are? Time outside the networks, as results/long_scene.json.

    python examples/benchmarks/long_scene.py        # on a machine that does nothing else, about 3 minutes

A hundred views with models that know the answer: along a full turn, where every view shows something new, and
along an orbit, in a meadow where nothing stops it, so that more and more of the scene lies in every picture.
Time is that of the processor, so that other programs disturb it little.
"""

from __future__ import annotations

import tempfile
import time
import warnings
from pathlib import Path
from statistics import median

from record import hardware, save

from scene3d import GenerateConfig, generate

VIEWS, SIZE = 100, 192
ROUTES = {"turn": "a village", "orbit": "a meadow"}
EARLY, LATE = slice(5, 15), slice(90, 100)  # views 6 to 15 and 91 to 100
LIMIT = 1.5


class Networks:
    """Stands before the models of a run, and counts the processor time inside them."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def timed(self, method):
        def call(*arguments, **options):
            start = time.process_time()
            result = method(*arguments, **options)
            self.seconds += time.process_time() - start
            return result

        return call


def seconds_by_view(prompt: str, trajectory: str, folder: Path) -> list[float]:
    """Processor seconds of each view, without those of the models."""
    from scene3d.backends.oracle import Oracle

    networks, seconds = Networks(), []
    methods = {name: getattr(Oracle, name) for name in ("generate", "inpaint", "predict", "complete")}
    for name, method in methods.items():
        setattr(Oracle, name, networks.timed(method))
    config = GenerateConfig(models="oracle", views=VIEWS, size=SIZE, trajectory=trajectory)
    try:
        start = time.process_time()
        for _ in generate(prompt, out=folder, config=config):
            seconds.append(time.process_time() - start - networks.seconds)
            start, networks.seconds = time.process_time(), 0.0
    finally:
        for name, method in methods.items():
            setattr(Oracle, name, method)
    return seconds


def figures_of(seconds: list[float]) -> dict[str, float | bool]:
    """Medians of early and late views in milliseconds, and their ratio."""
    early, late = median(seconds[EARLY]), median(seconds[LATE])
    return {
        "views_6_to_15_ms": round(1000 * early, 1),
        "views_91_to_100_ms": round(1000 * late, 1),
        "ratio": round(late / early, 2),
        "within_limit": late <= LIMIT * early,
    }


def main() -> None:
    warnings.simplefilter("ignore")  # a path may meet something
    results: dict = {"hardware": hardware(), "size": SIZE, "prompts": ROUTES, "limit": LIMIT}
    for trajectory, prompt in ROUTES.items():
        with tempfile.TemporaryDirectory() as folder:
            results[trajectory] = figures_of(seconds_by_view(prompt, trajectory, Path(folder) / "scene"))
    save("long_scene", results)


if __name__ == "__main__":
    main()
