"""Outdoor worlds: free camera places, lit nights, white snow, and views that tell the kind."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import torch

from depthgen.worlds import OUTDOOR_KINDS, TIMES, build_world, render
from depthgen.worlds.builder import Texture
from depthgen.worlds.kinds import Layout
from depthgen.worlds.outdoor import OUTDOOR
from depthgen.worlds.outdoor.site import LAMP_LIGHT, Site, mixed, toward_middle
from depthgen.worlds.primitives import batched, primitives_of
from depthgen.worlds.raycast import nearest_hits
from depthgen.worlds.recorder import Recorder
from depthgen.worlds.semantics import Semantic

SEEDS = range(6)
CLEARANCE = 0.3  # metres of air at eye height
SUNK = {
    "rock",
    "bush",
    "flower bed",
    "dune",
    "campfire",
    "jetty",
    "rowing boat",
    "sailing boat",
    "snowman",
} | {*("log", "car", "bus", "cactus", "path", "table mountain", "hay bale")}
# what fills at least this share of what the cameras of four worlds see together
CHARACTERISTIC = {
    "meadow": ({Semantic.GROUND}, 0.25),
    "village": ({Semantic.HOUSE, Semantic.WINDOW, Semantic.DOOR}, 0.04),
    "lake": ({Semantic.WATER}, 0.05),
    "mountains": ({Semantic.MOUNTAIN, Semantic.SNOW}, 0.08),
    "desert": ({Semantic.SAND, Semantic.DUNE}, 0.3),
    "beach": ({Semantic.SAND}, 0.2),
    "forest": ({Semantic.PINE, Semantic.OAK, Semantic.BIRCH, Semantic.TREE}, 0.1),
    "city street": ({Semantic.TOWER_BLOCK, Semantic.ROAD, Semantic.SHOP, Semantic.PAVEMENT}, 0.4),
}


@cache
def built(kind: str, seed: int, time: str = "noon", weather: str = "clear") -> tuple[Recorder, Layout]:
    builder = Recorder()
    return builder, OUTDOOR[kind](builder, np.random.default_rng(seed), time, weather)


def test_every_outdoor_kind_is_there() -> None:
    assert tuple(OUTDOOR) == OUTDOOR_KINDS


@pytest.mark.parametrize("kind", OUTDOOR_KINDS)
def test_a_world_follows_from_its_generator(kind: str) -> None:
    (first, layout), (second, again) = (built.__wrapped__(kind, 5) for _ in range(2))
    other, _ = built(kind, 4)
    assert layout == again
    assert first.materials == second.materials
    np.testing.assert_array_equal(first.world_from_local, second.world_from_local)
    assert first.materials != other.materials


@pytest.mark.parametrize("kind", OUTDOOR_KINDS)
def test_things_stand_on_the_ground(kind: str) -> None:
    for seed in SEEDS:
        builder, layout = built(kind, seed)
        assert len(builder.shapes) <= 160
        for thing in layout.things:
            foot = -(thing.position[1] + thing.size[1] / 2)  # height of its lowest point
            assert foot <= 0.7, thing
            assert foot >= (-0.1 if thing.noun not in SUNK else -6.0), thing


@pytest.mark.parametrize("kind", OUTDOOR_KINDS)
def test_nothing_stands_where_cameras_may(kind: str) -> None:
    turn = torch.linspace(0.0, 2 * torch.pi, 13)[:-1]
    around = torch.stack([turn.sin(), torch.zeros_like(turn), turn.cos()])
    nearest = []
    for seed in SEEDS:
        builder, layout = built(kind, seed)
        stands = torch.tensor(layout.stands[:12])
        eyes = torch.stack([stands[:, 0], torch.full((len(stands),), -1.5), stands[:, 1]])
        origins = eyes.repeat_interleave(len(turn), dim=1)[None]
        hits = nearest_hits(batched([primitives_of(builder)]), origins, around.repeat(1, len(stands))[None])
        nearest.append(hits.t.view(len(stands), -1).amin(1))
    assert (torch.cat(nearest) > CLEARANCE).float().mean() > 0.97


@pytest.mark.parametrize("kind", OUTDOOR_KINDS)
def test_views_show_what_the_kind_is_known_by(kind: str) -> None:
    semantics, share = CHARACTERISTIC[kind]
    worlds = [build_world(seed, kind) for seed in range(4)]
    cameras = [world.camera(np.random.default_rng(world.seed), 16) for world in worlds]
    shown = np.isin(render(worlds, cameras).semantic.numpy(), [int(s) for s in semantics]).mean()
    assert shown >= share


@pytest.mark.parametrize("kind", ["village", "city street"])
def test_windows_and_lamps_are_lit_at_night_alone(kind: str) -> None:
    for time in TIMES:
        builder, _ = built(kind, 3, time)
        facades = [m for m in builder.materials if m.texture is Texture.WINDOWS]
        assert all((m.emissive > 0) == (time == "night") for m in facades)
        lit = [m for m in builder.materials if m.color == LAMP_LIGHT and m.emissive > 0]
        assert bool(lit) == (time == "night")
        assert builder.lamps  # the engine says when they shine


@pytest.mark.parametrize("kind", sorted(set(OUTDOOR_KINDS) - {"beach", "city street"}))
def test_snow_whitens_the_ground(kind: str) -> None:
    def ground(weather: str) -> tuple[float, ...]:
        builder, _ = built(kind, 4, "noon", weather)
        return builder.materials[0].color  # the ground comes first

    assert min(ground("snow")) > 0.7
    assert min(ground("clear")) < min(ground("snow"))


def site() -> Site:
    return Site(Recorder(), np.random.default_rng(0), "noon", "clear")


def test_ring_keeps_distance_and_spacing() -> None:
    place = site()
    spots = [(s.x, s.z) for s in place.ring(9, 5.0, 12.0, 1.5) + place.ring(6, 5.0, 12.0, 1.0)]
    radii = [1.5] * 9 + [1.0] * (len(spots) - 9)
    assert len(spots) > 9
    for i, (x, z) in enumerate(spots):
        assert 5.0 <= np.hypot(x, z) <= 12.0
        for j in range(i):
            assert np.hypot(x - spots[j][0], z - spots[j][1]) > radii[i] + radii[j]


def test_ring_skips_what_has_no_room_and_keeps_to_its_sector() -> None:
    assert len(site().ring(40, 5.0, 6.0, 2.0)) < 40
    spots = site().ring(5, 5.0, 9.0, 0.3, facing=(80.0, 40.0))
    assert len(spots) == 5
    assert all(79.9 <= np.degrees(np.arctan2(s.x, s.z)) <= 120.1 for s in spots)


def test_fronts_face_the_middle() -> None:
    for x, z in ((0.0, 9.0), (7.0, 0.0), (-3.0, -4.0)):
        front = site().spot(x, z).ground(0.0, 2.0)
        assert front == pytest.approx((x * (1 - 2 / np.hypot(x, z)), z * (1 - 2 / np.hypot(x, z))))
        assert toward_middle(x, z) == site().spot(x, z).yaw


def test_paths_are_free_for_cameras_but_not_for_things() -> None:
    from depthgen.worlds.palette import WHITE

    place = site()
    place.strip(place.spot(0, -10, 0.0), 20.0, 1.5, WHITE, Semantic.PATH)
    assert not place.free(0.0, 3.0, 0.2)
    assert place.free(3.0, 3.0, 0.2)
    assert any(abs(x) < 0.7 for x, _ in place.layout("meadow", 4.0).stands)


def test_colours_by_hand() -> None:
    assert mixed((0.0, 0.5, 1.0), (1.0, 0.5, 0.0), 0.25) == (0.25, 0.5, 0.75)
