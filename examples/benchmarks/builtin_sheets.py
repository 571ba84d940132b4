"""Contact sheets: prompts x samples, and depth with its truth and error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from builtin_measures import SIZE, DepthModels, depth_scores, predicting, worlds_of
from torch import Tensor

from depthgen.evaluation.pictures import best_worst
from depthgen.evaluation.samples import rendered
from depthgen.images import size_of, to_pil
from depthgen.worlds import EVALUATION_SEED_START

if TYPE_CHECKING:
    from PIL.Image import Image

MARGIN, TEXT = 8, 24  # pixels
BACKGROUND, INK = (20, 22, 27), (236, 238, 242)
CHART = (520, 400)  # pixels
GRID, FAINT, BAND, LINE = (48, 52, 60), (140, 146, 156), (52, 74, 110), (110, 170, 255)


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
    ways = {name: predicting(path) for name, path in models.items()}
    return best_worst(depth_scores(ways, rendered(worlds, SIZE)).examples())


def curve_sheet(curve: Mapping[str, Sequence[float]]) -> Image:
    """The risk-coverage curve of `builtin_lines.risk_coverage_curve` with its interval, between what a spread that
    says nothing and one that says all would give."""
    from PIL import Image, ImageDraw, ImageFont

    sheet = Image.new("RGB", CHART, BACKGROUND)
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(13)
    left, top, right, bottom = 56, 40, CHART[0] - 24, CHART[1] - 48
    highest = max(1.0, *curve["high"])

    def at(coverage: float, risk: float) -> tuple[float, float]:
        return left + coverage * (right - left), bottom - risk / highest * (bottom - top)

    def points(name: str) -> list[tuple[float, float]]:
        return [at(*point) for point in zip(curve["coverage"], curve[name], strict=True)]

    for tenth in range(0, 11, 2):
        pen.text((at(tenth / 10, 0)[0], bottom + 6), f"{10 * tenth} %", INK, font, "ma")
        pen.text((left - 8, at(0, tenth / 10)[1]), f"{tenth / 10:.1f}", INK, font, "rm")
        pen.line([at(0, tenth / 10), at(1, tenth / 10)], GRID)
    pen.polygon([*points("low"), *reversed(points("high"))], BAND)
    for name, colour in (("by_true_error", FAINT), ("by_spread", LINE)):
        pen.line(points(name), colour, 3)
    pen.line([at(0, 1), at(1, 1)], FAINT)
    pen.text((left, 12), "mean error of the pixels kept / of all", INK, font)
    pen.text((right, bottom + 26), "pixels kept, the surest first", INK, font, "ra")
    for name, words in (("by_spread", "by the spread of samples"), ("by_true_error", "by the true error")):
        x, y = points(name)[len(curve["coverage"]) // 4]
        pen.text((x, y + 8), words, INK, font, "la")
    return sheet
