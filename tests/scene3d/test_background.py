"""The layer imagined behind silhouettes, in an office that an oracle knows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
import torch

from depthgen.geometry import Camera, merge_meshes, rasterize, turned
from scene3d.backdrop import make_backdrop
from scene3d.frame import Frame
from scene3d.fusion import background_layers, fuse_all
from scene3d.fusion.background import hides
from scene3d.render import render_views

FIRST = Camera.from_fov(60, 64, 64)
ASIDE = FIRST.moved(turned(0, 0, (0.25, 0, 0)))


@pytest.fixture(scope="module")
def views(views_of_a_room: Callable[[Sequence[Camera]], list[Frame]]) -> list[Frame]:
    """A view, and one a step aside of it, as the loop commits them."""
    return views_of_a_room([FIRST, ASIDE])


def test_a_step_aside_shows_less_void(views: list[Frame]) -> None:
    surface, (layer,) = fuse_all(views[:1]).surface, background_layers(views[:1])
    front, behind = rasterize(surface, ASIDE), rasterize(layer, ASIDE)
    void = ~front.known & views[1].valid
    void[..., 56:] = False  # there the first picture ends
    assert void.sum() > 40
    assert (void & behind.known).sum() > 0.6 * void.sum()
    error = (behind.depth - views[1].depth).abs() / views[1].depth
    assert error[void & behind.known].median() < 0.02


def test_no_view_of_the_scene_sees_the_layer(views: list[Frame]) -> None:
    surface, layers = fuse_all(views).surface, background_layers(views)
    assert sum(len(layer.faces) for layer in layers) > 100
    for frame in views:
        alone, together = (
            rasterize(mesh, frame.camera) for mesh in (surface, merge_meshes([surface, *layers]))
        )
        assert ((together.depth - alone.depth).abs() > 0.05 * alone.depth).float().mean() < 0.002


def test_what_a_later_view_sees_replaces_the_layer(views: list[Frame]) -> None:
    before, after = background_layers(views[:1])[0], background_layers(views)[0]
    in_sight = [(~hides(views[1], layer.vertices)).sum() for layer in (before, after)]
    assert in_sight[1] < 0.7 * in_sight[0]  # rims reach half a pixel into sight
    assert not len(background_layers([replace(views[0], known=views[0].known | True)])[0].faces)


def test_hidden_is_what_lies_behind_surfaces_or_outside_the_picture(views: list[Frame]) -> None:
    frame = replace(views[0], depth=torch.full((1, 64, 64), 2.0), valid=views[0].valid | True)
    points = torch.tensor([[0, 0, 1.0], [0, 0, 2.0], [0, 0, 3.0], [0, 0, -1.0], [9.0, 0, 1.0]])
    assert hides(frame, points).tolist() == [False, False, True, True, True]
    sky = replace(frame, valid=frame.valid & False)
    assert hides(sky, points).tolist() == [False, False, False, True, True]


def test_the_layer_is_drawn_only_where_nothing_else_is(views: list[Frame]) -> None:
    surface, (layer,), backdrop = (
        fuse_all(views[:1]).surface,
        background_layers(views[:1]),
        make_backdrop(views[:1]),
    )
    (bare,), (layered,) = (
        list(render_views(surface, [ASIDE], backdrop, "torch", *more)) for more in ((), (layer,))
    )
    assert torch.equal(bare.known, layered.known)  # what is imagined is not known
    assert torch.equal(bare.depth, layered.depth)
    assert torch.equal(bare.image[:, bare.known[0]], layered.image[:, bare.known[0]])
    truth = views[1].image
    void = ~bare.known & rasterize(layer, ASIDE).known
    assert (layered.image - truth).abs()[:, void[0]].mean() < (bare.image - truth).abs()[:, void[0]].mean()
