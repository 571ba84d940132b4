"""depthgen-evaluate: any model on a protocol, as a table, CSV rows and JSON."""

from __future__ import annotations

import sys
from pathlib import Path

HELP = """\
usage: depthgen-evaluate [protocol=NAME] [checkpoint=NAME|[NAME,...]] [data.root=FOLDER] [KEY=VALUE ...]

Measure depth models on a data set or on the frozen evaluation worlds, which no training run may touch.
The table is printed; the folder `out` gets report.html (table and pictures in one file), report.txt,
report.json, one CSV a model with a row an image, and best_worst.png; of prompts' pictures, generated.png.

protocols:
  worlds (the default)        rendered worlds, non-sky pixels under 40 m, beside each kind's mean depth
  nyu, nyu_labelled           NYU Depth v2: 654 images, Eigen crop, up to 10 m
  kitti                       KITTI, Eigen split: 652 images, Garg crop, up to 80 m
  kitti_kb_crop               the same cut to 352 x 1216 first, as ZoeDepth and Marigold do
  kitti_eigen_crop            the same with Eigen's crop
  scannet, scenenet           up to 10 and 20 m
  hypersim, vkitti2, waymo    up to 80 m
  folder                      your own folder of pictures and depth (rgbd.yaml), up to 1000 m
  prompts                     pictures drawn for held-out captions: does a judge see what the words say?
  held_out_words              the same in words that no training caption contains

Scores are REL, RMS, delta_1..3, log10, Sq-rel, RMS log and SILog, taken per image and averaged over images,
with 95 % bootstrap intervals. Predictions are resized bilinearly to the truth and clamped to the
protocol's range.

keys and their defaults:
  checkpoint=builtin    builtin, marigold, depth-anything-v2-small, depth-pro, a hub id, a .safetensors file
                        or a folder; several share one table: checkpoint=[builtin,depth-pro]
  data.root=null        the data set's folder
  data.split=null       null: the protocol's
  data.skip_broken=false    true: leave broken files out, count and list them
  count=null            images, at equal distances in the split; null: all of it, or 256 worlds
  samples=1             depth samples drawn of an image
  multisample=mean      how they become one depth: mean, median, or mode (the most likely one)
  sampler=ddim          of our own models: ddim, dpm++, heun, or ancestral (128 steps, as the paper)
  steps=null            sampler steps; null: those a student was made for, else 1 for one sample, 4 for
                        several (64 for noise prediction)
  flip=false            true: average with the mirrored picture's depth
  align=auto            none, depth or disparity: scale and shift fitted to the truth of every image; auto:
                        what an affine-invariant model needs, and none for metric ones
  camera=true           tell the models the data set's intrinsics
  out=runs/evaluate     folder for the report
  seed=0                of the sampler's noise
  device=auto           or cpu, cuda
  baseline_worlds=32    worlds: training worlds a kind for the baseline
  guidance=null         prompts: weight of the words; null: the model's own
  judge=builtin         prompts: the judge

examples:
  depthgen-evaluate protocol=worlds checkpoint=builtin out=runs/depth
  depthgen-evaluate protocol=nyu data.root=data/nyu checkpoint=runs/nyu/model.safetensors sampler=ancestral
  depthgen-evaluate protocol=folder data.root=frames checkpoint=[builtin,depth-anything-v2-small] count=50
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
    written = write_report(report, folder)  # before printing can fail: it may be the work of hours
    print(table(report))
    print("\nwrote " + ", ".join(str(path) for path in written))


if __name__ == "__main__":
    main()
