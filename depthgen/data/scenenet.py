"""SceneNet RGB-D: synthetic indoor trajectories, 320x240, depth in uint16 millimetres along the ray.

Ray lengths become planar z with the set's one camera: 60 degrees across, 45 degrees high, pixel centres at
+0.5. Poses and labels are in protobuf files, which are not read. Source: jmccormac/pySceneNetRGBD.
"""

from __future__ import annotations

import math
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor

from depthgen.data.decode import check_same_size, depth_levels, picture_levels, to_metres, to_picture
from depthgen.data.files import examine, folders_in, natural_key
from depthgen.data.sample import RGBD, Diagnosis, planar_z
from depthgen.geometry import Camera

HFOV_DEGREES, VFOV_DEGREES = 60, 45
MILLIMETRE = 0.001
LAYOUT = "{train,val}/0/223/photo/*.jpg and {train,val}/0/223/depth/*.png"


@lru_cache(maxsize=4)
def scenenet_camera(width: int = 320, height: int = 240) -> Camera:
    """The camera of every frame, at the identity; its pixels are not square."""
    fx, fy = (
        side / 2 / math.tan(math.radians(angle) / 2)
        for side, angle in ((width, HFOV_DEGREES), (height, VFOV_DEGREES))
    )
    K = torch.tensor([[fx, 0, width / 2], [0, fy, height / 2], [0, 0, 1]], dtype=torch.float64)
    return Camera(K, torch.eye(4, dtype=torch.float64), width, height)


@lru_cache(maxsize=4)
def z_per_ray_metre(width: int, height: int) -> Tensor:
    """(1,H,W) float32 planar z of a point one metre along each pixel's ray."""
    return planar_z(torch.ones(1, height, width), scenenet_camera(width, height))


class SceneNet:
    """Frames `{train,val}/<a>/<b>/photo/<n>.jpg` with `depth/<n>.png`, by trajectory and number."""

    page: ClassVar[str] = "SceneNet RGB-D (train.tar.gz parts and val.tar.gz)"
    splits: ClassVar[tuple[str, ...]] = ("train", "val")

    def __init__(self, root: Path, split: str = "train") -> None:
        """ValueError if there is no photo below the split's folder."""
        self.root = root
        self.photos = [
            photo.relative_to(root).as_posix()
            for layout in folders_in(root / split)
            for trajectory in folders_in(layout)
            for photo in sorted((trajectory / "photo").glob("*.jpg"), key=natural_key)
        ]
        if not self.photos:
            raise ValueError(f"{root}: no {split}/*/*/photo/*.jpg; they come from: {self.page}")

    def __len__(self) -> int:
        return len(self.photos)

    def __getitem__(self, index: int) -> RGBD:
        photo_file, depth_file = self.files(index)
        levels, metres = picture_levels(photo_file), depth_levels(depth_file)
        check_same_size(levels, metres, depth_file)
        height, width = metres.shape
        ray, valid = to_metres(metres, MILLIMETRE)
        depth = ray.mul_(z_per_ray_metre(width, height))
        K = scenenet_camera(width, height).K.clone()
        return RGBD(to_picture(levels), depth, valid, self.photos[index], K)

    def files(self, index: int) -> tuple[Path, Path]:
        """The photo and the depth map of frame `index`."""
        photo = self.root / self.photos[index]
        return photo, photo.parents[1] / "depth" / f"{photo.stem}.png"

    @classmethod
    def doctor(cls, root: Path) -> Diagnosis:
        """Count the photos of each split and look for their depth maps; see `DepthDataset`."""
        return examine("scenenet", cls, root, LAYOUT)
