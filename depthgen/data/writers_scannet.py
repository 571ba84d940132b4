"""Frames -> ScanNet's layouts, so that small sets can be made and read back by the real reader."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch

from depthgen.data.encode import jpeg, levels, png16
from depthgen.data.sample import RGBD
from depthgen.data.scannet import LISTS, MILLIMETRE
from depthgen.data.sens import SensFrame, SensHeader, write_sens


def write_scannet(
    root: Path, samples: Iterable[RGBD], split: str = "train", *, scene: str | None = None, sens: bool = True
) -> int:
    """One scene of `samples` with K, as a .sens file or as exported frames, entered into the split's list.

    Returns the number of frames. All share the sizes and the K of the first. Depth is rounded to
    millimetres; a frame without a pose becomes one whose tracking was lost. `scene` defaults to one name a
    split. ValueError without samples or without K.
    """
    scene = scene or f"scene{[*LISTS].index(split):04d}_00"
    frames = list(samples)
    if not frames or frames[0].K is None:
        raise ValueError(f"{scene}: ScanNet needs frames that know their intrinsics")
    folder = root / scene
    folder.mkdir(parents=True, exist_ok=True)
    if sens:
        write_sens(folder / f"{scene}.sens", _header(frames[0]), [_sens_frame(frame) for frame in frames])
    else:
        _write_exported(folder, frames)
    with (root / LISTS[split]).open("a", encoding="utf8") as file:
        file.write(f"{scene}\n")
    return len(frames)


def _header(frame: RGBD) -> SensHeader:
    (height, width), (h, w) = frame.image.shape[-2:], frame.depth.shape[-2:]
    K_depth = _four_by_four(frame, (w / width, h / height))
    return SensHeader(_four_by_four(frame), K_depth, (width, height), (w, h), 1 / MILLIMETRE, 0)


def _sens_frame(frame: RGBD) -> SensFrame:
    return SensFrame(jpeg(frame.image), levels(frame.depth, frame.valid, MILLIMETRE), _pose(frame))


def _write_exported(folder: Path, frames: list[RGBD]) -> None:
    for name in ("color", "depth", "pose", "intrinsic"):
        (folder / name).mkdir(exist_ok=True)
    _write_matrix(folder / "intrinsic" / "intrinsic_color.txt", _four_by_four(frames[0]))
    _write_matrix(folder / "intrinsic" / "intrinsic_depth.txt", _header(frames[0]).depth_intrinsic)
    for number, frame in enumerate(frames):
        depth = levels(frame.depth, frame.valid, MILLIMETRE)
        (folder / "color" / f"{number}.jpg").write_bytes(jpeg(frame.image))
        (folder / "depth" / f"{number}.png").write_bytes(png16(depth))
        _write_matrix(folder / "pose" / f"{number}.txt", _pose(frame))


def _write_matrix(path: Path, matrix: np.ndarray) -> None:
    path.write_text("\n".join(" ".join(f"{x:.6f}" for x in row) for row in matrix) + "\n", encoding="ascii")


def _four_by_four(frame: RGBD, scale: tuple[float, float] = (1, 1)) -> np.ndarray:
    """The frame's K, scaled per axis, as ScanNet writes it: in the corner of a 4x4 identity."""
    matrix = torch.eye(4, dtype=torch.float64)
    matrix[:3, :3] = torch.tensor([*scale, 1], dtype=torch.float64)[:, None] * frame.K  # type: ignore[operator]
    return matrix.numpy()


def _pose(frame: RGBD) -> np.ndarray:
    lost = np.full((4, 4), -np.inf, dtype=np.float32)
    return lost if frame.world_from_camera is None else frame.world_from_camera.numpy().astype(np.float32)
