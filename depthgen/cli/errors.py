"""What a user did wrong becomes one line and exit status 2; what we did wrong keeps its traceback."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import NoReturn

USER_ERROR = 2
WORKERS_TRACEBACK = "Original Traceback (most recent call last)"
INTERRUPTED = 130  # the shell's convention for SIGINT


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line, like all others here."""

    def error(self, message: str) -> NoReturn:
        """Print the message to stderr and exit with status 2."""
        self.exit(USER_ERROR, f"error: {message}; see {self.prog} --help\n")


def run_cli(function: Callable[[], None]) -> None:
    """Run a command's body; on an error of the user's, print one line to stderr and exit with status 2.

    ValueError (and its subclasses) and OSError (a missing file, an unwritable folder) count as the user's;
    Ctrl-C exits with 130. Everything else is a defect and keeps its traceback.
    """
    try:
        function()
    except (ValueError, OSError) as error:
        print(f"error: {_one_line(error)}", file=sys.stderr)
        sys.exit(USER_ERROR)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)


def _one_line(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return " ".join(f"{where}{error.strerror}".split())
    text = str(error)
    if WORKERS_TRACEBACK in text:  # a DataLoader's worker: its last line is "class: what was said there"
        text = text.strip().splitlines()[-1].partition(": ")[2]
    return " ".join(text.split()) or type(error).__name__
