from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr

from depthgen.evaluation.uncertainty import calibrated_spearman, risk_coverage, spearman


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=3, max_size=20))
def test_rank_correlation_is_scipys(pairs: list[tuple[int, int]]) -> None:
    a, b = torch.tensor(pairs, dtype=torch.float32).T
    if len(set(a.tolist())) > 1 and len(set(b.tolist())) > 1:
        assert spearman(a, b) == pytest.approx(spearmanr(a, b).statistic, abs=1e-9)


def test_a_constant_says_nothing() -> None:
    assert spearman(torch.ones(4), torch.arange(4)) == 0
    with pytest.raises(ValueError, match="two values"):
        spearman(torch.ones(1), torch.ones(1))


def test_a_sample_in_the_truths_place_by_hand() -> None:
    samples = torch.tensor([[0.0, 0.0, 0.0], [1.0, 2.0, 4.0], [1.0, 2.0, 3.0]])
    # left out the first: spreads of 0, 0, 1 and errors of 1, 2, 3.5; the second: spreads and errors in the
    # order of 1, 2, 3; the third: spreads of 1, 2, 4 and errors of .5, 1, 1
    by_hand = [3 / math.sqrt(12), 1, 3 / math.sqrt(12)]
    assert calibrated_spearman(samples) == pytest.approx(sum(by_hand) / 3, abs=1e-6)
    with pytest.raises(ValueError, match="got 2"):
        calibrated_spearman(samples[:2])


def test_a_calibrated_spread_ranks_errors_as_well_as_a_samples() -> None:
    generator = torch.Generator().manual_seed(0)
    width = torch.rand(20_000, generator=generator)
    *samples, truth = width * torch.randn(9, 20_000, generator=generator)
    drawn = torch.stack(samples)
    true = spearman(drawn.std(0), (drawn.mean(0) - truth).abs())
    assert calibrated_spearman(drawn) == pytest.approx(true, abs=0.03)
    assert true > 0.4


def test_risk_falls_where_the_certain_pixels_are_right() -> None:
    error = torch.tensor([4.0, 1.0, 3.0, 2.0])
    assert risk_coverage(error, error, (0.25, 0.5, 1.0)) == pytest.approx([0.4, 0.6, 1.0])
    assert risk_coverage(error, -error, (0.25, 1.0)) == pytest.approx([1.6, 1.0])
