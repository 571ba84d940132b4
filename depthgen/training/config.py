"""How a run trains: every setting, its default and what it may be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from depthgen.training.optimizer import OptimizerName
from depthgen.training.precision import Precision

Limit = tuple[Callable[[float], bool], str]  # whether a value makes sense, and which do

COUNT: Limit = (lambda value: value >= 1, "1 or more")
NOT_NEGATIVE: Limit = (lambda value: value >= 0, "0 or more")
POSITIVE: Limit = (lambda value: value > 0, "more than 0")
BELOW_1: Limit = (lambda value: 0 <= value < 1, "0 or more, below 1")  # at 1 an average never moves

LIMITS: dict[str, Limit] = {
    "steps": COUNT,
    "minutes": POSITIVE,
    "total_minutes": POSITIVE,
    "batch_size": COUNT,
    "accumulate": COUNT,
    "learning_rate": POSITIVE,
    "warmup_steps": NOT_NEGATIVE,
    "beta2": BELOW_1,
    "weight_decay": NOT_NEGATIVE,
    "clip_norm": POSITIVE,
    "ema_decay": BELOW_1,
    "seed": (lambda value: 0 <= value < 2**63, "0 to 2**63 - 1"),
    "workers": NOT_NEGATIVE,
    "log_every": COUNT,
    "validate_every": COUNT,
    "checkpoint_every": COUNT,
}


@dataclass(frozen=True)
class TrainConfig:
    """How long and how a stage trains. Steps count optimiser updates.

    ValueError where a number is outside its `LIMITS`.
    """

    steps: int = 1000
    minutes: float | None = None  # of training from this start or resume on, at most
    # Of all starts together, along which the learning rate falls where there is a limit of minutes; None:
    # those before and `minutes` more.
    total_minutes: float | None = None
    batch_size: int = 32  # per process and forward pass
    accumulate: int = 1  # passes whose gradients make one step
    learning_rate: float = 4e-4
    warmup_steps: int = 200
    # After the warm-up; the paper's depth stages are constant.
    decay: Literal["constant", "cosine"] = "cosine"
    optimizer: OptimizerName = "adamw"
    beta2: float = 0.99  # of AdamW; shorter memory than the usual 0.999 suits short runs
    weight_decay: float = 0.0
    clip_norm: float = 1.0
    ema_decay: float = 0.999
    precision: Precision = "auto"
    compile: bool = False  # torch.compile: a third faster on a CPU with a compiler, after a minute's start
    # Activation checkpointing: less memory, a third more time; for networks that offer it.
    recompute: bool = False
    seed: int = 0
    workers: int = 0
    log_every: int = 50
    validate_every: int = 1000
    checkpoint_every: int = 500
    device: Literal["auto", "cpu"] = "auto"

    def __post_init__(self) -> None:
        for name, (makes_sense, wanted) in LIMITS.items():
            value = getattr(self, name)
            if value is not None and not makes_sense(value):
                raise ValueError(f"train.{name}={value} is out of range; give {wanted}")
