"""Which of several processes this is, known before the first of them meets the others."""

from __future__ import annotations

import os

RANKS = ("RANK", "PMI_RANK", "OMPI_COMM_WORLD_RANK", "MV2_COMM_WORLD_RANK")  # where launchers write it


def is_main_process() -> bool:
    """Whether this is the process that prints and exports; the only one if nothing launched several."""
    return next((int(os.environ[name]) for name in RANKS if name in os.environ), 0) == 0
