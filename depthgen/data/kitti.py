"""KITTI raw pictures with the annotated depth of the depth benchmark, by the Eigen split lists of BTS.

Depth: uint16 PNG, metres = value / 256, 0 where the accumulated laser scan says nothing (about 80 % of the
pixels, all of the sky among them: `sky` is None). Single sweeps of the scanner: `depthgen.data.velodyne`.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from depthgen.data.decode import check_same_size, depth_levels, picture_levels, to_metres, to_picture
from depthgen.data.files import base_of, below, examine, find, first_file, focal_of, read_split_list
from depthgen.data.sample import RGBD, BrokenSample, Diagnosis
from depthgen.data.velodyne import read_calibration, rectified_projection

METRES_PER_LEVEL = 1 / 256
KB_CROP = (352, 1216)  # height, width: bottom-aligned and centred, cuts the native sizes to one
LIST_FOLDERS = ("", "train_test_inputs", "splits")
RAW_FOLDERS = ("", "raw", "kitti_raw", "raw_data", "input")
DEPTH_FOLDERS = ("data_depth_annotated", "", "depth", "gts", "annotated", "raw")
DEPTH_PARTS = ("train", "val", "")  # the split lists leave this out of their paths

LAYOUT = (
    "kitti_eigen_{train,test}_files_with_gt.txt, raw/2011_09_26/calib_cam_to_cam.txt, "
    "raw/2011_09_26/<drive>/image_02/data/*.png, "
    "data_depth_annotated/{train,val}/<drive>/proj_depth/groundtruth/image_02/*.png"
)


class Kitti:
    """Frames of the Eigen split that have annotated depth: 23158 train, 652 test (of 697).

    Lists [kitti_]eigen_{train,test}_files_with_gt.txt in the root or its usual places, lines `rgb depth
    focal` with `None` for absent depth. Pictures below the root or raw/, depth in the root or
    data_depth_annotated/, each with {train,val}/ or without. K is P_rect of the date folder's
    calib_cam_to_cam.txt (principal points as printed); without that file the list's focal length, with the
    principal point at the centre of the picture.
    """

    page: ClassVar[str] = (
        "KITTI raw data (synced+rectified, calibration) and depth prediction: data_depth_annotated.zip; "
        "split lists: BTS (cleinc/bts), train_test_inputs"
    )
    splits: ClassVar[tuple[str, ...]] = ("train", "test")

    def __init__(
        self, root: Path, split: str = "train", *, kb_crop: bool = False, split_file: str | Path | None = None
    ) -> None:
        """ValueError if the list is absent, empty or malformed, or none of its pictures is there.

        kb_crop: keep the 352x1216 pixels at the bottom centre, as most published models do.
        split_file: a list elsewhere.
        """
        name = f"eigen_{split}_files_with_gt.txt"
        self.list = (
            Path(split_file) if split_file else find(root, LIST_FOLDERS, (f"kitti_{name}", name), self.page)
        )
        listed = read_split_list(self.list, fields=3)
        self.rows = [row for row in listed if row[1] != "None"]
        self.without_depth = len(listed) - len(self.rows)
        if not self.rows:
            raise ValueError(f"{self.list}: no line names a depth map; fetch the list `with_gt`")
        self.focals = [focal_of(row, self.list) for row in self.rows]
        self.base = base_of(root, RAW_FOLDERS, [row[0] for row in self.rows], self.list)
        self.depth_bases = [place / part for place in below(root, DEPTH_FOLDERS) for part in DEPTH_PARTS]
        self.kb_crop = kb_crop
        self._depth_base: dict[str, Path] = {}  # of a drive
        self._calibrations: dict[str, Tensor | None] = {}  # of a date and camera

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> RGBD:
        rgb_file, depth_file = self.files(index)
        levels, metres = picture_levels(rgb_file), depth_levels(depth_file)
        check_same_size(levels, metres, depth_file)
        K = self._intrinsics(index, metres.shape)
        if self.kb_crop:
            top, left = _crop_corner(metres, rgb_file)
            levels, metres = (whole[top:, left : left + KB_CROP[1]] for whole in (levels, metres))
            K[:2, 2] -= torch.tensor([left, top])
        depth, valid = to_metres(metres, METRES_PER_LEVEL)
        return RGBD(to_picture(levels), depth, valid, self.rows[index][0], K)

    def files(self, index: int) -> tuple[Path, Path]:
        """The picture and the annotated depth of frame `index`, which need not exist."""
        rgb, depth = self.rows[index][:2]
        drive = depth.partition("/")[0]
        if drive not in self._depth_base:  # a drive lies in one place as a whole
            places = [base / depth for base in self.depth_bases]
            found = first_file(places)
            if found is None:
                return self.base / rgb, places[0]
            self._depth_base[drive] = self.depth_bases[places.index(found)]
        return self.base / rgb, self._depth_base[drive] / depth

    def _intrinsics(self, index: int, size: tuple[int, ...]) -> Tensor:
        date, _, rest = self.rows[index][0].partition("/")
        camera = 3 if "image_03" in rest else 2
        key = f"{date}/{camera}"
        if key not in self._calibrations:
            path = self.base / date / "calib_cam_to_cam.txt"
            found = path.is_file()
            self._calibrations[key] = (
                rectified_projection(read_calibration(path), camera, path)[:, :3] if found else None
            )
        K = self._calibrations[key]
        if K is not None:
            return K.clone()
        focal = self.focals[index]
        centred = [[focal, 0, size[1] / 2], [0, focal, size[0] / 2], [0, 0, 1]]
        return torch.tensor(centred, dtype=torch.float64)

    @classmethod
    def doctor(cls, root: Path) -> Diagnosis:
        """Count the listed frames with depth and look for each one's files; see `DepthDataset`."""
        return examine("kitti", cls, root, LAYOUT)


def _crop_corner(levels: np.ndarray, path: Path) -> tuple[int, int]:
    """(top, left) of the KB crop; BrokenSample naming `path` if the frame is smaller."""
    height, width = levels.shape
    if height < KB_CROP[0] or width < KB_CROP[1]:
        raise BrokenSample(
            path, f"{width}x{height} pixels, less than the KB crop of {KB_CROP[1]}x{KB_CROP[0]}"
        )
    return height - KB_CROP[0], (width - KB_CROP[1]) // 2
