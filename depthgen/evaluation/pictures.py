"""best_worst.png: the images a model does best and worst on, with the truth and every model's errors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from depthgen.depth import colorize, depth_range, downsample_depth
from depthgen.evaluation.depth import Example
from depthgen.images import resize, size_of, to_uint8

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont, ImageFont

CELL, GAP, LINE, BAR = 240, 10, 20, 12  # pixels
BACKGROUND, INK, FAINT = (20, 22, 27), (236, 238, 242), (150, 156, 168)
WORST_FACTOR = 1.5  # depths that many times off have the strongest error colour
_NEAR, _RIGHT, _FAR = (49, 104, 214), (242, 242, 240), (208, 50, 44)
_UNCOUNTED = (40, 40, 48)


def best_worst(examples: Sequence[Example]) -> Image:
    """One row an image: picture, truth, and depth and error of every model; depths of a row share a scale."""
    from PIL import Image, ImageDraw

    models = list(examples[0].depths)
    width = GAP + (2 + 2 * len(models)) * (CELL + GAP)
    heights = [_cell_height(example) for example in examples]
    top = 2 * LINE + 2 * GAP
    sheet = Image.new("RGB", (width, top + sum(h + 2 * LINE + 2 * GAP for h in heights)), BACKGROUND)
    pen = ImageDraw.Draw(sheet)
    _legend(pen, models)
    for rank, (example, height) in enumerate(zip(examples, heights, strict=True)):
        _row(sheet, pen, top, example, f"{rank + 1} of {len(examples)}, best first")
        top += height + 2 * LINE + 2 * GAP
    return sheet


def error_colors(ratio: Tensor, counted: Tensor) -> Tensor:
    """depth / truth (H,W) -> (H,W,3) uint8: white is right, blue too near, red too far, dark not counted.

    Colours follow the logarithm of the ratio and are strongest from a factor of 1.5 on.
    """
    ratio = torch.where(counted, ratio, torch.ones_like(ratio))
    amount = (torch.log(ratio) / math.log(WORST_FACTOR)).clamp(-1, 1)[..., None]
    near, right, far = (torch.tensor(color, dtype=torch.float32) for color in (_NEAR, _RIGHT, _FAR))
    colors = torch.where(amount < 0, torch.lerp(right, near, -amount), torch.lerp(right, far, amount))
    uncounted = torch.tensor(_UNCOUNTED, dtype=torch.float32)
    return torch.where(counted[..., None], colors, uncounted).round().to(torch.uint8)


def _cell_height(example: Example) -> int:
    height, width = example.frame.image.shape[-2:]
    return round(CELL * height / width)


def _row(sheet: Image, pen: ImageDraw, top: int, example: Example, rank: str) -> None:
    height = _cell_height(example)
    near, far = depth_range(example.frame.depth[example.counted])
    kind = next(iter(example.scores.values())).get("kind", "")
    pen.text((GAP, top), f"{example.frame.name}  {kind}", INK, font=_font(14))
    pen.text((sheet.width - GAP, top), rank, FAINT, font=_font(12), anchor="ra")
    for column, (panel, note) in enumerate(_panels(example, near, far)):
        x = GAP + column * (CELL + GAP)
        sheet.paste(panel, (x, top + LINE))
        pen.text((x, top + LINE + height + 3), note, FAINT, font=_font(12))


def _panels(example: Example, near: float, far: float) -> list[tuple[Image, str]]:
    """Pictures of one cell's size, each with the words below it."""
    from PIL import Image

    size = (_cell_height(example), CELL)
    frame, counted = example.frame, example.counted
    everywhere = torch.ones_like(counted)
    pixels = [(to_uint8(resize(frame.image, size)), "")]
    pixels.append((_depth(frame.depth, frame.valid, size, near, far), f"{near:.2f} to {far:.2f} m"))
    for model, depth in example.depths.items():
        row = example.scores[model]
        rel, rms, delta1 = (float(row[name]) for name in ("rel", "rms", "delta1"))
        pixels.append((_depth(depth, everywhere, size, near, far), f"RMS {rms:.3f} m"))
        ratio, shown = _fitting(depth / frame.depth, counted, size)
        pixels.append((error_colors(ratio, shown).numpy(), f"REL {rel:.3f}   delta1 {delta1:.3f}"))
    return [(Image.fromarray(array), note) for array, note in pixels]


def _depth(depth: Tensor, valid: Tensor, size: tuple[int, int], near: float, far: float) -> np.ndarray:
    small, known = _fitting(depth, valid, size)
    return colorize(small, known, near, far).numpy()


def _fitting(values: Tensor, where: Tensor, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """values and where, both (1,H,W), at `size` as (h,w): a single LiDAR point is still seen when shrunk."""
    height, width = size_of(values)
    if size[0] <= height and size[1] <= width:
        small, known = downsample_depth(values, where, size, least=0.0)
        return small[0], known[0]
    pair = torch.stack([values[0].float(), where[0].float()])
    enlarged, known = F.interpolate(pair[None], size=size, mode="nearest-exact")[0]
    return enlarged, known > 0


def _legend(pen: ImageDraw, models: Sequence[str]) -> None:
    titles = ["picture", "truth: red near, violet far"]
    for model in models:
        titles += [model, "error: blue too near, red too far"]
    for column, title in enumerate(titles):
        x = GAP + column * (CELL + GAP)
        pen.text((x, GAP), _fitted(title), INK, font=_font(13))
        if title.startswith("error"):
            _error_bar(pen, x, GAP + LINE)


def _error_bar(pen: ImageDraw, x: int, y: int) -> None:
    """The colours from depths 1.5 times too near to 1.5 times too far."""
    ratio = WORST_FACTOR ** torch.linspace(-1, 1, CELL)[None]
    colors = error_colors(ratio, torch.ones_like(ratio, dtype=torch.bool))[0]
    for i, color in enumerate(colors.tolist()):
        pen.line((x + i, y, x + i, y + BAR), tuple(color))
    for place, anchor, text in ((x + 3, "lm", "/ 1.5"), (x + CELL - 3, "rm", "x 1.5")):
        pen.text((place, y + BAR // 2), text, INK, font=_font(10), anchor=anchor)


def _fitted(text: str) -> str:
    """The end of a text, as long as a cell is wide."""
    font = _font(13)
    if font.getlength(text) <= CELL:
        return text
    while font.getlength("..." + text) > CELL:
        text = text[1:]
    return "..." + text


def _font(size: int) -> FreeTypeFont | ImageFont:
    from PIL import ImageFont

    return ImageFont.load_default(size)
