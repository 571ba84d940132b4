"""Which depth map belongs to which picture, where no list says it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path, PurePath
from typing import Literal, NamedTuple

from depthgen.data.files import natural_key

PairBy = Literal["order", "stem", "number"]


class Pair(NamedTuple):
    """A picture and its depth map, paths below the root, and the picture's number among all pictures."""

    image: str
    depth: str
    number: int


def paired(root: Path, images: str, depths: str, pair_by: PairBy) -> tuple[list[Pair], int]:
    """The pairs among the files that two globs find below `root`, and how many pictures there are.

    Files are in natural order. order: n-th with n-th; as many of each are needed. stem: equal names up to
    the first dot. number: equal last numbers in these names. With these two, files without a partner are left
    out. ValueError where nothing is found, counts differ or a key is not unique.
    """
    found = [_listed(root, pattern) for pattern in (images, depths)]
    keys = [_keys(files, pair_by) for files in found]
    if pair_by == "order" and len(found[0]) != len(found[1]):
        raise ValueError(
            f"{root}: {len(found[0])} files {images} and {len(found[1])} files {depths}; "
            "pair them by stem or number if some have no partner"
        )
    partner = dict(zip(keys[1], found[1], strict=True))
    pairs = [
        Pair(image, partner[key], number)
        for number, (key, image) in enumerate(zip(keys[0], found[0], strict=True))
        if key in partner
    ]
    if not pairs:
        raise ValueError(f"{root}: no {pair_by} of {found[0][0]} ... is that of a file like {found[1][0]}")
    return pairs, len(found[0])


def _listed(root: Path, pattern: str) -> list[str]:
    if PurePath(pattern).is_absolute():
        raise ValueError(f"{root}: the pattern {pattern} must be relative; set `root` in the sheet instead")
    files = sorted((path.relative_to(root).as_posix() for path in root.glob(pattern)), key=natural_key)
    if not files:
        raise ValueError(f"{root}: no file {pattern}")
    return files


def _keys(files: list[str], pair_by: PairBy) -> list[str]:
    if pair_by == "order":
        return [str(i) for i in range(len(files))]
    key_of: Callable[[str], str] = _stem if pair_by == "stem" else _number
    keys = [key_of(file) for file in files]
    seen: dict[str, str] = {}
    for key, file in zip(keys, files, strict=True):
        if key in seen:
            raise ValueError(f"{file} and {seen[key]} have the same {pair_by}; pair them by order")
        seen[key] = file
    return keys


def _stem(file: str) -> str:
    return PurePath(file).name.partition(".")[0]


def _number(file: str) -> str:
    digits = re.findall(r"\d+", _stem(file))
    if not digits:
        raise ValueError(f"{file}: no number in its name; pair the files by order")
    return str(int(digits[-1]))
