"""Writing files so that a reader never meets half of one."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
from torch import Tensor

from scene3d.frame import pixels_of, write_image

LITTER = (".DS_Store", ".directory", "Thumbs.db", "desktop.ini")  # that file managers leave where people look


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a path to write to (file or folder, same suffix); it takes the place of `path` on success only.

    OSError where a file would take the place of a folder, ValueError for a path like "." without a name.
    """
    if not path.name:
        raise ValueError(f"{str(path)!r} has no name; write it out")
    aside = path.with_name(f".{path.stem}.partial{path.suffix}")
    remove(aside)
    try:
        with naming(path):
            yield aside
        if path.is_dir() and aside.is_dir():
            shutil.rmtree(path)
        os.replace(aside, path)
    finally:
        remove(aside)


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Errors of writing say what could not be written: that of a full disk does not by itself."""
    try:
        yield
    except OSError as error:
        if error.filename is not None:
            raise
        reason = f"cannot be written ({error.strerror or error})"
        raise OSError(error.errno or errno.EIO, reason, str(path)) from error


def remove(path: Path) -> None:
    """Remove a file or a folder with all that is in it, if it is there."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def write_video(images: Iterable[Tensor], path: Path, frames_per_second: int = 24) -> Path:
    """Write (3, H, W) [0, 1] pictures as an H.264 film; an odd last row or column is cut off."""
    import imageio.v2 as imageio

    with replacing(path) as aside:
        options = {"codec": "libx264", "quality": 8, "macro_block_size": 1}
        with closing(imageio.get_writer(aside, fps=frames_per_second, **options)) as writer:
            for image in images:
                pixels = pixels_of(image).numpy()
                height, width = pixels.shape[0] // 2 * 2, pixels.shape[1] // 2 * 2  # yuv420p needs even sizes
                writer.append_data(np.ascontiguousarray(pixels[:height, :width]))
    return path


def write_pictures(images: Iterable[Tensor], folder: Path) -> Path:
    """Write (3, H, W) [0, 1] pictures as `folder`/0000.png, 0001.png, ... in place of such a series.

    ValueError when `folder` is a file or holds anything else.
    """
    return _write_numbered(images, folder, ".png", write_image)


def write_depths(depths: Iterable[Tensor], folder: Path) -> Path:
    """Write (H, W) tensors as `folder`/0000.npy, 0001.npy, ... likewise."""
    return _write_numbered(depths, folder, ".npy", lambda depth, path: np.save(path, depth.numpy()))


def _write_numbered(
    items: Iterable[Tensor], folder: Path, suffix: str, write: Callable[[Tensor, Path], object]
) -> Path:
    if folder.is_file():
        raise ValueError(f"{folder} is a file; choose a folder")
    names = sorted(e.name for e in folder.glob("*") if e.name not in LITTER)
    series = [f"{number:04d}{suffix}" for number in range(len(names))]
    strangers = sorted(set(names) - set(series))
    if strangers:
        raise ValueError(f"{folder} holds other files, e.g. {strangers[0]}; choose a new folder")
    with replacing(folder) as aside:
        aside.mkdir()
        for number, item in enumerate(items):
            write(item, aside / f"{number:04d}{suffix}")
    return folder
