"""estimate-depth: metric depth of pictures, as numbers, pictures and points."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from depthgen.cli.errors import Parser, run_cli

if TYPE_CHECKING:
    from depthgen.estimator import DepthPrediction

EPILOG = """\
written for every IMAGE, as OUT/NAME...
  NAME_depth.npy      float32 (H,W), metres along the optical axis (planar z)
  NAME_valid.png      255 where the depth is meant, 0 on sky and beyond the model's range
  NAME_depth_mm.png   16-bit PNG in millimetres, 0 where not valid or beyond 65.535 m
  NAME_preview.png    colours for people: red near, violet far
  NAME_points.ply     coloured points in metres; x right, y down, z forward
  NAME_std.npy        with --samples above 1: spread over the samples in metres

examples:
  estimate-depth photo.jpg
  estimate-depth *.png --samples 4 --out depth
  estimate-depth window.jpg --samples 16 --reduce mode      # one surface of a pane of glass, not their mean
  estimate-depth photo.jpg --known lidar.png --hfov 73      # complete sparse depth; its metres are kept
  estimate-depth photo.jpg --model depth-anything-v2-small  # needs the model hub or a local folder
"""
DEFAULT_SAMPLER, DEFAULT_REDUCE = "ddim", "mean"


def main() -> None:
    """Entry point of `estimate-depth`."""
    from depthgen.cli.quiet import quiet_libraries

    arguments = _parser().parse_args()
    quiet_libraries()
    run_cli(lambda: estimate(arguments))


def estimate(arguments: argparse.Namespace) -> None:
    """Estimate and write every image; ValueError before any work where the request makes no sense."""
    import torch

    from depthgen.cli.depth_files import assumed_camera, read_known, write_outputs
    from depthgen.estimator import DepthEstimator
    from depthgen.geometry import Camera
    from depthgen.images import read_image

    _check(arguments)
    for path in arguments.images:
        read_image(path)  # all before the first is estimated, but one at a time: photographs are large
    _make_folder(arguments.out)
    estimator = DepthEstimator.from_pretrained(arguments.model, arguments.device)
    for path in arguments.images:
        started = time.perf_counter()
        picture = read_image(path)
        height, width = picture.shape[-2:]
        hfov = arguments.hfov
        camera = Camera.from_fov(hfov, width, height) if hfov else assumed_camera(width, height)
        generator = torch.Generator().manual_seed(arguments.seed)
        how = {
            "camera": camera,
            "samples": arguments.samples,
            "steps": arguments.steps,
            "generator": generator,
        }
        if arguments.known:
            known = read_known(arguments.known, (height, width))
            out = estimator.complete(picture, *known, method=arguments.completion, **how)
        else:
            out = estimator.predict(picture, sampler=arguments.sampler, reduce=arguments.reduce, **how)
        lost = write_outputs(arguments.out / path.stem, picture, out, camera)
        _tell(path, out, lost, time.perf_counter() - started)
    print(f"wrote {arguments.out}")


def _tell(path: Path, out: DepthPrediction, lost: int, seconds: float) -> None:
    if out.valid.any():
        depth = out.depth[out.valid]
        span = f"{depth.min():.2f} to {depth.max():.2f} m, median {depth.median():.2f} m"
    else:
        span = "no valid depth"
    fit = (
        ""
        if out.residual is None
        else f", known depth missed by {100 * out.residual:.1f} % before it was put back"
    )
    print(f"{path}: {span}, {100 * out.valid.float().mean():.0f} % valid{fit} ({seconds:.1f} s)")
    if lost:
        print(f"warning: {path}: {lost} pixels beyond 65.535 m are 0 in the millimetre PNG", file=sys.stderr)


def _check(arguments: argparse.Namespace) -> None:
    from depthgen.cli.depth_files import SUFFIXES
    from depthgen.completion import completion_method

    stems = [path.stem for path in arguments.images]
    twice = sorted({stem for stem in stems if stems.count(stem) > 1})
    if twice:
        raise ValueError(
            f"two images are named {twice[0]!r}; their outputs would overwrite each other: run them apart"
        )
    outputs = {(arguments.out / f"{stem}{suffix}").resolve() for stem in stems for suffix in SUFFIXES}
    for given in (*arguments.images, *([arguments.known] if arguments.known else [])):
        if given.resolve() in outputs:
            raise ValueError(f"{given} would be overwritten by what is written; give another --out")
    if arguments.known and len(stems) > 1:
        raise ValueError("--known belongs to one image; give one IMAGE with it")
    if arguments.known and (arguments.sampler, arguments.reduce) != (DEFAULT_SAMPLER, DEFAULT_REDUCE):
        raise ValueError("--known has a sampler of its own and averages its samples; leave these two out")
    if arguments.completion and not arguments.known:
        raise ValueError("--completion says how known depth is used; give that too, with --known")
    if arguments.completion:
        completion_method(arguments.completion)
    if not -(2**63) <= arguments.seed < 2**64:  # what torch takes
        raise ValueError(f"--seed must lie between -2**63 and 2**64 - 1, got {arguments.seed}")
    if arguments.hfov is not None and not 1 <= arguments.hfov <= 179:
        raise ValueError(f"--hfov must lie between 1 and 179 degrees, got {arguments.hfov:g}")


def _make_folder(path: Path) -> None:
    """Make the output folder; ValueError where a file is in its place or above it."""
    existing = next(p for p in (path, *path.absolute().parents) if p.exists())
    if not existing.is_dir():
        raise ValueError(
            f"--out {path}: {existing} is a file; give the name of a folder, new or there already"
        )
    path.mkdir(parents=True, exist_ok=True)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        "estimate-depth",
        description="Metric depth of pictures by a diffusion model, in metres at the pictures' own size.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("images", nargs="+", type=Path, metavar="IMAGE", help="PNG, JPEG, ...")
    parser.add_argument(
        "--model",
        default="builtin",
        help="builtin (default), a .safetensors file, marigold, "
        "depth-anything-v2-small, a model folder or a hub id",
    )
    parser.add_argument(
        "--known",
        type=Path,
        help="depth known in part, at the image's size: 16-bit PNG in millimetres or float "
        ".npy in metres; 0 is unknown",
    )
    parser.add_argument(
        "--completion",
        metavar="NAME",
        help="with --known: read, refine, guide, align, ... (default: what suits the model best; "
        "generate-scene --help describes all)",
    )
    parser.add_argument("--samples", type=int, default=1, help="samples to draw and average (default 1)")
    parser.add_argument(
        "--reduce",
        choices=("mean", "median", "mode"),
        default=DEFAULT_REDUCE,
        help="how samples become one depth; mode: the likeliest of several surfaces (default mean)",
    )
    parser.add_argument(
        "--sampler",
        choices=("ddim", "dpm++", "heun", "ancestral"),
        default=DEFAULT_SAMPLER,
        help="of our own models; ancestral takes the paper's 128 steps (default ddim)",
    )
    parser.add_argument("--steps", type=int, help="sampler steps (default: the model's)")
    parser.add_argument(
        "--out", type=Path, default=Path("depth"), help="folder for the outputs (default: depth)"
    )
    parser.add_argument(
        "--hfov", type=float, help="horizontal field of view in degrees (default: 60 over the shorter side)"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the sampler's noise (default 0)")
    parser.add_argument("--device", default="auto", help="auto (default), cpu or cuda")
    return parser


if __name__ == "__main__":
    main()
