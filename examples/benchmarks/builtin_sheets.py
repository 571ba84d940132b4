"""Contact sheets: prompts x samples, and depth with its truth and error."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from builtin_measures import SIZE, DepthModels, depth_scores, worlds_of
from torch import Tensor

from depthgen.evaluation.pictures import best_worst
from depthgen.evaluation.samples import rendered
from depthgen.images import size_of, to_pil
from depthgen.worlds import EVALUATION_SEED_START

if TYPE_CHECKING:
    from PIL.Image import Image

MARGIN, TEXT = 8, 24  # pixels
BACKGROUND, INK = (20, 22, 27), (236, 238, 242)


def prompt_sheet(prompts: Sequence[str], drawn: Tensor) -> Image:
    """One row a prompt, its words above its pictures; drawn (N,3,S,S) in [0,1], as many of each prompt."""
    from PIL import Image, ImageDraw, ImageFont

    columns, side = len(drawn) // len(prompts), size_of(drawn)[0]
    row = side + TEXT + MARGIN
    sheet = Image.new("RGB", (columns * (side + MARGIN) + MARGIN, len(prompts) * row), BACKGROUND)
    pen = ImageDraw.Draw(sheet)
    for i, prompt in enumerate(prompts):
        pen.text((MARGIN, i * row + 4), prompt, INK, font=ImageFont.load_default(15))
    for i, picture in enumerate(drawn):
        place = (MARGIN + i % columns * (side + MARGIN), i // columns * row + TEXT)
        sheet.paste(to_pil(picture), place)
    return sheet


def depth_sheet(models: DepthModels, seeds: Sequence[int]) -> Image:
    """Picture, truth, depth and error of the evaluation worlds of these seeds, best first."""
    worlds = worlds_of([seed - EVALUATION_SEED_START for seed in seeds])
    return best_worst(depth_scores(models, rendered(worlds, SIZE)).examples())
