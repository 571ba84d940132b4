from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from depthgen.training.sampler import PermutedBatches, step_generator


@given(length=st.integers(8, 60), batch=st.integers(1, 4), ranks=st.integers(1, 2), seed=st.integers(0, 99))
def test_one_epoch_visits_no_sample_twice_whatever_the_rank(
    length: int, batch: int, ranks: int, seed: int
) -> None:
    per_epoch = length // (batch * ranks)
    seen = [
        index
        for rank in range(ranks)
        for indices in PermutedBatches(length, batch, seed, per_epoch, rank=rank, ranks=ranks)
        for index in indices
    ]
    assert len(seen) == len(set(seen)) == per_epoch * batch * ranks
    assert set(seen) <= set(range(length))


@given(start=st.integers(0, 20), seed=st.integers(0, 99))
def test_a_resumed_run_sees_the_batches_it_would_have_seen(start: int, seed: int) -> None:
    whole = list(PermutedBatches(17, 4, seed, stop=21))
    assert list(PermutedBatches(17, 4, seed, stop=21, start=start)) == whole[start:]


def test_epochs_differ_in_order() -> None:
    first, second = PermutedBatches(64, 64, 0, stop=2)
    assert first != second
    assert sorted(first) == sorted(second)


def test_too_small_a_data_set_is_refused() -> None:
    with pytest.raises(ValueError, match=r"lower train\.batch_size"):
        PermutedBatches(3, 4, 0, stop=1)


def test_a_steps_noise_depends_on_seed_step_and_rank_only() -> None:
    seeds = [step_generator(s, n, r, "cpu").initial_seed() for s in (0, 1) for n in (0, 1) for r in (0, 1)]
    assert len(set(seeds)) == 8
    assert step_generator(1, 2, 3, "cpu").initial_seed() == step_generator(1, 2, 3, "cpu").initial_seed()
