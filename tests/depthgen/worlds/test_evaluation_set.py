"""The evaluation set: reserved seeds, kinds in equal shares, a hash that follows the content."""

from __future__ import annotations

from collections import Counter

import pytest

from depthgen.worlds import (
    EVALUATION_SEED_START,
    KINDS,
    assert_training_seed,
    content_hash,
    evaluation_seeds,
    evaluation_set,
    evaluation_worlds,
)


def test_seeds_are_reserved_and_distinct() -> None:
    seeds = [seed for seed, _ in evaluation_seeds(100)]
    assert min(seeds) == EVALUATION_SEED_START == 2**32
    assert len(set(seeds)) == 100
    with pytest.raises(ValueError, match="reserved for evaluation"):
        assert_training_seed(seeds[0])
    assert_training_seed(EVALUATION_SEED_START - 1)


def test_kinds_have_equal_shares() -> None:
    assert Counter(kind for _, kind in evaluation_seeds(4 * len(KINDS))) == dict.fromkeys(KINDS, 4)
    uneven = Counter(kind for _, kind in evaluation_seeds(256))
    assert max(uneven.values()) - min(uneven.values()) == 1


def test_worlds_are_those_of_the_seeds() -> None:
    assert [(world.seed, world.kind) for world in evaluation_worlds(3)] == evaluation_seeds(3)


def test_a_set_without_worlds_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one world, not 0"):
        evaluation_seeds(0)


def test_hash_tells_sets_and_generators_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    first = content_hash(2)
    assert content_hash(2) == first != content_hash(3)
    monkeypatch.setattr(evaluation_set, "GENERATOR_VERSION", "other")
    assert content_hash(2) != first


def test_hash_follows_a_small_change_of_one_world(monkeypatch: pytest.MonkeyPatch) -> None:
    first, worlds = content_hash(2), evaluation_worlds(2)
    worlds[1].primitives.color[0, 0] += 0.01
    monkeypatch.setattr(evaluation_set, "evaluation_worlds", lambda count: worlds[:count])
    assert content_hash(2) != first
