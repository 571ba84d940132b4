"""ScanNet's .sens files, version 4: one RGB-D video in one file, read frame by frame.

Little-endian: uint32 version; uint64 length and name of the sensor; four 4x4 float32 (intrinsic and extrinsic
of colour, of depth); int32 codecs of colour (2 JPEG) and depth (1 zlib of uint16); uint32 width and height of
colour and of depth; float32 levels a metre; uint64 frames. A frame: 4x4 float32 world_from_camera, uint64
times of colour and depth, uint64 bytes of colour and depth, both blobs. Source: SensReader of
github.com/ScanNet/ScanNet.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from depthgen.data.sample import BrokenSample

VERSION, JPEG, ZLIB_USHORT = 4, 2, 1
MATRICES, SIZES, FRAME = struct.Struct("<64f"), struct.Struct("<2i4IfQ"), struct.Struct("<16f4Q")
LONGEST_NAME = 4096  # bytes; a longer sensor name means that this is no such file


@dataclass(frozen=True, eq=False)
class SensHeader:
    """What holds for all frames: intrinsics (4,4) in pixels, sizes (width, height), depth levels a metre."""

    color_intrinsic: np.ndarray
    depth_intrinsic: np.ndarray
    color_size: tuple[int, int]
    depth_size: tuple[int, int]
    depth_shift: float
    frames: int


@dataclass(frozen=True, eq=False)
class SensFrame:
    """One frame:

    A JPEG, depth levels (h,w) uint16, world_from_camera (4,4) float32, not finite where lost.
    """

    jpeg: bytes
    depth: np.ndarray
    world_from_camera: np.ndarray


class SensFile:
    """Random access to the frames of `path`.

    Opening reads the header; the first frame asked for walks once over the frames' headers, 96 bytes each, to
    learn where they begin. No file is kept open. BrokenSample names the file, and the frame, that is damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.header, self._first = _read_header(path)
        self._offsets: np.ndarray | None = None

    def __len__(self) -> int:
        return self.header.frames

    def __getitem__(self, index: int) -> SensFrame:
        offset = self._offset(index)
        with self.path.open("rb") as file:
            file.seek(offset)
            *pose, _, _, color_bytes, depth_bytes = FRAME.unpack(file.read(FRAME.size))
            jpeg, packed = file.read(color_bytes), file.read(depth_bytes)
        return SensFrame(jpeg, self._unpacked(packed, index), np.array(pose, np.float32).reshape(4, 4))

    def check_whole(self) -> None:
        """BrokenSample unless all frames that the header counts are there; nothing is decoded."""
        self._offset(len(self) - 1)

    def _offset(self, index: int) -> int:
        if self._offsets is None:
            self._offsets = _frame_offsets(self.path, self._first, self.header.frames)
        if index >= len(self._offsets):
            whole = f"the file ends within frame {len(self._offsets)} of {len(self)}"
            raise BrokenSample(self.path, f"frame {index}: {whole} (truncated?); download it anew")
        return int(self._offsets[index])

    def _unpacked(self, packed: bytes, index: int) -> np.ndarray:
        width, height = self.header.depth_size
        expected = 2 * width * height
        try:
            data = zlib.decompressobj().decompress(packed, expected + 1)  # never more memory than that
        except zlib.error as error:
            raise BrokenSample(self.path, f"frame {index}: depth cannot be decoded ({error})") from error
        if len(data) != expected:
            raise BrokenSample(self.path, f"frame {index}: depth is not {width}x{height} uint16")
        return np.frombuffer(data, "<u2").reshape(height, width)


def _read_header(path: Path) -> tuple[SensHeader, int]:
    """The header, and the offset of the first frame."""
    with path.open("rb") as file:
        try:
            version, length = struct.unpack("<IQ", file.read(12))
            if version != VERSION or length > LONGEST_NAME:
                raise BrokenSample(path, f"not a .sens file of version {VERSION} (version {version})")
            file.seek(length, os.SEEK_CUR)
            matrices = np.array(MATRICES.unpack(file.read(MATRICES.size)), np.float64).reshape(4, 4, 4)
            color, depth, cw, ch, dw, dh, shift, frames = SIZES.unpack(file.read(SIZES.size))
        except struct.error as error:
            raise BrokenSample(path, "ends within its header (truncated?); download it anew") from error
        if (color, depth) != (JPEG, ZLIB_USHORT) or not shift > 0:
            codecs = f"colour codec {color}, depth codec {depth}, {shift:g} levels a metre"
            raise BrokenSample(path, f"{codecs}; only JPEG ({JPEG}) and zlib_ushort ({ZLIB_USHORT}) are read")
        if not frames:
            raise BrokenSample(
                path, "its header counts no frames (recording cut short?); leave the scene out"
            )
        return SensHeader(matrices[0], matrices[2], (cw, ch), (dw, dh), shift, frames), file.tell()


def _frame_offsets(path: Path, first: int, frames: int) -> np.ndarray:
    """Where each whole frame begins; fewer than `frames` where the file ends too early."""
    offsets, offset, size = [], first, path.stat().st_size
    with path.open("rb", buffering=0) as file:  # unbuffered: only the headers are wanted
        while len(offsets) < frames and offset + FRAME.size <= size:
            file.seek(offset)
            color_bytes, depth_bytes = FRAME.unpack(file.read(FRAME.size))[-2:]
            end = offset + FRAME.size + color_bytes + depth_bytes
            if end > size:
                break
            offsets.append(offset)
            offset = end
    return np.array(offsets, np.int64)


def write_sens(
    path: Path, header: SensHeader, frames: Sequence[SensFrame], sensor: str = "StructureSensor"
) -> None:
    """Write `frames` as a .sens file; `header.frames` is not looked at. Extrinsics are identities."""
    identity = np.eye(4)
    matrices = np.stack([header.color_intrinsic, identity, header.depth_intrinsic, identity]).ravel()
    sizes = (*header.color_size, *header.depth_size, header.depth_shift, len(frames))
    with path.open("wb") as file:
        file.write(struct.pack("<IQ", VERSION, len(sensor)) + sensor.encode("ascii"))
        file.write(MATRICES.pack(*matrices) + SIZES.pack(JPEG, ZLIB_USHORT, *sizes))
        for number, frame in enumerate(frames):
            packed = zlib.compress(frame.depth.astype("<u2").tobytes())
            blobs = (number, number, len(frame.jpeg), len(packed))
            file.write(FRAME.pack(*frame.world_from_camera.ravel(), *blobs) + frame.jpeg + packed)
