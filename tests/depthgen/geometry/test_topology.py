from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from depthgen.geometry import Mesh, close_holes, components, merge_meshes, without_small_parts
from depthgen.geometry.topology import face_areas


def sheet(height: int, width: int, corner: int | None = None) -> Mesh:
    """A flat sheet of unit squares, bent by a right angle along the row `corner`."""
    row, column = torch.meshgrid(torch.arange(height + 1.0), torch.arange(width + 1.0), indexing="ij")
    fold = torch.clamp(row - corner, min=0) if corner is not None else 0 * row
    vertices = torch.stack([column, row - fold, fold], dim=-1).view(-1, 3)
    number = torch.arange(len(vertices)).view(height + 1, width + 1)
    a, b, c, d = number[:-1, :-1], number[:-1, 1:], number[1:, :-1], number[1:, 1:]
    faces = torch.cat([torch.stack([a, c, b], -1).view(-1, 3), torch.stack([b, c, d], -1).view(-1, 3)])
    return Mesh(vertices, torch.rand(len(vertices), 3), faces)


def without_square(mesh: Mesh, width: int, row: int, column: int) -> Mesh:
    corner = row * (width + 1) + column
    hit = (
        (mesh.faces == corner).any(1)
        & (mesh.faces == corner + 1).any(1)
        & (mesh.faces == corner + width + 1).any(1)
    )
    other = (
        (mesh.faces == corner + width + 2).any(1)
        & (mesh.faces == corner + 1).any(1)
        & (mesh.faces == corner + width + 1).any(1)
    )
    return Mesh(mesh.vertices, mesh.colors, mesh.faces[~hit & ~other])


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 60), st.integers(0, 90))
def test_components_are_those_of_scipy(seed: int, nodes: int, count: int):
    links = torch.randint(nodes, (count, 2), generator=torch.Generator().manual_seed(seed))
    ours = components(links, nodes)
    matrix = coo_matrix((np.ones(count), links.T.numpy()), shape=(nodes, nodes))
    theirs = connected_components(matrix, directed=False)[1]
    assert (
        len(np.unique(np.stack([ours.numpy(), theirs]), axis=1).T) == len(ours.unique()) == theirs.max() + 1
    )


def test_a_long_chain_is_one_component():
    order = torch.randperm(5000, generator=torch.Generator().manual_seed(0))
    assert (components(torch.stack([order[:-1], order[1:]], 1), 5000) == 0).all()


@pytest.mark.parametrize("scale", [0.01, 1.0, 100.0])
def test_floaters_go_and_the_rest_stays(scale: float):
    floor, speck = sheet(6, 6), sheet(1, 1)
    speck = Mesh(speck.vertices + 9, speck.colors, speck.faces)
    both = merge_meshes([speck, floor])
    both = Mesh(scale * both.vertices, both.colors, both.faces)
    kept = without_small_parts(both, share=0.05)
    assert torch.equal(kept.vertices, scale * floor.vertices)
    assert torch.equal(kept.faces, floor.faces)
    assert torch.equal(without_small_parts(both, share=0.01).faces, both.faces)


def test_a_hole_in_a_plane_is_closed_by_the_plane():
    whole = sheet(5, 5)
    holed = without_square(without_square(whole, 5, 2, 2), 5, 2, 1)
    closed = close_holes(holed, edges=6)
    assert face_areas(closed).sum().item() == pytest.approx(25)
    a, b, c = closed.vertices[closed.faces.T]
    normals = torch.linalg.cross(b - a, c - a)
    assert (normals[:, 2] == normals[0, 2]).sum() == len(closed.faces)  # none is turned over
    assert torch.equal(close_holes(holed, edges=5).faces, holed.faces)


def test_a_hole_across_an_edge_leaves_the_edge_sharp():
    whole = sheet(6, 5, corner=3)
    holed = without_square(without_square(whole, 5, 2, 2), 5, 3, 2)
    closed = close_holes(holed, edges=6)
    assert torch.equal(closed.vertices, holed.vertices)
    assert face_areas(closed).sum().item() == pytest.approx(30)  # the two squares themselves, nothing cut off
    edge = {frozenset(pair) for pair in ((3 * 6 + 2, 3 * 6 + 3),)}
    sides = closed.faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2).tolist()
    assert edge <= {frozenset(side) for side in sides}


def test_the_outer_rim_and_holes_that_touch_stay_open():
    whole = sheet(5, 5)
    assert torch.equal(close_holes(whole, edges=19).faces, whole.faces)
    touching = without_square(without_square(whole, 5, 1, 1), 5, 2, 2)
    assert torch.equal(close_holes(touching, edges=8).faces, touching.faces)
