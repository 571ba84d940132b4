"""Virtual KITTI 2: five synthetic drives in ten variants of weather and view, dense planar depth and sky.

Depth: uint16 PNG in centimetres; 65535 (655.35 m) is the sky. Every camera has the focal length 725.0087 at
1242 pixels of width and looks through the centre of its picture. Source: Naver Labs' page of the set.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor

from depthgen.data.decode import check_same_size, depth_levels, picture_levels, to_metres, to_picture
from depthgen.data.files import below, examine, natural_key
from depthgen.data.sample import RGBD, Diagnosis

CENTIMETRE = 0.01
SKY_LEVEL = 65535
FOCAL, WIDTH = 725.0087, 1242
VALIDATION_SCENE = "Scene20"
# As the archives unpack, and as people sort them.
RGB_FOLDERS = ("", "rgb", "vkitti_2.0.3_rgb")
DEPTH_FOLDERS = ("", "depth", "vkitti_2.0.3_depth")
FRAMES = "Scene*/*/frames/rgb/Camera_*/rgb_*.jpg"
LAYOUT = "Scene01/clone/frames/rgb/Camera_0/rgb_00000.jpg, .../frames/depth/Camera_0/depth_00000.png"


class VirtualKitti2:
    """Every variant and both cameras. The set has no official split: "val" is Scene20, "train" the others."""

    page: ClassVar[str] = "Virtual KITTI 2 (vkitti_2.0.3_rgb.tar and vkitti_2.0.3_depth.tar)"
    splits: ClassVar[tuple[str, ...]] = ("train", "val", "all")

    def __init__(self, root: Path, split: str = "train") -> None:
        """ValueError if the root holds no frames of the split."""
        self.base, found = _frames(root)
        self.frames = [frame for frame in found if _belongs(frame, split)]
        if not self.frames:
            raise ValueError(
                f"{root}: no frames {FRAMES} of the split {split!r}; they come from: {self.page}"
            )
        self.depth_bases = below(root, DEPTH_FOLDERS)

    def __len__(self) -> int:
        return len(self.frames)

    def __getitem__(self, index: int) -> RGBD:
        rgb_file, depth_file = self.files(index)
        levels, centimetres = picture_levels(rgb_file), depth_levels(depth_file)
        check_same_size(levels, centimetres, depth_file)
        depth, valid = to_metres(centimetres, CENTIMETRE, invalid=(0, SKY_LEVEL))
        sky = torch.from_numpy(centimetres == SKY_LEVEL)[None]
        height, width = centimetres.shape
        return RGBD(to_picture(levels), depth, valid, self.frames[index], _intrinsics(width, height), sky=sky)

    def files(self, index: int) -> tuple[Path, Path]:
        """The picture and the depth map of frame `index`, which need not exist."""
        frame = self.frames[index]
        depth = frame.replace("/frames/rgb/", "/frames/depth/").replace("/rgb_", "/depth_")
        places = [base / Path(depth).with_suffix(".png") for base in self.depth_bases]
        return self.base / frame, next((path for path in places if path.is_file()), places[0])

    @classmethod
    def doctor(cls, root: Path) -> Diagnosis:
        """Count the frames of each split and look for their depth maps; see `DepthDataset`."""
        return examine("vkitti2", cls, root, LAYOUT)


def _frames(root: Path) -> tuple[Path, list[str]]:
    for base in below(root, RGB_FOLDERS):
        found = [path.relative_to(base).as_posix() for path in base.glob(FRAMES)]
        if found:
            return base, sorted(found, key=natural_key)
    return root, []


def _belongs(frame: str, split: str) -> bool:
    return split == "all" or frame.startswith(VALIDATION_SCENE + "/") == (split == "val")


def _intrinsics(width: int, height: int) -> Tensor:
    focal = FOCAL * width / WIDTH
    centred = [[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1]]
    return torch.tensor(centred, dtype=torch.float64)
