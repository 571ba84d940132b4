"""PNG files built from the format's description, and the real frames beside the repository."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _png(pixels: np.ndarray) -> bytes:
    """(H,W) uint8 or uint16, or (H,W,3) uint8, by ISO 15948: no filter, most significant byte first."""
    height, width = pixels.shape[:2]
    bits, color = 8 * pixels.dtype.itemsize, 2 if pixels.ndim == 3 else 0
    rows = b"".join(b"\0" + row.astype(pixels.dtype.newbyteorder(">")).tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", width, height, bits, color, 0, 0, 0)
    parts = _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows)) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


@pytest.fixture(scope="session")
def png() -> Callable[[np.ndarray], bytes]:
    """Encodes (H,W) uint8 or uint16, or (H,W,3) uint8."""
    return _png


@pytest.fixture(scope="session")
def put(png: Callable[[np.ndarray], bytes]) -> Callable[[Path, np.ndarray], Path]:
    """Writes an array as a picture, a PNG by our own encoder and a JPEG by Pillow; makes its folder."""

    def put_file(path: Path, pixels: np.ndarray) -> Path:
        from PIL import Image

        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".png":
            path.write_bytes(png(pixels))
        else:
            Image.fromarray(pixels).save(path, quality=100, subsampling=0)
        return path

    return put_file


@pytest.fixture(scope="session")
def real_frames() -> Path:
    """The folder of real RGB-D frames; the test is skipped where it is absent."""
    folder = Path(__file__).resolve().parents[3] / "../shared/rgbd"
    if not folder.is_dir():
        pytest.skip("no real frames beside the repository")
    return folder.resolve()
