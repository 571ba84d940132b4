"""depthgen-evaluate: any model on a protocol, as a table, CSV rows and JSON."""

from __future__ import annotations

import sys
from pathlib import Path

HELP = """\
usage: depthgen-evaluate [protocol=NAME] [checkpoint=NAME|FILE] [KEY=VALUE ...]

Measure a model on the frozen evaluation worlds, which no training run may touch.
The table is printed; report.json, report.txt and one CSV with a row an image go to the folder `out`.

protocols:
  worlds    depth: REL, RMS, delta_1..3, log10 over non-sky pixels under 40 m, beside each kind's mean depth
  prompts   pictures drawn for held-out captions: does the judge see the right kind, time and weather?

keys and their defaults:
  checkpoint=builtin    a name (builtin, marigold, depth-anything-v2-small), a .safetensors file or a folder
  count=256             images
  out=runs/evaluate     folder for the report
  samples=1             depth samples to average
  steps=null            sampler steps; null: the model's own
  guidance=3.0          weight of the words
  judge=builtin         the judge of protocol prompts
  baseline_worlds=32    training worlds a kind for the baseline
  seed=0                of the sampler's noise
  device=auto           or cpu, cuda

examples:
  depthgen-evaluate protocol=worlds checkpoint=builtin count=256 out=runs/depth
  depthgen-evaluate protocol=worlds checkpoint=runs/worlds_depth/model.safetensors samples=4
  depthgen-evaluate protocol=prompts count=256 out=runs/prompts
"""


def main() -> None:
    """Entry point of `depthgen-evaluate`."""
    from depthgen.cli.errors import run_cli
    from depthgen.cli.quiet import quiet_libraries

    arguments = sys.argv[1:]
    if {"-h", "--help"} & set(arguments):
        print(HELP)
        return
    quiet_libraries()
    run_cli(lambda: _evaluate(arguments))


def _evaluate(overrides: list[str]) -> None:
    from depthgen.cli.compose import compose
    from depthgen.evaluation import EvaluateConfig, evaluate, table, write_report

    config = compose("evaluate", overrides, EvaluateConfig())
    folder = Path(config.out)
    folder.mkdir(parents=True, exist_ok=True)  # an unwritable folder is better known before the work
    report = evaluate(config)
    print(table(report))
    print("\nwrote " + ", ".join(str(path) for path in write_report(report, folder)))


if __name__ == "__main__":
    main()
