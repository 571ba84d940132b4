"""ScanNet: `.sens` videos as downloaded, or frames exported from them.

Layout: scenes in the root or in `scans/`, each a folder `scene0000_00` with `scene0000_00.sens`, or with the
exporter's color/<n>.jpg, depth/<n>.png (uint16 millimetres, 0 not measured), pose/<n>.txt (camera -> world,
-inf where tracking was lost) and intrinsic/intrinsic_color.txt. A scene with both is read from its .sens
file. Splits: scannetv2_train.txt and scannetv2_val.txt in the root; without them every scene is of the split
"train".

Colour is 1296x968 and depth 640x480; both are handed out as they are. K is that of the colour camera. The
depth camera's own differs by about a hundredth and is, as in the benchmark's own tools, not told apart.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from pathlib import Path
from typing import ClassVar, Protocol

import numpy as np
import torch
from torch import Tensor

from depthgen.data.decode import depth_levels, picture_levels, to_metres, to_picture
from depthgen.data.files import natural_key
from depthgen.data.poses import rigid
from depthgen.data.sample import RGBD, BrokenSample, Diagnosis, LeaveOut, open_each
from depthgen.data.sens import SensFile

MILLIMETRE = 0.001
LISTS = {split: f"scannetv2_{split}.txt" for split in ("train", "val")}


class Scene(Protocol):
    """The frames of one scene."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> RGBD: ...


class ScanNet:
    """Every `stride`-th frame of the scenes of a split, scene after scene in the order of their names."""

    page: ClassVar[str] = "ScanNet v2 (www.scan-net.org): download-scannet.py after the terms of use"
    splits: ClassVar[tuple[str, ...]] = tuple(LISTS)

    def __init__(
        self, root: Path, split: str = "train", stride: int = 1, leave_out: LeaveOut | None = None
    ) -> None:
        """ValueError if `stride` is not positive or the split has no scene here."""
        if stride < 1:
            raise ValueError(f"ScanNet: stride must be 1 or more, got {stride}")
        present = _present(Path(root))
        folders = [present[name] for name in _names(Path(root), split, present)]
        self.scenes = open_each(_open_scene, folders, leave_out)
        if not self.scenes:
            raise ValueError(
                f"{root}: no scene of the split {split!r} (scene*/ with .sens or color/ and depth/)"
            )
        self.stride = stride
        self.ends = list(accumulate(-(-len(scene) // stride) for scene in self.scenes))

    def __len__(self) -> int:
        return self.ends[-1]

    def __getitem__(self, index: int) -> RGBD:
        if not 0 <= index < len(self):
            raise IndexError(index)
        scene = bisect_right(self.ends, index)
        first = self.ends[scene - 1] if scene else 0
        return self.scenes[scene][(index - first) * self.stride]

    @classmethod
    def doctor(cls, root: Path) -> Diagnosis:
        """Scenes a split; listed scenes and files of frames that lack, .sens files that end early."""
        root = Path(root)
        present = _present(root)
        names = {split: _names(root, split, present) for split in cls.splits}
        missing = [] if present else ["scene*/ (with .sens, or with color/ and depth/)"]
        missing += [
            name for split in cls.splits for name in _listed(root, split) or [] if name not in present
        ]
        missing += [problem for folder in present.values() for problem in _problems(folder)]
        unlisted = [path for path in LISTS.values() if not (root / path).is_file()]
        notes = [f"no {path}: put it into the root to have the official split" for path in unlisted]
        counts = {split: len(names[split]) for split in cls.splits}
        return Diagnosis("scannet", root, cls.page, counts, tuple(missing), ("counts are scenes", *notes))


class SensScene:
    """The frames of a .sens file."""

    def __init__(self, path: Path) -> None:
        self.file = SensFile(path)

    def __len__(self) -> int:
        return len(self.file)

    def __getitem__(self, index: int) -> RGBD:
        path, header = self.file.path, self.file.header
        frame = self.file[index]
        frame_path = Path(f"{path}, frame {index}")
        levels = picture_levels(frame_path, frame.jpeg)
        depth, valid = to_metres(frame.depth, 1 / header.depth_shift)
        name = f"{path.parent.name}/{index:06d}"
        K = torch.from_numpy(header.color_intrinsic[:3, :3].copy())
        return RGBD(to_picture(levels), depth, valid, name, K, _pose(frame.world_from_camera, frame_path))


class ExportedScene:
    """The frames of a folder of exported files, in the order of their numbers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.numbers = sorted((path.stem for path in (folder / "color").glob("*.jpg")), key=natural_key)
        self._K: Tensor | None = None

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, index: int) -> RGBD:
        picture, depth_file, pose = self.files(index)
        if self._K is None:
            intrinsic = _matrix(self.folder / "intrinsic" / "intrinsic_color.txt")
            self._K = torch.from_numpy(intrinsic[:3, :3].copy())
        depth, valid = to_metres(depth_levels(depth_file), MILLIMETRE)
        name = f"{self.folder.name}/color/{picture.name}"
        world_from_camera = _pose(_matrix(pose), pose)
        return RGBD(to_picture(picture_levels(picture)), depth, valid, name, self._K, world_from_camera)

    def files(self, index: int) -> tuple[Path, Path, Path]:
        """Picture, depth map and pose of frame `index`."""
        number = self.numbers[index]
        parts = (("color", "jpg"), ("depth", "png"), ("pose", "txt"))
        picture, depth, pose = (self.folder / name / f"{number}.{ending}" for name, ending in parts)
        return picture, depth, pose


def _sens_file(folder: Path) -> Path:
    return folder / f"{folder.name}.sens"


def _open_scene(folder: Path) -> Scene:
    path = _sens_file(folder)
    return SensScene(path) if path.is_file() else ExportedScene(folder)


def _present(root: Path) -> dict[str, Path]:
    """Folder by name of the scenes that hold something to read, sorted by name."""
    folders = [*root.glob("scene*"), *root.glob("scans/scene*")]
    readable = [f for f in folders if _sens_file(f).is_file() or (f / "color").is_dir()]
    return {folder.name: folder for folder in sorted(readable, key=lambda folder: folder.name)}


def _names(root: Path, split: str, present: dict[str, Path]) -> list[str]:
    listed = _listed(root, split)
    if listed is not None:
        return [name for name in listed if name in present]
    others = {name for other in LISTS if other != split for name in _listed(root, other) or []}
    return [name for name in present if name not in others] if split == "train" else []


def _listed(root: Path, split: str) -> list[str] | None:
    path = root / LISTS[split]
    return path.read_text(encoding="utf8").split() if path.is_file() else None


def _problems(folder: Path) -> list[str]:
    """What is wrong with a scene, as far as can be seen without decoding."""
    try:
        scene = _open_scene(folder)
        if isinstance(scene, SensScene):
            scene.file.check_whole()
            return []
    except BrokenSample as error:
        return [str(error)]
    files = [folder / "intrinsic" / "intrinsic_color.txt"]
    files += [path for index in range(len(scene)) for path in scene.files(index)]  # type: ignore[attr-defined]
    return [f"{path}: no such file" for path in files if not path.is_file()]


def _pose(matrix: np.ndarray, path: Path) -> Tensor | None:
    """(4,4) float64 metres; None where tracking was lost. BrokenSample, which names `path`, for no pose."""
    if not np.isfinite(matrix).all():
        return None
    return rigid(torch.from_numpy(matrix.astype(np.float64))[None], path)[0]


def _matrix(path: Path) -> np.ndarray:
    """The (4,4) float64 matrix in a text file."""
    try:
        return np.array(path.read_text(encoding="ascii").split(), dtype=np.float64).reshape(4, 4)
    except FileNotFoundError as error:
        raise BrokenSample(path, "no such file") from error
    except ValueError as error:
        raise BrokenSample(path, "not a matrix of 4x4 numbers") from error
