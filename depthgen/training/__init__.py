"""One training loop for every stage; stages differ by the objective, data and configuration they hand in."""

from depthgen.training.loop import Objective, TrainConfig, fit
from depthgen.training.processes import is_main_process
from depthgen.training.sampler import PermutedBatches

__all__ = ["Objective", "PermutedBatches", "TrainConfig", "fit", "is_main_process"]
