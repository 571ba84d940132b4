"""Which of several processes this is, known before they meet, and where it trains."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

import torch

if TYPE_CHECKING:
    from accelerate import PartialState

RENDERING = timedelta(hours=2)  # that processes may wait for the main one; some give up after ten minutes
RANKS = ("RANK", "PMI_RANK", "OMPI_COMM_WORLD_RANK", "MV2_COMM_WORLD_RANK")  # where launchers write it


def is_main_process() -> bool:
    """Whether this is the process that prints and exports; the only one if nothing launched several."""
    return next((int(os.environ[name]) for name in RANKS if name in os.environ), 0) == 0


@contextmanager
def main_process_first(wanted: Literal["auto", "cpu"]) -> Iterator[None]:
    """What the body makes is made by the main process; the others enter after it, and find it made."""
    with _processes(wanted).main_process_first():
        yield


def own_device(wanted: Literal["auto", "cpu"]) -> torch.device:
    """Where this process trains: of several on one machine, each has a GPU of its own."""
    device = _processes(wanted).device
    assert device is not None
    return device


def _processes(wanted: Literal["auto", "cpu"]) -> PartialState:
    from accelerate import PartialState

    return PartialState(cpu=wanted == "cpu", timeout=RENDERING)
