"""Commands speak for themselves: the talk of the libraries below them is turned down."""

from __future__ import annotations

import os

QUIET = {
    "TRANSFORMERS_VERBOSITY": "error",
    "DIFFUSERS_VERBOSITY": "error",
    "HF_HUB_VERBOSITY": "error",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
}


def quiet_libraries() -> None:
    """Ask the Hugging Face libraries for errors only, unless the environment says otherwise.

    They read the environment when they are first imported, so this must come before that.
    """
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
