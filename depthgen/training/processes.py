"""Which of several processes this is, known before they meet, and where it trains."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import torch

RANKS = ("RANK", "PMI_RANK", "OMPI_COMM_WORLD_RANK", "MV2_COMM_WORLD_RANK")  # where launchers write it


def is_main_process() -> bool:
    """Whether this is the process that prints and exports; the only one if nothing launched several."""
    return next((int(os.environ[name]) for name in RANKS if name in os.environ), 0) == 0


@contextmanager
def main_process_first(wanted: Literal["auto", "cpu"]) -> Iterator[None]:
    """What the body makes is made by the main process; the others enter after it, and find it made."""
    from accelerate import PartialState

    with PartialState(cpu=wanted == "cpu").main_process_first():
        yield


def own_device(wanted: Literal["auto", "cpu"]) -> torch.device:
    """Where this process trains: of several on one machine, each has a GPU of its own."""
    from accelerate import PartialState

    device = PartialState(cpu=wanted == "cpu").device
    assert device is not None
    return device
