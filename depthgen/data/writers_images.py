"""Pictures -> folders and tar shards, so that small sets can be made and read back by the real readers."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from depthgen.data.encode import jpeg
from depthgen.data.sample import RGBD


def write_image_folder(
    root: Path, samples: Iterable[RGBD], split: str = "train", *, classes: int = 10
) -> int:
    """`<split>/n<class>/<split>_<number>.JPEG`, as ImageNet; returns the number of pictures.

    Picture i goes to class i % `classes`.
    """
    number = 0
    for number, sample in enumerate(samples, start=1):
        folder = root / split / f"n{(number - 1) % classes:08d}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{split}_{number:08d}.JPEG").write_bytes(jpeg(sample.image))
    return number


def write_image_shards(
    root: Path, samples: Iterable[RGBD], split: str = "train", *, per_shard: int = 1000
) -> int:
    """`<split>-<number>.tar`, as webdataset: uncompressed, `per_shard` members named `<number>.jpg`.

    Returns the number of pictures.
    """
    root.mkdir(parents=True, exist_ok=True)
    pictures, number = iter(samples), 0
    while chunk := list(islice(pictures, per_shard)):
        with tarfile.open(root / f"{split}-{number // per_shard:06d}.tar", "w") as tar:
            for sample in chunk:
                _add(tar, f"{number:09d}.jpg", jpeg(sample.image))
                number += 1
    return number


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(data)
    tar.addfile(entry, io.BytesIO(data))
