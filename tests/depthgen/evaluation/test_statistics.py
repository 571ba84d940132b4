import tracemalloc

import numpy as np
import pytest

from depthgen.evaluation import statistics
from depthgen.evaluation.statistics import bootstrap, bootstrap_ratio, grouped, summarize


def test_the_mean_is_exact_and_the_interval_has_the_width_of_theory():
    values = np.random.default_rng(1).normal(3.0, 2.0, 400)
    estimate = bootstrap(values)
    assert estimate.mean == pytest.approx(values.mean())
    half = 1.96 * values.std() / np.sqrt(len(values))
    assert estimate.low == pytest.approx(values.mean() - half, abs=0.15 * half)
    assert estimate.high == pytest.approx(values.mean() + half, abs=0.15 * half)
    assert bootstrap(values) == estimate


def test_one_value_has_no_spread_and_none_is_an_error():
    assert bootstrap([0.5]).low == bootstrap([0.5]).high == 0.5
    with pytest.raises(ValueError, match="at least one image"):
        bootstrap([])


def test_rows_are_grouped_and_averaged():
    rows = [{"kind": "lake", "rel": 0.1}, {"kind": "beach", "rel": 0.5}, {"kind": "lake", "rel": 0.3}]
    groups = grouped(rows, "kind")
    assert list(groups) == ["lake", "beach"]
    assert summarize(groups["lake"], ["rel"])["rel"].mean == pytest.approx(0.2)


def test_a_ratio_is_of_means_over_the_same_images():
    below = np.random.default_rng(2).uniform(1, 3, 200)
    exact = bootstrap_ratio(0.5 * below, below)
    assert (exact.mean, exact.low, exact.high) == pytest.approx((0.5, 0.5, 0.5))  # paired: nothing varies
    apart = bootstrap_ratio(below[::-1], below)
    assert apart.low < 1 < apart.high
    with pytest.raises(ValueError, match="as many"):
        bootstrap_ratio([1.0], [])


def test_rows_without_a_value_are_left_out_of_its_mean():
    rows = [{"found": 1.0, "named": None}, {"found": None, "named": None}, {"found": 0.0, "named": None}]
    means = summarize(rows, ["found", "named"])
    assert set(means) == {"found"}
    assert means["found"].mean == 0.5


@pytest.mark.parametrize("at_once", [1, 1000, 2**20, 10**9])
def test_an_interval_does_not_depend_on_how_many_are_drawn_at_once(at_once, monkeypatch):
    """Each is what one array of all draws gives, which reports have printed so far."""
    monkeypatch.setattr(statistics, "DRAWN_AT_ONCE", at_once)
    a, b = np.random.default_rng(3).normal(1.0, 1.0, (2, 301)) * (np.arange(301) % 7 == 0)
    draws = np.random.default_rng(5).integers(301, size=(2000, 301))
    estimate, ratio = bootstrap(a, seed=5), bootstrap_ratio(a, b, seed=5)
    ends = [0.025, 0.975]
    assert [estimate.low, estimate.high] == np.quantile(a[draws].mean(1), ends).tolist()
    assert [ratio.low, ratio.high] == np.quantile(a[draws].mean(1) / b[draws].mean(1), ends).tolist()


def test_memory_does_not_grow_with_the_number_of_images():
    tracemalloc.start()
    bootstrap_ratio(np.ones(20_000), np.ones(20_000))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100 * 2**20  # all draws at once are a GiB


def test_draws_that_are_all_0_below_are_left_out():
    below = np.zeros(3)
    below[0] = 2.0
    assert bootstrap_ratio([1.0, 0.0, 0.0], below).high < np.inf
