"""The builder's conventions, in numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from depthgen.worlds.builder import Builder, Lamp, Material, Shape, rotation
from depthgen.worlds.primitives import primitives_of, second_color
from depthgen.worlds.semantics import Semantic

GREY = Material((0.5, 0.5, 0.5))
SOLIDS = ("box", "ellipsoid", "cylinder", "cone", "prism", "frustum")


def corners(builder: Builder) -> np.ndarray:
    """(8, 3) where the corners of the first primitive's cube [-1, 1]^3 lie."""
    unit = np.array(np.meshgrid([-1, 1], [-1, 1], [-1, 1])).reshape(3, 8)
    matrix = builder.world_from_local[0]
    return (matrix[:, :3] @ unit + matrix[:, 3:]).T


@pytest.mark.parametrize("name", SOLIDS)
def test_a_solid_fills_the_box_of_its_arguments(name: str) -> None:
    builder = Builder()
    getattr(builder, name)(3.0, 5.0, (2.0, 4.0, 1.0), GREY, Semantic.ROCK, base=0.5)
    assert corners(builder).min(0) == pytest.approx([2.0, -4.5, 4.5])  # y points down: height 4.5 is y = -4.5
    assert corners(builder).max(0) == pytest.approx([4.0, -0.5, 5.5])


@pytest.mark.parametrize("name", SOLIDS)
def test_flipping_swaps_top_and_bottom(name: str) -> None:
    builder = Builder()
    for flipped in (False, True):
        getattr(builder, name)(3.0, 5.0, (2.0, 4.0, 1.0), GREY, Semantic.ROCK, yaw=30, flipped=flipped)
    upright, turned = builder.world_from_local
    assert turned @ [0, -1, 0, 1] == pytest.approx(upright @ [0, 1, 0, 1])
    assert np.linalg.det(turned[:, :3]) == pytest.approx(np.linalg.det(upright[:, :3]))


def test_a_lamp_hangs_at_its_height() -> None:
    builder = Builder()
    builder.lamp(1.0, 2.0, 3.0, power=0.5)
    assert builder.lamps == [Lamp((1.0, -3.0, 2.0), (1.0, 0.8, 0.5), 0.5)]


def test_positive_yaw_turns_far_towards_right() -> None:
    assert rotation(yaw=90) @ [0, 0, 1] == pytest.approx([1, 0, 0])


def test_positive_pitch_lifts_the_far_end() -> None:
    assert rotation(pitch=90) @ [0, 0, 1] == pytest.approx([0, -1, 0])


def test_rotations_are_yaw_after_pitch_after_roll() -> None:
    composed = rotation(yaw=40) @ rotation(pitch=-25) @ rotation(roll=70)
    assert rotation(yaw=40, pitch=-25, roll=70) == pytest.approx(composed)
    assert rotation(roll=90) @ [1, 0, 0] == pytest.approx([0, 1, 0])
    assert composed @ composed.T == pytest.approx(np.eye(3))


def test_primitives_are_sorted_by_shape_and_know_their_size() -> None:
    builder = Builder()
    builder.cone(0, 0, (1, 2, 3), GREY, Semantic.TREE, yaw=30)
    builder.box(0, 0, (2, 4, 6), GREY, Semantic.HOUSE)
    primitives = primitives_of(builder)
    assert primitives.shape.tolist() == [Shape.BOX, Shape.CONE]
    assert primitives.semantic.tolist() == [Semantic.HOUSE, Semantic.TREE]
    assert primitives.half_size.numpy() == pytest.approx(np.array([[1, 2, 3], [0.5, 1, 1.5]]))
    assert primitives.reach()[0].item() == pytest.approx(14**0.5)


def test_a_pattern_without_second_colour_darkens_the_first() -> None:
    assert second_color(Material((1.0, 0.5, 0.25))) == pytest.approx((0.8, 0.4, 0.2))
    assert second_color(Material((1.0, 0.5, 0.25), color2=(0, 0, 0))) == (0, 0, 0)
