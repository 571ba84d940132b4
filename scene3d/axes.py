"""One frame for every export: metres, x right, y up, z backward (right-handed, as in glTF and OpenGL).

A scene's own frame is the first camera's in OpenCV axes (x right, y down, z forward). Both conversions only
change signs, so they are exact and their own inverse.
"""

from __future__ import annotations

import torch
from torch import Tensor

FLIP = torch.diag(torch.tensor([1.0, -1.0, -1.0, 1.0], dtype=torch.float64))


def exported_points(points: Tensor) -> Tensor:
    """(N, 3) points or directions of the scene's frame in export axes."""
    return points * torch.tensor([1.0, -1.0, -1.0])


def exported_pose(world_from_camera: Tensor) -> Tensor:
    """(4, 4) float64 pose, OpenGL camera axes, in the export frame; applied twice it gives the pose back."""
    return FLIP @ world_from_camera @ FLIP
