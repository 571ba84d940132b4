"""depthgen-train: one command for every stage."""

from __future__ import annotations

import sys

# experiments whose `weights` are those that ship; --help is to load no hydra to find them
SHIPPED = ("worlds_completer", "worlds_depth", "worlds_depth_96", "worlds_judge", "worlds_upsampler")
HELP = """\
usage: depthgen-train experiment=NAME [KEY=VALUE ...]

Train a model, or resume the run of the same name. State and log go to runs/NAME, the averaged weights in half
precision to runs/NAME/model.safetensors, or to the FILE of weights=FILE.

experiments: {experiments}

of these, what ships was made by: {shipped}.
Their `weights` lie in depthgen/weights below the current folder: in a checkout they replace what ships.
weights=null leaves them in runs/NAME.

The stages of the paper follow each other: palette, then indoor or outdoor, then nyu or kitti. Each expects
its data sets below data.root (depthgen-doctor says what lacks there) and starts from the last one's weights.
The _small twins write rendered worlds in the same layouts and train in minutes on a CPU.

examples:
  depthgen-train experiment=worlds_depth                       the built-in depth model
  depthgen-train experiment=worlds_depth name=look weights=null train.steps=100 data.worlds.count=512
                                                               only to see it run; all goes to runs/look
  depthgen-train experiment=worlds_completer                   the built-in completer
  depthgen-train experiment=completer_student                  its student: 4 steps without guidance
  depthgen-train experiment=palette_small                      the first stage of the paper, small
  depthgen-train experiment=indoor data.root=/data             the second, as published
  depthgen-train experiment=nyu data.root=/data data.skip_broken=true
  accelerate launch --num_processes 8 -m depthgen.cli.train experiment=indoor train.batch_size=8

Every field of depthgen.experiment.Experiment can be set by its dotted name (train.*, data.*, model.*,
objective.*, synthetic.*, judge.*; distil.* where the experiment is a student).
"""


def main() -> None:
    """Entry point of `depthgen-train`."""
    from depthgen.cli.errors import run_cli

    arguments = sys.argv[1:]
    if not arguments or {"-h", "--help"} & set(arguments):
        print(_help())
        return
    run_cli(lambda: _train(arguments))


def _help() -> str:
    from depthgen.cli.compose import configs_folder

    names = sorted(path.stem for path in (configs_folder() / "experiment").glob("*.yaml"))
    return HELP.format(experiments=", ".join(names), shipped=", ".join(SHIPPED))


def _train(overrides: list[str]) -> None:
    from depthgen.cli.compose import compose
    from depthgen.experiment import Experiment, run

    path = run(compose("train", overrides, Experiment()))
    print(f"weights: {path}")


if __name__ == "__main__":
    main()
