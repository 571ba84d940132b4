"""What the readers share in finding files: natural order, split lists, the first of several usual places."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path


def natural_key(path: Path | str) -> list[tuple[int, str]]:
    """Sorts 2.png before 10.png: digits compare as numbers, the rest as text."""
    parts = re.split(r"(\d+)", str(path))
    return [(int(part), part) if part.isdecimal() else (-1, part) for part in parts]


def first_existing(places: Iterable[Path]) -> Path | None:
    """The first of `places` that exists; None if none does."""
    return next((place for place in places if place.exists()), None)


def below(root: Path, folders: Sequence[str], name: str) -> list[Path]:
    """`name` in each of `folders` ("" for the root itself) below `root`."""
    return [root / folder / name for folder in folders]


def read_split_list(path: Path, fields: int) -> list[list[str]]:
    """The lines of a split list, each with `fields` fields or more, leading slashes dropped.

    ValueError names the file and the line that is too short, or the file that holds nothing.
    """
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf8").splitlines(), start=1):
        row = [field.lstrip("/") for field in line.split()]
        if 0 < len(row) < fields:
            raise ValueError(f"{path}, line {number}: {fields} fields expected, got {line!r}")
        if row:
            rows.append(row)
    if not rows:
        raise ValueError(f"{path}: the list is empty; fetch it again")
    return rows


def number(text: str, what: str, path: Path) -> float:
    """`text` as a float; ValueError names `what` it should be and the file."""
    try:
        return float(text)
    except ValueError as error:
        raise ValueError(f"{path}: {what} is {text!r}, not a number") from error
