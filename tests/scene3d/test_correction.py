"""What a correction of a view's depth is: shift, spline and detail."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import BSpline

from depthgen.geometry import Camera
from scene3d.adjustment import Correction
from scene3d.adjustment.correction import patch_weights, pixel_centres, place_in


@given(st.lists(st.floats(-0.3, 0.3), min_size=16, max_size=16), st.floats(-1, 1))
@settings(max_examples=20, deadline=None)
def test_corrections_keep_order_and_sign(field: list[float], shift: float) -> None:
    camera = Camera.from_fov(60, 8, 6)
    correction = Correction(shift, torch.tensor(field, dtype=torch.float64).reshape(4, 4))
    near, far = (correction.of(torch.full((6, 8), z), pixel_centres(camera), camera) for z in (1.0, 1.5))
    assert (near > 0).all()
    assert (far > near).all()
    everywhere = pixel_centres(Camera.from_fov(60, 64, 64)).double()
    bent = correction.of(torch.ones(64, 64).double(), everywhere, Camera.from_fov(60, 64, 64))
    expected = bent.log().mean() - math.log(max(1 + shift, 0.5))
    assert math.log(correction.scale) == pytest.approx(float(expected), abs=1e-9)


@pytest.mark.parametrize("nodes", [4, 10])
def test_the_spline_is_one_everywhere_and_holds_planes(nodes: int) -> None:
    camera = Camera.from_fov(60, 8, 6)
    values, weights = patch_weights(place_in(pixel_centres(camera).double(), camera), nodes)
    peaks = [(k - 1) / (nodes - 3) for k in range(nodes)]  # some beyond the picture
    planes = torch.tensor([[8 * x, 6 * y] for y in peaks for x in peaks], dtype=torch.float64)
    torch.testing.assert_close(weights.sum(-1), torch.ones(6, 8, dtype=torch.float64))
    there = (weights[..., None] * planes[values]).sum(-2)
    torch.testing.assert_close(there, pixel_centres(camera).double())


def test_a_finer_field_says_the_same_and_is_one_of_scipys_splines() -> None:
    camera = Camera.from_fov(60, 8, 6)
    coarse = Correction(0.1, torch.randn(4, 4, generator=torch.Generator().manual_seed(0)).double())
    fine = coarse.refined(10)
    points, depth = pixel_centres(camera).double(), torch.full((6, 8), 2.0).double()
    torch.testing.assert_close(fine.of(depth, points, camera), coarse.of(depth, points, camera))
    knots = np.arange(-3.0, 11) / 7  # of ten cubic splines, seven intervals
    across, down = (BSpline.design_matrix((np.arange(n) + 0.5) / n, knots, 3).toarray() for n in (8, 6))
    field = torch.from_numpy(down @ fine.field.numpy() @ across.T)
    torch.testing.assert_close(fine.of(depth, points, camera), (depth + 0.1) * field.exp())


def test_detail_is_read_between_the_centres_of_its_cells() -> None:
    camera = Camera.from_fov(60, 8, 4)
    correction = replace(Correction.none(), detail=torch.tensor([[0.0, 0.4]], dtype=torch.float64))
    points = torch.tensor([[-3.0, 2.0], [2.0, 0.0], [4.0, 2.0], [5.0, 2.0], [6.0, 2.0], [8.0, 4.0]])
    bent = correction.of(torch.full((6,), 2.0), points, camera)
    torch.testing.assert_close((bent / 2).log(), torch.tensor([0, 0, 0.2, 0.3, 0.4, 0.4]))
    assert math.log(correction.scale) == pytest.approx(0.2)
