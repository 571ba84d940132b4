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
    root: Path, samples: Iterable[RGBD], *, split: str = "train", classes: int = 10
) -> None:
    """`<split>/n<class>/<split>_<number>.JPEG`, as ImageNet; picture i goes to class i % `classes`."""
    for number, sample in enumerate(samples):
        folder = root / split / f"n{number % classes:08d}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{split}_{number:08d}.JPEG").write_bytes(jpeg(sample.image))


def write_image_shards(
    root: Path, samples: Iterable[RGBD], *, split: str = "train", per_shard: int = 1000
) -> None:
    """`<split>-<number>.tar`, as webdataset: uncompressed, `per_shard` members named `<number>.jpg`."""
    root.mkdir(parents=True, exist_ok=True)
    pictures = iter(samples)
    shard = 0
    while chunk := list(islice(pictures, per_shard)):
        with tarfile.open(root / f"{split}-{shard:06d}.tar", "w") as tar:
            for row, sample in enumerate(chunk):
                _add(tar, f"{shard * per_shard + row:09d}.jpg", jpeg(sample.image))
        shard += 1


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(data)
    tar.addfile(entry, io.BytesIO(data))
