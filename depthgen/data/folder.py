"""A folder of RGB-D frames described by an rgbd.yaml: people's own recordings, and rendered sets (ShapeNet).

    images: color/*.jpg               # glob below the root
    depth: depth/*.png                # 16-bit PNG, PGM or TIFF, float TIFF, or .npy of floats
    metres_per_level: 0.001           # what a stored depth of 1 is in metres
    pair_by: order                    # order: n-th picture with n-th depth map, names in natural order
                                      # stem: same name up to the first dot; number: same last number in that
    distance: planar                  # or ray: distance to the camera's centre
    invalid: [0]                      # stored values that mean "not measured"
    encoding: plain                   # or sun: SUN RGB-D's values, rotated by 3 bits
    intrinsics: {fx: 525, fy: 525, cx: 320, cy: 240}    # pixels of the picture; or {file: K.txt}: 3x3 or 4x4
    pixel_centre: 0.5                 # where these count the first pixel's centre; 0 in OpenCV and TUM
    poses: {path: poses.txt, layout: rows}              # camera-to-world, see `depthgen.data.poses`; or
                                                        # {path: pose/*.txt, layout: files}: a matrix a file
    shares: {train: 0.8, val: 0.1, test: 0.1}           # of the frames, in this order in time
    root: .                           # where the data lies, if not beside this file

Only images, depth and metres_per_level are needed. A negative fy (ICL-NUIM: y upwards in a left-handed world)
is made positive by mirroring the camera's and the world's y axis; pictures stay as they are.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from torch import Tensor

from depthgen.data.decode import depth_levels, picture_levels, to_metres, to_picture
from depthgen.data.files import examine
from depthgen.data.pairing import PairBy, paired
from depthgen.data.poses import Layout, read_matrix, read_trajectory
from depthgen.data.sample import RGBD, BrokenSample, Diagnosis, planar_z
from depthgen.plain import from_plain

SHEET = "rgbd.yaml"
ORDER = ("train", "val", "test")  # in time
ASPECT_TOLERANCE = 0.01  # a depth map of other size must show the same field of view
LAYOUT = f"{SHEET} beside the data; its keys are documented in depthgen.data.folder"


@dataclass(frozen=True)
class Poses:
    """Where the trajectory is, and in which layout."""

    path: str
    layout: Layout = "rows"


@dataclass(frozen=True)
class FolderSheet:
    """What rgbd.yaml says; the module's text explains each entry."""

    images: str
    depth: str
    metres_per_level: int | float
    pair_by: PairBy = "order"
    distance: Literal["planar", "ray"] = "planar"
    invalid: list[int | float] = field(default_factory=lambda: [0])
    encoding: Literal["plain", "sun"] = "plain"
    intrinsics: dict[str, Any] | None = None
    pixel_centre: int | float = 0.5
    poses: Poses | None = None
    shares: dict[str, int | float] | None = None
    root: str = "."


def read_sheet(path: Path) -> FolderSheet:
    """The sheet in the file `path`; ValueError names the entry that is unknown, absent or of another kind."""
    import yaml

    try:
        entries = yaml.safe_load(path.read_text(encoding="utf8"))
        sheet = from_plain(FolderSheet, entries)
    except FileNotFoundError as error:
        raise ValueError(f"{path}: no such file; describe the folder there, see {__name__}") from error
    except (yaml.YAMLError, ValueError) as error:
        raise ValueError(f"{path}: {' '.join(str(error).split())}") from error
    if sheet.metres_per_level <= 0:
        raise ValueError(f"{path}: metres_per_level is {sheet.metres_per_level}; give a positive number")
    return sheet


class RGBDFolder:
    """The frames of a folder with an rgbd.yaml.

    "all" is every frame; the other splits are what `shares` says, and without it every frame is "train".
    """

    page: ClassVar[str] = "your own recordings, or a rendered set"
    splits: ClassVar[tuple[str, ...]] = ("train", "val", "test", "all")

    def __init__(self, root: Path, split: str = "train", *, sheet: FolderSheet | None = None) -> None:
        """ValueError if the sheet is absent or wrong, or what it describes is not there.

        sheet: what to read instead of the root's rgbd.yaml.
        """
        self.sheet = sheet or read_sheet(root / SHEET)
        self.root = root / self.sheet.root
        pairs, images = paired(self.root, self.sheet.images, self.sheet.depth, self.sheet.pair_by)
        self.K, mirrored = _intrinsics(self.sheet, self.root)
        self.poses = _poses(self.sheet, self.root, images, mirrored)
        self.pairs = pairs[_span(self.sheet.shares, len(pairs), split)]
        if not self.pairs:
            raise ValueError(f"{root}: the split {split!r} holds no frame; change `shares` in its {SHEET}")
        if self.sheet.distance == "ray" and self.K is None:
            raise ValueError(f"{root}: `distance: ray` needs `intrinsics` in its {SHEET}")

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> RGBD:
        image_file, depth_file = self.files(index)
        levels, metres = picture_levels(image_file), _stored_depth(depth_file, self.sheet.encoding)
        _check_aspect(levels, metres, depth_file)
        depth, valid = to_metres(metres, self.sheet.metres_per_level, self.sheet.invalid)
        name = self.pairs[index].image
        K = None if self.K is None else self.K.clone()
        frame = RGBD(to_picture(levels), depth, valid, name, K, self._pose(index))
        if self.sheet.distance == "ray" and frame.camera is not None:
            depth.copy_(planar_z(depth, frame.camera))
        return frame

    def _pose(self, index: int) -> Tensor | None:
        if self.poses is None:
            return None
        pose = self.poses[self.pairs[index].number]
        return pose.clone() if pose.isfinite().all() else None  # None: tracking was lost

    def files(self, index: int) -> tuple[Path, Path]:
        """The picture and the depth map of frame `index`."""
        pair = self.pairs[index]
        return self.root / pair.image, self.root / pair.depth

    @classmethod
    def doctor(cls, root: Path) -> Diagnosis:
        """Count the frames of each split that the sheet defines; see `DepthDataset`."""
        try:
            shares = read_sheet(root / SHEET).shares or {"train": 1.0}
            splits = tuple(split for split, share in shares.items() if share)
        except ValueError:
            splits = ("all",)  # opening it says why
        return examine("folder", cls, root, LAYOUT, splits)


def _stored_depth(path: Path, encoding: str) -> np.ndarray:
    levels = _array(path) if path.suffix == ".npy" else depth_levels(path)
    if encoding == "plain":
        return levels
    if levels.dtype.kind == "f":
        raise BrokenSample(path, "floats; SUN's encoding is one of 16-bit pictures")
    words = levels.astype(np.uint16)
    return (words >> 3) | (words << 13)


def _array(path: Path) -> np.ndarray:
    try:
        array = np.load(path, allow_pickle=False).squeeze()
    except (OSError, ValueError, EOFError) as error:
        raise BrokenSample(path, f"not an array file that can be read ({error})") from error
    if array.ndim != 2 or array.dtype.kind not in "fu":
        raise BrokenSample(path, f"depth (H,W) expected, got {array.dtype} {array.shape}")
    return array


def _check_aspect(picture: np.ndarray, depth: np.ndarray, path: Path) -> None:
    (height, width), (h, w) = picture.shape[:2], depth.shape
    if abs(w * height / (h * width) - 1) > ASPECT_TOLERANCE:
        raise BrokenSample(
            path, f"depth of {w}x{h} pixels does not have the shape of a picture of {width}x{height}"
        )


def _intrinsics(sheet: FolderSheet, root: Path) -> tuple[Tensor | None, bool]:
    """K with positive focal lengths in our convention, and whether y was mirrored for that."""
    entries = sheet.intrinsics
    if entries is None:
        return None, False
    if set(entries) == {"file"}:
        K = read_matrix(root / str(entries["file"]))[:3, :3]
    elif set(entries) == {"fx", "fy", "cx", "cy"}:
        fx, fy, cx, cy = (float(entries[key]) for key in ("fx", "fy", "cx", "cy"))
        K = torch.tensor([[fx, 0, cx], [0, fy, cy], [0, 0, 1]], dtype=torch.float64)
    else:
        raise ValueError(
            f"{root}: intrinsics are {{fx, fy, cx, cy}} or {{file}}, not {{{', '.join(entries)}}}"
        )
    if K[0, 0] <= 0 or K[1, 1] == 0:
        raise ValueError(f"{root}: intrinsics with focal lengths {K[0, 0]:g} and {K[1, 1]:g}")
    mirrored = bool(K[1, 1] < 0)
    K[1, 1] = K[1, 1].abs()
    K[:2, 2] += 0.5 - sheet.pixel_centre
    return K, mirrored


def _poses(sheet: FolderSheet, root: Path, images: int, mirrored: bool) -> Tensor | None:
    """(N,4,4) one of each of the `images` pictures."""
    if sheet.poses is None:
        return None
    poses = read_trajectory(root, sheet.poses.path, sheet.poses.layout)
    if len(poses) != images:
        raise ValueError(f"{root / sheet.poses.path}: {len(poses)} poses for {images} pictures")
    flip = torch.diag(torch.tensor([1, -1 if mirrored else 1, 1, 1], dtype=torch.float64))
    return flip @ poses @ flip


def _span(shares: dict[str, int | float] | None, count: int, split: str) -> slice:
    """Which of `count` frames are of the split."""
    if split == "all":
        return slice(count)
    shares = shares or {"train": 1.0}
    if not set(shares) <= set(ORDER):
        raise ValueError(f"{SHEET}: shares are of {', '.join(shares)}; there are train, val and test")
    if min(shares.values()) < 0 or sum(shares.values()) > 1 + 1e-9:
        raise ValueError(f"{SHEET}: shares are {shares}; give numbers from 0 to 1 with a sum of at most 1")
    if split not in shares:
        return slice(0)
    before = sum(shares.get(earlier, 0) for earlier in ORDER[: ORDER.index(split)])
    return slice(round(before * count), round((before + shares[split]) * count))
