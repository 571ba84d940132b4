"""Pictures without depth for pre-training: ImageNet-1K and Places365, as folders or as tar shards.

Labels play no part, so any folder of pictures, however deep, is read; tar shards (webdataset's layout) are
read by seek. Index i is always the same picture: those of folders in the order of their names, those of
shards in the order of shard and place, so that the trainer's seeded permutation, its ranks' shares and its
resuming are exact.
"""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import ClassVar

from torch import Tensor

from depthgen.data.decode import picture_levels, to_picture
from depthgen.data.sample import BrokenSample, Diagnosis, LeaveOut, open_each
from depthgen.data.shards import Member, members, read_member

ENDINGS = (".jpg", ".jpeg", ".png", ".bmp", ".webp")  # in any case: ImageNet writes .JPEG


class ImageFolder:
    """All pictures below `folder`, in the order of their paths."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.names = list(_pictures_below(str(folder)))

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> tuple[Tensor, str]:
        name = self.names[index]
        return to_picture(picture_levels(self.folder / name)), name


class ImageShards:
    """All pictures in tar shards, shard after shard."""

    def __init__(self, shards: Sequence[Path], leave_out: LeaveOut | None = None) -> None:
        indexed = open_each(lambda shard: (shard, members(shard)), shards, leave_out)
        self.shards = [shard for shard, _ in indexed]
        self.members = [[m for m in found if _is_picture(m[0])] for _, found in indexed]
        self.ends = list(accumulate(len(found) for found in self.members))

    def __len__(self) -> int:
        return self.ends[-1] if self.ends else 0

    def __getitem__(self, index: int) -> tuple[Tensor, str]:
        shard, member = self._place(index)
        name = f"{shard.name}/{member[0]}"
        return to_picture(picture_levels(shard / member[0], read_member(shard, member))), name

    def _place(self, index: int) -> tuple[Path, Member]:
        if not 0 <= index < len(self):
            raise IndexError(index)
        number = bisect_right(self.ends, index)
        return self.shards[number], self.members[number][index - (self.ends[number - 1] if number else 0)]


class _Pictures:
    """A split of a set of pictures: the first of its folders that exists, or shards named after it."""

    page: ClassVar[str]
    splits: ClassVar[tuple[str, ...]] = ("train", "val")
    name: ClassVar[str]
    folders: ClassVar[dict[str, tuple[str, ...]]]  # split -> where it may be

    def __init__(self, root: Path, split: str = "train", leave_out: LeaveOut | None = None) -> None:
        """ValueError if there is no picture of `split`."""
        source = self._source(Path(root), split, leave_out)
        if source is None or not len(source):
            places = ", ".join(f"{folder}/" for folder in self.folders[split])
            raise ValueError(f"{root}: no pictures in {places} or *{split}*.tar; they come from: {self.page}")
        self.source = source

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, index: int) -> tuple[Tensor, str]:
        return self.source[index]

    @classmethod
    def doctor(cls, root: Path) -> Diagnosis:
        """Count the pictures of each split; shards that cannot be read are named. Healthy without "val"."""
        counts, notes, missing = {}, [], []
        for split in cls.splits:
            try:
                counts[split] = len(cls(Path(root), split))
            except BrokenSample as error:
                missing.append(str(error))
            except ValueError as error:
                counts[split] = 0
                (missing if split == "train" else notes).append(str(error))
        return Diagnosis(cls.name, Path(root), cls.page, counts, tuple(missing), tuple(notes))

    @classmethod
    def _source(cls, root: Path, split: str, leave_out: LeaveOut | None) -> ImageFolder | ImageShards | None:
        shards = sorted([*root.glob(f"*{split}*.tar"), *root.glob(f"{split}/*.tar")])
        source = ImageShards(shards, leave_out) if shards else None
        if source:  # an archive of archives, as ImageNet comes, holds no picture: it may be unpacked beside
            return source
        folder = next((root / f for f in cls.folders[split] if (root / f).is_dir()), None)
        return ImageFolder(folder) if folder else None


class ImageNet(_Pictures):
    """ImageNet-1K: `train/<wnid>/*.JPEG`, `val/` sorted into wnid folders or not; or *train*.tar shards."""

    page: ClassVar[str] = "ImageNet (image-net.org): ILSVRC2012 train and validation images"
    name: ClassVar[str] = "imagenet"
    folders: ClassVar[dict[str, tuple[str, ...]]] = {"train": ("train",), "val": ("val",)}


class Places365(_Pictures):
    """Places365-Standard as its archives unpack: data_256/, data_large/, val_256/, val_large/; or shards."""

    page: ClassVar[str] = "Places365-Standard (places2.csail.mit.edu): train and val images, 256x256 or large"
    name: ClassVar[str] = "places365"
    folders: ClassVar[dict[str, tuple[str, ...]]] = {
        "train": ("data_256", "data_256_standard", "data_large", "data_large_standard", "train"),
        "val": ("val_256", "val_large", "val"),
    }


def _is_picture(name: str) -> bool:
    base = name.rpartition("/")[2]
    return base.lower().endswith(ENDINGS) and not base.startswith(".")


def _pictures_below(folder: str, prefix: str = "") -> Iterator[str]:
    """Relative paths, files before folders, each in the order of their names.

    Scandir asks no file for its size.
    """
    with os.scandir(folder) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    yield from (prefix + entry.name for entry in found if _is_picture(entry.name) and entry.is_file())
    for entry in found:
        if entry.is_dir():
            yield from _pictures_below(entry.path, f"{prefix}{entry.name}/")
