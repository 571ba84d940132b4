"""Errors carried on: against a dense solve, closed forms and hand numbers."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from depthgen.depth import border_interpolation, membrane


def scattered(seed: int, height: int, width: int, share: float) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    known = torch.rand(1, height, width, generator=generator) < share
    known[0, 0, 0] = True
    return torch.rand(1, height, width, generator=generator, dtype=torch.float64), known


def dense_membrane(values: torch.Tensor, known: torch.Tensor, guide: torch.Tensor | None) -> torch.Tensor:
    """Minimise the sum of conductance (u_i - u_j)^2 over neighbours by a dense solve."""
    _, height, width = values.shape
    laplacian = torch.zeros(height * width, height * width, dtype=torch.float64)
    for row in range(height):
        for column in range(width):
            for other_row, other_column in ((row, column + 1), (row + 1, column)):
                if other_row < height and other_column < width:
                    i, j = row * width + column, other_row * width + other_column
                    weight = 1.0
                    if guide is not None:
                        step = guide[:, row, column] - guide[:, other_row, other_column]
                        weight = 1e-3 + float(torch.exp(-step.square().sum() / 2))
                    laplacian[[i, j], [i, j]] += weight
                    laplacian[[i, j], [j, i]] -= weight
    free = ~known.flatten()
    field = values.flatten().clone()
    pull = laplacian[free][:, ~free] @ field[~free]
    field[free] = -torch.linalg.solve(laplacian[free][:, free], pull)
    return field.view_as(values)


@given(seed=st.integers(0, 999), height=st.integers(1, 7), width=st.integers(2, 7), guided=st.booleans())
@settings(max_examples=25, deadline=None)
def test_the_membrane_equals_a_dense_solve(seed: int, height: int, width: int, guided: bool):
    values, known = scattered(seed, height, width, 0.3)
    steps = torch.rand(2, height, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    guide = 2 * steps if guided else None
    field = membrane(values, known, guide)
    torch.testing.assert_close(field, dense_membrane(values, known, guide), atol=1e-9, rtol=0)
    assert torch.equal(field[known], values[known])


def test_a_membrane_between_two_sides_is_a_ramp():
    values = torch.arange(5.0).expand(1, 3, 5)
    known = (values == 0) | (values == 4)
    torch.testing.assert_close(membrane(values.where(known, 99.0), known), values)


def test_what_is_carried_does_not_cross_an_edge_of_the_guide():
    values = torch.tensor([[[1.0, 0, 0, 0, 0, -1.0]]])
    known = values != 0
    edge = torch.tensor([[[0.0, 0, 0, 50, 50, 50]]])
    torch.testing.assert_close(
        membrane(values, known, edge), torch.tensor([[[1.0, 1, 1, -1, -1, -1]]]), atol=0.01, rtol=0
    )


def test_a_membrane_hangs_from_something():
    with pytest.raises(ValueError, match="at least one known pixel"):
        membrane(torch.zeros(1, 2, 2), torch.zeros(1, 2, 2, dtype=torch.bool))
    everything = torch.rand(1, 2, 2)
    assert torch.equal(membrane(everything, everything >= 0), everything)


def test_the_border_is_interpolated_towards_zero_at_the_corners():
    """2 in columns 0 to 2, which are known; from there it falls to 0 at the right corners, in column 6."""
    values, known = torch.full((1, 5, 7), 2.0), (torch.arange(7) < 3).expand(1, 5, 7)
    field = border_interpolation(values, known)
    assert torch.equal(field[known], values[known])
    torch.testing.assert_close(field[0, 0], torch.tensor([2.0, 2, 2, 1.5, 1, 0.5, 0]))
    torch.testing.assert_close(field[0, 4], field[0, 0])
    assert (field[0, 2, 3:-1] > 0).all()


def test_a_border_on_one_line_or_none_is_no_error():
    values = torch.ones(1, 1, 6)
    assert border_interpolation(values, (torch.arange(6) < 3).view(1, 1, 6)).isfinite().all()
    assert torch.equal(border_interpolation(values, torch.ones(1, 1, 6, dtype=torch.bool)), values)
