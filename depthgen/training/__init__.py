"""One training loop for every stage; stages differ by the objective, data and configuration they hand in."""

from depthgen.training.config import TrainConfig
from depthgen.training.loop import Objective, fit, moved
from depthgen.training.processes import is_main_process, main_process_first, own_device
from depthgen.training.sampler import PermutedBatches

__all__ = [
    "Objective",
    "PermutedBatches",
    "TrainConfig",
    "fit",
    "is_main_process",
    "main_process_first",
    "moved",
    "own_device",
]
