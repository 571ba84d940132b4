"""Outdoor worlds: true phrases, free camera places, lit nights, white snow, and every view tells the kind."""

from __future__ import annotations

import re
from functools import cache

import numpy as np
import pytest
import torch

from depthgen.geometry import Camera, turned
from depthgen.worlds import OUTDOOR_KINDS, TIMES, WEATHERS, build_world, render
from depthgen.worlds.builder import Builder, Texture
from depthgen.worlds.kinds import Layout
from depthgen.worlds.outdoor import OUTDOOR
from depthgen.worlds.outdoor.buildings import CAR_COLORS, CLOTH_COLORS
from depthgen.worlds.outdoor.nature import FLOWER_COLORS
from depthgen.worlds.outdoor.site import Site, counted, mixed, offset_point, shaded, toward_camera
from depthgen.worlds.primitives import batched, primitives_of
from depthgen.worlds.raycast import nearest_hits
from depthgen.worlds.semantics import Semantic

SEEDS = range(8)
CLEARANCE = 0.3  # metres of air at eye height around the corners of the cameras' region
NUMBERS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7}
# kind, the counted noun, its semantic, how many primitives of that semantic make one
COUNTED = [
    ("desert", r"(\w+) cact(?:us|i)", Semantic.CACTUS, 5),
    ("beach", r"(\w+) palm trees?", Semantic.PALM, 6),
    ("beach", r"(\w+) \w+ umbrellas?", Semantic.UMBRELLA, 2),
    ("lake", r"(\w+) \w+ rowing boats?", Semantic.BOAT, 2),
    ("lake", r"(\w+) sailing boats? with", Semantic.BOAT, 3),
    ("meadow", r"(\w+) hay bales?", Semantic.BUSH, 1),
    ("city street", r"(two|three|four|five|six) \w+ cars", Semantic.CAR, 4),
]
# what must fill at least this share of the picture whichever way the camera looks
CHARACTERISTIC = {
    "meadow": ({Semantic.GROUND}, 0.3),
    "village": ({Semantic.HOUSE, Semantic.ROOF, Semantic.WINDOW, Semantic.DOOR}, 0.02),
    "lake": ({Semantic.WATER}, 0.1),
    "mountains": ({Semantic.MOUNTAIN, Semantic.SNOW}, 0.1),
    "desert": ({Semantic.SAND}, 0.3),
    "beach": ({Semantic.SAND}, 0.2),
    "forest": ({Semantic.TREE}, 0.1),
    "city street": ({Semantic.BUILDING, Semantic.ROAD, Semantic.WINDOW}, 0.4),
}


@cache
def built(kind: str, seed: int, time: str = "noon", weather: str = "clear") -> tuple[Builder, Layout]:
    builder = Builder()
    return builder, OUTDOOR[kind](builder, np.random.default_rng(seed), time, weather)


def colors_of(builder: Builder, *semantics: Semantic) -> set[tuple[float, ...]]:
    return {m.color for m, s in zip(builder.materials, builder.semantics, strict=True) if s in semantics}


def test_every_outdoor_kind_is_there() -> None:
    assert tuple(OUTDOOR) == OUTDOOR_KINDS


@pytest.mark.parametrize("kind", OUTDOOR_KINDS)
def test_a_world_follows_from_its_generator(kind: str) -> None:
    (first, layout), (second, again) = (built.__wrapped__(kind, 5) for _ in range(2))
    other, _ = built(kind, 6)
    assert layout == again
    assert first.materials == second.materials
    np.testing.assert_array_equal(first.world_from_local, second.world_from_local)
    assert first.materials != other.materials


@pytest.mark.parametrize("kind", OUTDOOR_KINDS)
def test_phrases_are_few_and_differ(kind: str) -> None:
    for seed in SEEDS:
        phrases = built(kind, seed, TIMES[seed % 3], WEATHERS[seed // 3 % 3])[1].phrases
        assert 2 <= len(phrases) <= 8
        assert len(set(phrases)) == len(phrases)


@pytest.mark.parametrize(("kind", "pattern", "semantic", "pieces"), COUNTED)
def test_things_are_as_many_as_the_phrase_says(
    kind: str, pattern: str, semantic: Semantic, pieces: int
) -> None:
    said = 0
    for seed in range(15):
        builder, layout = built(kind, seed)
        for match in filter(None, (re.fullmatch(pattern + ".*", phrase) for phrase in layout.phrases)):
            assert builder.semantics.count(int(semantic)) == pieces * NUMBERS[match[1]]
            said += 1
    assert said


def test_named_colours_are_those_of_the_things() -> None:
    for seed in SEEDS:
        builder, layout = built("beach", seed)
        (umbrellas,) = (phrase for phrase in layout.phrases if "umbrella" in phrase)
        assert CLOTH_COLORS[umbrellas.split()[1]] in colors_of(builder, Semantic.UMBRELLA)
        builder, layout = built("meadow", seed)
        flowers = layout.phrases[-1].removesuffix(" flowers").split(" and ")
        assert {FLOWER_COLORS[name] for name in flowers} <= colors_of(builder, Semantic.FLOWER)
        builder, layout = built("city street", seed)
        (cars,) = (phrase for phrase in layout.phrases if re.fullmatch(r"\w+ \w+ cars?", phrase))
        assert CAR_COLORS[cars.split()[1]] in colors_of(builder, Semantic.CAR)


@pytest.mark.parametrize("kind", OUTDOOR_KINDS)
def test_nothing_stands_where_cameras_may(kind: str) -> None:
    turn = torch.linspace(0.0, 2 * torch.pi, 25)[:-1]
    directions = torch.stack([turn.sin(), torch.zeros_like(turn), turn.cos()])
    for seed in SEEDS:
        builder, layout = built(kind, seed)
        places = torch.cartesian_prod(
            *map(torch.tensor, (layout.x, (-layout.eye[0], -layout.eye[1]), layout.z))
        )
        origins = places.T[:, :, None].expand(3, len(places), len(turn)).flatten(1)
        rays = directions[:, None].expand(3, len(places), len(turn)).flatten(1)
        reach = nearest_hits(batched([primitives_of(builder)]), origins[None], rays[None]).t
        assert reach.min() > CLEARANCE


@pytest.mark.parametrize("kind", OUTDOOR_KINDS)
def test_every_view_shows_what_the_kind_is_known_by(kind: str) -> None:
    semantics, share = CHARACTERISTIC[kind]
    yaws = range(0, 360, 60)
    cameras = [Camera.from_fov(60.0, 16, 16, turned(yaw, 0.0, (0.0, -1.5, 0.0))) for yaw in yaws]
    views = render([build_world(1, kind)] * len(cameras), cameras)
    shown = np.isin(views.semantic.numpy(), [int(s) for s in semantics]).mean(axis=(1, 2, 3))
    assert (shown >= share).all(), shown


@pytest.mark.parametrize("kind", ["village", "lake", "city street"])
def test_windows_are_lit_at_night_alone(kind: str) -> None:
    for time in TIMES:
        builder, _ = built(kind, 3, time)
        panes = [m for m, s in zip(builder.materials, builder.semantics, strict=True) if s == Semantic.WINDOW]
        facades = [m for m in builder.materials if m.texture is Texture.WINDOWS]
        assert panes
        assert any(m.emissive > 0 for m in panes) == (time == "night")
        assert all((m.emissive > 0) == (time == "night") for m in facades)


@pytest.mark.parametrize("kind", sorted(set(OUTDOOR_KINDS) - {"beach", "city street"}))
def test_snow_whitens_the_ground(kind: str) -> None:
    def ground(weather: str) -> tuple[float, ...]:
        builder, _ = built(kind, 4, "noon", weather)
        return builder.materials[0].color  # the ground comes first

    assert min(ground("snow")) > 0.7
    assert min(ground("clear")) < min(ground("snow"))


def test_ring_keeps_distance_and_spacing() -> None:
    site = Site(Builder(), np.random.default_rng(0), "noon", "clear")
    spots = site.ring(9, 5.0, 12.0, 1.5) + site.ring(6, 5.0, 12.0, 1.0)
    radii = [1.5] * 9 + [1.0] * (len(spots) - 9)
    assert len(spots) > 9
    for i, (x, z) in enumerate(spots):
        assert 5.0 <= np.hypot(x, z) <= 12.0
        for j in range(i):
            assert np.hypot(x - spots[j][0], z - spots[j][1]) > radii[i] + radii[j]


def test_ring_skips_what_has_no_room() -> None:
    site = Site(Builder(), np.random.default_rng(0), "noon", "clear")
    assert len(site.ring(40, 5.0, 6.0, 2.0)) < 40


def test_fronts_face_the_camera() -> None:
    for x, z in ((0.0, 9.0), (7.0, 0.0), (-3.0, -4.0)):
        distance = np.hypot(x, z)
        # two metres to the front of a thing that is turned to the camera are two metres nearer to it
        front = offset_point(x, z, toward_camera(x, z), 0.0, -2.0)
        assert np.hypot(*front) == pytest.approx(distance - 2.0)
        assert front == pytest.approx((x * (1 - 2 / distance), z * (1 - 2 / distance)))


def test_words_and_colours_by_hand() -> None:
    assert counted(1, "orange tree") == "an orange tree"
    assert counted(3, "cactus", "cacti") == "three cacti"
    assert counted(11, "pine") == "many pines"
    assert mixed((0.0, 0.5, 1.0), (1.0, 0.5, 0.0), 0.25) == (0.25, 0.5, 0.75)
    assert shaded((0.2, 0.5, 0.9), 2.0) == (0.4, 1.0, 1.0)
