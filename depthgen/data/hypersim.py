"""Hypersim: photorealistic interiors, HDR colour, distance to the camera's centre and the exact lens.

Distances become planar z with each scene's own camera, which in some scenes is shifted or tilted. The picture
is the HDR colour after the set's own tone map. Source: apple/ml-hypersim (README, contrib/mikeroberts3000,
python/tools/scene_generate_images_tonemap.py).
"""

from __future__ import annotations

import csv
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from depthgen.data.decode import to_metres
from depthgen.data.files import examine, find, first_file, open_hdf5
from depthgen.data.sample import RGBD, BrokenSample, Diagnosis, planar_z
from depthgen.geometry import Camera

# M_cam_from_uv, row-major: what takes (u, v, 1), u to the right and v up, each -1 to 1 from border to border,
# to a direction in a camera with x right, y up, z backwards. The nominal one: 886.81 pixels at 1024x768.
NOMINAL_LENS = (512 / 886.81, 0.0, 0.0, 0.0, 384 / 886.81, 0.0, 0.0, 0.0, -1.0)
NO_GEOMETRY = -1  # render_entity_id of what lies outside the scene, seen through a window
BRIGHTNESS = (0.3, 0.59, 0.11)
PERCENTILE, TARGET, GAMMA = 90, 0.8, 2.2
LIST_FOLDERS = ("", "metadata", "evermotion_dataset/analysis")
SPLIT_FILE = "metadata_images_split_scene_v1.csv"
CAMERA_FILE = "metadata_camera_parameters.csv"
LAYOUT = (
    f"{SPLIT_FILE}, {CAMERA_FILE} (for exact lenses), ai_001_001/images/scene_cam_00_final_hdf5/"
    "frame.0000.color.hdf5, ai_001_001/images/scene_cam_00_geometry_hdf5/"
    "frame.0000.{depth_meters,render_entity_id}.hdf5"
)


class Hypersim:
    """The publicly released frames of the official split, of those scenes that the root holds.

    K is exact where metadata_camera_parameters.csv is present, and else the nominal camera (886.81 px,
    centred), which is wrong for shifted and tilted lenses. `sky` is where there is no geometry; None without
    render_entity_id files.
    """

    page: ClassVar[str] = "ml-hypersim (apple): the dataset's archives, and its metadata CSV files"
    splits: ClassVar[tuple[str, ...]] = ("train", "val", "test")

    def __init__(self, root: Path, split: str = "train") -> None:
        """ValueError if the split file is absent, or the root holds no scene of the split."""
        self.root = root
        self.list = find(root, LIST_FOLDERS, (SPLIT_FILE,), self.page)
        listed = _public_frames(self.list, split)
        here = {scene for scene in {frame[0] for frame in listed} if (root / scene).is_dir()}
        self.frames = [frame for frame in listed if frame[0] in here]
        if not self.frames:
            raise ValueError(f"{root}: no scene of the split {split!r} of {self.list}; from: {self.page}")
        cameras = first_file(root / folder / CAMERA_FILE for folder in LIST_FOLDERS)
        self.lenses = _lenses(cameras) if cameras else {}

    def __len__(self) -> int:
        return len(self.frames)

    def __getitem__(self, index: int) -> RGBD:
        color_file, depth_file = self.files(index)
        color, distance = load_hdf5(color_file), load_hdf5(depth_file)
        if color.shape != (*distance.shape, 3) or distance.ndim != 2:
            raise BrokenSample(depth_file, f"distances of shape {distance.shape}, colour {color.shape}")
        sky = self._sky(depth_file, distance.shape)
        ray, valid = to_metres(distance, 1.0)
        if sky is not None:
            valid &= ~sky
        lens = self.lenses.get(self.frames[index][0], NOMINAL_LENS)
        K, z_per_metre = pinhole(lens, distance.shape[1], distance.shape[0])
        depth = (ray * z_per_metre).where(valid, 0.0)
        name = color_file.relative_to(self.root).as_posix()
        return RGBD(tone_mapped(color, valid), depth, valid, name, K.clone(), sky=sky)

    def _sky(self, depth_file: Path, shape: tuple[int, ...]) -> Tensor | None:
        path = depth_file.with_name(depth_file.name.replace("depth_meters", "render_entity_id"))
        if not path.is_file():
            return None
        entity = load_hdf5(path)
        if entity.shape != shape:
            raise BrokenSample(path, f"entities of shape {entity.shape}, distances of {shape}")
        return torch.from_numpy(entity == NO_GEOMETRY)[None]

    def files(self, index: int) -> tuple[Path, Path]:
        """The HDR colour and the distances of frame `index`."""
        scene, camera, number = self.frames[index]
        images = self.root / scene / "images"
        return (
            images / f"scene_{camera}_final_hdf5" / f"frame.{number:04d}.color.hdf5",
            images / f"scene_{camera}_geometry_hdf5" / f"frame.{number:04d}.depth_meters.hdf5",
        )

    @classmethod
    def doctor(cls, root: Path) -> Diagnosis:
        """Count the listed public frames and look for each one's files; see `DepthDataset`."""
        return examine("hypersim", cls, root, LAYOUT)


@lru_cache(maxsize=16)  # frames of a scene follow one another
def pinhole(lens: tuple[float, ...], width: int, height: int) -> tuple[Tensor, Tensor]:
    """K (3,3) float64 of a lens (9 numbers, see NOMINAL_LENS), and z (1,H,W) of one metre along each ray.

    Any such lens is a pinhole camera: a tilted one looks along the normal of its image plane, and z is
    measured along that. QR splits the map from pixels to directions into this rotation and the inverse of K.
    """
    uv_from_pixels = torch.tensor([[2 / width, 0, -1], [0, -2 / height, 1], [0, 0, 1]], dtype=torch.float64)
    opencv_from_opengl = torch.diag(torch.tensor([1, -1, -1], dtype=torch.float64))
    matrix = torch.tensor(lens, dtype=torch.float64).reshape(3, 3)
    triangle = torch.linalg.qr(opencv_from_opengl @ matrix @ uv_from_pixels).R
    triangle = triangle * triangle.diagonal().sign()[:, None]
    K = torch.linalg.inv(triangle / triangle[2, 2]).triu()
    camera = Camera(K, torch.eye(4, dtype=torch.float64), width, height)
    return camera.K, planar_z(torch.ones(1, height, width), camera)


def tone_mapped(color: np.ndarray, geometry: Tensor) -> Tensor:
    """HDR colour (H,W,3) -> (3,H,W) float32 in [0,1], by the data set's rule.

    One factor brings the 90th percentile of brightness over `geometry` (1,H,W) bool to 0.8 after gamma 1/2.2;
    all beyond is clipped. A picture without light stays black.
    """
    linear = np.nan_to_num(color.astype(np.float32).transpose(2, 0, 1), posinf=0.0, neginf=0.0)
    seen = geometry[0].numpy()
    if not seen.any():
        factor = 1.0
    else:
        bright = np.percentile(np.tensordot(BRIGHTNESS, linear[:, seen], axes=1), PERCENTILE)
        factor = TARGET**GAMMA / bright if bright >= 1e-4 else 0.0
    scaled = torch.from_numpy(np.ascontiguousarray(linear)).mul_(factor)
    return scaled.clamp_(min=0).pow_(1 / GAMMA).clamp_(max=1)


def load_hdf5(path: Path, key: str = "dataset") -> np.ndarray:
    """The array under `key` of an HDF5 file; BrokenSample if the file or the key cannot be read."""
    try:
        with open_hdf5(path) as file:
            return file[key][()]  # type: ignore[index]
    except FileNotFoundError as error:
        raise BrokenSample(path, "no such file") from error
    except (OSError, KeyError, RuntimeError) as error:
        raise BrokenSample(path, f"not an HDF5 file with a {key!r} that can be read ({error})") from error


def _public_frames(path: Path, split: str) -> list[tuple[str, str, int]]:
    """(scene, camera, number) of each frame of a split file."""
    columns = ("scene_name", "camera_name", "frame_id", "included_in_public_release", "split_partition_name")
    return [
        (row["scene_name"], row["camera_name"], int(row["frame_id"]))
        for row in _csv_rows(path, columns)
        if row["included_in_public_release"] == "True" and row["split_partition_name"] == split
    ]


def _lenses(path: Path) -> dict[str, tuple[float, ...]]:
    """M_cam_from_uv of each scene, row-major."""
    entries = [f"M_cam_from_uv_{row}{column}" for row in range(3) for column in range(3)]
    rows = _csv_rows(path, ("scene_name", *entries))
    return {row["scene_name"]: tuple(float(row[entry]) for entry in entries) for row in rows}


def _csv_rows(path: Path, columns: tuple[str, ...]) -> list[dict[str, str]]:
    with path.open(encoding="utf8", newline="") as file:
        table = csv.DictReader(file)
        absent = [name for name in columns if name not in (table.fieldnames or ())]
        if absent:
            raise ValueError(f"{path}: no column {absent[0]}; fetch the file again")
        return list(table)
