"""Camera trajectories in the usual text formats -> (N,4,4) float64 camera-to-world matrices in metres."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from depthgen.data.files import natural_key
from depthgen.data.sample import BrokenSample
from depthgen.geometry import orthonormal

Layout = Literal["rows", "tum", "log", "files"]
RIGID_TOLERANCE = 1e-3  # such files often carry few digits


def read_trajectory(root: Path, path: str, layout: Layout) -> Tensor:
    """(N,4,4) float64, one matrix a frame.

    path: below `root`: one file, or with layout "files" a glob, in natural order. layout: "rows" one
    row-major 4x4 or 3x4 a line; "tum" `tx ty tz qx qy qz qw` a line; "log" Redwood's blocks of a line of
    frame numbers and the four rows of a matrix; "files" one file a frame that holds a matrix. Lines that
    begin with # are comments. BrokenSample for a file that is absent or of another form, and for rotations
    that are none; matrices that are not finite stay (tracking was lost there).
    """
    if layout == "files":
        files = sorted(root.glob(path), key=natural_key)
        if not files:
            raise BrokenSample(root / path, "no such file")
        poses = torch.stack([read_matrix(file) for file in files])
    else:
        rows = _numbers(root / path)
        poses = {"rows": _from_rows, "tum": _from_tum, "log": _from_log}[layout](rows, root / path)
    return rigid(poses, root / path)


def read_matrix(path: Path) -> Tensor:
    """(4,4) float64 of a file with a matrix of 3 or 4 rows and columns, filled up with those of identity."""
    rows = _numbers(path)
    if len(rows) not in (3, 4) or {len(row) for row in rows} not in ({3}, {4}):
        raise BrokenSample(path, "a matrix of 3 or 4 rows and columns expected")
    whole = torch.eye(4, dtype=torch.float64)
    whole[: len(rows), : len(rows[0])] = torch.tensor(rows, dtype=torch.float64)
    return whole


def rigid(poses: Tensor, path: Path) -> Tensor:
    """The same poses (N,4,4) with the nearest exact rotations (of those that are finite).

    BrokenSample, which names `path`, where there is no rotation near.
    """
    poses = poses.clone()
    finite = poses.isfinite().flatten(1).all(1)
    nearest = orthonormal(poses[finite])
    far = (nearest - poses[finite]).abs() > RIGID_TOLERANCE
    if far.any() or (torch.linalg.det(nearest) < 0).any():
        raise BrokenSample(path, "a pose is not a rotation and a translation; give camera-to-world matrices")
    poses[finite] = nearest
    return poses


def rotation_of(quaternions: Tensor) -> Tensor:
    """(N,3,3) rotations of quaternions (N,4) in the order x, y, z, w, of any length but 0."""
    x, y, z, w = torch.nn.functional.normalize(quaternions, dim=1).unbind(1)
    entries = [
        *(1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)),
        *(2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)),
        *(2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)),
    ]
    return torch.stack(entries, dim=1).reshape(-1, 3, 3)


def _numbers(path: Path) -> list[list[float]]:
    try:
        lines = path.read_text(encoding="utf8").splitlines()
        rows = [[float(word) for word in line.split()] for line in lines if not line.startswith("#")]
    except (OSError, ValueError) as error:
        raise BrokenSample(path, f"not a text file of numbers ({error})") from error
    rows = [row for row in rows if row]
    if not rows:
        raise BrokenSample(path, "no pose in it")
    return rows


def _from_rows(rows: list[list[float]], path: Path) -> Tensor:
    if len({len(row) for row in rows}) > 1 or len(rows[0]) not in (12, 16):
        raise BrokenSample(path, "12 or 16 numbers a line expected")
    return _stacked(rows)


def _from_tum(rows: list[list[float]], path: Path) -> Tensor:
    if any(len(row) != 7 for row in rows):
        raise BrokenSample(path, "7 numbers a line expected: tx ty tz qx qy qz qw, without a time stamp")
    table = torch.tensor(rows, dtype=torch.float64)
    poses = torch.eye(4, dtype=torch.float64).repeat(len(rows), 1, 1)
    poses[:, :3, :3], poses[:, :3, 3] = rotation_of(table[:, 3:]), table[:, :3]
    return poses


def _from_log(rows: list[list[float]], path: Path) -> Tensor:
    blocks = [rows[i : i + 5] for i in range(0, len(rows), 5)]
    if any([len(row) for row in block] != [3, 4, 4, 4, 4] for block in blocks):
        raise BrokenSample(path, "blocks of a line of 3 numbers and 4 lines of 4 expected")
    return _stacked([[number for row in block[1:] for number in row] for block in blocks])


def _stacked(rows: list[list[float]]) -> Tensor:
    poses = torch.eye(4, dtype=torch.float64).repeat(len(rows), 1, 1)
    given = torch.tensor(rows, dtype=torch.float64).reshape(len(rows), -1, 4)
    poses[:, : given.shape[1]] = given
    return poses
