"""The frozen evaluation set: seeds that no training run may touch."""

from __future__ import annotations

GENERATOR_VERSION = "1"
EVALUATION_SEED_START = 2**32


def assert_training_seed(seed: int) -> None:
    """Refuse a seed of the evaluation set; ValueError."""
    if seed >= EVALUATION_SEED_START:
        raise ValueError(f"seed {seed} is reserved for evaluation; train on seeds below {EVALUATION_SEED_START}")
