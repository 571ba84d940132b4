from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from depthgen.geometry import compose, inverse, look_at, rotation_x, rotation_y, rotation_z, turned

angles = st.floats(-10, 10)
metres = st.floats(-1e3, 1e3)
FORWARD = torch.tensor([0, 0, 1], dtype=torch.float64)


@settings(max_examples=40, deadline=None)
@given(angles, angles, angles, metres, metres, metres)
def test_inverse_undoes_a_transform(a, b, c, x, y, z):
    transform = compose(rotation_x(a) @ rotation_y(b) @ rotation_z(c), (x, y, z))
    torch.testing.assert_close(
        inverse(transform) @ transform, torch.eye(4, dtype=torch.float64), atol=1e-9, rtol=0
    )


@settings(max_examples=40, deadline=None)
@given(angles)
def test_rotations_are_rigid_and_right_handed(angle):
    for rotation in (rotation_x(angle), rotation_y(angle), rotation_z(angle)):
        torch.testing.assert_close(rotation @ rotation.T, torch.eye(3, dtype=torch.float64))
        assert torch.linalg.det(rotation).item() == pytest.approx(1)


def test_yaw_turns_right_and_pitch_looks_up():
    quarter = math.pi / 2
    torch.testing.assert_close(rotation_y(quarter) @ FORWARD, torch.tensor([1, 0, 0], dtype=torch.float64))
    torch.testing.assert_close(rotation_x(quarter) @ FORWARD, torch.tensor([0, -1, 0], dtype=torch.float64))
    torch.testing.assert_close(turned(90)[:3, 2], torch.tensor([1, 0, 0], dtype=torch.float64))
    torch.testing.assert_close(turned(0, 90)[:3, 2], torch.tensor([0, -1, 0], dtype=torch.float64))


def test_a_turned_camera_is_level_and_where_it_was_put():
    pose = turned(35, 20, (1, 2, 3))
    assert pose[1, 0].item() == pytest.approx(0)  # its right is horizontal
    assert pose[:3, 3].tolist() == [1, 2, 3]


@settings(max_examples=40, deadline=None)
@given(metres, metres, st.floats(1, 100))
def test_look_at_puts_the_target_on_the_optical_axis(x, y, distance):
    target = torch.tensor([x, y, 5.0], dtype=torch.float64)
    eye = target + torch.tensor([distance, 0.3 * distance, -distance], dtype=torch.float64)
    seen = inverse(look_at(eye.tolist(), target.tolist())) @ torch.cat([target, torch.ones(1)])
    torch.testing.assert_close(seen[:2], torch.zeros(2, dtype=torch.float64), atol=1e-9, rtol=0)
    assert seen[2].item() == pytest.approx((target - eye).norm().item())


def test_look_at_agrees_with_turned():
    torch.testing.assert_close(look_at((0, 0, 0), (1, 0, 1)), turned(45))
    torch.testing.assert_close(look_at((0, 0, 0), (0, -1, 1)), turned(0, 45))


@pytest.mark.parametrize("target", [(1, 2, 3), (1, 9, 3)])
def test_look_at_refuses_an_undefined_view(target):
    with pytest.raises(ValueError, match="look_at"):
        look_at((1, 2, 3), target)
