from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr

from depthgen.evaluation.uncertainty import risk_coverage, spearman


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


def test_risk_falls_where_the_certain_pixels_are_right() -> None:
    error = torch.tensor([4.0, 1.0, 3.0, 2.0])
    assert risk_coverage(error, error, (0.25, 0.5, 1.0)) == pytest.approx([0.4, 0.6, 1.0])
    assert risk_coverage(error, -error, (0.25, 1.0)) == pytest.approx([1.6, 1.0])
