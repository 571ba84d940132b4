"""How many triangles a view gave to the scene, and why others were not made."""

from __future__ import annotations

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor

from depthgen.geometry import cut_squares
from scene3d.frame import Frame


@dataclass(frozen=True)
class Triangles:
    """kept: in the mesh. The others belong to squares of four new surface pixels that were cut, two to each.

    depth_edge: at a step from one surface to another. grazing: at a step that a surface seen at a few degrees
    would make, and that would be stretched over what was not seen. uncertain: where depth samples disagree.
    """

    kept: int
    depth_edge: int
    grazing: int
    uncertain: int


def count_triangles(frame: Frame, kept: int) -> Triangles:
    """What became of the new pixels of a view that gave `kept` triangles to the scene."""
    new = _any_corner(~frame.known) & ~_any_corner(~frame.valid)
    uncertain = new & _any_corner(~frame.certain)
    edge, grazing = cut_squares(frame.depth, frame.camera, frame.valid)
    counted = (edge & new & ~uncertain, grazing & new & ~uncertain, uncertain)
    return Triangles(kept, *(2 * int(squares.sum()) for squares in counted))


def _any_corner(pixels: Tensor) -> Tensor:
    """Which squares (H-1, W-1) of four pixels have one of the (1, H, W) pixels at a corner."""
    return F.max_pool2d(pixels.float(), 2, 1)[0] > 0
