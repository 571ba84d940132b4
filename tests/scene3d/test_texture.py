"""Textures painted from views, against the garden's own colours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F

from depthgen.geometry import EMPTY_MESH, Camera, Mesh, turned
from scene3d.frame import Frame
from scene3d.scene import Scene
from scene3d.texture import Textured, best_views, textured
from scene3d.texture.atlas import _packed

Look = Callable[[Camera], tuple[Tensor, Tensor, Tensor]]


def painted_colors(painted: Textured) -> Tensor:
    """(N, 3) colours of the texture at the vertices."""
    grid = (2 * painted.uv - 1)[None, None]
    return F.grid_sample(painted.image[None], grid, padding_mode="border", align_corners=False)[0, :, 0].T


def test_the_texture_of_a_view_shows_what_its_vertices_showed(garden: Scene) -> None:
    alone = replace(garden, frames=garden.frames[:1])
    mesh = alone.mesh()
    painted = textured(mesh, alone.frames)
    assert len(painted.mesh.faces) == len(mesh.faces)
    assert painted.uv.min() >= 0
    assert painted.uv.max() <= 1
    difference = (painted_colors(painted) - painted.mesh.colors).abs().amax(1)
    assert difference.max() < 0.05  # rims included, half a pixel beyond the pixels


def test_the_nearer_and_more_frontal_view_paints(look: Look) -> None:
    far = Camera.from_fov(60, 48, 40)
    near = far.moved(turned(0, 0, (0, 0, 2.0)))
    aslant = far.moved(turned(-57, 0, (4.2, 0, 2.3)))  # as far away as `far`
    frames = [frame_of(camera, look) for camera in (far, near, aslant)]
    wall = torch.tensor([[-0.2, -0.2, 5.0], [0.2, -0.2, 5.0], [-0.2, 0.2, 5.0], [0.2, 0.2, 5.0]])
    mesh = Mesh(wall, torch.zeros(4, 3), torch.tensor([[0, 2, 1], [1, 2, 3]]))
    assert best_views(mesh, frames).tolist() == [1, 1]
    assert best_views(mesh, [frames[0], frames[2]]).tolist() == [0, 0]
    repeated = replace(frames[1], known=frames[1].known | True)
    nearby = frame_of(far.moved(turned(0, 0, (0, 0, 1.5))), look)
    assert best_views(mesh, [repeated, nearby]).tolist() == [1, 1]  # its picture is its own


def test_beside_a_silhouette_another_view_paints(look: Look) -> None:
    """Interpolated, the near picture mixes the wall's colour with that of the post before it."""
    far = frame_of(Camera.from_fov(60, 48, 40), look)
    near = frame_of(far.camera.moved(turned(0, 0, (0, 0, 2.0))), look)
    with_post = near.depth.clone()
    with_post[..., :20] = 1.0
    row = torch.tensor([[0, -0.01, 3.0], [0.02, -0.01, 3.0], [0, 0.01, 3.0]])
    for column, view in ((20, 1), (26, 0)):
        shift = torch.tensor([(column + 0.5 - 24) * 3 / near.camera.K[0, 0].item(), 0.0, 2.0])
        mesh = Mesh(row + shift, torch.zeros(3, 3), torch.tensor([[0, 2, 1]]))
        assert best_views(mesh, [replace(near, depth=with_post), far]).tolist() == [view]


def test_no_view_paints_what_it_cannot_see(look: Look) -> None:
    frame = frame_of(Camera.from_fov(60, 48, 40), look)
    behind_the_wall = torch.tensor([[-0.2, 0, 6.0], [0.2, 0, 6.0], [0, 0.2, 6.0]])
    for vertices in (behind_the_wall, behind_the_wall * torch.tensor([1, 1, -1.0])):
        assert best_views(Mesh(vertices, torch.zeros(3, 3), torch.tensor([[0, 2, 1]])), [frame]).tolist() == [
            -1
        ]
    turned_away = Mesh(behind_the_wall * (5 / 6), torch.full((3, 3), 0.25), torch.tensor([[0, 1, 2]]))
    painted = textured(turned_away, [frame])  # seen from behind: it keeps its own colour
    torch.testing.assert_close(painted_colors(painted), torch.full((3, 3), 0.25))


def test_where_two_pictures_meet_they_go_over_into_each_other(look: Look) -> None:
    camera = Camera.from_fov(60, 96, 80)
    one = frame_of(camera, look)
    other = frame_of(camera.moved(turned(20, 0, (0.1, 0, 0))), look)
    darker = replace(other, image=0.6 * other.image)  # the same place in another exposure
    x = torch.linspace(-0.5, 2.5, 61)
    y = torch.linspace(0.0, 0.8, 5)
    row, column = torch.meshgrid(y, x, indexing="ij")
    strip = torch.stack([column, row, torch.full_like(row, 5.0)], -1).view(-1, 3)
    number = torch.arange(len(strip)).view(5, 61)
    a, b, c, d = number[:-1, :-1], number[:-1, 1:], number[1:, :-1], number[1:, 1:]
    faces = torch.cat([torch.stack([a, c, b], -1).view(-1, 3), torch.stack([b, c, d], -1).view(-1, 3)])
    painted = textured(Mesh(strip, torch.zeros_like(strip), faces), [one, darker])
    colors, places = painted_colors(painted), (painted.mesh.vertices * 1e4).round()
    _, twin, times = places.unique(dim=0, return_inverse=True, return_counts=True)
    doubled = [colors[twin == i] for i in (times == 2).nonzero().flatten().tolist()]
    assert len(doubled) >= 5  # the border between the two views
    steps = torch.stack([(pair[0] - pair[1]).abs().max() for pair in doubled])
    assert steps.median() < 0.05  # against about 0.2 between the pictures


def test_nothing_to_paint_is_refused(garden: Scene) -> None:
    with pytest.raises(ValueError, match="no surface to paint"):
        textured(EMPTY_MESH, garden.frames)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 40), st.integers(1, 40)), min_size=1, max_size=12))
def test_packed_parts_lie_inside_and_apart(sizes: list[tuple[int, int]]) -> None:
    places, (width, height) = _packed(sizes)
    taken = torch.zeros(height, width, dtype=torch.int64)
    for (x, y), (w, h) in zip(places, sizes, strict=True):
        assert x + w <= width
        assert y + h <= height
        taken[y : y + h, x : x + w] += 1
    assert taken.max() == 1


def frame_of(camera: Camera, look: Look) -> Frame:
    image, depth, valid = look(camera)
    return Frame(image, depth, valid, valid & False, camera)
