"""One RGB-D view of a scene, and its files on disk."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from depthgen.geometry import Camera

if TYPE_CHECKING:
    from PIL.Image import Image as PILImage

FRAME_FILES = ("image.png", "depth.npy", "known.png", "valid.png", "camera.json")


@dataclass(frozen=True)
class Frame:
    """A view as committed: picture, metres, and what is known about each pixel.

    image: (3, H, W) float32 in [0, 1], already rounded to 8 bits.
    depth: (1, H, W) float32 metres along the optical axis; finite everywhere, meaningful where `valid`.
    valid: (1, H, W) bool, False where there is no surface (sky).
    known: (1, H, W) bool, True where the pixel came from earlier views; all False in the first view.
    camera: where the view was taken from, in the scene's frame (the first camera's).
    """

    image: Tensor
    depth: Tensor
    valid: Tensor
    known: Tensor
    camera: Camera


def round_to_8_bits(image: Tensor) -> Tensor:
    """The nearest image (any shape, [0, 1]) that an 8-bit file can hold."""
    return (image.clamp(0, 1) * 255).round() / 255


def save_frame(frame: Frame, folder: Path) -> None:
    """Write the five files of a view into an existing folder; `load_frame` gives the same values back."""
    write_image(frame.image, folder / "image.png")
    np.save(folder / "depth.npy", frame.depth[0].numpy().astype(np.float32))
    _write_flags(frame.known, folder / "known.png")
    _write_flags(frame.valid, folder / "valid.png")
    (folder / "camera.json").write_text(json.dumps(frame.camera.to_json(), indent=1) + "\n")


def load_frame(folder: Path) -> Frame:
    """Read a view folder written by `save_frame`; ValueError naming the folder when it cannot be used."""
    try:
        return Frame(
            image=read_image(folder / "image.png"),
            depth=torch.from_numpy(np.load(folder / "depth.npy", allow_pickle=False))[None],
            valid=_read_flags(folder / "valid.png"),
            known=_read_flags(folder / "known.png"),
            camera=Camera.from_json(json.loads((folder / "camera.json").read_text())),
        )
    except (OSError, ValueError, KeyError) as error:
        raise ValueError(f"{folder} is not a readable view of a scene: {error}") from error


def write_image(image: Tensor, path: Path) -> None:
    """Write (3, H, W) [0, 1] as an 8-bit picture; the format follows the suffix."""
    from PIL import Image

    Image.fromarray(_bytes_of(image).permute(1, 2, 0).numpy()).save(path)


def read_image(path: Path) -> Tensor:
    """Read an 8-bit picture as (3, H, W) float32 in [0, 1]; OSError when the file is not a picture."""
    from PIL import Image

    with Image.open(path) as picture:
        return image_to_tensor(picture.convert("RGB"))


def image_to_tensor(picture: PILImage) -> Tensor:
    """An RGB picture of PIL's as (3, H, W) float32 in [0, 1]."""
    return torch.from_numpy(np.array(picture)).permute(2, 0, 1).float() / 255


def _bytes_of(values: Tensor) -> Tensor:
    return (values.clamp(0, 1) * 255).round().to(torch.uint8)


def _write_flags(flags: Tensor, path: Path) -> None:
    from PIL import Image

    Image.fromarray(_bytes_of(flags[0].float()).numpy(), mode="L").save(path)


def _read_flags(path: Path) -> Tensor:
    from PIL import Image

    with Image.open(path) as picture:
        return torch.from_numpy(np.array(picture.convert("L")) > 127)[None]
