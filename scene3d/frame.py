"""One RGB-D view of a scene, and its files on disk."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from depthgen.geometry import Camera

if TYPE_CHECKING:
    from PIL.Image import Image as PILImage

FRAME_FILES = ("image.png", "depth.npy", "known.png", "valid.png", "camera.json")
CERTAINTY_FILE = "certainty.npy"  # only of views whose depth was drawn more than once
READING_FILE = "reading.npy"  # only of views whose depth model reads metres in pictures
READING_SIDE = 32  # pixels along the longer side that are kept of a reading
CERTAIN = 0.5  # pixels less certain than this are cut from the surface


@dataclass(frozen=True, eq=False)
class Frame:
    """A view as committed: picture, metres, and what is known about each pixel.

    image: (3, H, W) float32 in [0, 1], already rounded to 8 bits.
    depth: (1, H, W) float32 metres along the optical axis; finite everywhere, meaningful where `valid`.
    valid: (1, H, W) bool, False where there is no surface (sky).
    known: (1, H, W) bool, True where the pixel shows what earlier views made; all False in the first view.
        Cracks that were closed from beside count as new: this view gives them triangles.
    camera: where the view was taken from, in the scene's frame (the first camera's).
    certainty: (1, H, W) float32 in [0, 1] of the depth, see `certainty_of`; 1 where known; None where the
        depth was drawn only once.
    reading: (1, h, w) float32 metres, the depth that the model reads in the picture alone, see `coarse`; None
        where it reads none.
    """

    image: Tensor
    depth: Tensor
    valid: Tensor
    known: Tensor
    camera: Camera
    certainty: Tensor | None = None
    reading: Tensor | None = None

    @property
    def certain(self) -> Tensor:
        """(1, H, W) bool: the pixels that may become surface; all, where certainty is not known."""
        if self.certainty is None:
            return torch.ones_like(self.valid)
        return self.certainty >= CERTAIN


def certainty_of(depth: Tensor, std: Tensor, max_spread: float) -> Tensor:
    """How far samples of depth agree, in [0, 1]: 1 / (1 + (std / (max_spread depth))^2).

    depth, std: metres, of one shape. max_spread: the relative spread std / depth of certainty 1/2.
    """
    return 1 / (1 + (std / (max_spread * depth)).square())


def coarse(reading: Tensor | None) -> Tensor | None:
    """Every so-many-th pixel (1, h, w) of metres (1, H, W), READING_SIDE of them along the longer side: it is
    kept for the scale of things, not for their shapes."""
    if reading is None:
        return None
    sides = reading.shape[-2:]
    share = min(1.0, READING_SIDE / max(sides))
    size = [max(1, round(share * side)) for side in sides]
    return F.interpolate(reading[None], size=size, mode="nearest-exact")[0]


def round_to_8_bits(image: Tensor) -> Tensor:
    """The nearest image (any shape, [0, 1]) that an 8-bit file can hold."""
    return (image.clamp(0, 1) * 255).round() / 255


def save_frame(frame: Frame, folder: Path) -> tuple[str, ...]:
    """Write the files of a view into an existing folder, which `load_frame` reads back, and name them."""
    write_image(frame.image, folder / "image.png")
    _write_floats(frame.depth, folder / "depth.npy")
    _write_flags(frame.known, folder / "known.png")
    _write_flags(frame.valid, folder / "valid.png")
    (folder / "camera.json").write_text(json.dumps(frame.camera.to_json(), indent=1) + "\n")
    optional = {CERTAINTY_FILE: frame.certainty, READING_FILE: frame.reading}
    given = {name: values for name, values in optional.items() if values is not None}
    for name, values in given.items():
        _write_floats(values, folder / name)
    return (*FRAME_FILES, *given)


def load_frame(folder: Path) -> Frame:
    """Read a view folder written by `save_frame`; ValueError naming the folder when it cannot be used."""
    try:
        return Frame(
            image=read_image(folder / "image.png"),
            depth=_read_floats(folder / "depth.npy"),
            valid=_read_flags(folder / "valid.png"),
            known=_read_flags(folder / "known.png"),
            camera=Camera.from_json(json.loads((folder / "camera.json").read_text())),
            certainty=_read_if_there(folder / CERTAINTY_FILE),
            reading=_read_if_there(folder / READING_FILE),
        )
    except (OSError, ValueError, KeyError) as error:
        raise ValueError(f"{folder} is not a readable view of a scene: {error}") from error


def write_image(image: Tensor, path: Path) -> None:
    """Write (3, H, W) [0, 1] as an 8-bit picture; the format follows the suffix."""
    picture_of(image).save(path)


def png(image: Tensor) -> bytes:
    """A (3, H, W) [0, 1] picture as the contents of a PNG file."""
    buffer = io.BytesIO()
    picture_of(image).save(buffer, "PNG")
    return buffer.getvalue()


def picture_of(image: Tensor) -> PILImage:
    """A (3, H, W) [0, 1] picture for Pillow."""
    from PIL import Image

    return Image.fromarray(pixels_of(image).numpy())


def pixels_of(image: Tensor) -> Tensor:
    """(C, H, W) [0, 1] -> (H, W, C) uint8, rounded."""
    return _bytes_of(image).permute(1, 2, 0).contiguous()


def read_image(path: Path) -> Tensor:
    """Read an 8-bit picture as (3, H, W) float32 in [0, 1]; OSError when the file is not a picture."""
    from PIL import Image

    with Image.open(path) as picture:
        return torch.from_numpy(np.array(picture.convert("RGB"))).permute(2, 0, 1).float() / 255


def _bytes_of(values: Tensor) -> Tensor:
    return (values.clamp(0, 1) * 255).round().to(torch.uint8)


def _write_floats(values: Tensor, path: Path) -> None:
    np.save(path, values[0].numpy().astype(np.float32))


def _read_floats(path: Path) -> Tensor:
    return torch.from_numpy(np.load(path, allow_pickle=False))[None]


def _read_if_there(path: Path) -> Tensor | None:
    return _read_floats(path) if path.is_file() else None


def _write_flags(flags: Tensor, path: Path) -> None:
    from PIL import Image

    Image.fromarray(_bytes_of(flags[0].float()).numpy(), mode="L").save(path)


def _read_flags(path: Path) -> Tensor:
    from PIL import Image

    with Image.open(path) as picture:
        return torch.from_numpy(np.array(picture.convert("L")) > 127)[None]
