"""Evaluation protocols as data: what is measured, on which pixels."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor


@dataclass(frozen=True)
class Crop:
    """A rectangle of the truth outside which nothing counts.

    rows, columns: first and one past the last, as fractions of the height and width, rounded down; or, where
    `of` = (H, W) is given, as pixels of a depth map of exactly that size.
    """

    rows: tuple[float, float]
    columns: tuple[float, float]
    of: tuple[int, int] | None = None

    def box(self, height: int, width: int) -> tuple[int, int, int, int]:
        """(top, bottom, left, right) in pixels; ValueError for a size the crop is not defined on."""
        if self.of is not None and (height, width) != self.of:
            raise ValueError(
                f"this protocol's crop is defined on depth maps of {self.of[0]} x {self.of[1]} pixels, "
                f"not {height} x {width}; evaluate with protocol=folder, which crops nothing"
            )
        h, w = (1, 1) if self.of is not None else (height, width)
        (top, bottom), (left, right) = self.rows, self.columns
        return int(top * h), int(bottom * h), int(left * w), int(right * w)


NYU_EIGEN = Crop((45, 471), (41, 601), of=(480, 640))
KITTI_GARG = Crop((0.40810811, 0.99189189), (0.03594771, 0.96405229))
KITTI_EIGEN = Crop((0.3324324, 0.91351351), (0.0359477, 0.96405229))


@dataclass(frozen=True)
class DepthProtocol:
    """Which pictures are taken, which pixels of a depth map count, and how predictions are clamped first.

    A pixel counts where the truth is valid (not sky), its depth lies between near and far metres (ends
    excluded), and inside the crop. Predictions are resized bilinearly to the truth and clamped to `clamp`
    metres. Every score is taken per image and then averaged over the images.
    dataset, split: a reader of depthgen.data.registry and its default split; dataset None: rendered worlds,
    `size` pixels a side. window: (H, W) of the part that picture and truth are cut to first, bottom centre.
    """

    name: str
    near: float
    far: float
    clamp: tuple[float, float]
    dataset: str | None = None
    split: str = "test"
    crop: Crop | None = None
    window: tuple[int, int] | None = None
    size: int = 0

    def counted(self, truth: Tensor, valid: Tensor) -> Tensor:
        """The pixels that are scored: truth (1,H,W) metres, valid (1,H,W) bool -> (1,H,W) bool."""
        counts = valid & (truth > self.near) & (truth < self.far)
        if self.crop is None:
            return counts
        top, bottom, left, right = self.crop.box(truth.shape[-2], truth.shape[-1])
        inside = torch.zeros_like(counts)
        inside[:, top:bottom, left:right] = True
        return counts & inside

    def clamped(self, depth: Tensor) -> Tensor:
        """A prediction in metres, NaN (the least) and infinities (the most) included, as it is scored."""
        low, high = self.clamp
        return torch.nan_to_num(depth, nan=low, posinf=high, neginf=low).clamp(low, high)


@dataclass(frozen=True)
class PromptProtocol:
    """Pictures drawn for captions of evaluation worlds, judged by what these name: kind of place, time of
    day, weather, objects and their colours.

    held_out: whether the captions are made of words that no training caption contains.
    """

    name: str
    size: int
    held_out: bool = False
    batch: int = 32  # pictures drawn at once


def _up_to(far: float, name: str, dataset: str, split: str, crop: Crop | None = None) -> DepthProtocol:
    return DepthProtocol(name, 1e-3, far, (1e-3, far), dataset, split, crop)


WORLDS = DepthProtocol("worlds", size=64, near=1e-3, far=40.0, clamp=(0.1, 1000.0))
PROMPTS = PromptProtocol("prompts", size=64)
HELD_OUT_WORDS = PromptProtocol("held_out_words", size=64, held_out=True)
NYU = _up_to(10.0, "nyu", "nyu", "test", NYU_EIGEN)  # 654 images
KITTI = _up_to(80.0, "kitti", "kitti", "test", KITTI_GARG)  # Eigen's 652 images, whole pictures
PROTOCOLS: dict[str, DepthProtocol | PromptProtocol] = {
    p.name: p
    for p in (
        WORLDS,
        PROMPTS,
        HELD_OUT_WORDS,
        NYU,
        replace(NYU, name="nyu_labelled", dataset="nyu_labelled"),
        KITTI,
        # As ZoeDepth and Marigold do: picture and truth cut to 352 x 1216, Garg's fractions taken of that.
        replace(KITTI, name="kitti_kb_crop", window=(352, 1216)),
        replace(KITTI, name="kitti_eigen_crop", crop=KITTI_EIGEN),
        _up_to(10.0, "scannet", "scannet", "val"),
        _up_to(20.0, "scenenet", "scenenet", "val"),
        _up_to(80.0, "hypersim", "hypersim", "test"),
        _up_to(80.0, "vkitti2", "vkitti2", "val"),
        _up_to(80.0, "waymo", "waymo", "val"),
        _up_to(1000.0, "folder", "folder", "all"),
    )
}


def protocol(name: str) -> DepthProtocol | PromptProtocol:
    """The protocol called `name`; ValueError lists those there are."""
    if name not in PROTOCOLS:
        raise ValueError(f"no protocol {name!r}; there are: {', '.join(PROTOCOLS)}")
    return PROTOCOLS[name]
