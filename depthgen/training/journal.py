"""What a run writes down: one JSON line per entry, the same to TensorBoard, and pictures as PNG files."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import torch
from torch import Tensor


class Journal:
    """The log of a run, as a context manager; silent in all processes but the main one.

    Scalars are appended to `folder`/log.jsonl and pictures written to `folder`/panels. Both also go to
    TensorBoard (`folder`/tensorboard) where it is installed: the extra `train` brings it. first_step: where
    the run goes on; what an interrupted one wrote beyond is dropped, as those steps are done again.
    """

    def __init__(self, folder: Path, active: bool, first_step: int = 0) -> None:
        self.folder, self.active = folder, active
        if active:
            _drop_beyond(first_step, folder / "log.jsonl")
        self._board = _board(folder / "tensorboard", first_step) if active else None

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._board is not None:
            self._board.close()

    def event(self, name: str, step: int, facts: Mapping[str, Any]) -> None:
        """Something that happened once, with facts of any JSON type."""
        self._line({"event": name, "step": step, **facts})

    def write(self, step: int, values: Mapping[str, float | Tensor]) -> None:
        """Scalars, and pictures (3, H, W) in [0, 1], of a step."""
        pictures = {name: value for name, value in values.items() if isinstance(value, Tensor)}
        scalars = {name: value for name, value in values.items() if name not in pictures}
        if scalars:
            self._line({"step": step, **scalars})
        for name, picture in pictures.items():
            self._picture(f"{name}-{step:07d}.png", picture)
        if self._board is not None:
            for name, value in scalars.items():
                self._board.add_scalar(name, value, step)
            for name, picture in pictures.items():
                self._board.add_image(name, picture, step)

    def _line(self, row: Mapping[str, Any]) -> None:
        if self.active:
            with open(self.folder / "log.jsonl", "a", encoding="utf8") as file:
                file.write(json.dumps(dict(row)) + "\n")

    def _picture(self, name: str, picture: Tensor) -> None:
        if self.active:
            from PIL import Image

            levels = (picture.clamp(0, 1) * 255).round().to(torch.uint8).permute(1, 2, 0)
            (self.folder / "panels").mkdir(exist_ok=True)
            Image.fromarray(levels.cpu().numpy()).save(self.folder / "panels" / name)


def _drop_beyond(step: int, log: Path) -> None:
    """Leave the rows up to `step`; of a run that begins anew, none."""
    rows = log.read_text(encoding="utf8").splitlines(keepends=True) if log.is_file() else []
    kept = [row for row in rows if step and 0 <= _step_of(row) <= step]
    if kept != rows:
        partial = log.with_name(log.name + ".partial")
        partial.write_text("".join(kept), encoding="utf8")
        os.replace(partial, log)


def _step_of(row: str) -> int:
    """The step of a row of the log; -1 where it was cut off while it was written."""
    try:
        return json.loads(row)["step"]
    except json.JSONDecodeError:
        return -1


def _board(folder: Path, first_step: int) -> Any:
    """A TensorBoard writer that hides what was written beyond `first_step`; None if not installed."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder), purge_step=first_step + 1 if first_step else 0)
