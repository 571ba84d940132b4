"""Frames -> the native layouts of NYU Depth v2, KITTI and SceneNet, which the readers read back.

For rendered worlds as stand-ins: a training stage runs on them through the same readers as on the real sets.
What a layout cannot say is lost: poses and sky everywhere, intrinsics in both of NYU's (its readers state
NYU's own camera), metres beyond its range or between its steps. Depth that is not valid is stored as 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from depthgen.data import kitti, nyu, scenenet
from depthgen.data.encode import levels
from depthgen.data.sample import RGBD
from depthgen.images import to_uint8

if TYPE_CHECKING:
    import h5py

JPEG_QUALITY = 95
FRAMES_A_FOLDER = 300  # SceneNet's trajectories have as many
KITTI_DATES = {"train": ("2011_09_26", "train"), "test": ("2011_09_28", "val")}


def write_nyu_sync(root: Path, samples: Iterable[RGBD], split: str = "train") -> int:
    """Scene folders and the list of BTS below `root` for `NyuSync`; returns the number of frames.

    Depth in millimetres up to 65.535 m. ValueError for no frames, or depth of another size than its picture.
    """
    base, slash = ("sync", "/") if split == "train" else ("official_splits/test", "")
    lines = []
    for i, sample in enumerate(samples):
        scene = f"world_{i // FRAMES_A_FOLDER:04d}"
        rgb, depth = f"{scene}/rgb_{i:05d}.jpg", f"{scene}/sync_depth_{i:05d}.png"
        _write_picture(root / base / rgb, sample)
        _write_depth(root / base / depth, levels(sample.depth, sample.valid, nyu.MILLIMETRE))
        lines.append(f"{slash}{rgb} {slash}{depth} {nyu.FOCAL}")
    return _write_list(root / f"nyudepthv2_{split}_files_with_gt.txt", lines)


def write_nyu_labelled(root: Path, samples: Mapping[str, Iterable[RGBD]]) -> int:
    """nyu_depth_v2_labeled.mat and splits.mat below `root` for `NyuLabelled`; returns the number of frames.

    samples: of "train" and "test", all of one size. Depth in float32 metres. ValueError for no frames, or
    sizes that differ.
    """
    import h5py
    from scipy.io import savemat

    root.mkdir(parents=True, exist_ok=True)
    numbers: dict[str, list[int]] = {"train": [], "test": []}
    count = 0
    with h5py.File(root / nyu.LABELLED, "w") as file:
        for split, frames in samples.items():
            for sample in frames:
                _append(file, "images", _bytes(sample).transpose(2, 1, 0))
                _append(file, "rawDepths", sample.depth.where(sample.valid, 0.0)[0].T.numpy())
                count += 1
                numbers[split].append(count)  # from 1
    if not count:
        raise ValueError(f"{root}: no frames to write")
    columns = {f"{split}Ndxs": np.array(of, dtype=np.uint16)[:, None] for split, of in numbers.items()}
    savemat(root / nyu.SPLITS, columns)
    return count


def write_kitti(root: Path, samples: Iterable[RGBD], split: str = "train") -> int:
    """raw/, data_depth_annotated/, the calibration and the list of BTS below `root` for `Kitti`.

    Returns the number of frames. Depth in 1/256 m up to 255.996 m. ValueError for no frames, depth of another
    size than its picture, or intrinsics that are absent or not the same in every frame.
    """
    date, part = KITTI_DATES[split]
    drive = f"{date}_drive_0001_sync"
    annotated = root / "data_depth_annotated" / part
    K, lines = None, []
    for i, sample in enumerate(samples):
        if sample.K is None or (K is not None and not torch.allclose(K, sample.K)):
            raise ValueError(f"{sample.name}: a drive of KITTI has one camera; give every frame the same K")
        K = sample.K
        rgb = f"{date}/{drive}/image_02/data/{i:010d}.png"
        depth = f"{drive}/proj_depth/groundtruth/image_02/{i:010d}.png"
        _write_picture(root / "raw" / rgb, sample)
        _write_depth(annotated / depth, levels(sample.depth, sample.valid, kitti.METRES_PER_LEVEL))
        lines.append(f"{rgb} {depth} {float(K[0, 0])}")
    count = _write_list(root / f"kitti_eigen_{split}_files_with_gt.txt", lines)
    projection = np.hstack([np.asarray(K), np.zeros((3, 1))]).ravel()
    numbers = " ".join(f"{value:.12e}" for value in projection)
    (root / "raw" / date / "calib_cam_to_cam.txt").write_text(f"P_rect_02: {numbers}\n", encoding="utf8")
    return count


def write_scenenet(root: Path, samples: Iterable[RGBD], split: str = "train") -> int:
    """Trajectories of 300 frames below `root` for `SceneNet`; returns the number of frames.

    Planar z becomes ray lengths in millimetres, up to 65.535 m. ValueError for no frames, depth of another
    size than its picture, or another camera than `scenenet_camera` of the picture's size.
    """
    count = 0
    for count, sample in enumerate(samples, start=1):
        height, width = sample.depth.shape[1:]
        expected = scenenet.scenenet_camera(width, height).K
        if sample.K is None or not torch.allclose(sample.K, expected, rtol=1e-3):
            raise ValueError(f"{sample.name}: SceneNet has one camera; render with scenenet_camera")
        trajectory, number = divmod(count - 1, FRAMES_A_FOLDER)
        folder = root / split / "0" / str(trajectory)
        _write_picture(folder / "photo" / f"{25 * number}.jpg", sample)
        level = scenenet.MILLIMETRE * scenenet.z_per_ray_metre(width, height)[0].numpy()
        _write_depth(folder / "depth" / f"{25 * number}.png", levels(sample.depth, sample.valid, level))
    if not count:
        raise ValueError(f"{root}: no frames to write")
    return count


def _bytes(sample: RGBD) -> np.ndarray:
    """(H,W,3) uint8 of a sample's picture; ValueError if its depth is of another size."""
    if sample.image.shape[1:] != sample.depth.shape[1:]:
        sizes = f"depth {tuple(sample.depth.shape)}, picture {tuple(sample.image.shape)}"
        raise ValueError(f"{sample.name}: {sizes}; this layout stores both at one size")
    return to_uint8(sample.image)


def _write_picture(path: Path, sample: RGBD) -> None:
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(_bytes(sample)).save(path, quality=JPEG_QUALITY)


def _write_depth(path: Path, levels: np.ndarray) -> None:
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(levels).save(path)


def _write_list(path: Path, lines: list[str]) -> int:
    if not lines:
        raise ValueError(f"{path}: no frames to write")
    path.write_text("\n".join(lines) + "\n", encoding="utf8")
    return len(lines)


def _append(file: h5py.File, key: str, values: np.ndarray) -> None:
    """One more row of the dataset `key`."""
    if key not in file:
        shape = (0, *values.shape)
        file.create_dataset(
            key, shape, values.dtype, maxshape=(None, *values.shape), chunks=(1, *values.shape)
        )
    rows: h5py.Dataset = file[key]  # type: ignore[assignment]
    if rows.shape[1:] != values.shape:
        raise ValueError(f"{file.filename}: frames of {rows.shape[1:]} and of {values.shape}; give one size")
    rows.resize(len(rows) + 1, axis=0)
    rows[-1] = values
