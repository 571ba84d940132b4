"""The one form in which every data set hands out a frame, and what it says about its own folder."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Protocol, TypeVar

import torch
from torch import Tensor

from depthgen.geometry import Camera

File = TypeVar("File")
Opened = TypeVar("Opened")


@dataclass(frozen=True, eq=False)
class RGBD:
    """A picture with what is known of its depth.

    image              (3,H,W) float32 in [0,1]
    depth              (1,h,w) float32 metres of planar z, 0 where not valid; h, w may differ from H, W
                       (ScanNet), but both show the same field of view
    valid              (1,h,w) bool
    name               the frame's path below its root, for messages and rows of scores
    K                  (3,3) float64 intrinsics in pixels of the image, None where the data set has none
    world_from_camera  (4,4) float64 pose in metres, None where there is none
    sky                (1,h,w) bool, None where the data set does not tell
    """

    image: Tensor
    depth: Tensor
    valid: Tensor
    name: str
    K: Tensor | None = None
    world_from_camera: Tensor | None = None
    sky: Tensor | None = None

    @property
    def camera(self) -> Camera | None:
        """The camera of the depth map (h x w pixels), at the origin without a pose; None without K."""
        if self.K is None:
            return None
        pose = torch.eye(4, dtype=torch.float64) if self.world_from_camera is None else self.world_from_camera
        height, width = self.image.shape[-2:]
        return Camera(self.K, pose, width, height).resized(self.depth.shape[-1], self.depth.shape[-2])


class BrokenSample(ValueError):  # noqa: N818 (what it says is the name of a thing, as FileNotFound is)
    """A file of a data set that is missing, truncated, of the wrong size or not what its name says."""

    def __init__(self, path: str | Path, reason: str = "") -> None:
        # a DataLoader's workers send an exception as its text alone: then `path` is that text
        super().__init__(f"{path}: {reason}" if reason else str(path))
        self.path, self.reason = str(path), reason

    def __reduce__(self) -> tuple[type[BrokenSample], tuple[str, str]]:
        return type(self), (self.path, self.reason)


LeaveOut = Callable[[BrokenSample], None]  # told of every file that is left out


def open_each(
    open_file: Callable[[File], Opened], files: Iterable[File], leave_out: LeaveOut | None
) -> list[Opened]:
    """`open_file` of each of `files`, files that hold many frames.

    One that cannot be opened raises its BrokenSample, or is left out when there is a `leave_out` to tell.
    """
    opened = []
    for file in files:
        try:
            opened.append(open_file(file))
        except BrokenSample as error:
            if leave_out is None:
                raise
            leave_out(error)
    return opened


@dataclass(frozen=True)
class Diagnosis:
    """What a doctor found in a root folder.

    counts: what was counted, for example {"train": 795, "test": 654}; missing: files and folders that the
    layout asks for and that are not there; notes: what to do about it, and other things worth knowing.
    """

    dataset: str
    root: Path
    page: str
    counts: dict[str, int] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def healthy(self) -> bool:
        """Whether there is something to read and nothing is missing."""
        return not self.missing and any(self.counts.values())


class DepthDataset(Protocol):
    """Random access to the frames of one split, in a fixed order. Built as `Reader(root, split)`.

    Building it lists files and reads split lists, and decodes nothing; ValueError says what is wrong with
    `root`. A frame that cannot be read raises BrokenSample. Readers of files that hold many frames each open
    these when they are built, and take an argument `leave_out` (see `open_each`).
    """

    page: ClassVar[str]  # the name of the page to download it from
    splits: ClassVar[tuple[str, ...]]

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> RGBD: ...

    @classmethod
    def doctor(cls, root: Path) -> Diagnosis:
        """Look at a root folder, which may be empty or absent, without decoding frames."""
        ...


class ImageDataset(Protocol):
    """Random access to pictures without depth, otherwise as `DepthDataset`."""

    page: ClassVar[str]
    splits: ClassVar[tuple[str, ...]]

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> tuple[Tensor, str]:
        """Picture (3,H,W) float32 in [0,1], and its name."""
        ...

    @classmethod
    def doctor(cls, root: Path) -> Diagnosis:
        """Look at a root folder, which may be empty or absent, without decoding pictures."""
        ...


def planar_z(ray_length: Tensor, camera: Camera) -> Tensor:
    """Distance along each pixel's ray (1,H,W) -> planar z (1,H,W), both metres."""
    from depthgen.geometry import pixel_rays

    return ray_length / pixel_rays(camera).norm(dim=-1).to(ray_length)[None]
