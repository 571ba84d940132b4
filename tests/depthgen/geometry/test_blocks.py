from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from depthgen.geometry import Blocks, Camera, Mesh, grid_mesh, rasterize, turned

Picture = Callable[[Camera], tuple[Tensor, Tensor, Tensor]]
CAMERAS = [Camera.from_fov(60, 160, 128), Camera.from_fov(60, 160, 128, turned(50, 5, (0.4, -0.2, 0.3)))]


def views_in_blocks(picture: Picture) -> Blocks:
    blocks = Blocks()
    for camera in CAMERAS:
        blocks = blocks.added(grid_mesh(*picture(camera), camera), camera)
    return blocks


@pytest.fixture(scope="module")
def blocks(picture: Picture) -> Blocks:
    return views_in_blocks(picture)


def triangles(mesh: Mesh) -> set[bytes]:
    """Every triangle by the bytes of its corners and colours, wherever it lies in the mesh."""
    values = torch.cat([mesh.vertices, mesh.colors], dim=1)[mesh.faces]
    return {row.tobytes() for row in values.numpy()}


def test_the_meshes_are_kept_as_they_were_added(picture: Picture, blocks: Blocks) -> None:
    meshes = [grid_mesh(*picture(camera), camera) for camera in CAMERAS]
    merged = blocks.merged()
    assert torch.equal(merged.vertices, torch.cat([mesh.vertices for mesh in meshes]))
    assert len(merged.faces) == sum(len(mesh.faces) for mesh in meshes)


def test_the_blocks_hold_every_triangle_once_and_their_boxes_hold_them(blocks: Blocks) -> None:
    found = [triangles(tile) for tile in blocks.tiles]
    assert set.union(*found) == triangles(blocks.merged())
    assert sum(map(len, found)) == len(triangles(blocks.merged()))
    for tile, (low, high) in zip(blocks.tiles, blocks.boxes, strict=True):
        assert (tile.vertices >= low).all()
        assert (tile.vertices <= high).all()


@settings(max_examples=6, deadline=None)
@given(st.integers(-180, 180), st.integers(-60, 60), st.floats(-3, 3), st.floats(-1, 4))
def test_what_is_near_the_view_looks_like_all(
    blocks: Blocks, yaw: int, pitch: int, aside: float, ahead: float
) -> None:
    camera = Camera.from_fov(50, 40, 30, turned(yaw, pitch, (aside, 0.0, ahead)))
    whole, near = rasterize(blocks.merged(), camera), rasterize(blocks.near_view(camera), camera)
    assert torch.equal(near.known, whole.known)
    torch.testing.assert_close(near.depth, whole.depth, rtol=1e-5, atol=0)
    same = (near.image - whole.image).abs().amax(0) < 1e-3
    assert same.float().mean() > 0.99  # where two surfaces touch, either may be the nearer by rounding


def test_a_narrow_view_touches_few_triangles(blocks: Blocks) -> None:
    narrow = Camera.from_fov(12, 40, 40)
    assert 0 < len(blocks.near_view(narrow).faces) < 0.5 * len(blocks.merged().faces)
    assert len(blocks.near_view(narrow.moved(turned(180))).faces) == 0


def test_nothing_is_an_empty_mesh() -> None:
    empty = Blocks().added(Mesh(*3 * [torch.zeros(0, 3)]), CAMERAS[0])
    assert len(empty.merged().faces) == len(empty.near_view(CAMERAS[0]).faces) == 0
