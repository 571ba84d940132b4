"""Smooth edges at little cost: more rays ask which of the surfaces around is seen, and borrow its colour.

After Chajdas, McGuire and Luebke, Subpixel Reconstruction Antialiasing for Deferred Shading (I3D 2011):
finding a surface is cheap, lighting it is not, and at an edge a pixel's neighbours have the colours of both
sides.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import pad

from depthgen.worlds.primitives import Primitives
from depthgen.worlds.raycast import Hits, nearest_hits

CONTRAST = 0.08  # of neighbouring pixels, below which an edge needs no smoothing
BEND = 0.9  # cosine between normals, below which one primitive shows an edge
# of a pixel, from its middle: no two in a row or column
SUBPIXELS = ((0.125, 0.375), (-0.375, 0.125), (-0.125, -0.375), (0.375, -0.125))


def smoothed(shapes: Primitives, origin: Tensor, direction: Tensor, hits: Hits, image: Tensor) -> Tensor:
    """The image (B, 3, H, W) with pixels at edges mixed from what SUBPIXELS see.

    hits: of its pixels, row by row, along direction (B, 3, H W) from origin (B, 3, 1).
    """
    width, surface = image.shape[3], _surface(hits)
    edge = edges(image, surface.unflatten(2, image.shape[2:])).flatten(1)  # (B, R)
    count = int(edge.sum(1).max())
    if not count:
        return image
    pixels = _places(edge, count)
    around = _neighbours(pixels, image.shape[2], width).repeat(1, 1, len(SUBPIXELS))  # (B, 5, rays)
    candidates = torch.stack([_at(hits.index[:, None], near)[:, 0] for near in around.unbind(1)], 1)
    seen = _surface(nearest_hits(shapes, origin, _subpixel_rays(direction, pixels, width), candidates))
    chosen = _most_alike(seen, surface, around)
    flat = image.flatten(2)
    total = _at(flat, pixels) + _at(flat, chosen).unflatten(2, (len(SUBPIXELS), count)).sum(2)
    mixed = flat.scatter(2, pixels[:, None].expand(-1, 3, -1), total / (1 + len(SUBPIXELS)))
    return torch.where(edge[:, None], mixed, flat).view_as(image)


def _surface(hits: Hits) -> Tensor:
    """(B, 4, R) what rays see: the primitive, -1 for the sky, and its normal there."""
    return torch.cat([torch.where(hits.t.isinf(), -1, hits.index)[:, None], hits.normal], 1)


def edges(image: Tensor, surface: Tensor) -> Tensor:
    """(B, H, W) bool: pixels with a neighbour of another surface (B, 4, H, W) and of another colour."""
    across = _differ(image[..., 1:], image[..., :-1], surface[..., 1:], surface[..., :-1])
    along = _differ(image[..., 1:, :], image[..., :-1, :], surface[..., 1:, :], surface[..., :-1, :])
    return pad(across, (1, 0)) | pad(across, (0, 1)) | pad(along, (0, 0, 1, 0)) | pad(along, (0, 0, 0, 1))


def _differ(color: Tensor, other_color: Tensor, surface: Tensor, other_surface: Tensor) -> Tensor:
    contrast = (color - other_color).abs().amax(1) > CONTRAST
    return contrast & (_alike(surface, other_surface) < 2 + BEND)


def _alike(surface: Tensor, other: Tensor) -> Tensor:
    """2 + cosine between the normals of the same primitive, 0 for different ones."""
    return (surface[:, 0] == other[:, 0]) * (2 + (surface[:, 1:] * other[:, 1:]).sum(1))


def _most_alike(seen: Tensor, surface: Tensor, around: Tensor) -> Tensor:
    """(B, rays) which of the pixels around (B, 5, rays) show most nearly what is seen (B, 4, rays)."""
    chosen, *others = around.unbind(1)
    best = _alike(seen, _at(surface, chosen))
    for other in others:
        alike = _alike(seen, _at(surface, other))
        chosen = torch.where(alike > best, other, chosen)
        best = torch.maximum(best, alike)
    return chosen


def _places(chosen: Tensor, count: int) -> Tensor:
    """(B, count) where chosen (B, R) is true, then zeros."""
    rank = torch.where(chosen, chosen.cumsum(1) - 1, count)
    places = torch.arange(chosen.shape[1], device=chosen.device).expand_as(rank)
    return torch.zeros_like(rank[:, :1]).repeat(1, count + 1).scatter(1, rank, places)[:, :count]


def _subpixel_rays(direction: Tensor, pixels: Tensor, width: int) -> Tensor:
    """(B, 3, SUBPIXELS count) directions through parts of pixels (B, count); linear across a picture."""
    last = direction.shape[2] - 1  # of a picture of one row or column only, whose edges run one way
    right, down = (direction[..., n : n + 1] - direction[..., :1] for n in (min(1, last), min(width, last)))
    middle = _at(direction, pixels)
    return torch.cat([middle + x * right + y * down for x, y in SUBPIXELS], 2)


def _neighbours(pixels: Tensor, height: int, width: int) -> Tensor:
    """(B, 5, count) the pixels and those left, right, above and below; at borders themselves again."""
    row, column = pixels // width, pixels % width
    return torch.stack(
        [
            pixels,
            pixels - (column > 0).long(),
            pixels + (column < width - 1).long(),
            pixels - width * (row > 0),
            pixels + width * (row < height - 1),
        ],
        1,
    )


def _at(values: Tensor, pixels: Tensor) -> Tensor:
    """Values (B, C, R) at pixels (B, count): (B, C, count)."""
    return values.gather(2, pixels[:, None].expand(-1, values.shape[1], -1))
