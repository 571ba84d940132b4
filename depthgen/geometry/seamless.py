"""A drawn picture beside a known one, without a visible seam: Poisson blending on the hole's side.

Perez et al., "Poisson Image Editing", 2003; with screening, Bhat et al., "Fourier Analysis of the 2D Screened
Poisson Equation for Gradient Domain Problems", 2008.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

BAND = 1 / 32  # of the shorter side: how far from the seam the drawn gradients are not trusted
REACH = 1 / 8  # of the shorter side: the distance over which a correction falls by a factor e
TOLERANCE = 1e-4  # of the residual, relative to its start
MAX_STEPS = 500


def seamless(drawn: Tensor, image: Tensor, known: Tensor) -> Tensor:
    """`image` where known, and `drawn` elsewhere, corrected so that no step shows between them.

    drawn, image (C,H,W); known (1,H,W) bool. The correction c added to `drawn` equals image - drawn on the
    known pixels; in the hole it minimises |grad c + (1 - w) grad drawn|^2 + |c|^2 / reach^2. The weight w is
    0 at the seam, where a network draws the step it should hide, and 1 beyond a band. Known pixels stay
    exact, and far from the seam `drawn` keeps its own values.
    """
    side = min(drawn.shape[-2:])
    across, along = _untrusted_gradients(drawn, known, max(1, round(BAND * side)))
    screening = 1 / (REACH * side) ** 2
    start = (image - drawn).where(known, 0.0)
    hole = (~known).to(drawn.dtype)
    force = _divergence(start.diff(dim=-1) + across, start.diff(dim=-2) + along) - screening * start
    corrected = drawn + start + _solve(force * hole, hole, screening)
    return image.where(known, corrected)


def _untrusted_gradients(drawn: Tensor, known: Tensor, band: int) -> tuple[Tensor, Tensor]:
    """(1 - w) grad drawn, to the right (C,H,W-1) and down (C,H-1,W).

    1 - w is twice the known share of the square around a pixel, at most 1: it is 1 at a straight seam.
    """
    share = F.avg_pool2d(known.to(drawn.dtype), 2 * band + 1, 1, band, count_include_pad=False)
    doubt = (2 * share).clamp(max=1)
    across = torch.maximum(doubt[..., 1:], doubt[..., :-1]) * drawn.diff(dim=-1)
    along = torch.maximum(doubt[..., 1:, :], doubt[..., :-1, :]) * drawn.diff(dim=-2)
    return across, along


def _divergence(across: Tensor, along: Tensor) -> Tensor:
    """Divergence (C,H,W) of a field given between neighbours, without flow through the picture's border."""
    return F.pad(across, (1, 1)).diff(dim=-1) + F.pad(along, (0, 0, 1, 1)).diff(dim=-2)


def _solve(force: Tensor, hole: Tensor, screening: float) -> Tensor:
    """x (C,H,W), 0 outside the hole, with screening x - div grad x = force inside: conjugate gradients."""
    x, residual, direction = torch.zeros_like(force), force, force
    power = start = _dot(force, force)
    tiny = torch.finfo(force.dtype).tiny
    for _ in range(MAX_STEPS):
        if (power <= TOLERANCE**2 * start).all():
            break
        laplacian = _divergence(direction.diff(dim=-1), direction.diff(dim=-2))
        image = (screening * direction - laplacian) * hole
        step = power / _dot(direction, image).clamp_min(tiny)
        x, residual = x + step * direction, residual - step * image
        previous, power = power, _dot(residual, residual)
        direction = residual + power / previous.clamp_min(tiny) * direction
    return x


def _dot(a: Tensor, b: Tensor) -> Tensor:
    """Scalar products (C,1,1) of the channels."""
    return (a * b).sum((-2, -1), keepdim=True)
