"""Holes for inpainting and uncropping, drawn for a whole batch at once; True is the hole.

Everything scales with the picture: lengths are given for a picture of 256 px, the size the recipes were
written for, so that a stroke hides the same share of a 64 px picture.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from depthgen.pretrain.draws import integers, normal, uniform

REFERENCE_SIZE = 256  # px of the shorter side that the widths below are meant for

# Free-form strokes: algorithm 1 of Yu et al. 2019 (arXiv 1806.03589), with the values of the authors' program
STROKES = (1, 3)  # a picture
VERTICES = (4, 11)  # steps of a stroke
WIDTH = (12.0, 40.0)  # px at REFERENCE_SIZE
MIN_RADIUS = 0.71  # px: half the diagonal of a pixel
MEAN_ANGLE, ANGLE_RANGE = 2 * math.pi / 5, 2 * math.pi / 15
MEAN_LENGTH = 1 / 8  # of a step, as a share of the diagonal; standard deviation half of that
FREEFORM_SHARE = 0.6  # of the inpainting samples, the others have rectangles (Palette, appendix B)

# Rectangles (Palette, appendix B)
RECTANGLES = (1, 5)
RECTANGLES_AREA = (0.1, 0.4)
ASPECT = 2.0  # width : height from 1 / ASPECT to ASPECT; chosen
BISECTIONS = 16

HIDDEN_BORDER = 0.5  # share of the picture that uncropping hides (Palette, appendix B)


def inpainting_masks(
    count: int, size: tuple[int, int], generator: torch.Generator, device: torch.device
) -> Tensor:
    """Holes (count,1,H,W) bool of the given size (H, W): free-form with FREEFORM_SHARE, else rectangles."""
    freeform = uniform(generator, count, device=device) < FREEFORM_SHARE
    hidden = torch.empty(count, 1, *size, dtype=torch.bool, device=device)
    strokes = int(freeform.sum())
    hidden[freeform] = freeform_masks(strokes, size, generator, device)
    hidden[~freeform] = rectangle_masks(count - strokes, size, generator, device)
    return hidden


def freeform_masks(
    count: int, size: tuple[int, int], generator: torch.Generator, device: torch.device
) -> Tensor:
    """Brush strokes (count,1,H,W) bool: zigzags with round corners, mirrored at random.

    Strokes are 12 to 40 px wide at 256 px, in proportion at other sizes, and never so thin that they miss
    every pixel's centre: each mask hides something.
    """
    masks = torch.zeros(count, 1, *size, dtype=torch.bool, device=device)
    strokes = integers(generator, *STROKES, count, device)
    for stroke in range(STROKES[1]):
        drawn = _stroke(count, size, generator, device)
        masks |= drawn & (stroke < strokes)[:, None, None, None]
    return _mirrored(masks, generator)


def _stroke(count: int, size: tuple[int, int], generator: torch.Generator, device: torch.device) -> Tensor:
    """One stroke a picture, (count,1,H,W) bool."""
    scale = min(size) / REFERENCE_SIZE
    radius = (uniform(generator, count, low=WIDTH[0], high=WIDTH[1], device=device) * scale / 2).clamp(
        min=MIN_RADIUS
    )
    vertices = integers(generator, *VERTICES, count, device)
    start, steps = _zigzag(count, size, generator, device)
    limit = torch.tensor([size[1], size[0]], dtype=torch.float32, device=device)
    mask = torch.zeros(count, 1, *size, dtype=torch.bool, device=device)
    for number, step in enumerate(steps):
        end = (start + step).clamp(min=0).minimum(limit)
        near = _squared_distance(start, end, size) <= radius[:, None, None] ** 2
        mask |= (near & (number < vertices)[:, None, None])[:, None]
        start = end
    return mask


def _zigzag(
    count: int, size: tuple[int, int], generator: torch.Generator, device: torch.device
) -> tuple[Tensor, Tensor]:
    """Where strokes start (count,2) and their steps (V,count,2), as (x, y) in pixels.

    Every other angle is reversed, so that a stroke turns back and forth.
    """
    height, width = size
    extent = torch.tensor([width, height], dtype=torch.float32, device=device)
    start = uniform(generator, count, 2, device=device) * extent
    spread = uniform(generator, 2, count, high=ANGLE_RANGE, device=device)
    low, high = MEAN_ANGLE - spread[0], MEAN_ANGLE + spread[1]
    angle = low + (high - low) * uniform(generator, VERTICES[1], count, device=device)
    angle[::2] = 2 * math.pi - angle[::2]
    mean = math.hypot(width, height) * MEAN_LENGTH
    length = (mean + mean / 2 * normal(generator, VERTICES[1], count, device=device)).clamp(0, 2 * mean)
    return start, length[..., None] * torch.stack([angle.cos(), angle.sin()], dim=-1)


def _squared_distance(start: Tensor, end: Tensor, size: tuple[int, int]) -> Tensor:
    """(B,H,W) px^2 from each pixel's centre to the segment from start to end, both (B,2) as (x, y)."""
    y, x = (torch.arange(side, device=start.device) + 0.5 for side in size)
    along = (end - start)[..., None]  # (B,2,1)
    unit = along / along.square().sum(1, keepdim=True).clamp(min=1e-12)
    dx, dy = x - start[:, :1], y - start[:, 1:]  # (B,W), (B,H)
    part = ((dx * unit[:, 0])[:, None] + (dy * unit[:, 1])[:, :, None]).clamp_(0, 1)
    across = (dx[:, None] - part * along[:, :1]).square_()
    return across.add_((dy[:, :, None] - part * along[:, 1:]).square_())


def _mirrored(masks: Tensor, generator: torch.Generator) -> Tensor:
    """Each of the masks (B,1,H,W) mirrored left to right and top to bottom with probability 1/2 each."""
    flips = uniform(generator, 2, len(masks), device=masks.device) < 0.5
    for dim, flip in ((3, flips[0]), (2, flips[1])):
        masks = torch.where(flip[:, None, None, None], masks.flip(dim), masks)
    return masks


def rectangle_masks(
    count: int, size: tuple[int, int], generator: torch.Generator, device: torch.device
) -> Tensor:
    """One to five rectangles a picture, (count,1,H,W) bool, whose union is 10 to 40 % of it.

    The number and the hidden area are uniform. The rectangles' sizes relative to each other, shapes and
    places are random; then all grow together until their union, overlaps counted once, has the area (to
    within what whole pixels allow: a row or column of one of them).
    """
    number = integers(generator, *RECTANGLES, count, device)
    area = uniform(generator, count, low=RECTANGLES_AREA[0], high=RECTANGLES_AREA[1], device=device)
    part, place_x, place_y, log_aspect = uniform(generator, 4, count, RECTANGLES[1], device=device)
    # a missing rectangle has no size; the floor keeps a drawn one from being too thin to see
    part = (0.2 + part) * (torch.arange(RECTANGLES[1], device=device) < number[:, None])
    aspect = ASPECT ** (2 * log_aspect - 1)
    sides = torch.stack([(part / aspect).sqrt(), (part * aspect).sqrt()], dim=-1)  # height, width
    places = torch.stack([place_y, place_x], dim=-1)
    return _grown(sides, places, area, size)[:, None]


def _grown(sides: Tensor, places: Tensor, area: Tensor, size: tuple[int, int]) -> Tensor:
    """Union (B,H,W) of rectangles with `sides` times the factor that gives it the share `area` (B,).

    sides, places (B,N,2): relative height and width, and where in the room left between the borders they lie.
    Because each rectangle only grows with the factor, so does the union, and bisection finds it.
    """
    low, high = torch.zeros_like(area), torch.full_like(area, 8.0)
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        small = _union(sides * middle[:, None, None], places, size).float().mean((1, 2)) < area
        low, high = torch.where(small, middle, low), torch.where(small, high, middle)
    return _union(sides * high[:, None, None], places, size)


def _union(sides: Tensor, places: Tensor, size: tuple[int, int]) -> Tensor:
    """(B,H,W) bool: pixels whose centres lie in one of the rectangles (B,N,2), in shares of the picture."""
    sides = sides.clamp(max=1)
    first = places * (1 - sides)
    inside = []
    for axis, pixels in enumerate(size):
        centre = (torch.arange(pixels, device=sides.device) + 0.5) / pixels
        begin, end = first[..., axis, None], (first + sides)[..., axis, None]
        inside.append((centre >= begin) & (centre < end))  # (B,N,side)
    return (inside[0][..., :, None] & inside[1][..., None, :]).any(dim=1)


def border_masks(
    count: int, size: tuple[int, int], generator: torch.Generator, device: torch.device
) -> Tensor:
    """Hidden borders (count,1,H,W) bool of half the picture's area: on one random side, or on all four.

    Palette: "one random side or all four sides, chosen uniformly"; read here as one half of the samples each,
    and every side equally often. Half to within the pixels of one row or column.
    """
    side = integers(generator, 0, 7, count, device)  # 0 to 3: that side; above: all four
    kept = torch.stack([_kept(size, which, device) for which in range(5)])
    return ~kept[side.clamp(max=4)][:, None]


def _kept(size: tuple[int, int], which: int, device: torch.device) -> Tensor:
    """What stays visible (H,W) bool when the left, right, top, bottom (0 to 3) or every side (4) hides."""
    height, width = size
    half_height, half_width = round(height * HIDDEN_BORDER), round(width * HIDDEN_BORDER)
    inner_height = round(height * math.sqrt(1 - HIDDEN_BORDER))
    inner_width = round(height * width * (1 - HIDDEN_BORDER) / inner_height)
    top, left = (height - inner_height) // 2, (width - inner_width) // 2
    boxes = (
        (0, height, half_width, width),
        (0, height, 0, width - half_width),
        (half_height, height, 0, width),
        (0, height - half_height, 0, width),
        (top, top + inner_height, left, left + inner_width),
    )
    first_row, last_row, first_column, last_column = boxes[which]
    kept = torch.zeros(size, dtype=torch.bool, device=device)
    kept[first_row:last_row, first_column:last_column] = True
    return kept
