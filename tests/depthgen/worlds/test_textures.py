"""Procedural patterns: ranges, periods, and their fading far away."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from depthgen.worlds.builder import Shape, Texture
from depthgen.worlds.textures import (
    FACE_FILLING,
    PATTERNS,
    Surface,
    bars,
    blend,
    book_colors,
    hashed,
    lit_panes,
    surface,
    value_noise,
)


def front(across: Tensor, blur: float = 1e-3) -> Surface:
    """A wall's points at across (P, 2) periods."""
    depth, ones = torch.zeros(len(across), 1), torch.ones(len(across))
    return Surface(
        point=torch.cat([across, depth], 1),
        across=across,
        face=across / 10,
        extent=torch.full_like(across, 10.0),
        flat=torch.zeros(len(across), dtype=torch.bool),
        scale=ones,
        blur=blur * ones,
    )


@pytest.fixture
def spread() -> Tensor:
    return 20 * torch.rand(4000, 2, generator=torch.Generator().manual_seed(0)) - 10


def test_hash_is_uniform_and_depends_on_every_coordinate() -> None:
    i, j = torch.meshgrid(torch.arange(-40, 40), torch.arange(-40, 40), indexing="ij")
    values = hashed(i.flatten(), j.flatten())
    assert values.min() >= 0
    assert values.max() < 1
    assert values.mean().item() == pytest.approx(0.5, abs=0.02)
    assert values.std().item() == pytest.approx(12**-0.5, abs=0.02)
    grid = values.view(80, 80)
    for shifted in (grid.roll(1, 0), grid.roll(1, 1)):
        assert torch.corrcoef(torch.stack([grid.flatten(), shifted.flatten()]))[0, 1].abs() < 0.05


def test_noise_is_smooth_and_takes_lattice_values(spread: Tensor) -> None:
    assert torch.equal(value_noise(spread.round()), hashed(*spread.round().unbind(1)))
    change = (value_noise(spread + 1e-3) - value_noise(spread)).abs()
    assert change.max() < 4e-3


@pytest.mark.parametrize("texture", sorted(set(PATTERNS) - FACE_FILLING))
def test_patterns_stay_in_range_and_fade_to_their_mean(texture: Texture, spread: Tensor) -> None:
    share = blend(texture, front(spread))
    assert share.min() >= 0
    assert share.max() <= 1
    assert share.std() > 0.02
    _, mean = PATTERNS[texture]
    assert torch.allclose(blend(texture, front(spread, blur=0.3)), torch.tensor(mean))
    assert share.mean().item() == pytest.approx(mean, abs=0.12)


def test_checker_and_stripes_by_hand() -> None:
    points = torch.tensor([[0.6, 0.5], [1.6, 0.5], [1.6, 1.5], [0.25, 7.5]])
    assert blend(Texture.CHECKER, front(points)).tolist() == pytest.approx([0, 1, 0, 1], abs=1e-3)
    assert blend(Texture.STRIPES, front(points)).tolist() == pytest.approx([0, 0, 0, 1], abs=1e-3)


def test_books_differ_and_half_the_panes_are_lit(spread: Tensor) -> None:
    colors = book_colors(front(spread))
    assert colors.min() >= 0
    assert colors.max() <= 1
    assert colors.std(dim=0).min() > 0.1
    panes = blend(Texture.WINDOWS, front(spread))
    assert lit_panes(front(spread)).sum() / panes.sum() == pytest.approx(0.5, abs=0.1)


def test_surface_coordinates_are_metres_along_each_face() -> None:
    local = torch.tensor([[1.0, 0.5, 0.5], [0.5, -1.0, 0.5], [0.5, 0.5, -1.0]])  # right, top and front face
    normal = torch.tensor([[1.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, -1.0]])
    half = torch.tensor([[2.0, 4.0, 6.0]]).expand(3, 3)
    flat = torch.full((3,), int(Shape.BOX))
    s = surface(local, normal, half, flat, torch.full((3,), 2.0), torch.zeros(3))
    assert s.across.tolist() == [
        [1.5, 1.0],
        [0.5, 1.5],
        [0.5, 1.0],
    ]  # (z, y), (x, z), (x, y) in two-metre periods
    assert s.flat.tolist() == [False, True, False]
    assert (s.fade == 1).all()
    assert s.face.tolist() == [[0.5, 0.5], [0.5, 0.5], [0.5, 0.5]]
    assert s.extent.tolist() == [[6, 4], [2, 6], [2, 4]]


def test_a_mantle_is_unrolled_into_whole_periods_without_a_seam() -> None:
    angle = torch.tensor([-torch.pi + 1e-4, 0.0, torch.pi / 2, torch.pi - 1e-4])
    local = torch.stack([angle.sin(), torch.full((4,), 0.5), angle.cos()], 1)
    normal = local * torch.tensor([1.0, 0.0, 1.0])
    kind, half = torch.full((4,), int(Shape.CYLINDER)), torch.tensor([[0.5, 2.0, 0.5]]).expand(4, 3)
    s = surface(local, normal, half, kind, torch.full((4,), 0.3), torch.zeros(4))
    around = 10  # pi metres are 10.47 periods
    assert s.across[:, 0].tolist() == pytest.approx([-around / 2, 0, around / 4, around / 2], abs=1e-3)
    assert s.across[:, 1].tolist() == pytest.approx([1 / 0.3] * 4)


def test_a_roof_is_unrolled_along_and_down_its_slope() -> None:
    local = torch.tensor([[0.5, 0.0, 0.25]])  # half way down
    half = torch.tensor([[3.0, 2.0, 5.0]])  # the slope is 5 m long
    normal = torch.tensor([[1.0, -0.5, 0.0]])
    s = surface(local, normal, half, torch.tensor([int(Shape.PRISM)]), torch.ones(1), torch.zeros(1))
    assert s.across[0].tolist() == pytest.approx([1.25, 2.5])


def test_bars_are_the_mean_over_a_pixel() -> None:
    x, fine = torch.linspace(-2, 3, 57), torch.linspace(-0.5, 0.5, 20001)
    for width in (0.01, 0.3, 1.7):
        inside = x[:, None] + width * fine
        inside = inside - inside.floor()
        mean = ((inside >= 0.2) & (inside <= 0.75)).float().mean(1)
        assert torch.allclose(bars(x, 0.2, 0.75, torch.full_like(x, width)), mean, atol=1e-3 / width)


def test_edges_of_patterns_are_soft_over_a_pixel() -> None:
    across = torch.stack([torch.linspace(0.4, 0.6, 201), torch.full((201,), 0.5)], 1)
    shares = blend(Texture.STRIPES, front(across, blur=0.05))
    expected = (0.5 - (across[:, 0] - 0.5) / 0.05).clamp(0, 1)
    assert torch.allclose(shares, expected, atol=1e-3)
