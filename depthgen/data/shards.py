"""Random access to the members of uncompressed tar shards, by seek.

A shard is walked once. Its index, (name, offset, size) of every member, is kept in memory and, where the
folder can be written, beside the shard as NAME.tar.idx.json; it counts only while the shard's size and time
stay the same.
"""

from __future__ import annotations

import json
import os
import tarfile
from contextlib import suppress
from pathlib import Path

from depthgen.data.sample import BrokenSample

Member = tuple[str, int, int]  # name, offset of its bytes, how many


def members(shard: Path) -> list[Member]:
    """The regular files in a shard, in its order.

    BrokenSample if it is not an uncompressed tar, or cut short.
    """
    status = shard.stat()
    stamp = [status.st_size, status.st_mtime_ns]
    known = _stored(index_path(shard), stamp)
    if known is not None:
        return known
    found = _walked(shard)
    _store(index_path(shard), stamp, found)
    return found


def index_path(shard: Path) -> Path:
    """Where the index of a shard is kept."""
    return shard.with_name(f"{shard.name}.idx.json")


def read_member(shard: Path, member: Member) -> bytes:
    """The bytes of a member. BrokenSample if the shard is gone or ends within it."""
    name, offset, size = member
    try:
        with shard.open("rb") as file:
            file.seek(offset)
            data = file.read(size)
    except OSError as error:
        raise BrokenSample(shard, f"cannot be read: {error.strerror}") from error
    if len(data) != size:
        raise BrokenSample(f"{shard}/{name}", "the shard ends within it (truncated?); fetch the shard again")
    return data


def _walked(shard: Path) -> list[Member]:
    try:
        with tarfile.open(shard, "r:") as tar:
            found = [(entry.name, entry.offset_data, entry.size) for entry in tar if entry.isfile()]
    except (tarfile.TarError, OSError) as error:
        raise BrokenSample(shard, f"not an uncompressed tar file that can be read ({error})") from error
    if found and found[-1][1] + found[-1][2] > shard.stat().st_size:
        raise BrokenSample(shard, f"ends within {found[-1][0]} (truncated?); fetch the shard again")
    return found


def _stored(path: Path, stamp: list[int]) -> list[Member] | None:
    """The index at `path` if it is one, of a shard with this stamp."""
    try:
        content = json.loads(path.read_text(encoding="utf8"))
        if content["stamp"] == stamp:
            return [(str(name), int(offset), int(size)) for name, offset, size in content["members"]]
    except (OSError, ValueError, KeyError, TypeError):
        pass  # none yet, or a damaged one: the shard is walked again
    return None


def _store(path: Path, stamp: list[int], found: list[Member]) -> None:
    partial = path.with_name(f"{path.name}.partial{os.getpid()}")  # workers may index the same shard at once
    try:
        partial.write_text(json.dumps({"stamp": stamp, "members": found}), encoding="utf8")
        partial.replace(path)
    except OSError:  # a folder that cannot be written: the index lives in memory alone
        with suppress(OSError):
            partial.unlink()
