import numpy as np
import pytest

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
