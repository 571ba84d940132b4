from __future__ import annotations

from typing import Any

import pytest

from depthgen.training import TrainConfig
from depthgen.training.config import LIMITS


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        *((name, 0, "give 1 or more") for name in ("steps", "batch_size", "accumulate")),
        *((f"{part}_every", 0, "give 1 or more") for part in ("log", "validate", "checkpoint")),
        ("steps", -5, "give 1 or more"),
        *((name, 0.0, "give more than 0") for name in ("minutes", "total_minutes", "learning_rate")),
        ("clip_norm", -1.0, "give more than 0"),
        *((name, 1.0, "below 1") for name in ("ema_decay", "beta2")),
        *((name, -1, "give 0 or more") for name in ("warmup_steps", "weight_decay", "workers")),
        ("learning_rate", float("nan"), "give more than 0"),
        ("seed", -1, "0 to 2"),
    ],
)
def test_numbers_that_make_no_sense_are_named(name: str, value: Any, wanted: str) -> None:
    with pytest.raises(ValueError, match=rf"train\.{name}={value} is out of range; .*{wanted}"):
        TrainConfig(**{name: value})


def test_every_number_has_its_limits() -> None:
    numbers = {name for name, value in vars(TrainConfig()).items() if type(value) in (int, float)}
    assert set(LIMITS) == numbers | {"minutes", "total_minutes"}
