"""Errors that are known in one part of a picture, carried on into the rest.

A prediction that misses what is known by a factor misses the neighbourhood by nearly the same. The fields are
(1,H,W); errors in log depth, which are factors, are what they are meant for, but they may be any.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

LEAST_CONDUCTANCE = 1e-3  # of an edge: a region that edges enclose still takes the value around it


def membrane(values: Tensor, known: Tensor, guide: Tensor | None = None) -> Tensor:
    """The smoothest field that takes `values` (1,H,W) on the known (1,H,W) pixels: Laplace's equation.

    guide: (C,H,W) whose edges the field does not cross (anisotropic diffusion): neighbours that differ by d
    in it conduct with exp(-d^2 / 2). None: all conduct alike, the membrane of Poisson editing (Perez et al.
    2003). Nothing flows through the border of the picture. ValueError when nothing is known.
    """
    from scipy.sparse.linalg import splu

    if not known.any():
        raise ValueError("a membrane needs at least one known pixel to hang from")
    if known.all():
        return values.clone()
    laplacian = _laplacian(known.shape[-2:], guide)
    held = known.flatten().numpy()
    heights = values.flatten().double().numpy()
    system = laplacian[~held]
    field = heights.copy()
    pull = -system[:, held] @ heights[held]
    # a Laplacian needs no pivots, and looking for them costs a hundred times more where few pixels are known
    options = {"permc_spec": "MMD_AT_PLUS_A", "diag_pivot_thresh": 0.0, "options": {"SymmetricMode": True}}
    field[~held] = splu(system[:, ~held].tocsc(), **options).solve(pull)
    return torch.from_numpy(field).to(values.dtype).view_as(values)


def border_interpolation(values: Tensor, known: Tensor) -> Tensor:
    """Values on the border of the known region, linearly interpolated over the rest (LucidDreamer's way).

    Delaunay triangles span the known pixels that touch unknown ones and the corners of the picture, which
    stand for 0 where they are unknown, as does everything beyond the triangles.
    """
    from scipy.interpolate import griddata
    from scipy.spatial import QhullError

    rim = known & (F.max_pool2d((~known).float(), 3, stride=1, padding=1) > 0)
    corners = torch.zeros_like(known)
    corners[:, [0, 0, -1, -1], [0, -1, 0, -1]] = True
    support = rim | (corners & ~known)
    points = support[0].nonzero().numpy()
    heights = torch.where(rim, values, 0)[support].numpy()
    rows, columns = (~known)[0].nonzero().numpy().T
    try:
        inside = griddata(points, heights, (rows, columns), method="linear", fill_value=0.0)
    except (QhullError, ValueError):  # fewer than three points, or all on one line
        inside = np.zeros(len(rows))
    field = values.clone()
    field[~known] = torch.from_numpy(inside).to(values.dtype)
    return field


def _laplacian(size: torch.Size, guide: Tensor | None) -> csr_matrix:
    """The graph Laplacian of the pixel grid: degree minus conductance of each pair of neighbours."""
    from scipy.sparse import coo_matrix, diags

    first, second = _neighbours(size)
    weight = np.ones(len(first))
    if guide is not None:
        flat = guide.flatten(1).double().numpy()
        step = ((flat[:, first] - flat[:, second]) ** 2).sum(0)
        weight = LEAST_CONDUCTANCE + np.exp(-step / 2)
    pixels = size[0] * size[1]
    links = (np.r_[weight, weight], (np.r_[first, second], np.r_[second, first]))
    conductance = coo_matrix(links, shape=(pixels, pixels)).tocsr()
    return (diags(np.asarray(conductance.sum(1)).ravel()) - conductance).tocsr()


def _neighbours(size: torch.Size) -> tuple[np.ndarray, np.ndarray]:
    """Flat indices of the pixels on either side of every inner edge of the grid."""
    index = np.arange(size[0] * size[1]).reshape(size)
    first = np.r_[index[:, :-1].ravel(), index[:-1].ravel()]
    second = np.r_[index[:, 1:].ravel(), index[1:].ravel()]
    return first, second
