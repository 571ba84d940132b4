"""What a camera sees of a world: which things and surroundings, and how things stand to each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from depthgen.geometry import Camera, pixel_rays
from depthgen.worlds.kinds import COLORS, OBJECTS, Layout, Thing
from depthgen.worlds.primitives import Primitives, batched
from depthgen.worlds.raycast import nearest_hits, properties
from depthgen.worlds.semantics import Semantic

NOT_SEEN, NO_COLOR = -2, -1  # of `objects_in_view`
RAYS = 32  # a side
ENOUGH_RAYS = 4  # that must meet a thing before it is spoken of
SLACK = 0.02  # metres around a thing's box that still belong to it
SHOWN_BY: dict[str, tuple[Semantic, ...]] = {
    **dict.fromkeys(("walls", "wallpaper", "wall tiles"), (Semantic.WALL,)),
    **dict.fromkeys(
        ("wooden floor", "carpet", "tiled floor", "marble floor", "checkered floor"), (Semantic.FLOOR,)
    ),
    **dict.fromkeys(("sand", "sandy shore"), (Semantic.SAND,)),
    **dict.fromkeys(("water", "sea"), (Semantic.WATER,)),
    **dict.fromkeys(("grass", "snow"), (Semantic.GROUND,)),
    "hills": (Semantic.HILL,),
    "peaks": (Semantic.MOUNTAIN, Semantic.SNOW),
    "cobbles": (Semantic.PATH, Semantic.PAVEMENT),
    "dunes": (Semantic.DUNE,),
}
APART = 0.15  # of the picture's width between what stands left and right of each other
ALIGNED = 0.12  # of the picture's width between what stands before and behind each other
DEEPER = 0.5  # metres between their boxes along the view
BESIDE = 0.8  # metres between neighbours
TOUCHING = 0.08  # metres
ABOVE = 1.6  # metres at most between a thing and what hangs above it


@dataclass(frozen=True)
class Seen:
    """A thing in view: u in [0, 1] from the picture's left to its right border, z metres along the view."""

    thing: Thing
    u: float
    z: float


def view(layout: Layout, primitives: Primitives, camera: Camera) -> tuple[list[Seen], list[tuple[str, str]]]:
    """The things that the camera sees, and the (noun, colour) of the surroundings that it sees.

    A thing is seen if its middle is within the picture and enough of RAYS x RAYS rays meet it first.
    """
    point, semantic = _cast(primitives, camera)
    shown = [_rays_on(thing, point, semantic) >= ENOUGH_RAYS for thing in layout.things]
    seen = [_placed(thing, camera) for thing, visible in zip(layout.things, shown, strict=True) if visible]
    classes = set(semantic.tolist())
    around = [s for s in layout.surroundings if classes & set(SHOWN_BY[s[0]])]
    return [s for s in seen if 0 <= s.u <= 1 and s.z > 0], around


def objects_in_view(layout: Layout, primitives: Primitives, camera: Camera) -> np.ndarray:
    """(O,) int8: for each of OBJECTS the index in COLORS of its colour, where the camera sees one such.

    NO_COLOR if it has none worth saying or there are several of several colours; NOT_SEEN.
    """
    found: dict[str, set[str]] = {}
    for seen in view(layout, primitives, camera)[0]:
        found.setdefault(seen.thing.noun, set()).add(seen.thing.color)
    row = np.full(len(OBJECTS), NOT_SEEN, dtype=np.int8)
    for noun, colors in found.items():
        color = "".join(colors) if len(colors) == 1 else ""
        row[OBJECTS.index(noun)] = COLORS.index(color) if color else NO_COLOR
    return row


def _cast(primitives: Primitives, camera: Camera) -> tuple[Tensor, Tensor]:
    """World points (R, 3) and semantics (R,) of a coarse picture; points of the sky are far away."""
    coarse = camera.resized(RAYS, RAYS)
    direction = (coarse.world_from_camera[:3, :3] @ pixel_rays(coarse).flatten(0, 1).T.double())[None].float()
    origin = coarse.position.float()[None, :, None].expand_as(direction)
    shapes = batched([primitives])
    hits = nearest_hits(shapes, origin, direction)
    semantic = torch.where(hits.t.isinf(), int(Semantic.SKY), properties(shapes.semantic, hits))
    return (origin + hits.t.clamp(max=1e4)[:, None] * direction)[0].T, semantic[0]


def _rays_on(thing: Thing, point: Tensor, semantic: Tensor) -> int:
    """How many of the points lie in the thing's box and are of its class."""
    away = (point - torch.tensor(thing.position)).abs()
    inside = (away <= torch.tensor(thing.size) / 2 + SLACK).all(1)
    return int((inside & (semantic == int(Semantic.of(thing.noun)))).sum())


def _placed(thing: Thing, camera: Camera) -> Seen:
    position = torch.tensor([*thing.position, 1.0], dtype=torch.float64)
    x, _, z, _ = (camera.camera_from_world @ position).tolist()
    return Seen(thing, (camera.K[0, 0].item() * x / max(z, 1e-6) + camera.K[0, 2].item()) / camera.width, z)


def relation(first: Seen, second: Seen) -> list[str]:
    """What may truly be said of `first` to `second`: keys of `grammar.RELATIONS`."""
    a, b = first.thing, second.thing
    over = _over(a, b)
    if over or _over(b, a):
        return [over] if over else []
    found = []
    if abs(first.u - second.u) > APART:
        found.append("left" if first.u < second.u else "right")
    deep = second.z - first.z
    if abs(first.u - second.u) < ALIGNED and abs(deep) > DEEPER + (_girth(a) + _girth(b)) / 2:
        found.append("front" if deep > 0 else "behind")
    if _gap(a, b) < BESIDE and abs(_bottom(a) - _bottom(b)) < 0.3:
        found.append("beside")
    return found


def _over(a: Thing, b: Thing) -> str:
    """ "on" or "above" if a is within b's ground rectangle and higher than b, else ""."""
    within = all(abs(a.position[i] - b.position[i]) <= b.size[i] / 2 + 0.1 for i in (0, 2))
    rise = (b.position[1] - b.size[1] / 2) - _bottom(a)  # y points down
    if not within or b.size[1] < 0.1:
        return ""
    return "on" if abs(rise) < TOUCHING else "above" if TOUCHING <= rise < ABOVE else ""


def _bottom(thing: Thing) -> float:
    return thing.position[1] + thing.size[1] / 2


def _girth(thing: Thing) -> float:
    return max(thing.size[0], thing.size[2])


def _gap(a: Thing, b: Thing) -> float:
    """Metres between two boxes on the ground."""
    apart = [max(0.0, abs(a.position[i] - b.position[i]) - (a.size[i] + b.size[i]) / 2) for i in (0, 2)]
    return float(sum(d * d for d in apart) ** 0.5)
