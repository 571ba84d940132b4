"""What captions say of a view is true of it."""

from __future__ import annotations

import re

import numpy as np
import torch

from depthgen.geometry import Camera, project, turned
from depthgen.worlds import KINDS, build_world, caption
from depthgen.worlds.builder import Material
from depthgen.worlds.captions import captions
from depthgen.worlds.grammar import RELATIONS
from depthgen.worlds.kinds import Layout, Thing
from depthgen.worlds.phrases import counted
from depthgen.worlds.primitives import primitives_of
from depthgen.worlds.recorder import Recorder
from depthgen.worlds.sight import relation, view
from depthgen.worlds.spot import Spot

RELATED = r"\b(an?) ([a-z ]+?) (left of|to the left of|right of|to the right of|in front of|behind) (.+)"
GREY = Material((0.5, 0.5, 0.5))
CAMERA = Camera.from_fov(70.0, 64, 64, turned(0.0, 0.0, (0.0, -1.0, 0.0)))


def layout_of(*boxes: tuple[str, float, float, float, float]) -> tuple[Layout, Recorder]:
    """Cubes: noun, x, z, width, base."""
    builder = Recorder()
    for noun, x, z, width, base in boxes:
        with builder.thing(noun):
            Spot(builder, x, z).box((0, 0), (width, width, width), GREY, base=base)
    return builder.layout("office", [(0.0, 0.0)]), builder


def said(*boxes: tuple[str, float, float, float, float]) -> dict[tuple[str, str], list[str]]:
    layout, builder = layout_of(*boxes)
    seen, _ = view(layout, primitives_of(builder), CAMERA)
    return {(a.thing.noun, b.thing.noun): relation(a, b) for a in seen for b in seen if a is not b}


def test_left_right_and_beside() -> None:
    found = said(("sofa", -0.8, 4, 1, 0), ("desk", 0.8, 4, 1, 0))
    assert found[("sofa", "desk")] == ["left", "beside"]
    assert found[("desk", "sofa")] == ["right", "beside"]


def test_front_and_behind() -> None:
    found = said(("sofa", 0.6, 3, 0.5, 0), ("desk", 0.9, 6, 2, 0))
    assert found[("sofa", "desk")] == ["front"]
    assert found[("desk", "sofa")] == ["behind"]


def test_on_and_above() -> None:
    assert said(("desk", 0, 4, 1, 0), ("monitor", 0, 4, 0.4, 1.0))[("monitor", "desk")] == ["on"]
    found = said(("desk", 0, 4, 1, 0), ("painting", 0, 4, 0.5, 1.5))
    assert found == {("painting", "desk"): ["above"], ("desk", "painting"): []}


def test_what_is_hidden_behind_or_outside_is_not_seen() -> None:
    layout, builder = layout_of(
        ("desk", 0, 3, 2, 0), ("sofa", 0, 6, 0.5, 0), ("bed", 0, -4, 1, 0), ("piano", 9, 4, 1, 0)
    )
    seen, around = view(layout, primitives_of(builder), CAMERA)
    assert [s.thing.noun for s in seen] == ["desk"]
    assert around == []


def test_relations_agree_with_projected_positions() -> None:
    """`project`, not the captions' own arithmetic, says where things are."""
    checked = 0
    for kind in KINDS:
        world = build_world(5, kind)
        camera = world.camera(np.random.default_rng(5), 64)
        middle = torch.tensor([thing.position for thing in world.things], dtype=torch.float64)
        uv, z = project(middle, camera)
        for text in captions(world, [np.random.default_rng(seed) for seed in range(30)], camera=camera):
            if match := re.search(RELATED, text):
                assert possible(match, world.things, uv, z), text
                checked += 1
    assert checked > 60


def possible(match: re.Match[str], things: tuple[Thing, ...], uv: torch.Tensor, z: torch.Tensor) -> list:
    """Pairs of things of these names in view that stand as the match says."""
    one, words, rest = f"{match[1]} {match[2]}", match[3], match[4]
    names = [counted(1, thing.noun, thing.color) for thing in things]
    ahead = (z > 0) & (uv[:, 0] >= 0) & (uv[:, 0] <= 64)
    key = next(key for key, options in RELATIONS.items() if words in options)
    holds = {
        "left": lambda i, j: uv[i, 0] < uv[j, 0] - 6,
        "right": lambda i, j: uv[i, 0] > uv[j, 0] + 6,
        "front": lambda i, j: z[i] < z[j] - 0.4 and abs(uv[i, 0] - uv[j, 0]) < 10,
        "behind": lambda i, j: z[i] > z[j] + 0.4 and abs(uv[i, 0] - uv[j, 0]) < 10,
    }[key]
    first = [i for i, name in enumerate(names) if one.endswith(name) and ahead[i]]
    second = [j for j, name in enumerate(names) if rest.startswith(name) and ahead[j]]
    return [(i, j) for i in first for j in second if holds(i, j)]


def test_same_generator_same_caption_of_a_view() -> None:
    world = build_world(4, "village")
    camera = world.camera(np.random.default_rng(1), 48)
    first, again = (caption(world, np.random.default_rng(7), camera=camera) for _ in range(2))
    assert first == again
