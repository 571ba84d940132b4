"""Encoded pictures and depth maps -> tensors, for every reader; a BrokenSample names what cannot be decoded.

Decoding is in two steps, so that readers crop before the costly one: files -> arrays of levels as stored
(`picture_levels`, `depth_levels`), levels -> float tensors (`to_picture`, `to_metres`). Orientation tags
(EXIF) are not applied: a depth map has none, and both must show the same pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from depthgen.data.sample import BrokenSample

if TYPE_CHECKING:
    from PIL import Image

# How Pillow calls one channel of more than eight bits; "I" is what Pillow before 11 makes of a 16-bit PNG.
DEEP_MODES = ("I;16", "I;16B", "I;16L", "I;16N", "I", "F")


def read_picture(path: Path) -> Tensor:
    """(3,H,W) float32 in [0,1] of a JPEG or PNG file. BrokenSample if missing, truncated or no picture."""
    return to_picture(picture_levels(path))


def read_depth(path: Path, metres_per_level: float, invalid: Sequence[float] = (0,)) -> tuple[Tensor, Tensor]:
    """Depth (1,H,W) float32 metres and valid (1,H,W) bool of a 16-bit file: `depth_levels`, `to_metres`."""
    return to_metres(depth_levels(path), metres_per_level, invalid)


def picture_levels(path: Path, data: bytes | None = None) -> np.ndarray:
    """(H,W,3) uint8 of a JPEG or PNG: the file `path`, or `data`, its content, which `path` names in errors.

    Grey becomes colour and an alpha channel is dropped. BrokenSample for a deep grey picture (a depth map).
    """
    image = _loaded(path, data)
    if image.mode in DEEP_MODES:
        raise BrokenSample(path, f"a depth map (mode {image.mode}) where a colour picture should be")
    return np.asarray(image if image.mode == "RGB" else image.convert("RGB"))


def depth_levels(path: Path, data: bytes | None = None) -> np.ndarray:
    """(H,W) levels as stored: uint16 of a 16-bit PNG (or PGM, TIFF), float32 of a float TIFF.

    BrokenSample for 8-bit and colour pictures, which hold no metric depth.
    """
    image = _loaded(path, data)
    if image.mode not in DEEP_MODES:
        raise BrokenSample(path, f"a depth map must be a 16-bit grey picture; this one has mode {image.mode}")
    return np.asarray(image)


def to_picture(levels: np.ndarray) -> Tensor:
    """(H,W,3) uint8 -> (3,H,W) float32 in [0,1]."""
    # the planes stay interleaved in memory: transposing a picture costs more than converting it
    writable = levels if levels.flags.writeable else levels.copy()
    return torch.from_numpy(writable).permute(2, 0, 1).to(torch.float32).div_(255)


def to_metres(
    levels: np.ndarray, metres_per_level: float, invalid: Sequence[float] = (0,)
) -> tuple[Tensor, Tensor]:
    """(H,W) levels -> depth (1,H,W) float32 metres, 0 where not valid, and valid (1,H,W) bool.

    invalid: levels that stand for "not measured"; so do NaN, infinity and what is not positive.
    """
    depth = np.multiply(levels, np.float32(metres_per_level), dtype=np.float32)
    valid = depth > 0
    for level in invalid:
        if level != 0:
            valid &= levels != level
    if levels.dtype.kind == "f":
        valid &= np.isfinite(levels)
    if levels.dtype.kind != "u" or any(level != 0 for level in invalid):
        depth[~valid] = 0
    return torch.from_numpy(depth)[None], torch.from_numpy(valid)[None]


def check_same_size(picture: np.ndarray, depth: np.ndarray, path: Path) -> None:
    """BrokenSample naming the depth file `path` unless picture (H,W,3) and depth (H,W) share H and W."""
    if picture.shape[:2] != depth.shape:
        sizes = [f"{array.shape[1]}x{array.shape[0]}" for array in (depth, picture)]
        raise BrokenSample(path, f"depth of {sizes[0]} pixels with a picture of {sizes[1]}")


def _loaded(path: Path, data: bytes | None) -> Image.Image:
    from PIL import Image

    try:
        with Image.open(path if data is None else BytesIO(data)) as image:
            image.load()
            return image
    except Exception as error:  # what Pillow raises on damaged files differs by format and version
        raise BrokenSample(path, _reason(error)) from error


def _reason(error: Exception) -> str:
    from PIL import UnidentifiedImageError

    if isinstance(error, FileNotFoundError):
        return "no such file"
    if isinstance(error, UnidentifiedImageError):
        return "not a picture that can be read"
    return f"cannot be decoded: {error}"
