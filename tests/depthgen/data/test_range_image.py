"""Waymo's range images against hand numbers, a wall in closed form and SciPy's rotations."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from depthgen.data import range_image as geometry


def pose(yaw_degrees: float, x: float, y: float, z: float) -> np.ndarray:
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_euler("z", yaw_degrees, degrees=True).as_matrix()
    matrix[:3, 3] = x, y, z
    return matrix


def test_columns_run_from_behind_on_the_left_round_to_behind_on_the_right() -> None:
    degrees = np.degrees(geometry.azimuths(8, np.eye(4)))
    np.testing.assert_allclose(degrees, [157.5, 112.5, 67.5, 22.5, -22.5, -67.5, -112.5, -157.5])


def test_inclinations_are_the_centres_of_equal_steps() -> None:
    np.testing.assert_allclose(geometry.uniform_inclinations(-0.3, 0.1, 4), [-0.25, -0.15, -0.05, 0.05])


@given(st.floats(-180, 180))
def test_a_wall_ahead_is_flat_however_the_sensor_is_turned(yaw: float) -> None:
    """Sensor at (1, 0, 2), wall at x = 10: a beam of heading a, inclination i is 9 / (cos a cos i) long."""
    extrinsic = pose(yaw, 1, 0, 2)
    heading, inclination = math.radians(22.5), -0.2  # of column 3 of 8 in the vehicle's frame
    length = 9 / (math.cos(heading) * math.cos(inclination))
    azimuth = geometry.azimuths(8, extrinsic)[[3]]
    point = geometry.sensor_points(np.array([length]), np.array([inclination]), azimuth)
    expected = [10, 9 * math.tan(heading), 2 - 9 / math.cos(heading) * math.tan(0.2)]
    np.testing.assert_allclose(geometry.transformed(point, extrinsic), [expected], atol=1e-9)


@given(st.lists(st.floats(-3, 3), min_size=3, max_size=3))
def test_euler_angles_are_scipys_yaw_pitch_roll(angles: list[float]) -> None:
    roll, pitch, yaw = np.array(angles)[:, None]
    expected = Rotation.from_euler("ZYX", [yaw[0], pitch[0], roll[0]]).as_matrix()
    np.testing.assert_allclose(geometry.euler_rotations(roll, pitch, yaw)[0], expected, atol=1e-12)


def test_each_pixel_is_brought_to_the_frames_time() -> None:
    """By hand: seen 2 m ahead while the vehicle, turned left by 90 degrees, stood at (5, 1, 0): the world's
    (5, 3, 0). The frame's vehicle stands at (4, 3, 0) and looks backwards: 1 m behind it."""
    pixel_pose = np.array([[0, 0, math.pi / 2, 5, 1, 0]])
    moved = geometry.at_frame_time(np.array([[2.0, 0, 0]]), pixel_pose, pose(180, 4, 3, 0))
    np.testing.assert_allclose(moved, [[-1, 0, 0]], atol=1e-12)


def test_projections_take_the_slot_that_names_the_camera_and_floor() -> None:
    projection = np.array([[[1, 7.9, 3.2, 2, 0.5, 9.99], [2, 4, 5, 0, 0, 0], [1, 6, 6, 0, 0, 0]]])
    measured = np.array([[True, True, False]])
    hit, column, row = geometry.projected_pixels(projection, measured, camera=2)
    assert hit.tolist() == [[True, True, False]]
    assert (column.tolist(), row.tolist()) == ([0, 4], [9, 5])
    assert geometry.projected_pixels(projection, measured, camera=1)[0].tolist() == [[True, False, False]]


def test_the_nearest_point_wins_and_what_is_behind_or_outside_is_left_out() -> None:
    column, row = np.array([1, 1, 0, 2, -1, 0]), np.array([0, 0, 1, 1, 0, 2])
    z = np.array([5.0, 3.0, -4.0, 8.0, 1.0, 1.0])
    depth, valid = geometry.nearest_per_pixel(column, row, z, (2, 3))
    assert depth.tolist() == [[0, 3, 0], [0, 0, 8]]
    assert valid.tolist() == [[False, True, False], [False, False, True]]


def test_opencv_axes_are_turned_into_waymos() -> None:
    right, down, forward = np.eye(4)[:3] @ geometry.WAYMO_FROM_OPENCV.T
    assert (right[:3].tolist(), down[:3].tolist(), forward[:3].tolist()) == (
        [0, -1, 0],
        [0, 0, -1],
        [1, 0, 0],
    )
