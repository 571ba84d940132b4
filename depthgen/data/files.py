"""What the readers share in finding files: natural order, split lists, the first of several usual places."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from depthgen.data.sample import Diagnosis

if TYPE_CHECKING:
    import h5py

NAMED_MISSING = 20  # a doctor names so many and counts the rest


def natural_key(path: Path | str) -> list[tuple[int, str]]:
    """Sorts 2.png before 10.png: digits compare as numbers, the rest as text."""
    parts = re.split(r"(\d+)", str(path))
    return [(int(part), part) if part.isdecimal() else (-1, part) for part in parts]


def folders_in(folder: Path) -> list[Path]:
    """The sub-folders of `folder` in natural order; none where it does not exist."""
    if not folder.is_dir():
        return []
    return sorted((path for path in folder.iterdir() if path.is_dir()), key=natural_key)


def below(root: Path, folders: Sequence[str], name: str = "") -> list[Path]:
    """`name` in each of `folders` ("" for the root itself) below `root`."""
    return [root / folder / name for folder in folders]


def find(root: Path, folders: Sequence[str], names: Sequence[str], source: str) -> Path:
    """The first file of one of `names` in one of `folders` below `root`.

    ValueError says what was looked for and where, and that it comes from `source`.
    """
    for path in (path for name in names for path in below(root, folders, name)):
        if path.is_file():
            return path
    places = ", ".join(folder or "." for folder in folders)
    raise ValueError(f"{root}: no {' or '.join(names)} (looked in {places}); it comes from {source}")


def base_of(root: Path, folders: Sequence[str], frames: Sequence[str], listed_in: Path) -> Path:
    """The first of `folders` below `root` that holds at least one of the relative paths `frames`."""
    for base in below(root, folders):
        if any((base / frame).is_file() for frame in frames):
            return base
    places = ", ".join(folder or "." for folder in folders)
    raise ValueError(f"{root}: none of the {len(frames)} frames of {listed_in} is here (looked in {places})")


def read_split_list(path: Path, fields: int) -> list[list[str]]:
    """The lines of a split list, each with `fields` fields or more, leading slashes dropped.

    ValueError names the file and the line that is too short, or the file that is absent or holds nothing.
    """
    try:
        lines = path.read_text(encoding="utf8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: no list that can be read; give the path of a text file") from error
    rows = []
    for number, line in enumerate(lines, start=1):
        row = [field.lstrip("/") for field in line.split()]
        if 0 < len(row) < fields:
            raise ValueError(f"{path}, line {number}: {fields} fields expected, got {line!r}")
        if row:
            rows.append(row)
    if not rows:
        raise ValueError(f"{path}: the list is empty; fetch it again")
    return rows


def open_hdf5(path: Path) -> h5py.File:
    """The open file, closed by `with`; OSError as h5py raises it, ValueError where there is no h5py."""
    try:
        import h5py
    except ImportError as error:
        raise ValueError(f"{path}: HDF5 needs h5py; pip install 'scene3d[data]'") from error
    return h5py.File(path, "r")


def focal_of(row: Sequence[str], path: Path) -> float:
    """The focal length in pixels, third field of a line of a BTS split list; ValueError names the file."""
    try:
        focal = float(row[2])
    except ValueError:
        focal = 0.0
    if focal <= 0:
        raise ValueError(f"{path}: {row[2]!r} of {row[0]} is no focal length in pixels")
    return focal


class ListsFiles(Protocol):
    """A reader whose frames are files."""

    def __len__(self) -> int: ...

    def files(self, index: int) -> tuple[Path, ...]:
        """The files of frame `index`."""
        ...


def examine(
    dataset: str, reader: type, root: Path, layout: str, splits: Sequence[str] | None = None
) -> Diagnosis:
    """Open the splits of a reader class (all of them), count frames and see whether their files exist.

    layout: what the root should hold; told where something is missing.
    """
    counts, missing = {}, []
    for split in splits or reader.splits:
        counts[split] = 0
        try:
            data: ListsFiles = reader(root, split)
        except ValueError as error:
            missing.append(str(error))
            continue
        counts[split] = len(data)
        missing += [str(path) for i in range(len(data)) for path in data.files(i) if not path.is_file()]
    notes = (f"expected below {root}: {layout}", f"comes from: {reader.page}") if missing else ()
    return Diagnosis(dataset, root, reader.page, counts, _shortened(missing), notes)


def _shortened(missing: Iterable[str]) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(missing))
    if len(names) <= NAMED_MISSING:
        return names
    return (*names[:NAMED_MISSING], f"and {len(names) - NAMED_MISSING} more files")


def first_file(places: Iterable[Path]) -> Path | None:
    """The first of `places` that is a file; None if none is."""
    return next((place for place in places if place.is_file()), None)
