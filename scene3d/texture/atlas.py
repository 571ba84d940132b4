"""The texture: of each view's picture the part that its triangles cover, side by side.

Triangles of one view need no unwrapping, they lie in its picture as the camera saw them. Where triangles of
two views meet, both pictures go over into the same mean of all views that show the place.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import torch
from torch import Tensor
from torch.nn import functional as F

from depthgen.geometry import Mesh, merge_meshes, project, push_pull, rasterize, unproject, with_faces
from scene3d.frame import Frame
from scene3d.texture.choice import best_views, by_an_edge, shows

BLEND = 6  # pixels over which a picture goes over into the mean
PAD = 2  # pixels around the used part of a picture, so that interpolation meets no other part
PATCH = 3  # pixels a side for a triangle that no view shows
LARGEST = 8192  # pixels a side, what graphics cards take


@dataclass(frozen=True)
class Textured:
    """mesh: its vertices are doubled where views meet. uv: (N, 2) in [0, 1], v down. image: (3, H, W)."""

    mesh: Mesh
    uv: Tensor
    image: Tensor


@dataclass(frozen=True)
class _Tile:
    """A part of the texture: its image (3, h, w), the mesh it paints, and positions (N, 2), pixels in it."""

    image: Tensor
    mesh: Mesh
    position: Tensor


def textured(mesh: Mesh, frames: Sequence[Frame]) -> Textured:
    """Paint a mesh (metres) from the pictures of views; triangles that none shows get their own mean colour.

    ValueError when the mesh has no faces.
    """
    if not len(mesh.faces):
        raise ValueError("there is no surface to paint; export without a texture")
    choice = best_views(mesh, frames)
    tiles = [_tile(mesh, choice, view, frames) for view in choice.unique().tolist() if view >= 0]
    if (choice < 0).any():
        tiles.append(_patches(mesh, mesh.faces[choice < 0]))
    return _assembled(tiles)


def _tile(mesh: Mesh, choice: Tensor, view: int, frames: Sequence[Frame]) -> _Tile:
    """The part of a view's picture that its faces cover."""
    camera = frames[view].camera
    part = with_faces(mesh, mesh.faces[choice == view])
    position = project(part.vertices, camera)[0]
    size = torch.tensor([camera.width, camera.height])
    low = position.amin(0).floor().long().clamp(min=0)
    high = position.amax(0).ceil().long().minimum(size) + 2 * PAD
    covered = rasterize(part, camera).known
    picture = push_pull(_blended(covered, view, frames), covered)  # no sky shines through along the rims
    picture = F.pad(picture[None], (PAD,) * 4, mode="replicate")[0]
    return _Tile(picture[:, low[1] : high[1], low[0] : high[0]], part, position - low + PAD)


def _blended(covered: Tensor, view: int, frames: Sequence[Frame]) -> Tensor:
    """The picture (3, H, W) of a view, become the mean of all where the covered (1, H, W) part ends."""
    frame = frames[view]
    share = F.avg_pool2d(covered[None].float(), 2 * BLEND + 1, 1, BLEND, count_include_pad=False)[0]
    alone = (2 * share - 1).clamp(0, 1)  # 0 at a straight border
    band = ((alone < 1) & (share > 0) & frame.valid)[0]
    mean = _mean_color(unproject(frame.depth, frame.camera)[band], frame.image[:, band], view, frames)
    image = frame.image.clone()
    image[:, band] = torch.lerp(mean, image[:, band], alone[:, band])
    return image


def _mean_color(points: Tensor, color: Tensor, view: int, frames: Sequence[Frame]) -> Tensor:
    """Colours (3, N) at world points (N, 3), where a view has `color`, averaged over all that show them.

    Other views are not asked where they see the place beside a silhouette.
    """
    weight = shows(frames[view], points)[1]
    total = color * weight
    for frame in (frame for number, frame in enumerate(frames) if number != view):
        shown, well = shows(frame, points)
        if shown.any():
            well = well.where(shown & ~by_an_edge(frame, points), 0.0)
            total, weight = total + well * _sampled(frame, points), weight + well
    return (total / weight.clamp_min(torch.finfo(weight.dtype).tiny)).where(weight > 0, color)


def _sampled(frame: Frame, points: Tensor) -> Tensor:
    """Colours (3, N) of a picture at world points (N, 3), interpolated."""
    size = torch.tensor([frame.camera.width, frame.camera.height])
    grid = 2 * project(points, frame.camera)[0] / size - 1
    return F.grid_sample(
        frame.image[None], grid[None, None].float(), padding_mode="border", align_corners=False
    )[0, :, 0]


def _patches(mesh: Mesh, faces: Tensor) -> _Tile:
    """A few pixels of one colour for each face (M, 3)."""
    columns = math.ceil(math.sqrt(len(faces)))
    rows = math.ceil(len(faces) / columns)
    color = F.pad(mesh.colors[faces].mean(1).T, (0, rows * columns - len(faces))).view(3, rows, columns)
    image = color.repeat_interleave(PATCH, 1).repeat_interleave(PATCH, 2)
    number = torch.arange(len(faces)).repeat_interleave(3)
    centre = PATCH * (torch.stack([number % columns, number // columns], dim=1) + 0.5)
    corners = faces.flatten()
    loose = Mesh(mesh.vertices[corners], mesh.colors[corners], torch.arange(len(corners)).view(-1, 3))
    return _Tile(image, loose, centre)


def _assembled(tiles: Sequence[_Tile]) -> Textured:
    sizes = [(tile.image.shape[2], tile.image.shape[1]) for tile in tiles]
    places, (width, height) = _packed(sizes)
    image = torch.zeros(3, height, width)
    for tile, (x, y), (w, h) in zip(tiles, places, sizes, strict=True):
        image[:, y : y + h, x : x + w] = tile.image
    positions = [tile.position + torch.tensor(place) for tile, place in zip(tiles, places, strict=True)]
    uv = (torch.cat(positions) / torch.tensor([width, height])).clamp(0, 1)  # rounding goes beyond
    if max(width, height) > LARGEST:
        scale = LARGEST / max(width, height)
        image = F.interpolate(image[None], (round(scale * height), round(scale * width)), mode="area")[0]
    return Textured(merge_meshes([tile.mesh for tile in tiles]), uv.float(), image.clamp(0, 1))


def _packed(sizes: Sequence[tuple[int, int]]) -> tuple[list[tuple[int, int]], tuple[int, int]]:
    """Places (x, y) of rectangles (width, height), and the size of them all: the best of several widths."""
    limits = accumulate(sorted((width for width, _ in sizes), reverse=True))
    return min((_on_shelves(sizes, limit) for limit in limits), key=lambda packed: max(packed[1]))


def _on_shelves(
    sizes: Sequence[tuple[int, int]], limit: int
) -> tuple[list[tuple[int, int]], tuple[int, int]]:
    """Places of rectangles on shelves of a width, the highest first; the size of them all."""
    places, x, y, shelf = [(0, 0)] * len(sizes), 0, 0, 0
    for number in sorted(range(len(sizes)), key=lambda i: -sizes[i][1]):
        width, height = sizes[number]
        if x + width > limit:
            x, y, shelf = 0, y + shelf, 0
        places[number] = (x, y)
        x, shelf = x + width, max(shelf, height)
    return places, (limit, y + shelf)
