"""depthgen-doctor: is a data set's folder complete? What was found, what lacks, where it comes from."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from depthgen.cli.errors import Parser, run_cli
from depthgen.data.registry import IMAGE_READERS, READERS

if TYPE_CHECKING:
    from depthgen.data.sample import Diagnosis

SHOWN = 20  # missing files that are named; the rest is counted
UNHEALTHY = 1
EPILOG = f"""\
data sets with depth:     {", ".join(READERS)}
pictures without depth:   {", ".join(IMAGE_READERS)}

exit status: 0 everything needed is there, 1 something lacks, 2 the command makes no sense

examples:
  depthgen-doctor nyu /data/nyu
  depthgen-doctor scannet /data/scannet     # also walks the .sens files and finds those cut short
  depthgen-doctor imagenet /data/imagenet   # folders or tar shards
"""


def main() -> None:
    """Entry point of `depthgen-doctor`."""

    arguments = _parser().parse_args()
    run_cli(lambda: examine(arguments.name, arguments.root))


def examine(name: str, root: Path) -> None:
    """Print what the reader called `name` says of `root`; exit with 1 if that is not healthy.

    ValueError lists the names if there is no such reader.
    """
    diagnosis = doctor_of(name, root)
    print(report(diagnosis))
    if not diagnosis.healthy:
        sys.exit(UNHEALTHY)


def doctor_of(name: str, root: Path) -> Diagnosis:
    """The diagnosis of `root` by the reader, of depth or of pictures, called `name`."""
    from depthgen.data.registry import image_reader, reader

    if name not in (*READERS, *IMAGE_READERS):
        raise ValueError(f"no data set {name!r}; there are: {', '.join((*READERS, *IMAGE_READERS))}")
    return (image_reader if name in IMAGE_READERS else reader)(name).doctor(root)


def report(diagnosis: Diagnosis) -> str:
    """A diagnosis as lines for people."""
    state = "healthy" if diagnosis.healthy else "not healthy"
    shown, hidden = diagnosis.missing[:SHOWN], len(diagnosis.missing[SHOWN:])
    lines = [f"{diagnosis.dataset} in {diagnosis.root}: {state}"]
    lines += [f"  {count:>9}  {what}" for what, count in diagnosis.counts.items()]
    lines += [f"  missing: {what}" for what in shown]
    lines += [f"  missing: {hidden} more"] if hidden else []
    lines += [f"  note: {note}" for note in diagnosis.notes]
    return "\n".join([*lines, f"  comes from: {diagnosis.page}"])


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        "depthgen-doctor",
        description="Look at a data set's folder: counts by split, what is missing, where to get it.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", metavar="NAME", help="of the data set, see below")
    parser.add_argument("root", metavar="ROOT", type=Path, help="the folder that should hold it")
    return parser


if __name__ == "__main__":
    main()
