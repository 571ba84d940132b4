"""Rows of a parquet file by key, without reading the rest. Needs pyarrow (`pip install scene3d[data]`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from depthgen.data.sample import BrokenSample

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

BATCH = 8  # rows decoded at once on the way to those asked for: bounds the memory


class KeyedRows:
    """The rows of one file, found by the values of its integer key columns.

    Reading a row decodes its row group up to it, so random access is fast where row groups are small.
    BrokenSample names a file that is missing, is no parquet file or lacks a column.
    """

    def __init__(self, path: Path, keys: Sequence[str]) -> None:
        self.path = path
        with open_parquet(path) as file:
            table = _checked(file, keys, path).read(columns=list(keys))
            groups = range(file.metadata.num_row_groups)
            sizes = [file.metadata.row_group(group).num_rows for group in groups]
        self.keys = np.stack([table.column(key).to_numpy().astype(np.int64) for key in keys], axis=-1)
        self.ends = np.cumsum(sizes, dtype=np.int64)

    def find(self, *values: int) -> list[int]:
        """Numbers of the rows whose first keys are `values`, in the file's order."""
        return np.flatnonzero((self.keys[:, : len(values)] == values).all(axis=1)).tolist()

    def read(self, rows: Sequence[int], columns: Sequence[str]) -> list[dict[str, Any]]:
        """For each of `rows` its `columns`: lists as flat numpy arrays, the rest as Python values."""
        found: dict[int, dict[str, Any]] = {}
        with open_parquet(self.path) as file:
            _checked(file, columns, self.path)
            for group in sorted({int(np.searchsorted(self.ends, row, side="right")) for row in rows}):
                first = int(self.ends[group - 1]) if group else 0
                wanted = sorted(row - first for row in rows if first <= row < self.ends[group])
                found |= {first + r: v for r, v in _rows(file, group, wanted, columns, self.path)}
        return [found[row] for row in rows]


def open_parquet(path: Path) -> pq.ParquetFile:
    """The open file, closed by `with`; BrokenSample if there is none or it is not parquet."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise ValueError(f"{path}: parquet needs pyarrow; pip install 'scene3d[data]'") from error
    try:
        return pq.ParquetFile(path)
    except FileNotFoundError as error:
        raise BrokenSample(path, "no such file; download this component of the segment too") from error
    except (pa.ArrowInvalid, OSError) as error:
        raise BrokenSample(
            path, "not a parquet file that can be read (truncated?); download it anew"
        ) from error


def _checked(file: pq.ParquetFile, columns: Sequence[str], path: Path) -> pq.ParquetFile:
    lacking = sorted(set(columns) - set(file.schema_arrow.names))
    if lacking:
        raise BrokenSample(path, f"has no column {', '.join(lacking)}; Waymo Open Dataset v2 files have it")
    return file


def _rows(
    file: pq.ParquetFile, group: int, wanted: list[int], columns: Sequence[str], path: Path
) -> Iterator[tuple[int, dict[str, Any]]]:
    """(row within the group, its values) for each row of the sorted `wanted`."""
    import pyarrow as pa

    start = 0
    try:
        for batch in file.iter_batches(batch_size=BATCH, row_groups=[group], columns=list(columns)):
            stop = start + batch.num_rows
            yield from ((row, _values(batch, row - start)) for row in wanted if start <= row < stop)
            start = stop
            if start > wanted[-1]:
                return
    except (pa.ArrowException, OSError) as error:
        raise BrokenSample(path, f"row group {group} cannot be decoded; download the file anew") from error


def _values(batch: pa.RecordBatch, row: int) -> dict[str, Any]:
    return {name: _value(batch.column(name), row) for name in batch.schema.names}


def _value(column: pa.Array, row: int) -> Any:
    import pyarrow as pa

    if pa.types.is_list(column.type) or pa.types.is_fixed_size_list(column.type):
        # a null list is an empty array: its reader finds the wrong number of values
        return column.slice(row, 1).drop_null().flatten().to_numpy(zero_copy_only=False)
    return column[row].as_py()
