"""The imagined layer of a scene: what may lie behind its silhouettes, so that a step aside shows no void.

It is made when a scene is drawn or exported, and drawn only where nothing else is. No view knows of it: to
the loop such places are holes, which it fills with all its means, and what it then sees replaces the layer.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from depthgen.geometry import MAX_SLOPE, Mesh, behind, grid_mesh, pixels_at, unproject
from scene3d.frame import Frame

MARGIN = 1 / 8  # of a picture's shorter side: how far the layer reaches behind a silhouette


def background_layers(frames: Sequence[Frame]) -> list[Mesh]:
    """For each view what it hides behind things that it is the first to show: triangles in metres, a guess.

    A place is left out if any view shows it, shows something behind it, or shows the sky there.
    """
    return [_layer(frame, [other for other in frames if other is not frame]) for frame in frames]


def _layer(frame: Frame, others: Sequence[Frame]) -> Mesh:
    margin = round(MARGIN * min(frame.depth.shape[1:]))
    image, depth, hidden = behind(frame.image, frame.depth, frame.valid & frame.certain, frame.camera, margin)
    hidden = hidden & ~frame.known
    points = unproject(depth, frame.camera)[hidden[0]]
    kept = torch.ones(len(points), dtype=torch.bool)
    for other in others:
        kept &= hides(other, points)
    return grid_mesh(image, depth, hidden.masked_scatter(hidden, kept), frame.camera)


def hides(frame: Frame, points: Tensor) -> Tensor:
    """Whether a view could not see the world points (N, 3), metres: (N,) bool, True outside its picture."""
    inside, pixel, z = pixels_at(points, frame.camera)
    surface = frame.depth.where(frame.valid, torch.inf).flatten()[pixel]
    return ~inside | (z > surface * (1 + MAX_SLOPE / frame.camera.K[0, 0].item()))
