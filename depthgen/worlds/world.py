"""A world from a seed, and places from which to look at it."""

from __future__ import annotations

from dataclasses import dataclass
from math import atan2, degrees, radians, tan

import numpy as np
import torch
from torch import Tensor

from depthgen.geometry import Camera, turned
from depthgen.worlds import lighting
from depthgen.worlds.indoor import INDOOR
from depthgen.worlds.kinds import INDOOR_KINDS, KINDS, TIMES, WEATHERS, Layout, Thing
from depthgen.worlds.lighting import Light
from depthgen.worlds.outdoor import OUTDOOR
from depthgen.worlds.primitives import Primitives, batched, primitives_of
from depthgen.worlds.raycast import nearest_hits, properties
from depthgen.worlds.recorder import Recorder
from depthgen.worlds.semantics import Semantic

FIELD_OF_VIEW = (45.0, 90.0)  # degrees across a picture, drawn for each camera
PITCH = (-12.0, 8.0)  # degrees, up is positive
NEAREST_METRES = 0.6  # nothing may stand closer to a camera
CANDIDATES = 8  # poses tried for a camera, in one cast
TOWARDS = 0.6  # share of them that look at a sight, or at some object
TYPICAL_METRES = 2.6  # the middle depth should reach this far
PLAIN = torch.tensor(
    [
        *(Semantic.SKY, Semantic.GROUND, Semantic.FLOOR, Semantic.WALL, Semantic.CEILING, Semantic.SAND),
        *(Semantic.ROAD, Semantic.PAVEMENT, Semantic.DOOR, Semantic.HILL, Semantic.DUNE, Semantic.PATH),
    ]
)
ENOUGH_CONTENT = 0.35  # share of a picture that shows more than plain ground, walls and sky
LARGEST_SHARE = 0.45  # of a picture that a single class of object should fill
PROBE_RAYS = 9  # a side, to judge a pose


@dataclass(frozen=True)
class World:
    """One procedural world, in metres with y down and the ground at y = 0.

    `kind`, `time` and `weather` are words of `depthgen.worlds.kinds`.
    """

    seed: int
    kind: str
    time: str
    weather: str
    layout: Layout
    primitives: Primitives
    light: Light

    @property
    def indoor(self) -> bool:
        """Whether it is a closed room."""
        return self.kind in INDOOR_KINDS

    @property
    def things(self) -> tuple[Thing, ...]:
        """What stands in it: noun, colour, position and size of each object."""
        return self.layout.things

    def camera(self, rng: np.random.Generator, size: int) -> Camera:
        """A camera of size x size pixels at eye height with a free view of something.

        Its field of view is drawn from FIELD_OF_VIEW.
        """
        fov = float(rng.uniform(*FIELD_OF_VIEW))
        poses = [self._random_pose(rng) for _ in range(CANDIDATES)]
        return Camera.from_fov(fov, size, size, _best(self, poses, fov, ENOUGH_CONTENT))

    def _random_pose(self, rng: np.random.Generator) -> Tensor:
        layout = self.layout
        x, z = layout.stands[int(rng.integers(len(layout.stands)))]
        yaw = float(rng.uniform(0, 360))
        if rng.random() < TOWARDS:
            sights = layout.sights or [(t.position[0], t.position[2]) for t in layout.things]
            to_x, to_z = sights[int(rng.integers(len(sights)))]
            yaw = degrees(atan2(to_x - x, to_z - z)) + float(rng.uniform(-18, 18))
        return turned(yaw, float(rng.uniform(*PITCH)), (x, -float(rng.uniform(*layout.eye)), z))


def build_world(seed: int, kind: str | None = None) -> World:
    """The world of a seed; its kind, time of day and weather are drawn from the seed unless `kind` is given.

    Raises ValueError for a kind that is not in `KINDS`.
    """
    rng = np.random.default_rng(seed)
    drawn, time = str(rng.choice(KINDS)), str(rng.choice(TIMES))
    weather = str(rng.choice(WEATHERS, p=(0.6, 0.2, 0.2)))
    kind = kind or drawn
    if kind not in KINDS:
        raise ValueError(f"no kind of world is called {kind!r}; there are: {', '.join(KINDS)}")
    builder = Recorder()
    if kind in INDOOR_KINDS:
        layout, weather = INDOOR[kind](builder, rng), "clear"
        primitives = primitives_of(builder)
        middle = _lamp_position(builder)
        light = lighting.indoor_light(time, primitives, middle, rng, builder.lamps)
    else:
        layout = OUTDOOR[kind](builder, rng, time, weather)
        primitives = primitives_of(builder)
        light = lighting.outdoor_light(time, weather, rng, builder.lamps)
    return World(seed, kind, time, weather, layout, primitives, light)


def neighbour_camera(world: World, camera: Camera, rng: np.random.Generator) -> Camera:
    """A camera turned 5 to 40 degrees from `camera` and moved by up to 0.4 m, with the same intrinsics."""
    poses = []
    for _ in range(CANDIDATES):
        turn = rng.uniform(5, 40) * rng.choice((-1, 1))
        step = (rng.uniform(-0.4, 0.4), 0.0, rng.uniform(-0.4, 0.4))
        poses.append(_in_level_frame(camera, turn, step))
    return camera.moved(_best(world, poses, camera.hfov_degrees, content=0.0))


def _in_level_frame(camera: Camera, turn: float, step: tuple[float, float, float]) -> Tensor:
    """The pose after a turn about the vertical and a step along the world's axes."""
    pose = camera.world_from_camera.clone()
    pose[:3, :3] = turned(turn)[:3, :3] @ pose[:3, :3]
    pose[:3, 3] += torch.tensor(step, dtype=pose.dtype)
    return pose


def _best(world: World, poses: list[Tensor], fov: float, content: float) -> Tensor:
    """The first pose with nothing too close, some depth and `content` in view, or the nearest to that."""
    depth, semantic = _probe(world, torch.stack(poses), fov)
    shown = 1 - torch.isin(semantic, PLAIN).float().mean(1)
    near = (depth.amin(1) / NEAREST_METRES).clamp(max=1)
    deep = (depth.median(1).values / TYPICAL_METRES).clamp(max=1)
    full = (shown / max(content, 1e-6)).clamp(max=1)
    score = near + deep + full - (_largest_share(semantic) - LARGEST_SHARE).clamp(min=0)
    return poses[int(score.argmax())]  # argmax: the first of equals


def _largest_share(semantic: Tensor) -> Tensor:
    """(P,) of the pixels (P, R) that show the same class of object as the middle of the picture."""
    middle = semantic[:, semantic.shape[1] // 2, None]
    return ((semantic == middle) & ~torch.isin(semantic, PLAIN)).float().mean(1)


def _probe(world: World, poses: Tensor, fov: float) -> tuple[Tensor, Tensor]:
    """Depth in metres and semantics (P, R) of a cast from each of the poses (P, 4, 4), `fov` degrees wide."""
    half = tan(radians(fov / 2))
    steps = torch.linspace(-half, half, PROBE_RAYS, dtype=poses.dtype)
    v, u = torch.meshgrid(steps, steps, indexing="ij")
    rays = torch.stack([u, v, torch.ones_like(u)]).flatten(1)  # (3, R)
    directions = (poses[:, :3, :3] @ rays).permute(1, 0, 2)  # (3, P, R)
    origins = poses[:, :3, 3].T[:, :, None].expand_as(directions)
    shapes = batched([world.primitives])
    hits = nearest_hits(shapes, origins.flatten(1)[None].float(), directions.flatten(1)[None].float())
    semantic = torch.where(hits.t.isinf(), int(Semantic.SKY), properties(shapes.semantic, hits))
    return hits.t[0].unflatten(0, (len(poses), -1)), semantic[0].unflatten(0, (len(poses), -1))


def _lamp_position(builder: Recorder) -> tuple[float, float, float]:
    """Under the middle of the ceiling."""
    ceilings = [
        m for m, s in zip(builder.world_from_local, builder.semantics, strict=True) if s == Semantic.CEILING
    ]
    return 0.0, max(float(m[1, 3]) for m in ceilings) + 0.5, 0.0
