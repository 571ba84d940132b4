"""Tensors and what is said of them in safetensors files of at most 16 MB, which any host of code takes.

What does not fit into NAME.safetensors goes on in NAME.2.safetensors, NAME.3.safetensors and so on. The first
file says the sha256 of each other one: a part that is missing, damaged or of another checkpoint is found when
it is read, and the hash of the first file stands for the whole.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

MOST_BYTES = 16_000_000
PARTS = "parts"  # key of the first file's metadata: the hashes of the others, in their order
HEADER_BYTES = 200  # of a tensor's entry in a file's header, its name excluded, at most
HASH_BYTES = 80  # of a hash in a file's header, at most


class CheckpointError(ValueError):
    """A file that is not a checkpoint of ours, or not of the model its own config describes."""


def write_tensors(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
    """Write tensors and metadata to `path` and, beyond MOST_BYTES, to further parts beside it.

    All files are written aside before any takes its place, the first one last; parts of what was there before
    are removed at the end. So a write that fails, on a full disk for instance, leaves what was there before.
    One that is cut off between the renames may leave files of both, which `read_tensors` never takes for one
    checkpoint. A tensor that is larger by itself stays whole, in a part of its own.
    """
    from safetensors.torch import save

    path.parent.mkdir(parents=True, exist_ok=True)
    parts = _parted(tensors, len(json.dumps(dict(metadata))))
    before = part_paths(path) if path.is_file() else []
    hashes = []
    for number, part in enumerate(parts[1:], 2):
        content = save(part)
        _aside(part_path(path, number)).write_bytes(content)
        hashes.append(_sha256(content))
    _aside(path).write_bytes(save(parts[0], {**metadata, **({PARTS: json.dumps(hashes)} if hashes else {})}))
    for number in range(len(parts), 0, -1):
        os.replace(_aside(part_path(path, number)), part_path(path, number))
    for surplus in before[len(parts) :]:
        surplus.unlink(missing_ok=True)


def read_tensors(path: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    """What `write_tensors` was given; CheckpointError that names the file which is missing or wrong."""
    from safetensors import SafetensorError, safe_open
    from safetensors.torch import load

    if not path.is_file():
        raise CheckpointError(f"{path}: no such checkpoint file")
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
    except SafetensorError as error:
        raise CheckpointError(f"{path}: not a safetensors file, or a damaged one ({error})") from error
    for number, wanted in enumerate(_hashes(metadata), 2):
        tensors |= load(_checked(path, number, wanted))
    return {key: value for key, value in metadata.items() if key != PARTS}, tensors


def part_paths(path: Path) -> list[Path]:
    """The file `path` and all other parts that it says it has; of a damaged file, itself alone."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "pt") as file:
            others = len(_hashes(file.metadata() or {}))
    except SafetensorError:
        others = 0
    return [part_path(path, number) for number in range(1, others + 2)]


def part_path(path: Path, number: int) -> Path:
    """Of the parts of `path`, which is the first, that of this number."""
    return path if number == 1 else path.with_suffix(f".{number}{path.suffix}")


def _parted(tensors: Mapping[str, Tensor], metadata: int) -> list[dict[str, Tensor]]:
    """The tensors in their order, in as few files as hold them; metadata: bytes of it in the first one."""
    parts: list[dict[str, Tensor]] = [{}]
    room = MOST_BYTES - metadata - HASH_BYTES * len(tensors)  # there are no more parts than tensors
    for name, tensor in tensors.items():
        if parts[-1] and _bytes(name, tensor) > room:
            parts.append({})
            room = MOST_BYTES
        parts[-1][name] = tensor
        room -= _bytes(name, tensor)
    return parts


def _bytes(name: str, tensor: Tensor) -> int:
    return tensor.nbytes + len(name) + HEADER_BYTES


def _hashes(metadata: Mapping[str, str]) -> list[str]:
    return json.loads(metadata.get(PARTS, "[]"))


def _checked(path: Path, number: int, wanted: str) -> bytes:
    """The content of a further part; CheckpointError where it is not the one that belongs to `path`."""
    part = part_path(path, number)
    if not part.is_file():
        raise CheckpointError(f"{part}: missing, a part of {path}; put it beside that file")
    content = part.read_bytes()
    if _sha256(content) != wanted:
        raise CheckpointError(f"{part}: not the part that belongs to {path}, or damaged; copy both anew")
    return content


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _aside(path: Path) -> Path:
    """Where the new content of a file lies until all of it is written."""
    return path.with_name(path.name + ".partial")
