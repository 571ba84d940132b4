"""How near the final mesh comes to the true surface, and what the stretch filter cuts.

    python examples/benchmarks/surface.py [--views 8] [--size 256]      # -> results/surface.{json,txt}

Scenes of worlds whose depth is known exactly (the oracle), along the default path, so that nothing is measured
but the way from depth maps to a surface. Mesh and world are looked at from the same cameras: 24 along the path,
in turn on it and a tenth of the distance ahead beside it. Every pixel that shows surface gives a point. Lengths
are parts of the scene's size, which is twice the median distance of the true points from their cameras.

precision: points of the mesh within 2 % of a true one. recall: the reverse, of the true points that some view of
the scene has seen. f: their harmonic mean. chamfer: mean distance, both ways averaged, none counted beyond 10 %.
normals: mean |cosine| of a point's normal and that of the nearest true point. holes: pixels that show surface in
truth, seen by a view or not, and nothing in the mesh; imagined: those left when the layer behind silhouettes is
drawn too.

A triangle between neighbouring pixels is stretched if the true surface has a gap between two of its corners
deeper than GAP widths of a pixel there; the gap is found by bisection of the ray between them. The filter's
recall is the share of these that it cuts. Its precision is the share of what it cuts that lies at a gap of more
than one pixel's width: shallower ones do not show, and between the two widths either is right. The filter's limits
were chosen on the same kinds of worlds with other seeds, 7 and 11.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from coverage import WORLDS
from mesh_truth import nearest_of
from record import RESULTS, hardware, save
from torch import Tensor
from torch.nn import functional as F

from depthgen import worlds
from depthgen.geometry import Camera, Mesh, merge_meshes, rasterize, unproject
from depthgen.geometry.camera import rays_through
from depthgen.geometry.edges import connections
from depthgen.worlds.primitives import Primitives, batched
from depthgen.worlds.raycast import Hits, nearest_hits
from scene3d import GenerateConfig, Scene, generate
from scene3d.backends.oracle import Oracle, oracle_for
from scene3d.frame import Frame
from scene3d.fusion import fuse_all, tidied, tsdf_mesh
from scene3d.fusion.background import hides
from scene3d.report.figures import cameras_around

NEAR, FARTHEST = 0.02, 0.1  # of the scene's size: for F, and beyond which no distance counts
GAP, ANY_GAP = 4.0, 1.0  # widths of a pixel
GAPS = (1.0, 2.0, 4.0, 8.0)  # for which recall is given
HALVINGS = 12  # of the ray between two pixels: the steepest plane then has no step of a pixel's width
LINES = {"f": 0.97, "precision": 0.95, "recall": 0.95}
RAYS = 4096  # at once


@dataclass(frozen=True)
class Points:
    """Of what cameras see: place (N, 3) metres, normal (N, 3), distance (N,) metres from the camera."""

    place: Tensor
    normal: Tensor
    distance: Tensor


# -- the truth


def cast(shapes: Primitives, oracle: Oracle, camera: Camera, u: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    """True depth (R,) metres, SKY_DEPTH in the sky, and normals (R, 3) at image points, in the scene's frame."""
    pose = oracle.start.world_from_camera @ camera.world_from_camera
    directions = (rays_through(u.double(), v.double(), camera) @ pose[:3, :3].T).float().T
    parts = [_hits(shapes, pose, part) for part in directions.split(RAYS, dim=1)]
    depth = torch.cat([hits.t[0] for hits in parts]).clamp(max=worlds.SKY_DEPTH)
    normals = torch.cat([hits.normal[0] for hits in parts], dim=1).T
    return depth, normals @ oracle.start.world_from_camera[:3, :3].float()


def _hits(shapes: Primitives, pose: Tensor, directions: Tensor) -> Hits:
    return nearest_hits(shapes, pose[:3, 3].float()[None, :, None], directions[None])


def pixel_grid(camera: Camera) -> tuple[Tensor, Tensor]:
    """Columns and rows (H, W) of the pixel centres."""
    v, u = torch.meshgrid(torch.arange(camera.height) + 0.5, torch.arange(camera.width) + 0.5, indexing="ij")
    return u, v


def true_points(shapes: Primitives, oracle: Oracle, camera: Camera) -> tuple[Points, Tensor]:
    """The true surface in sight, and where (1, H, W) it is."""
    u, v = pixel_grid(camera)
    depth, normals = cast(shapes, oracle, camera, u.flatten(), v.flatten())
    valid = (depth < worlds.SKY_DEPTH).view(1, *u.shape)
    return _points(depth.view_as(valid), valid, normals[valid.flatten()], camera), valid


# -- mesh against truth


def mesh_points(mesh: Mesh, camera: Camera) -> tuple[Points, Tensor]:
    """The mesh in sight, each face with a normal of its own, and where (1, H, W) it is."""
    a, b, c = mesh.vertices[mesh.faces.T]
    normals = F.normalize(torch.linalg.cross(b - a, c - a), dim=1)
    loose = torch.arange(mesh.faces.numel()).view(-1, 3)
    painted = Mesh(
        mesh.vertices[mesh.faces].flatten(0, 1), (normals / 2 + 0.5).repeat_interleave(3, 0), loose
    )
    seen = rasterize(painted, camera)
    normals = 2 * seen.image[:, seen.known[0]].T - 1
    return _points(seen.depth, seen.known, normals, camera), seen.known


def _points(depth: Tensor, seen: Tensor, normals: Tensor, camera: Camera) -> Points:
    places = unproject(depth, camera)[seen[0]]
    return Points(places, normals, (places - camera.position.float()).norm(dim=1))


def joined(points: Sequence[Points]) -> Points:
    """Those of all cameras."""
    return Points(*(torch.cat([getattr(p, n) for p in points]) for n in ("place", "normal", "distance")))


def observed(frames: Sequence[Frame], points: Points) -> Points:
    """Those that some view sees."""
    seen = torch.stack([~hides(frame, points.place) for frame in frames]).any(0)
    return Points(points.place[seen], points.normal[seen], points.distance[seen])


def compare(
    mesh: Mesh, scene: Scene, truth: Sequence[tuple[Points, Tensor]], cameras: Sequence[Camera]
) -> dict:
    """The figures of one mesh; see above."""
    background = scene.background()
    seen = [mesh_points(mesh, camera) for camera in cameras]
    both = [rasterize(merge_meshes([mesh, background]), camera).known for camera in cameras]
    true, found = joined([points for points, _ in truth]), joined([points for points, _ in seen])
    size = 2 * true.distance.median().item()
    (off, nearest), (missing, _) = (
        nearest_of(of.place, to.place) for of, to in ((found, true), (observed(scene.frames, true), found))
    )
    precision, recall = (float((d <= NEAR * size).float().mean()) for d in (off, missing))
    alike = (found.normal * true.normal[nearest]).sum(1).abs().mean()
    surface = sum(int(valid.sum()) for _, valid in truth)
    holes = [
        sum(int((valid & ~k).sum()) for (_, valid), k in zip(truth, known, strict=True)) / surface
        for known in ([k for _, k in seen], both)
    ]
    return {
        "f": 2 * precision * recall / (precision + recall),
        "precision": precision,
        "recall": recall,
        "chamfer": sum(float((d / size).clamp(max=FARTHEST).mean()) for d in (off, missing)) / 2,
        "normals": float(alike),
        "holes": holes[0],
        "imagined": holes[1],
        "faces": len(mesh.faces),
    }


# -- the stretch filter


def gaps(
    shapes: Primitives, oracle: Oracle, camera: Camera, depth: Tensor, valid: Tensor
) -> Iterator[Tensor]:
    """The deepest gap between each pixel and its right (H, W-1), then its lower (H-1, W) neighbour.

    In widths of a pixel on the nearer surface; 0 where the whole step is no wider than one.
    """
    u, v = pixel_grid(camera)
    focal = camera.K[0, 0].item()
    for first, second in ((_columns(0, -1), _columns(1, None)), (_rows(0, -1), _rows(1, None))):
        near, far = depth[first], depth[second]
        width = torch.minimum(near, far) / focal
        steep = ((near - far).abs() > ANY_GAP * width) & valid[first] & valid[second]
        ends = [torch.stack([u[part][steep], v[part][steep]]).double() for part in (first, second)]
        deep = _deepest(shapes, oracle, camera, ends, [near[steep], far[steep]])
        yield torch.zeros_like(near).masked_scatter(steep, deep / width[steep])


def _columns(start: int, end: int | None) -> tuple[slice, slice]:
    return slice(None), slice(start, end)


def _rows(start: int, end: int | None) -> tuple[slice, slice]:
    return slice(start, end), slice(None)


def _deepest(
    shapes: Primitives, oracle: Oracle, camera: Camera, ends: list[Tensor], depths: list[Tensor]
) -> Tensor:
    """Depth steps (R,) metres that remain between image points (2, R), halved towards the larger step."""
    (a, b), (near, far) = ends, depths
    for _ in range(HALVINGS):
        middle = (a + b) / 2
        depth, _ = cast(shapes, oracle, camera, *middle)
        first = (depth - near).abs() >= (far - depth).abs()
        a, near = torch.where(first, a, middle), torch.where(first, near, depth)
        b, far = torch.where(first, middle, b), torch.where(first, depth, far)
    return (near - far).abs()


def of_triangles(right: Tensor, down: Tensor, depth: Tensor) -> Tensor:
    """The greater of the two sides of each triangle (2, H-1, W-1) of a grid split as `grid_mesh` does."""
    inverse = 1 / depth
    main = (inverse[:-1, :-1] - inverse[1:, 1:]).abs() <= (inverse[:-1, 1:] - inverse[1:, :-1]).abs()
    top, bottom, before, after = right[:-1], right[1:], down[:, :-1], down[:, 1:]
    first = torch.maximum(before, torch.where(main, bottom, top))
    second = torch.maximum(after, torch.where(main, top, bottom))
    return torch.stack([first, second])


def stretch_counts(shapes: Primitives, oracle: Oracle, camera: Camera) -> dict[str, int]:
    """Triangles of a view: cut, cut at a gap, and stretched and cut or kept for each of GAPS."""
    u, v = pixel_grid(camera)
    depth = cast(shapes, oracle, camera, u.flatten(), v.flatten())[0].view_as(u)
    valid = depth < worlds.SKY_DEPTH
    whole = F.max_pool2d((~valid)[None].float(), 2, 1)[0] == 0
    gap = of_triangles(*gaps(shapes, oracle, camera, depth, valid), depth)
    cut = of_triangles(*(~side for side in connections(depth, valid, camera)), depth) & whole
    counts = {
        "all": 2 * int(whole.sum()),
        "cut": int(cut.sum()),
        "cut at a gap": int((cut & (gap > ANY_GAP)).sum()),
    }
    for limit in GAPS:
        stretched = (gap > limit) & whole
        counts[f"stretched {limit:g}"] = int(stretched.sum())
        counts[f"cut {limit:g}"] = int((stretched & cut).sum())
    return counts


def filter_figures(counts: dict[str, int]) -> dict:
    """Precision and recall of the filter, the latter for each of GAPS, and what it leaves."""
    kept = counts["all"] - counts["cut"]
    return {
        "precision": counts["cut at a gap"] / max(counts["cut"], 1),
        "recall": counts[f"cut {GAP:g}"] / max(counts[f"stretched {GAP:g}"], 1),
        "recall_by_gap": {f"{g:g}": counts[f"cut {g:g}"] / max(counts[f"stretched {g:g}"], 1) for g in GAPS},
        "stretched_before": counts[f"stretched {GAP:g}"] / counts["all"],
        "stretched_after": (counts[f"stretched {GAP:g}"] - counts[f"cut {GAP:g}"]) / kept,
    }


# -- all of it


def scene_of(kind: str, seed: int, views: int, size: int) -> Scene:
    """The world as a scene along the default path."""
    config = GenerateConfig(models="oracle", views=views, size=size, seed=seed)
    with tempfile.TemporaryDirectory() as folder:
        *_, last = generate(kind, out=Path(folder) / "scene", config=config)
    return last.scene


def measure(kind: str, seed: int, views: int, size: int) -> tuple[dict, dict[str, int]]:
    """Figures of one world, and the counts of its triangles."""
    scene = scene_of(kind, seed, views, size)
    frames: Sequence[Frame] = scene.frames
    oracle = oracle_for(kind, seed, frames[0].camera)
    shapes = batched([oracle.world.primitives])
    cameras = cameras_around(frames)
    truth = [true_points(shapes, oracle, camera) for camera in cameras]
    meshes = {"grid": fuse_all(map(tidied, frames)).surface, "tsdf": tsdf_mesh(frames)}
    figures: dict = {"world": f"{kind} {seed}"}
    for name, mesh in meshes.items():
        figures[name] = compare(mesh, scene, truth, cameras)
    counts = [stretch_counts(shapes, oracle, frame.camera) for frame in frames]
    total = {name: sum(count[name] for count in counts) for name in counts[0]}
    return figures | {"filter": filter_figures(total)}, total


def table(rows: list[dict], overall: dict) -> str:
    """One line a world and surface, then the filter."""
    names = ("f", "precision", "recall", "chamfer", "normals", "holes", "imagined")
    lines = [f"{'world':16} {'':5}" + "".join(f"{name:>10}" for name in names)]
    for row in rows:
        for surface in ("grid", "tsdf"):
            lines.append(
                f"{row['world']:16} {surface:5}" + "".join(f"{row[surface][n]:10.4f}" for n in names)
            )
    lines.append(f"\n{'stretch filter':22}{'precision':>10}{'recall':>10}   stretched before, after")
    for row in [*rows, overall]:
        own = row["filter"]
        lines.append(
            f"{row['world']:22}{own['precision']:10.3f}{own['recall']:10.3f}"
            f"{100 * own['stretched_before']:17.2f} %{100 * own['stretched_after']:6.2f} %"
        )
    return "\n".join(lines) + "\n"


def rounded(value: dict | float | str) -> dict | float | str:
    """Numbers with five places."""
    if isinstance(value, dict):
        return {key: rounded(part) for key, part in value.items()}
    return round(value, 5) if isinstance(value, float) else value


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--views", type=int, default=8)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--worlds", type=int, default=len(WORLDS), help="how many of the list")
    arguments = parser.parse_args()
    machine, start = hardware(), time.perf_counter()
    measured = []
    for kind, seed in WORLDS[: arguments.worlds]:
        measured.append(measure(kind, seed, arguments.views, arguments.size))
        print(rounded(measured[-1][0]), flush=True)
    rows = [figures for figures, _ in measured]
    total = {name: sum(counts[name] for _, counts in measured) for name in measured[0][1]}
    overall = {"world": "all", "filter": filter_figures(total)}
    means = {
        surface: {name: sum(row[surface][name] for row in rows) / len(rows) for name in rows[0][surface]}
        for surface in ("grid", "tsdf")
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "surface.txt").write_text(table(rows, overall), encoding="utf8")
    print(table(rows, overall))
    save(
        "surface",
        {
            "hardware": machine,
            "generator_version": worlds.GENERATOR_VERSION,
            "views": arguments.views,
            "size": arguments.size,
            "lines": LINES,
            "least_f": round(min(row["grid"]["f"] for row in rows), 4),
            "mean": rounded(means),
            "filter": rounded(overall["filter"]),
            "worlds": [rounded(row) for row in rows],
            "seconds": round(time.perf_counter() - start),
        },
    )


if __name__ == "__main__":
    main()
