"""Indoor worlds: what the phrases say is what was built, cameras have room, rooms are closed."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from depthgen.worlds.builder import Builder
from depthgen.worlds.indoor import INDOOR
from depthgen.worlds.indoor.palette import CUPBOARDS, FABRICS, NUMBERS, PAINTS, WARDROBES, WOODS, a, counted
from depthgen.worlds.indoor.room import Room, Spot
from depthgen.worlds.kinds import INDOOR_KINDS, Layout
from depthgen.worlds.primitives import batched, primitives_of
from depthgen.worlds.raycast import nearest_hits
from depthgen.worlds.semantics import Semantic

SEEDS = range(25)
CLEARANCE = 0.8  # metres between cameras and whatever stands at their height
BELOW_A_FOOT = (Semantic.FLOOR, Semantic.CEILING, Semantic.RUG)
# kind, last words of the phrase in the singular, its semantic, primitives in one piece
COUNTED = [
    ("living room", "potted plant", Semantic.PLANT, 3),
    ("kitchen", "chair", Semantic.CHAIR, 3),
    ("library", "chair", Semantic.CHAIR, 3),
    ("meeting room", "chair", Semantic.CHAIR, 3),
    ("meeting room", "wide window", Semantic.WINDOW, 2),
    ("office", "desk", Semantic.DESK, 4),
    ("office", "office chair", Semantic.CHAIR, 4),
    ("office", "filing cabinet", Semantic.CABINET, 7),
]
# kind, last words of the phrase, semantic, the table that its colour comes from
COLORED = [
    ("living room", "sofa", Semantic.SOFA, FABRICS),
    ("living room", "rug", Semantic.RUG, FABRICS),
    ("living room", "curtains", Semantic.CURTAIN, FABRICS),
    ("living room", "floor", Semantic.FLOOR, WOODS),
    ("bedroom", "blanket", Semantic.BED, FABRICS),
    ("bedroom", "wardrobe", Semantic.CABINET, WARDROBES),
    ("bedroom", "carpet", Semantic.FLOOR, FABRICS),
    ("kitchen", "cupboards", Semantic.CABINET, CUPBOARDS),
    ("kitchen", "wall tiles", Semantic.WALL, PAINTS),
    ("library", "bookshelves", Semantic.SHELF, WOODS),
    ("movie theatre", "curtains", Semantic.CURTAIN, FABRICS),
    ("movie theatre", "seats", Semantic.SEAT, FABRICS),
    *((kind, "walls", Semantic.WALL, PAINTS) for kind in INDOOR_KINDS),
]


def built(kind: str, seed: int) -> tuple[Builder, Layout]:
    builder = Builder()
    return builder, INDOOR[kind](builder, np.random.default_rng(seed))


def bounds(builder: Builder) -> tuple[np.ndarray, np.ndarray]:
    """Low and high corners (N, 3); every piece indoors is turned by a multiple of 90 degrees."""
    matrices = np.stack(builder.world_from_local)
    half = np.abs(matrices[:, :, :3]).sum(2)
    return matrices[:, :, 3] - half, matrices[:, :, 3] + half


def without_article(phrase: str) -> str:
    first, _, rest = phrase.partition(" ")
    return rest if first in ("a", "an") else phrase


def test_every_indoor_kind_has_its_function() -> None:
    assert set(INDOOR) == set(INDOOR_KINDS)


@pytest.mark.parametrize("kind", INDOOR_KINDS)
def test_same_seed_builds_the_same_room_and_another_seed_does_not(kind: str) -> None:
    (first, layout), (again, same), (other, _) = built(kind, 3), built(kind, 3), built(kind, 4)
    assert layout == same
    assert np.array_equal(np.stack(first.world_from_local), np.stack(again.world_from_local))
    assert not np.array_equal(bounds(first)[1][:6], bounds(other)[1][:6])


@pytest.mark.parametrize("kind", INDOOR_KINDS)
def test_rooms_hold_their_furniture_and_leave_cameras_free_space(kind: str) -> None:
    for seed in SEEDS:
        builder, layout = built(kind, seed)
        low, high = bounds(builder)
        semantic = np.array(builder.semantics)
        shell_low, shell_high = low[:6].min(0), high[:6].max(0)
        assert (low >= shell_low - 1e-9).all()
        assert (high <= shell_high + 1e-9).all()
        assert layout.kind == kind
        assert 3 <= len(set(layout.phrases)) == len(layout.phrases) <= 8
        assert 40 <= len(semantic) <= 105
        at_head = ~np.isin(semantic, BELOW_A_FOOT) & (low[:, 1] < -0.05) & (-high[:, 1] < 2.0)
        x = np.maximum(np.maximum(low[:, 0] - layout.x[1], layout.x[0] - high[:, 0]), 0)
        z = np.maximum(np.maximum(low[:, 2] - layout.z[1], layout.z[0] - high[:, 2]), 0)
        assert np.hypot(x, z)[at_head].min() >= CLEARANCE
        assert layout.x[0] < layout.x[1]
        assert layout.z[0] < layout.z[1]


@pytest.mark.parametrize("kind", INDOOR_KINDS)
def test_no_ray_leaves_a_room(kind: str) -> None:
    builder, layout = built(kind, 1)
    directions = torch.nn.functional.normalize(
        torch.randn(1, 3, 600, generator=torch.Generator().manual_seed(0)), dim=1
    )
    eye = torch.tensor([sum(layout.x) / 2, -layout.eye[0], sum(layout.z) / 2])
    t = nearest_hits(
        batched([primitives_of(builder)]), eye[None, :, None].expand_as(directions), directions
    ).t
    assert t.max() < 15


@pytest.mark.parametrize(("kind", "noun", "semantic", "parts"), COUNTED)
def test_counts_in_phrases(kind: str, noun: str, semantic: Semantic, parts: int) -> None:
    for seed in SEEDS:
        builder, layout = built(kind, seed)
        (phrase,) = [p for p in layout.phrases if p.removesuffix("s").endswith(f" {noun}")]
        number = 1 if phrase.split()[0] in ("a", "an") else NUMBERS.index(phrase.split()[0])
        assert builder.semantics.count(semantic) == number * parts, (seed, phrase)


@pytest.mark.parametrize(("kind", "noun", "semantic", "table"), COLORED)
def test_colors_in_phrases(kind: str, noun: str, semantic: Semantic, table: dict) -> None:
    for seed in SEEDS:
        builder, layout = built(kind, seed)
        built_colors = {
            m.color for m, s in zip(builder.materials, builder.semantics, strict=True) if s == semantic
        }
        phrase = without_article([p for p in layout.phrases if p.endswith(f" {noun}")][-1])
        name = (
            phrase.removesuffix(f" {noun}")
            .removeprefix("bed with a ")
            .removeprefix("bed with an ")
            .removeprefix("tall ")
        )
        assert table[name] in built_colors, (seed, phrase)


def test_articles_and_plurals() -> None:
    assert a("orange sofa") == "an orange sofa"
    assert counted(1, "teal rug") == "a teal rug"
    assert counted(2, "wooden bookshelf") == "two wooden bookshelves"
    assert counted(4, "red chair") == "four red chairs"


def test_spot_frame_and_walls() -> None:
    assert Spot(Builder(), 1.0, 2.0, 90.0).ground(0.5, 3.0) == pytest.approx((4.0, 1.5))
    room = Room(Builder(), 6.0, 4.0, 2.7)
    for side, wall_point in (("near", (0, -2)), ("far", (0, 2)), ("left", (-3, 0)), ("right", (3, 0))):
        assert room.wall(side).ground(0, 0) == pytest.approx(wall_point)
        assert room.wall(side).ground(0, np.hypot(*wall_point)) == pytest.approx((0, 0), abs=1e-9)


def test_a_mirrored_room_swaps_left_and_right() -> None:
    plain, mirrored = (Room(Builder(), 6.0, 4.0, 2.7, sign) for sign in (1, -1))
    x, z = plain.wall("left", 0.7).ground(0, 1.0)
    assert mirrored.wall("left", 0.7).ground(0, 1.0) == pytest.approx((-x, z))
    assert mirrored.layout("office", (), (-1.0, 2.0), (0.0, 1.0)).x == (-2.0, 1.0)
