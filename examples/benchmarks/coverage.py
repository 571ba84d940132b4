"""How much of a world the coverage planner shows, beside a fixed full turn that looks up and down.

    python examples/benchmarks/coverage.py [--views 24] [--size 96]      # -> results/coverage.{json,txt,png}

Both routes make scenes of the same worlds with the oracle, so that nothing but the choice of views differs.
Coverage is the share of the true surface in sight from a fixed grid of places (1 m apart, up to 2 m from the
first camera on either side, at its height, those in its sight) that the fused mesh shows at the right depth,
within 2 %; every direction counts alike, the sky not at all.
"""

from __future__ import annotations

import argparse
import math
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image, ImageDraw, ImageFont
from record import RESULTS, hardware, save
from torch import Tensor

from depthgen import worlds
from depthgen.geometry import (
    Camera,
    compose,
    inverse,
    pixel_rays,
    project,
    rasterize,
    rotation_x,
    rotation_y,
    unproject,
)
from scene3d import GenerateConfig, Scene, generate
from scene3d.backends.oracle import Oracle, oracle_for
from scene3d.frame import Frame
from scene3d.fusion import fuse_all

WORLDS = (
    ("living room", 0),
    ("bedroom", 1),
    ("kitchen", 1),
    ("library", 0),
    ("village", 0),
    ("forest", 1),
    ("city street", 0),
    ("meadow", 1),
)
FIXED, PLANNED = "look-around", "explore"
SIDES = [rotation_y(math.radians(90 * i)) for i in range(4)] + [
    rotation_x(math.radians(a)) for a in (90, -90)
]
COUNTS = (8, 10, 12, 16)  # views of the planner after which coverage is measured, and all
TOLERANCE, CLEAR = 0.02, 0.3  # relative depth; metres from a place to the nearest thing
PANEL = 260  # pixels


@dataclass(frozen=True)
class Reference:
    """One of the pictures from the grid: camera in the scene's frame, colours, depth in metres, not sky."""

    camera: Camera
    image: Tensor
    depth: Tensor
    valid: Tensor
    weight: Tensor  # steradians of the pixels


def references(oracle: Oracle, pixels: int = 40) -> list[Reference]:
    """Six pictures all around from every place of the grid."""
    steps = [float(step) for step in range(-2, 3)]
    x, y, z = oracle.start.position.tolist()
    places = [torch.tensor((x + i, y, z + k), dtype=torch.float64) for i in steps for k in steps]
    around = _around(oracle, oracle.start.position, 200)
    pictures = [
        _around(oracle, place, pixels)
        for place in places
        if torch.equal(place, oracle.start.position)
        or any(_shows(picture, place, oracle) for picture in around)
    ]
    return [picture for six in pictures if _nearest(six) > CLEAR for picture in six]


def _around(oracle: Oracle, place: Tensor, pixels: int) -> list[Reference]:
    cameras = [Camera.from_fov(90, pixels, pixels, compose(side, place)) for side in SIDES]
    views = worlds.render([oracle.world] * len(SIDES), cameras)
    weight = (2 / pixels) ** 2 / pixel_rays(cameras[0]).norm(dim=-1) ** 3
    scene_from_world = inverse(oracle.start.world_from_camera)
    return [
        Reference(camera.moved(scene_from_world @ camera.world_from_camera), image, depth[0], ~sky[0], weight)
        for camera, image, depth, sky in zip(cameras, views.image, views.depth, views.sky, strict=True)
    ]


def _shows(picture: Reference, place: Tensor, oracle: Oracle) -> bool:
    """Whether nothing stands between the picture's camera and a place in the world."""
    scene_from_world = inverse(oracle.start.world_from_camera)
    (u, v), z = project(scene_from_world[:3, :3] @ place + scene_from_world[:3, 3], picture.camera)
    inside = z > 0 and 0 <= u < picture.camera.width and 0 <= v < picture.camera.height
    return bool(inside and picture.depth[int(v), int(u)] > z + CLEAR)


def _nearest(pictures: list[Reference]) -> float:
    return min(float((p.depth * pixel_rays(p.camera).norm(dim=-1)).min()) for p in pictures)


def explained(scene: Scene, views: int, pictures: list[Reference]) -> list[Tensor]:
    """(H, W) bool for each picture: true surface that the fused first views of a scene show where it is."""
    mesh, found = fuse_all(scene.frames[:views]).surface, []
    for picture in pictures:
        seen = rasterize(mesh, picture.camera)
        near = (seen.depth[0] - picture.depth).abs() <= TOLERANCE * picture.depth
        found.append(picture.valid & seen.known[0] & near)
    return found


def share(found: list[Tensor], pictures: list[Reference]) -> float:
    """Share in [0, 1] of the true surface in sight that was found."""
    seen = sum(float(p.weight[pixels].sum()) for p, pixels in zip(pictures, found, strict=True))
    return seen / sum(float(p.weight[p.valid].sum()) for p in pictures)


def scene_of(kind: str, seed: int, route: str, views: int, size: int) -> Scene:
    """The world as a scene of `views` views."""
    config = GenerateConfig(models="oracle", views=views, size=size, seed=seed, trajectory=route)
    with tempfile.TemporaryDirectory() as folder:
        *_, last = generate(kind, out=Path(folder) / "scene", config=config)
    return last.scene


def measure(kind: str, seed: int, views: int, size: int) -> tuple[dict, Image.Image]:
    """Figures of one world, and its two maps."""
    oracle = oracle_for(kind, seed, Camera.from_fov(60, size, size))
    pictures = references(oracle)
    fixed, planned = (scene_of(kind, seed, route, views, size) for route in (FIXED, PLANNED))
    turned = explained(fixed, views, pictures)
    line = share(turned, pictures)
    counts = sorted({*(n for n in COUNTS if n < views), views})
    found = {n: explained(planned, n, pictures) for n in counts}
    curve = {n: share(found[n], pictures) for n in counts}
    enough = next((n for n in counts if curve[n] >= line), None)
    shown = enough or views
    known = [frame.known.float().mean().item() for frame in planned.frames[1:shown]]
    figures = {
        "world": f"{kind} {seed}",
        "places": len(pictures) // len(SIDES),
        "fixed": round(line, 4),
        "planned": {str(n): round(part, 4) for n, part in curve.items()},
        "ratio_at_the_same_budget": round(curve[views] / line, 3),
        "views_for_the_same_coverage": enough,
        "share_of_the_views": None if enough is None else round(enough / views, 3),
        "least_known_share_of_these_views": round(min(known), 3),
    }
    maps = (
        _map(fixed.frames, turned, pictures, f"{kind}: fixed, {views} views, {100 * line:.1f} %"),
        _map(
            planned.frames[:shown],
            found[shown],
            pictures,
            f"planned, {shown} views, {100 * curve[shown]:.1f} %",
        ),
    )
    return figures, _side_by_side(maps)


def _map(frames: Sequence[Frame], found: list[Tensor], pictures: list[Reference], title: str) -> Image.Image:
    """The true surface from above in its colours, red where it is missing; cameras with their directions.

    Points higher than half a metre above the first camera are left out, as a ceiling would hide the room.
    """
    points, colors, flags = [], [], []
    for picture, pixels in zip(pictures, found, strict=True):
        places = unproject(picture.depth, picture.camera)
        low = picture.valid & (places[..., 1] > -0.5)
        points.append(places[low])
        colors.append(picture.image[:, low].T)
        flags.append(pixels[low])
    at, color, ok = torch.cat(points), torch.cat(colors), torch.cat(flags)
    reach = min(12.0, float(at[:, [0, 2]].abs().quantile(0.97)))
    color = torch.where(ok[:, None], 0.3 + 0.6 * color, torch.tensor([0.85, 0.1, 0.15]))
    order = torch.cat((ok.nonzero(), (~ok).nonzero())).squeeze(1)  # what is missing on top
    column, row = (
        PANEL * (0.5 + 0.48 * at[order][:, axis] / reach * sign) for axis, sign in ((0, 1), (2, -1))
    )
    inside = (column >= 0) & (column < PANEL) & (row >= 0) & (row < PANEL)
    canvas = torch.full((PANEL, PANEL, 3), 0.97)
    canvas[row[inside].long(), column[inside].long()] = color[order][inside]
    image = Image.new("RGB", (PANEL, PANEL + 18), (255, 255, 255))
    image.paste(Image.fromarray((canvas * 255).byte().numpy()), (0, 18))
    pen = ImageDraw.Draw(image)
    pen.text((4, 2), title, (20, 20, 20), font=ImageFont.load_default(11))
    for frame in frames:
        x, z = (PANEL * 0.48 * frame.camera.position[axis].item() / reach for axis in (0, 2))
        dx, dz = (9 * frame.camera.world_from_camera[axis, 2].item() for axis in (0, 2))
        start = (PANEL / 2 + x, 18 + PANEL / 2 - z)
        pen.line((*start, start[0] + dx, start[1] - dz), (20, 40, 200), 1)
        pen.ellipse((start[0] - 2, start[1] - 2, start[0] + 2, start[1] + 2), (20, 40, 200))
    return image


def _side_by_side(images: tuple[Image.Image, ...]) -> Image.Image:
    row = Image.new("RGB", (sum(image.width + 4 for image in images), images[0].height + 4), (255, 255, 255))
    for number, image in enumerate(images):
        row.paste(image, (number * (image.width + 4), 0))
    return row


def table(rows: list[dict], views: int) -> str:
    """One line a world, and what they amount to."""
    lines = [
        f"{'world':16} fixed {views}  "
        + "  ".join(f"{n:>5}" for n in rows[0]["planned"])
        + "   same at  ratio"
    ]
    for row in rows:
        shares = "  ".join(f"{part:.3f}" for part in row["planned"].values())
        needed, ratio = row["views_for_the_same_coverage"] or "-", row["ratio_at_the_same_budget"]
        lines.append(f"{row['world']:16} {row['fixed']:8.3f}  {shares}   {needed:>7}  {ratio:5.2f}")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--views", type=int, default=24)
    parser.add_argument("--size", type=int, default=96)
    arguments = parser.parse_args()
    machine, start = hardware(), time.perf_counter()
    measured = []
    for kind, seed in WORLDS:
        measured.append(measure(kind, seed, arguments.views, arguments.size))
        print(measured[-1][0], flush=True)
    rows = [figures for figures, _ in measured]
    reached = [
        row["ratio_at_the_same_budget"] >= 1.1 or (row["share_of_the_views"] or math.inf) <= 0.7
        for row in rows
    ]
    half = -(-len(measured) // 2)
    width, height = measured[0][1].size
    picture = Image.new("RGB", (2 * width, half * height), (255, 255, 255))
    for number, (_, maps) in enumerate(measured):
        picture.paste(maps, (number // half * width, number % half * height))
    RESULTS.mkdir(exist_ok=True)
    picture.save(RESULTS / "coverage.png")
    (RESULTS / "coverage.txt").write_text(table(rows, arguments.views), encoding="utf8")
    print(table(rows, arguments.views))
    save(
        "coverage",
        {
            "hardware": machine,
            "views_of_the_fixed_turn": arguments.views,
            "size": arguments.size,
            "worlds_that_reach_the_line": f"{sum(reached)} of {len(reached)}",
            "worlds": rows,
            "seconds": round(time.perf_counter() - start),
        },
    )


if __name__ == "__main__":
    main()
