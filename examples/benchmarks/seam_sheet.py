"""What SeamBench looks like: one row a case, the picture, what is known, and where each method errs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from PIL import Image, ImageDraw, ImageFont
from seam_cases import FARTHEST, Case
from torch import Tensor

from depthgen.depth import colorize
from depthgen.images import resize, to_pil

SIDE, HEAD = 112, 16  # pixels of a picture, and of the line above all
NEAREST = 0.7  # metres, of the colour map
WORST = 0.3  # log depth of the full colour
SHOWN = ("default", "scale-shift-depth", "border", "gradient", "replace")


def sheet(cases: Sequence[tuple[Case, Mapping[str, Tensor]]]) -> Image.Image:
    """The cases with the errors of some methods' depth (1,H,W): red is too far, blue too near."""
    titles = ["picture", "known", "true depth", "default's depth", *SHOWN]
    image = Image.new("RGB", (SIDE * len(titles), HEAD + SIDE * len(cases)), "white")
    pen = ImageDraw.Draw(image)
    for column, title in enumerate(titles):
        pen.text((SIDE * column + 3, 1), title, "black", font=ImageFont.load_default(11))
    for row, (case, depths) in enumerate(cases):
        tiles = [case.truth.image, case.seen.image * case.seen.known]
        tiles += [_colored(case, depth) for depth in (case.truth.depth, depths["default"])]
        tiles += [_errors(case, depths[name]) for name in SHOWN]
        for column, tile in enumerate(tiles):
            enlarged = to_pil(resize(tile, (SIDE, SIDE)).clamp(0, 1))
            image.paste(enlarged, (SIDE * column, HEAD + SIDE * row))
    return image


def _colored(case: Case, depth: Tensor) -> Tensor:
    """(3,H,W) [0,1]; sky is left grey, what was known half so bright."""
    colors = colorize(depth[0], case.truth.valid[0], NEAREST, FARTHEST).permute(2, 0, 1) / 255
    return torch.where(case.seen.known, 0.5 * colors, colors)


def _errors(case: Case, depth: Tensor) -> Tensor:
    """(3,H,W) [0,1]: white where depth is right, the picture, pale, where errors are not counted."""
    error = (torch.log(depth / case.truth.depth.clamp_min(1e-6)) / WORST).clamp(-1, 1)
    too_far, too_near = error.clamp(min=0), (-error).clamp(min=0)
    colors = torch.cat([1 - too_near, 1 - too_far - too_near, 1 - too_far])
    grey = 0.4 + 0.4 * case.truth.image.mean(0, keepdim=True)
    return torch.where(case.counted, colors, grey)
