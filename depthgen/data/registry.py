"""Data sets by name; a reader's module is imported when it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the names alone cost a command line no torch
    from depthgen.data.sample import DepthDataset, ImageDataset, LeaveOut

READERS = {
    "nyu": "depthgen.data.nyu:NyuSync",
    "nyu_labelled": "depthgen.data.nyu:NyuLabelled",
    "kitti": "depthgen.data.kitti:Kitti",
    "scannet": "depthgen.data.scannet:ScanNet",
    "scenenet": "depthgen.data.scenenet:SceneNet",
    "waymo": "depthgen.data.waymo:Waymo",
    "vkitti2": "depthgen.data.vkitti2:VirtualKitti2",
    "hypersim": "depthgen.data.hypersim:Hypersim",
    "folder": "depthgen.data.folder:RGBDFolder",
}

IMAGE_READERS = {  # pictures without depth
    "imagenet": "depthgen.data.images:ImageNet",
    "places365": "depthgen.data.images:Places365",
}

MANY_A_FILE = frozenset({"scannet", "waymo", "imagenet", "places365"})  # their readers take `leave_out`


def reader(name: str) -> type[DepthDataset]:
    """The reader called `name`; ValueError lists those there are."""
    return _load(READERS, name)


def image_reader(name: str) -> type[ImageDataset]:
    """The reader of pictures called `name`; ValueError lists those there are."""
    return _load(IMAGE_READERS, name)


def open_dataset(
    name: str, root: str | Path, split: str = "train", leave_out: LeaveOut | None = None, **options: Any
) -> DepthDataset:
    """The frames of `split` below `root`, with further arguments of the reader; ValueError if the folder does
    not hold them.

    leave_out: told of each file of many frames that cannot be opened and is left out; None: that is an error.
    """
    return _open(reader(name), name, Path(root), split, _with(options, name, leave_out))


def open_images(
    name: str, root: str | Path, split: str = "train", leave_out: LeaveOut | None = None, **options: Any
) -> ImageDataset:
    """The pictures of `split` below `root`; otherwise as `open_dataset`."""
    return _open(image_reader(name), name, Path(root), split, _with(options, name, leave_out))


def _with(options: Mapping[str, Any], name: str, leave_out: LeaveOut | None) -> dict[str, Any]:
    return {**options, "leave_out": leave_out} if name in MANY_A_FILE else dict(options)


def _load(readers: Mapping[str, str], name: str) -> Any:
    if name not in readers:
        raise ValueError(f"no data set {name!r}; there are: {', '.join(readers)}")
    module, _, attribute = readers[name].partition(":")
    return getattr(import_module(module), attribute)


def _open(cls: Any, name: str, root: Path, split: str, options: Mapping[str, Any]) -> Any:
    if split not in cls.splits:
        raise ValueError(f"data set {name!r} has no split {split!r}; there are: {', '.join(cls.splits)}")
    if not root.is_dir():
        raise ValueError(f"{root}: no such folder; {name} comes from: {cls.page}")
    try:
        return cls(root, split, **options)
    except TypeError as error:
        raise ValueError(f"data set {name!r} does not take options {dict(options)}: {error}") from error
