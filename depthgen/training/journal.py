"""What a run writes down: one JSON line per entry, the same to TensorBoard, and pictures as PNG files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import torch
from torch import Tensor


class Journal:
    """The log of a run, as a context manager; silent in all processes but the main one.

    Scalars are appended to `folder`/log.jsonl and pictures written to `folder`/panels. Both also go to
    TensorBoard (`folder`/tensorboard) where it is installed: the extra `train` brings it.
    """

    def __init__(self, folder: Path, active: bool, first_step: int = 0) -> None:
        self.folder, self.active = folder, active
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


def _board(folder: Path, first_step: int) -> Any:
    """A TensorBoard writer that drops what an interrupted run wrote beyond `first_step`; None if not
    installed."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder), purge_step=first_step or None)
