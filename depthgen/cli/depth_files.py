"""The files of estimate-depth: what it reads beside pictures, and all it writes."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from depthgen.depth import colorize
from depthgen.depth_models import TRAINING_HFOV
from depthgen.estimator import DepthPrediction
from depthgen.geometry import Camera, unproject
from depthgen.images import to_uint8

MILLIMETRES = 1000.0
PNG_LIMIT = 65535
SUFFIXES = ("_depth.npy", "_std.npy", "_valid.png", "_depth_mm.png", "_preview.png", "_points.ply")


def assumed_camera(width: int, height: int) -> Camera:
    """The camera that models assume of a picture in pixels: 60 degrees over the shorter side."""
    half = math.tan(math.radians(TRAINING_HFOV) / 2) * width / min(width, height)
    return Camera.from_fov(2 * math.degrees(math.atan(half)), width, height)


def read_known(path: Path, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Partly known depth (1,H,W) in metres and where it is known (1,H,W) bool, from a file; 0 is unknown.

    path: a 16-bit PNG in millimetres or a float .npy in metres, of the image's `size` (H, W). ValueError
    names the file where it is none of the two, has another size, or holds NaN or negative depth.
    """
    metres = _read_npy(path) if path.suffix == ".npy" else _read_png(path)
    if metres.shape != size:
        raise ValueError(
            f"{path}: known depth is {metres.shape}, the image {size} (H, W); give the same size"
        )
    if not np.isfinite(metres).all() or metres.min() < 0:
        raise ValueError(f"{path}: NaN, infinite or negative depth; write 0 where the depth is unknown")
    depth = torch.from_numpy(metres.astype(np.float32))[None]
    return depth, depth > 0


def write_outputs(stem: Path, image: Tensor, out: DepthPrediction, camera: Camera) -> int:
    """Write all files of one picture, each at once or not at all, as `stem` + suffix.

    image: (3,H,W) in [0,1]. Returns how many valid pixels lie beyond the 65.535 m of the millimetre PNG.
    """
    millimetres, lost = to_millimetres(out.depth, out.valid)
    with _whole(stem, "_depth.npy") as path:
        np.save(path, out.depth.numpy())
    if out.std is not None:
        with _whole(stem, "_std.npy") as path:
            np.save(path, out.std.numpy())
    pictures = {
        "_valid.png": out.valid.numpy().astype(np.uint8) * 255,
        "_depth_mm.png": millimetres,
        "_preview.png": colorize(out.depth, out.valid).numpy(),
    }
    for suffix, pixels in pictures.items():
        with _whole(stem, suffix) as path:
            _save_png(path, pixels)
    with _whole(stem, "_points.ply") as path:
        write_points(path, image, out, camera)
    return lost


def to_millimetres(depth: Tensor, valid: Tensor) -> tuple[np.ndarray, int]:
    """(H,W) metres -> uint16 millimetres, 0 where not valid or too far; and how many were too far."""
    millimetres = (depth.double() * MILLIMETRES).round()
    fits = millimetres <= PNG_LIMIT
    kept = torch.where(valid & fits, millimetres, 0.0)
    return kept.numpy().astype(np.uint16), int((valid & ~fits).sum())


def write_points(path: Path, image: Tensor, out: DepthPrediction, camera: Camera) -> None:
    """The valid pixels as a binary PLY of coloured points, camera axes, metres."""
    points = unproject(out.depth, camera)[out.valid].numpy()
    vertices = np.empty(len(points), dtype=[("xyz", "<f4", 3), ("rgb", "u1", 3)])
    vertices["xyz"], vertices["rgb"] = points, to_uint8(image)[out.valid.numpy()]
    header = [
        "ply",
        "format binary_little_endian 1.0",
        "comment metres; x right, y down, z forward",
        f"element vertex {len(points)}",
        *(f"property float {axis}" for axis in "xyz"),
        *(f"property uchar {color}" for color in ("red", "green", "blue")),
        "end_header\n",
    ]
    path.write_bytes("\n".join(header).encode() + vertices.tobytes())


@contextmanager
def _whole(stem: Path, suffix: str) -> Iterator[Path]:
    """A temporary path that becomes `stem` + suffix once it is written."""
    final = stem.with_name(stem.name + suffix)
    partial = final.with_name(f".partial-{os.getpid()}-{final.name}")
    try:
        yield partial
        os.replace(partial, final)
    finally:
        partial.unlink(missing_ok=True)


def _save_png(path: Path, pixels: np.ndarray) -> None:
    from PIL import Image

    Image.fromarray(pixels).save(path, format="PNG")


def _read_npy(path: Path) -> np.ndarray:
    try:
        array = np.load(path, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise ValueError(f"{path}: not a .npy array of numbers; save one with numpy.save") from error
    if array.dtype.kind not in "fiu":
        raise ValueError(f"{path}: holds {array.dtype}, not numbers; give metres as float32")
    return array.reshape(array.shape[-2:]) if array.ndim == 3 and len(array) == 1 else array


def _read_png(path: Path) -> np.ndarray:
    from PIL import Image

    try:
        image = Image.open(path)
        image.load()
    except (OSError, SyntaxError) as error:
        if getattr(error, "filename", None):  # not there, or a folder
            raise
        raise ValueError(
            f"{path}: not a depth file, or damaged; give a 16-bit PNG in millimetres or a .npy in metres"
        ) from error
    if not image.mode.startswith("I"):
        raise ValueError(
            f"{path}: a picture of mode {image.mode}; known depth must be 16-bit millimetres, one channel"
        )
    return np.asarray(image, dtype=np.float64) / MILLIMETRES
