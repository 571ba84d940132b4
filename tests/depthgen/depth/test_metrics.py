import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from depthgen.depth import METRICS, delta, depth_metrics, silog


def independent(d: np.ndarray, g: np.ndarray) -> dict[str, float]:
    """The definitions of BTS's compute_errors, in float64 numpy, over already selected pixels."""
    ratio = np.maximum(d / g, g / d)
    error = np.log(d) - np.log(g)
    return {
        "rel": np.mean(np.abs(d - g) / g),
        "rms": np.sqrt(np.mean((d - g) ** 2)),
        "delta1": np.mean(ratio < 1.25),
        "delta2": np.mean(ratio < 1.25**2),
        "delta3": np.mean(ratio < 1.25**3),
        "log10": np.mean(np.abs(np.log10(d) - np.log10(g))),
        "sq_rel": np.mean((d - g) ** 2 / g),
        "rms_log": np.sqrt(np.mean(error**2)),
        "silog": 100 * np.sqrt(max(np.mean(error**2) - np.mean(error) ** 2, 0.0)),
    }


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 64))
def test_equal_to_an_independent_implementation(seed: int, valid_count: int):
    rng = np.random.default_rng(seed)
    d, g = rng.uniform(0.1, 80, (2, 8, 8))
    valid = np.zeros(64, dtype=bool)
    valid[rng.permutation(64)[:valid_count]] = True
    valid = valid.reshape(8, 8)
    ours = depth_metrics(*map(torch.from_numpy, (d, g, valid)))
    expected = independent(d[valid], g[valid])
    assert ours.keys() == expected.keys()
    for name, value in expected.items():
        assert ours[name] == pytest.approx(value, rel=1e-6, abs=2e-6), name


def test_by_hand():
    depth, truth = torch.tensor([2.0, 1.0, 5.0, 99.0]), torch.tensor([1.0, 2.0, 5.0, 1.0])
    valid = torch.tensor([True, True, True, False])
    scores = depth_metrics(depth, truth, valid)
    assert scores["rel"] == pytest.approx((1 + 0.5 + 0) / 3)
    assert scores["rms"] == pytest.approx((2 / 3) ** 0.5)
    assert scores["delta1"] == pytest.approx(1 / 3)
    assert scores["delta3"] == pytest.approx(1 / 3)  # 2 is beyond 1.25^3 = 1.953
    assert scores["log10"] == pytest.approx(2 / 3 * np.log10(2))


def test_silog_ignores_one_common_scale_and_delta_is_strict():
    truth = torch.rand(5, 5, dtype=torch.float64) + 1
    valid = torch.ones(5, 5, dtype=torch.bool)
    assert silog(3 * truth, truth, valid).item() == pytest.approx(0, abs=1e-6)
    assert delta(torch.tensor([1.25]), torch.tensor([1.0]), torch.tensor([True])).item() == 0


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_clear_errors(metric):
    one = torch.ones(2, 2)
    nothing, everything = torch.zeros(2, 2, dtype=torch.bool), torch.ones(2, 2, dtype=torch.bool)
    with pytest.raises(ValueError, match="no valid pixel"):
        metric(one, one, nothing)
    with pytest.raises(ValueError, match="positive"):
        metric(0 * one, one, everything)
    with pytest.raises(ValueError, match="shape"):
        metric(one, one[:1], everything)
