"""Named camera paths: functions from the first view and the number of views to as many cameras.

A path begins with the first view's own camera, which is the origin of the scene's frame (metres, x right,
y down, z forward). Every length in it is a share of the depth of that view, so that a path through a doll's
house looks like the same path through a valley.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from torch import Tensor
from torch.nn import functional as F

from depthgen.geometry import Camera, look_at, turned
from scene3d.frame import Frame

ARM = 0.1  # a turn goes about a point this share of `distance_ahead` behind the camera, as a person's does
REACH = 2 * ARM  # nothing is thought to stand within this share of it around a camera, seen or not
LOOK = 5 / 6  # how far `look_around` looks up and down, relative to the vertical field of view
STEEPEST = 75.0  # degrees, and at most: cameras that look straight up have no upright
LONGEST = 4.0  # no flight is longer than this many times `distance_ahead`: the sky is infinitely far


def distance_ahead(frame: Frame) -> float:
    """Metres to the nearer things of a view: the 10th percentile of its depth, 1 if it shows only sky."""
    return float(frame.depth[frame.valid].quantile(0.1)) if frame.valid.any() else 1.0


def subject_depth(frame: Frame) -> float:
    """Metres to what a view is about: the median depth of its middle, half as wide and half as high."""
    height, width = frame.valid.shape[-2:]
    middle = (0, slice(height // 4, -(-3 * height // 4)), slice(width // 4, -(-3 * width // 4)))
    depth = frame.depth[middle][frame.valid[middle]]
    return float(depth.median()) if len(depth) else distance_ahead(frame)


def pan(first: Frame, views: int, degrees: float = 18.0) -> list[Camera]:
    """Turn right, `degrees` a view; at 60 degrees of view 18 show 30 % new pixels in each."""
    return [_turned(first, degrees * i) for i in range(views)]


def turn(first: Frame, views: int, degrees: float = 360.0) -> list[Camera]:
    """Turn right, `degrees` in all, in equal steps: after a full turn one more step is the first view again.

    At 60 degrees of view about 9 views of a full turn overlap well.
    """
    return pan(first, views, degrees / views)


def look_around(first: Frame, views: int, degrees: float = 360.0) -> list[Camera]:
    """Turn right, `degrees` in all, and from each place look level, up and down."""
    step, pitch = degrees / math.ceil(views / 3), min(LOOK * first.camera.vfov_degrees, STEEPEST)
    return [_turned(first, step * (i // 3), (0.0, pitch, -pitch)[i % 3]) for i in range(views)]


def orbit(first: Frame, views: int, degrees: float | None = None) -> list[Camera]:
    """Circle to the left around the subject at its depth, looking at it; `degrees` a view.

    By default 10, or fewer where the circle is so large that a step would lead out of reach: no view shows
    what lies to its side.
    """
    radius = subject_depth(first)
    step = min(math.radians(10), REACH * distance_ahead(first) / radius)
    angles = [(step if degrees is None else math.radians(degrees)) * i for i in range(views)]
    eyes = [(-radius * math.sin(a), 0.0, radius * (1 - math.cos(a))) for a in angles]
    return [first.camera.moved(look_at(eye, (0, 0, radius))) for eye in eyes]


def dolly(first: Frame, views: int, share: float = 0.5) -> list[Camera]:
    """Walk straight ahead, `share` of the way to the nearer things; back if it is negative."""
    length = share * distance_ahead(first)
    return [first.camera.moved(turned(0, translation=(0, 0, length * s))) for s in _shares(views)]


def fly_through(first: Frame, views: int, share: float = 0.6) -> list[Camera]:
    """Fly level to the side that is open farthest, `share` of the way to what stands there."""
    yaw, depth = _most_open(first)
    length = share * min(depth, LONGEST * distance_ahead(first))
    x, z = math.sin(yaw), math.cos(yaw)
    return [
        first.camera.moved(
            turned(math.degrees(yaw) * min(1.0, 2 * s), translation=(length * s * x, 0, length * s * z))
        )
        for s in _shares(views)
    ]


def spiral(first: Frame, views: int, turns: float = 2.0, share: float = REACH) -> list[Camera]:
    """Wind outwards, up to `share` of the way to the nearer things, looking at the subject."""
    target, reach = (0.0, 0.0, subject_depth(first)), share * distance_ahead(first)
    eyes = [(reach * s, 2 * math.pi * turns * s) for s in _shares(views)]
    return [first.camera.moved(look_at((r * math.cos(a), -r * math.sin(a), 0), target)) for r, a in eyes]


def zoom(first: Frame, views: int, factor: float = 0.5) -> list[Camera]:
    """Change the focal length evenly to `factor` times itself: below 1 the view widens."""
    return [first.camera.zoomed(factor**s) for s in _shares(views)]


PATHS: dict[str, Callable[[Frame, int], list[Camera]]] = {  # described in scene3d.config.TRAJECTORIES
    "pan": pan,
    "turn": turn,
    "orbit": orbit,
    "dolly": dolly,
    "fly-through": fly_through,
    "spiral": spiral,
    "look-around": look_around,
    "zoom": zoom,
}


def _shares(views: int) -> list[float]:
    """`views` even steps from 0 to 1."""
    return [i / max(1, views - 1) for i in range(views)]


def _turned(first: Frame, yaw_degrees: float, pitch_degrees: float = 0.0) -> Camera:
    """Turned to the right about the vertical axis at arm's length behind the first camera."""
    arm, yaw = ARM * distance_ahead(first), math.radians(yaw_degrees)
    position = (arm * math.sin(yaw), 0, arm * (math.cos(yaw) - 1))
    return first.camera.moved(turned(yaw_degrees, pitch_degrees, position))


def _most_open(first: Frame) -> tuple[float, float]:
    """Yaw in radians of the column of a view that is open farthest at the camera's height, and how far.

    Infinite where the sky is; the column nearest to the middle of those equally open.
    """
    camera, open_depth = first.camera, first.depth.where(first.valid, math.inf)
    window = 2 * (camera.width // 16) + 1  # a passage must be about an eighth of the picture wide
    nearest = -F.max_pool2d(-open_depth, window, stride=1, padding=window // 2)
    row = nearest[0, min(camera.height - 1, max(0, int(camera.K[1, 2])))]
    tangent = (_columns(row) - camera.K[0, 2].item()) / camera.K[0, 0].item()
    farthest = (row == row.max()).nonzero().squeeze(1)
    column = farthest[tangent[farthest].abs().argmin()]
    return math.atan(tangent[column].item()), row[column].item()


def _columns(row: Tensor) -> Tensor:
    """The image columns of the pixel centres of a row."""
    return row.new_ones(len(row)).cumsum(0) - 0.5
