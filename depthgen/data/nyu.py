"""NYU Depth v2: the labelled .mat with its official split, and the folders of raw frames that BTS introduced.

Both are 640x480 Kinect frames with raw depth (holes stay holes; the .mat's in-painted `depths` are not used).
Formats: the scripts of cleinc/bts and the toolbox of Silberman et al. (2012).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from depthgen.data.decode import check_same_size, depth_levels, picture_levels, to_metres, to_picture
from depthgen.data.files import base_of, examine, find, focal_of, open_hdf5, read_split_list
from depthgen.data.sample import RGBD, BrokenSample, Diagnosis

# The colour camera of the toolbox, to which depth is registered. Some programs count its principal point from
# 1 at the first pixel's centre, others from 0; taken as it is, it lies half a pixel from either reading.
SIZE = (480, 640)
FOCAL, ASPECT, CENTRE = 518.8579, 519.46961 / 518.8579, (325.58245, 253.73617)
BORDER_CROP = (43, 45, 608, 472)  # left, top, right, bottom: what BTS keeps of a training frame
MILLIMETRE = 0.001

LABELLED, SPLITS = "nyu_depth_v2_labeled.mat", "splits.mat"
LIST_FOLDERS = ("", "train_test_inputs", "splits", "nyu_depth_v2")
FRAME_FOLDERS = {
    "train": ("", "sync", "nyu_depth_v2/sync", "train", "nyu_depth_v2"),
    "test": ("", "official_splits/test", "nyu_depth_v2/official_splits/test", "test", "sync"),
}
LAYOUT = (
    "nyudepthv2_{train,test}_files_with_gt.txt, sync/<scene>/{rgb,sync_depth}_NNNNN.*, "
    "official_splits/test/<kind>/{rgb,sync_depth}_NNNNN.*"
)


def intrinsics(focal: float = FOCAL, size: tuple[int, int] = SIZE) -> Tensor:
    """(3,3) float64 K of a frame of `size` (H, W); `focal` is fx at the native 480x640."""
    K = torch.tensor([[focal, 0, CENTRE[0]], [0, focal * ASPECT, CENTRE[1]], [0, 0, 1]], dtype=torch.float64)
    scale = torch.tensor([size[1] / SIZE[1], size[0] / SIZE[0], 1], dtype=torch.float64)
    return scale[:, None] * K


class NyuLabelled:
    """The 1449 frames of nyu_depth_v2_labeled.mat (HDF5) by the official splits.mat: 795 train, 654 test.

    Names are the frames' numbers from 0, as in BTS' file names.
    """

    page: ClassVar[str] = "NYU Depth Dataset V2: labeled dataset (.mat) and train/test split (splits.mat)"
    splits: ClassVar[tuple[str, ...]] = ("train", "test")

    def __init__(self, root: Path, split: str = "train") -> None:
        """ValueError if one of the two files is absent or not what its name says."""
        self.path = find(root, LIST_FOLDERS, (LABELLED,), self.page)
        self.numbers = _split_numbers(find(root, LIST_FOLDERS, (SPLITS,), self.page), f"{split}Ndxs")
        frames = _opened(self.path)["images"].shape[0]
        if self.numbers.min() < 0 or self.numbers.max() >= frames:
            last = self.numbers.max() + 1
            raise ValueError(f"{root}: {SPLITS} names frame {last} and {LABELLED} holds {frames}; fetch both")
        self._file: Any = None  # opened on first use: HDF5 handles do not survive the way to a worker process

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, index: int) -> RGBD:
        number = int(self.numbers[index])
        name = f"{LABELLED}/{number:05d}"
        self._file = self._file or _opened(self.path)
        try:
            levels, metres = self._file["images"][number], self._file["rawDepths"][number]
        except OSError as error:
            raise BrokenSample(f"{self.path}, frame {number}", f"cannot be read: {error}") from error
        depth, valid = to_metres(metres.T, 1.0)  # MATLAB stores (N,W,H): transposed
        image = to_picture(levels.transpose(2, 1, 0))
        return RGBD(image, depth, valid, name, intrinsics(size=(depth.shape[1], depth.shape[2])))

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_file": None}

    def files(self, index: int) -> tuple[Path, ...]:
        """The one file that holds every frame."""
        return (self.path,)

    @classmethod
    def doctor(cls, root: Path) -> Diagnosis:
        """Count the frames of both splits; see `DepthDataset`."""
        return examine("nyu_labelled", cls, root, f"{LABELLED} and {SPLITS} side by side")


def _split_numbers(path: Path, key: str) -> np.ndarray:
    """Frame numbers from 0: the file counts from 1."""
    from scipy.io import loadmat

    try:
        numbers = loadmat(path)[key].reshape(-1).astype(np.int64) - 1
    except Exception as error:  # scipy raises whatever its parser stumbles on
        raise ValueError(f"{path}: not the official split file ({key} cannot be read: {error})") from error
    if not len(numbers):
        raise ValueError(f"{path}: {key} is empty; fetch the file again")
    return numbers


def _opened(path: Path) -> Any:
    try:
        file = open_hdf5(path)
    except OSError as error:
        raise BrokenSample(path, f"not an HDF5 file, or truncated ({error}); fetch it again") from error
    absent = [key for key in ("images", "rawDepths") if key not in file]
    if absent:
        raise BrokenSample(path, f"has no {' and no '.join(absent)}; is it the labelled data set?")
    return file


class NyuSync:
    """Frames `<scene>/rgb_00045.jpg`, `<scene>/sync_depth_00045.png` (uint16 mm), by the split lists of BTS.

    The lists nyudepthv2_{train,test}_files_with_gt.txt (lines `rgb depth focal`, 24231 and 654) are looked
    for in the root and its usual places; frames in the root, in sync/ and in official_splits/test/.
    """

    page: ClassVar[str] = "BTS (cleinc/bts): sync.zip of NYU Depth v2, and its train_test_inputs folder"
    splits: ClassVar[tuple[str, ...]] = ("train", "test")

    def __init__(
        self,
        root: Path,
        split: str = "train",
        *,
        border_crop: bool = False,
        split_file: str | Path | None = None,
    ) -> None:
        """ValueError if the list is absent, empty or malformed, or none of its frames is there.

        border_crop: keep BORDER_CROP alone, as BTS does in training (the border is white, without depth).
        split_file: a list elsewhere.
        """
        lists = (f"nyudepthv2_{split}_files_with_gt.txt",)
        self.list = Path(split_file) if split_file else find(root, LIST_FOLDERS, lists, self.page)
        self.rows = read_split_list(self.list, fields=3)
        self.focals = [focal_of(row, self.list) for row in self.rows]
        self.base = base_of(root, FRAME_FOLDERS[split], [row[0] for row in self.rows], self.list)
        self.border_crop = border_crop

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> RGBD:
        rgb_file, depth_file = self.files(index)
        levels, metres = picture_levels(rgb_file), depth_levels(depth_file)
        check_same_size(levels, metres, depth_file)
        K = intrinsics(self.focals[index], metres.shape)
        if self.border_crop:
            levels, metres = _cropped(levels, rgb_file), _cropped(metres, depth_file)
            K[:2, 2] -= torch.tensor(BORDER_CROP[:2])
        depth, valid = to_metres(metres, MILLIMETRE)
        return RGBD(to_picture(levels), depth, valid, self.rows[index][0], K)

    def files(self, index: int) -> tuple[Path, Path]:
        """The picture and the depth map of frame `index`."""
        return self.base / self.rows[index][0], self.base / self.rows[index][1]

    @classmethod
    def doctor(cls, root: Path) -> Diagnosis:
        """Count the listed frames and look for each one's files; see `DepthDataset`."""
        return examine("nyu", cls, root, LAYOUT)


def _cropped(levels: np.ndarray, path: Path) -> np.ndarray:
    left, top, right, bottom = BORDER_CROP
    if levels.shape[:2] != SIZE:
        height, width = levels.shape[:2]
        raise BrokenSample(path, f"{width}x{height} pixels; the border crop is for 640x480")
    return levels[top:bottom, left:right]
