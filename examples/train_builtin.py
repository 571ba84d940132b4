"""Train the built-in models on one GPU, one after the other, with worlds rendered on it while it trains.

    python examples/train_builtin.py --pack-encoder text.safetensors     # where the text encoder is installed
    python examples/train_builtin.py --part completer --minutes 9 --state state --export out --encoder text.safetensors
    python examples/train_builtin.py --plan 26 --minutes 8.5 --state state --export out --encoder text.safetensors

A part trains for at most so many minutes, counted from when the first worlds are there. Its state, log and averaged
weights in half precision stay in the state's folder, from where it goes on when started again; what ships is copied to
the exports. A plan gives every part its share of so many minutes altogether, and is cut into calls of --minutes. It needs torch, numpy, safetensors, accelerate, tqdm,
transformers and pyyaml, and neither a network nor a data set.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import torch

import depthgen.worlds
from depthgen.checkpoint import copy_checkpoint
from depthgen.data.pool import PoolConfig, PoolViews, WorldPool
from depthgen.devices import resolve_device
from depthgen.experiment import Experiment, run
from depthgen.packed_text import pack_encoder, unpack_encoder
from depthgen.plain import from_plain
from depthgen.text import TextEncoder

CONFIGS = Path(__file__).resolve().parents[1] / "configs" / "experiment"
WORTHWHILE = 0.3  # minutes of training; less is not begun
LONG = 3.0  # share of a plan from which compiling a network pays: it takes most of a minute


@dataclass(frozen=True)
class Part:
    """An experiment, its share of a plan, its batch on a GPU of 80 GB, and the part it begins from."""

    experiment: str
    share: float
    batch: int
    rate: float
    start: str | None = None


PARTS = {
    "completer": Part("worlds_completer", 9.0, 512, 1e-3),
    "palette": Part("worlds_palette", 1.0, 512, 1e-3),
    "depth_64": Part("worlds_depth", 2.0, 512, 1e-3, "palette"),
    "depth": Part("worlds_depth_256", 5.0, 128, 7e-4, "depth_64"),
    "upsampler": Part("worlds_upsampler", 5.0, 96, 7e-4),
    "judge": Part("worlds_judge", 1.0, 1024, 2e-3),
    "completer_student": Part("completer_student", 1.2, 512, 2e-4, "completer"),
    "depth_student": Part("depth_student", 0.8, 128, 2e-4, "depth"),
    "upsampler_student": Part("upsampler_student", 1.0, 64, 2e-4, "upsampler"),
}
STEPPING_STONES = ("palette", "depth_64")  # parts that no one but later parts needs


def main() -> None:
    options = arguments()
    if options.pack_encoder:
        pack_encoder(options.pack_encoder, texts_of_the_worlds())
        print(f"{options.pack_encoder}: {options.pack_encoder.stat().st_size / 1e6:.1f} MB")
        return
    sys.setswitchinterval(1e-3)  # the thread that renders and the one that trains take turns often
    torch.backends.cudnn.benchmark = True
    device = resolve_device(options.device)
    encoder = unpack_encoder(options.encoder, device) if options.encoder else TextEncoder.load(device)
    with WorldPool(pool_config(options), device, encoder.tokens) as pool:
        end = time.monotonic() + 60 * options.minutes
        for name in [options.part] if options.part else PARTS:
            left = min((end - time.monotonic()) / 60, minutes_left(name, options))
            if left > (0 if options.tiny else WORTHWHILE):
                train(name, left, pool, encoder, options)
                remember_seeds(options.state, pool)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--part", choices=PARTS)
    what.add_argument(
        "--plan", type=float, metavar="MINUTES", help="all parts, in so many minutes altogether"
    )
    what.add_argument("--pack-encoder", type=Path, metavar="FILE", help="write the text encoder to one file")
    parser.add_argument(
        "--minutes", type=float, help="of training in this call (default: the whole plan; 8 of a --part)"
    )
    parser.add_argument(
        "--state", type=Path, default=Path("runs/builtin"), help="where training goes on from"
    )
    parser.add_argument("--export", type=Path, default=Path("runs/builtin/export"), help="weights and logs")
    parser.add_argument("--start", type=Path, help="folder of weights for parts that have no state yet")
    parser.add_argument("--encoder", type=Path, help="text encoder written by --pack-encoder")
    parser.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda"])
    parser.add_argument("--tiny", action="store_true", help="small networks and pictures, to see it run")
    options = parser.parse_args()
    if options.minutes is None:
        options.minutes = options.plan or 8.0
    return options


def train(
    name: str, minutes: float, pool: WorldPool, encoder: TextEncoder, options: argparse.Namespace
) -> None:
    """Train a part for so many minutes from its state on, and export it."""
    experiment = experiment_of(name, minutes, options)
    print(f"{name}: {minutes:.1f} minutes, {pool.rendered:,} views rendered so far", flush=True)
    weights = run(experiment, PoolViews(pool, min(side(name), pool.config.size)), encoder)
    log = weights.with_name("log.jsonl")
    if name not in STEPPING_STONES:
        options.export.mkdir(parents=True, exist_ok=True)
        copy_checkpoint(weights, options.export / f"{name}.safetensors")
        shutil.copy(log, options.export / f"{name}.log.jsonl")
    print(f"{weights}: {log.read_text(encoding='utf8').splitlines()[-1]}", flush=True)


def configured(name: str) -> Experiment:
    """The experiment of a part as its YAML has it."""
    import yaml

    return from_plain(
        Experiment, yaml.safe_load((CONFIGS / f"{PARTS[name].experiment}.yaml").read_text(encoding="utf8"))
    )


def side(name: str) -> int:
    """Pixels along the pictures that a part is trained on: for a student those of its teacher."""
    experiment, teacher = configured(name), PARTS[name].start
    return side(teacher) if experiment.distil and teacher else experiment.data.worlds.size


def experiment_of(name: str, minutes: float, options: argparse.Namespace) -> Experiment:
    """The experiment of a part as this script trains it."""
    part, experiment = PARTS[name], configured(name)
    train = replace(
        experiment.train,
        steps=10**7,  # it is the time that ends it
        minutes=minutes,
        total_minutes=quota(name, options.plan) if options.plan else None,
        batch_size=4 if options.tiny else part.batch,
        learning_rate=part.rate,
        precision="no" if options.device == "cpu" else "bf16",
        compile=part.share >= LONG and not options.tiny,
        checkpoint_every=1000,
        device="cpu" if options.device == "cpu" else "auto",
    )
    experiment = replace(
        experiment,
        name=name,
        train=train,
        runs=str(options.state),
        weights=None,  # beside the state; what ships is exported on demand
        start_from=beginning(name, options, is_student=experiment.distil is not None),
        palette=replace(experiment.palette, jpeg=0.0),  # JPEG runs on the CPU
    )
    if experiment.distil:
        distil = replace(experiment.distil, teacher=experiment.start_from)
        experiment = replace(experiment, distil=distil, start_from=None)
    return tiny(experiment) if options.tiny else experiment


def beginning(name: str, options: argparse.Namespace, is_student: bool) -> str | None:
    """Weights to begin with: a part's own from an earlier machine, or those of the part that it builds on, which a
    student always begins as."""
    base = PARTS[name].start
    found = [options.start / f"{name}.safetensors"] if options.start and not is_student else []
    found += [options.state / base / "model.safetensors"] if base else []
    found += [options.start / f"{base}.safetensors"] if base and options.start else []
    there = [str(path) for path in found if path.is_file()]
    if base and not there:
        raise SystemExit(f"{name} begins from {base}: train that part first, or give its folder as --start")
    return there[0] if there else None


def tiny(experiment: Experiment) -> Experiment:
    """The same with a network that trains anywhere."""
    levels = len(experiment.model.unet.channels)
    unet = replace(
        experiment.model.unet,
        channels=(8, 16, 32, 32, 32)[-levels:],
        blocks=(1,) * levels,
        heads=2,
        groups=2,
        embedding=32,
    )
    judge = replace(experiment.judge, channels=(8, 8), groups=4)
    return replace(experiment, model=replace(experiment.model, unet=unet), judge=judge)


def pool_config(options: argparse.Namespace) -> PoolConfig:
    """Worlds that no earlier call has trained on."""
    remembered = options.state / "pool.json"
    seed = json.loads(remembered.read_text())["next_seed"] if remembered.is_file() else 0
    if options.tiny:
        return PoolConfig(size=32, capacity=8, least=4, seed=seed, worlds_at_once=2)
    return PoolConfig(seed=seed, processes=max(1, (os.cpu_count() or 1) - 2))


def remember_seeds(state: Path, pool: WorldPool) -> None:
    (state / "pool.json").write_text(json.dumps({"next_seed": pool.next_seed}))


def quota(name: str, total: float) -> float:
    """Minutes of a part in a plan of `total`."""
    return total * PARTS[name].share / sum(part.share for part in PARTS.values())


def minutes_left(name: str, options: argparse.Namespace) -> float:
    """Of a part's quota in the plan; without a plan there is no end."""
    if not options.plan:
        return float("inf")
    state = options.state / name / "state.pt"
    spent = (
        torch.load(state, map_location="cpu", weights_only=True)["seconds"] / 60 if state.is_file() else 0.0
    )
    return quota(name, options.plan) - spent


def texts_of_the_worlds() -> Iterator[str]:
    """Every word of which captions are made: the strings in the source of the worlds, with their plurals."""
    for path in Path(depthgen.worlds.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
                yield from (plural for word in node.value.split() for plural in plurals(word))
    yield "0 1 2 3 4 5 6 7 8 9 . , ; : ! ? ' -"


def plurals(word: str) -> tuple[str, ...]:
    """What English may make of a noun."""
    return f"{word}s", f"{word}es", f"{word[:-1]}ies", f"{word[:-1]}ves", f"{word[:-2]}ves"


if __name__ == "__main__":
    main()
