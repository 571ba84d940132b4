"""How well a scene closes, and how its scale drifts."""

from __future__ import annotations

from collections.abc import Sequence

from depthgen.geometry import grid_mesh, rasterize
from scene3d.adjustment.overlap import well_inside
from scene3d.frame import Frame


def closing_error(frames: Sequence[Frame]) -> float | None:
    """Relative disagreement in depth between the first view and the last one seen from it.

    The last view is drawn as a surface from the first camera, and |z / z_first - 1| is averaged over the
    pixels where both show a surface, away from depth edges. None where they do not overlap.
    """
    first, last = frames[0], frames[-1]
    mesh = grid_mesh(last.image, last.depth, last.valid & last.certain, last.camera)
    seen = rasterize(mesh, first.camera)
    both = seen.known & well_inside(first)
    if not both.any():
        return None
    return float((seen.depth[both] / first.depth[both] - 1).abs().mean())


def drift(frames: Sequence[Frame], truth: Sequence[Frame]) -> list[float | None]:
    """The scale of each view relative to the truth: the median of z / z_true, None without surface.

    truth: what is to be seen from the cameras of `frames`.
    """
    drifts: list[float | None] = []
    for frame, true in zip(frames, truth, strict=True):
        both = frame.valid & true.valid
        drifts.append(float((frame.depth[both] / true.depth[both]).median()) if both.any() else None)
    return drifts
