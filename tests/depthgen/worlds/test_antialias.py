"""Smooth edges: which pixels are edges, how they mix, and that all else stays as it is."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from depthgen.geometry import Camera, pixel_rays, turned
from depthgen.worlds.antialias import CONTRAST, SUBPIXELS, edges, smoothed
from depthgen.worlds.builder import Builder, Material
from depthgen.worlds.primitives import batched, primitives_of
from depthgen.worlds.raycast import nearest_hits
from depthgen.worlds.semantics import Semantic

SIZE = 48
CAMERA = Camera.from_fov(60, SIZE, SIZE, turned(0, 0, (0, 0, 0)))


def drawn(angle: float) -> tuple[Tensor, Tensor]:
    """A picture (3, SIZE, SIZE), 1 below the slanted edge of a box and 0 in the sky; the same smoothed."""
    builder = Builder()
    builder.box(0, 9, (40, 20, 1), Material((1, 0, 0)), Semantic.WALL, base=-20, roll=angle)
    shapes = batched([primitives_of(builder)])
    origin, direction = torch.zeros(1, 3, 1), pixel_rays(CAMERA).flatten(0, 1).T[None].float()
    hits = nearest_hits(shapes, origin, direction)
    image = hits.t.isfinite().float().view(1, 1, SIZE, SIZE).expand(1, 3, -1, -1)
    return image[0], smoothed(shapes, origin, direction, hits, image)[0]


def test_subpixels_are_spread_evenly_around_the_middle() -> None:
    offsets = torch.tensor(SUBPIXELS)
    assert offsets.sum(0).tolist() == [0, 0]
    for axis in (0, 1):
        assert offsets[:, axis].sort().values.diff().tolist() == pytest.approx([0.25] * 3)


def test_edges_need_another_surface_and_another_colour() -> None:
    image, surface = torch.zeros(1, 3, 4, 4), torch.zeros(1, 4, 4, 4)
    surface[:, 1] = 1.0  # normals along x
    image[..., 2:] = 2 * CONTRAST
    assert not edges(image, surface).any()  # a shadow or a pattern
    other = surface.clone()
    other[:, 0, :, 2:] = 7
    found = edges(image, other)[0]
    assert found.tolist() == [[False, True, True, False]] * 4
    assert not edges(image / 4, other).any()
    bent = surface.clone()
    bent[:, 1, :, 2:], bent[:, 2, :, 2:] = 0, 1  # the same primitive around a corner
    assert torch.equal(edges(image, bent)[0], found)


def test_a_slanted_edge_is_a_ramp_of_shares() -> None:
    _, smooth = drawn(8.0)
    shares = len(SUBPIXELS) + 1
    assert (shares * smooth).unique().tolist() == pytest.approx(range(shares + 1))
    inner = (smooth > 0) & (smooth < 1)
    assert SIZE / 2 < inner[0].sum() < 3 * SIZE


@pytest.mark.parametrize("angle", [3.0, 20.0, 40.0])
def test_shares_are_nearer_to_the_covered_area_than_pixels(angle: float) -> None:
    a, fine = torch.tensor(angle).deg2rad(), 16
    steps = (torch.arange(fine * SIZE) + 0.5) / fine
    on_face = (steps - SIZE / 2) * 8.5 / CAMERA.K[0, 0]
    y, x = torch.meshgrid(on_face, on_face, indexing="ij")
    covered = (a.cos() * (y - 10) - a.sin() * x) >= -10  # the box's upper edge, turned about its middle
    area = torch.nn.functional.avg_pool2d(covered.float()[None], fine)
    rough, smooth = ((image - area).square().mean().sqrt() for image in drawn(angle))
    assert smooth < 0.45 * rough


def test_pixels_away_from_edges_keep_their_colour() -> None:
    rough, smooth = drawn(20.0)
    changed = (rough != smooth)[0]
    border = torch.nn.functional.max_pool2d(rough, 3, 1, 1) != -torch.nn.functional.max_pool2d(
        -rough, 3, 1, 1
    )
    assert changed.any()
    assert not (changed & ~border[0]).any()
