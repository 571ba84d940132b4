"""contact_sheet.png: every view in one picture, with its depth and with what it added."""

from __future__ import annotations

import bisect
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from depthgen.depth import colorize, depth_range
from scene3d.files import replacing
from scene3d.frame import Frame, pixels_of

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFont import FreeTypeFont, ImageFont

    from scene3d.scene import Scene

CELL, GAP, LINE, COLUMNS = 192, 8, 20, 8  # pixels, and views in a row
BACKGROUND, INK, FAINT = (20, 22, 27), (236, 238, 242), (150, 156, 168)
DIMMED = 0.3  # brightness of what a view knew before


def write_contact_sheet(scene: Scene, path: Path) -> Path:
    """Write one column a view: picture, depth (one colour scale for all), and the new pixels in colour."""
    sheet = contact_sheet(scene)
    with replacing(path) as aside:
        sheet.save(aside)
    return path


def contact_sheet(scene: Scene) -> Image:
    """The sheet as a picture; views wrap into several bands when there are many.

    Where other words begin to hold, they stand above the view.
    """
    from PIL import Image, ImageDraw

    near, far = range_of(scene.frames)
    columns = min(COLUMNS, len(scene.frames))
    bands = -(-len(scene.frames) // columns)
    then = dict(scene.manifest.then)
    heading = LINE * (2 if then else 1)
    cell_height = round(CELL * scene.frames[0].camera.height / scene.frames[0].camera.width)
    band_height = heading + 3 * (cell_height + GAP) + GAP
    width = max(columns, 3) * (CELL + GAP) + GAP
    sheet = Image.new("RGB", (width, 2 * LINE + 2 * GAP + bands * band_height), BACKGROUND)
    pen = ImageDraw.Draw(sheet)
    pen.text((GAP, GAP), _fitted(scene.prompt, width - 2 * GAP, 15), INK, font=_font(15))
    pen.text((GAP, GAP + LINE), _legend(near, far), FAINT, font=_font(12))
    for view, (frame, entry) in enumerate(zip(scene.frames, scene.manifest.journal, strict=True)):
        x = GAP + view % columns * (CELL + GAP)
        y = 2 * (LINE + GAP) + view // columns * band_height
        pen.text((x, y), f"view {view}   {100 * entry.new_pixels:.0f} % new", INK, font=_font(12))
        pen.text((x, y + LINE), _fitted(then.get(view, ""), CELL, 12), FAINT, font=_font(12))
        for row, panel in enumerate(_panels(frame, near, far)):
            top = y + heading + row * (cell_height + GAP)
            cell = Image.fromarray(panel.numpy()).resize((CELL, cell_height), Image.Resampling.LANCZOS)
            sheet.paste(cell, (x, top))
    return sheet


def range_of(frames: tuple[Frame, ...]) -> tuple[float, float]:
    """Metres between which nearly all surfaces of the views lie; any where there is none."""
    depths = torch.cat([frame.depth[frame.valid] for frame in frames])
    return depth_range(depths) if len(depths) else (1.0, 2.0)


def new_in_color(frame: Frame) -> Tensor:
    """The picture (3, H, W), dark grey where earlier views show it already."""
    return torch.where(frame.known, DIMMED * frame.image.mean(dim=0, keepdim=True), frame.image)


def _panels(frame: Frame, near: float, far: float) -> tuple[Tensor, Tensor, Tensor]:
    """Three (H, W, 3) uint8 pictures of a view."""
    depth = colorize(frame.depth[0], frame.valid[0], near, far)
    return pixels_of(frame.image), depth, pixels_of(new_in_color(frame))


def _legend(near: float, far: float) -> str:
    return f"picture  /  depth: red {near:.1f} m, violet {far:.1f} m  /  in colour: new in this view"


def _font(size: int) -> FreeTypeFont | ImageFont:
    from PIL import ImageFont

    return ImageFont.load_default(size)


def _fitted(text: str, width: int, size: int) -> str:
    """One line of text of a font size, cut with dots at the end if it is wider than `width` pixels."""
    line, font = " ".join(text.split()), _font(size)
    if font.getlength(line) <= width:
        return line
    fits = bisect.bisect(range(len(line)), width, key=lambda count: font.getlength(line[:count] + "..."))
    return line[: fits - 1] + "..."
