import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from depthgen.depth import METRICS, delta, depth_metrics, silog


def independent(pixels: list[tuple[float, float]]) -> dict[str, float]:
    """The definitions of BTS's compute_errors over (prediction, truth) pairs, in Python's own floats.

    SILog is there sqrt(mean e^2 - (mean e)^2), which cancels; the same as a sum of squares is exact.
    """

    def mean(values: list[float]) -> float:
        return math.fsum(values) / len(pixels)

    errors = [math.log(d) - math.log(g) for d, g in pixels]
    center = mean(errors)
    ratios = [max(d / g, g / d) for d, g in pixels]
    return {
        "rel": mean([abs(d - g) / g for d, g in pixels]),
        "rms": math.sqrt(mean([(d - g) ** 2 for d, g in pixels])),
        **{f"delta{k}": mean([float(ratio < 1.25**k) for ratio in ratios]) for k in (1, 2, 3)},
        "log10": mean([abs(math.log10(d) - math.log10(g)) for d, g in pixels]),
        "sq_rel": mean([(d - g) ** 2 / g for d, g in pixels]),
        "rms_log": math.sqrt(mean([error**2 for error in errors])),
        "silog": 100 * math.sqrt(mean([(error - center) ** 2 for error in errors])),
    }


metres = st.floats(2**-10, 128, width=32)
maps = st.lists(st.tuples(metres, metres, st.booleans()), min_size=1, max_size=40)


@settings(deadline=None)
@given(maps)
def test_equal_to_an_independent_implementation(pixels: list[tuple[float, float, bool]]):
    depth, truth = (torch.tensor([p[i] for p in pixels]) for i in (0, 1))
    valid = torch.tensor([p[2] for p in pixels])
    chosen = [(d, g) for d, g, use in pixels if use]
    if not chosen:
        with pytest.raises(ValueError, match="no valid pixel to measure"):
            depth_metrics(depth, truth, valid)
        return
    ours, expected = depth_metrics(depth, truth, valid), independent(chosen)
    assert ours.keys() == expected.keys() == METRICS.keys()
    for name, value in expected.items():
        assert ours[name] == pytest.approx(value, rel=1e-6, abs=1e-6), name
        assert float(METRICS[name](depth, truth, valid)) == ours[name], name


@given(metres, metres, st.integers(0, 11))
def test_one_valid_pixel(d: float, g: float, place: int):
    depth, truth = torch.full((3, 4), torch.nan), torch.full((3, 4), -1.0)
    valid = torch.zeros(3, 4, dtype=torch.bool)
    depth.view(-1)[place], truth.view(-1)[place], valid.view(-1)[place] = d, g, True
    scores, expected = depth_metrics(depth, truth, valid), independent([(d, g)])
    assert scores["silog"] == 0
    for name, value in expected.items():
        assert scores[name] == pytest.approx(value, rel=1e-6, abs=1e-6), name


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
    with pytest.raises(ValueError, match="positive"):
        metric(one, torch.nan * one, everything)
    with pytest.raises(ValueError, match="shape"):
        metric(one, one[:1], everything)
