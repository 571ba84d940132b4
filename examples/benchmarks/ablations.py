"""The ablations of DepthGen at small scale, on worlds seen through simulated sensors: results/ablations.json.

    python examples/benchmarks/ablations.py                 every arm that results/ablations.json lacks, then the table
    python examples/benchmarks/ablations.py lidar/both      only arms whose name begins so
    python examples/benchmarks/ablations.py --table         the table of what is there

Pictures of 48 x 64 px; a Kinect indoors, a LiDAR outdoors whose lines are as far apart as on KITTI. Every arm trains
anew for each of three seeds (arm and seed are one entry, written when done, so that an interrupted run goes on) and is
scored on held-out worlds: REL at the pixels the sensor measured, as the paper has it, and REL everywhere, which only
exact worlds can tell. Coding, times and losses are the paper's; prediction v and DDIM steps are ours, for speed.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from record import RESULTS, hardware
from torch import Tensor, nn

from depthgen.checkpoint import load_checkpoint, save_checkpoint
from depthgen.data.frames import DataConfig, training_sample
from depthgen.data.sample import RGBD
from depthgen.data.synthetic import measured, pinhole, rendered_frames
from depthgen.data.worlds import collate
from depthgen.depth import DepthCoding, abs_rel
from depthgen.diffusion.samplers import sample_ancestral, sample_ddim, uniform_times
from depthgen.evaluation import bootstrap
from depthgen.model import DiffusionModel, ModelConfig
from depthgen.nn.unet import UNetConfig
from depthgen.objectives import DepthObjective, depth_loss, palette_loss
from depthgen.training import TrainConfig, fit
from depthgen.transfer import transfer
from depthgen.worlds import GENERATOR_VERSION

SIZE = (48, 64)
UNET = UNetConfig(channels=(32, 64, 96), blocks=(1, 1, 2), attention=(False, False, True))
TRAIN_FRAMES, FINE_TUNE_FRAMES, HELD_OUT = 1024, 128, 48
STEPS, BATCH, SEEDS = 160, 16, 3
FAR = {"kinect": 10.0, "lidar": 80.0}
PLACES = {"kinect": "indoor", "lidar": "outdoor"}
LINES = 6  # over 48 rows: every fifth row, as 64 lines on KITTI
FILE = RESULTS / "ablations.json"
# Pre-trained networks, made when missing.
CHECKPOINTS = Path(tempfile.gettempdir()) / f"depthgen-ablations-{GENERATOR_VERSION}"


@dataclass(frozen=True)
class Arm:
    """One row of the table: what is pre-trained, and how the sensor's data are used."""

    name: str
    self_supervised: bool = False
    supervised: bool = False
    infill: bool = True
    unroll: bool = True
    loss: str = "l1"
    frames: int = TRAIN_FRAMES


ARMS = (
    Arm("pretraining none", frames=FINE_TUNE_FRAMES),
    Arm("pretraining self-supervised", self_supervised=True, frames=FINE_TUNE_FRAMES),
    Arm("pretraining supervised", supervised=True, frames=FINE_TUNE_FRAMES),
    Arm("pretraining both", self_supervised=True, supervised=True, frames=FINE_TUNE_FRAMES),
    Arm("baseline", infill=False, unroll=False),
    Arm("step-unroll", infill=False),
    Arm("infill", unroll=False),
    Arm("infill and step-unroll"),
    Arm("infill and step-unroll, L2", loss="l2"),
)
SAMPLING_STEPS, SAMPLE_COUNTS = (16, 32, 64, 128, 256), (1, 2, 4, 8)


class InMemory(torch.utils.data.Dataset):
    """Training samples that were made once."""

    def __init__(self, samples: Sequence[dict[str, Any]]) -> None:
        self.samples = samples

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return self.samples[index]


@cache
def frames(sensor: str, first_seed: int, count: int) -> tuple[tuple[RGBD, RGBD], ...]:
    """(exact, as the sensor measured it) of `count` worlds."""
    seeds = range(first_seed, first_seed + count)
    exact = rendered_frames(seeds, pinhole(SIZE), SIZE, PLACES[sensor])  # type: ignore[arg-type]
    return tuple(
        (frame, measured(frame, sensor, torch.Generator().manual_seed(seed), LINES))
        for seed, frame in zip(seeds, exact, strict=True)
    )


def training_set(sensor: str, arm: Arm, first_seed: int = 0, exact: bool = False) -> InMemory:
    config = DataConfig(size=SIZE, max_depth=FAR[sensor], infill=arm.infill)
    chosen = [pair[0 if exact else 1] for pair in frames(sensor, first_seed, arm.frames)]
    return InMemory([training_sample(frame, config) for frame in chosen if frame.valid.any()])


def model_config(sensor: str) -> ModelConfig:
    return ModelConfig(unet=UNET, resolution=SIZE[0], coding=DepthCoding(0.0, FAR[sensor], log=False))


def train(model: nn.Module, objective: Any, data: InMemory, seed: int, folder: Path) -> nn.Module:
    config = TrainConfig(
        steps=STEPS, batch_size=BATCH, learning_rate=1e-3, warmup_steps=20, ema_decay=0.98, seed=seed,
        log_every=STEPS, checkpoint_every=10**9, precision="bf16", device="cpu",
    )  # fmt: skip
    return fit(model, objective, data, config, folder, collate=collate)[0].eval()


def pretrained(sensor: str, arm: Arm, seed: int) -> DiffusionModel | None:
    """The network that an arm starts from; made once and kept in CHECKPOINTS. None: from scratch."""
    start = self_supervised(sensor, seed) if arm.self_supervised else None
    if not arm.supervised:
        return start
    path = CHECKPOINTS / f"{sensor}-supervised-{arm.self_supervised}-{seed}.safetensors"
    if not path.is_file():
        data = training_set(sensor, Arm("exact depth"), first_seed=10**6, exact=True)
        model = depth_network(sensor, start, seed)
        loss = depth_loss(model.config, DepthObjective())
        save_checkpoint(path, train(model, loss, data, seed, Path(tempfile.mkdtemp())))
    return load_checkpoint(path)[0]  # type: ignore[return-value]


def self_supervised(sensor: str, seed: int) -> DiffusionModel:
    path = CHECKPOINTS / f"{sensor}-palette-{seed}.safetensors"
    if not path.is_file():
        torch.manual_seed(seed)
        data = training_set(sensor, Arm("pictures"), first_seed=2 * 10**6, exact=True)
        model = DiffusionModel(ModelConfig("palette", UNET, resolution=SIZE[0]))
        save_checkpoint(path, train(model, palette_loss(), data, seed, Path(tempfile.mkdtemp())))
    return load_checkpoint(path)[0]  # type: ignore[return-value]


def depth_network(sensor: str, start: DiffusionModel | None, seed: int) -> DiffusionModel:
    torch.manual_seed(seed)
    model = DiffusionModel(model_config(sensor))
    if start is not None:
        transfer(start, model)
    return model


def run_arm(sensor: str, arm: Arm, seed: int) -> dict[str, Any]:
    """Train and score: REL of every held-out image, at measured pixels and everywhere."""
    start = pretrained(sensor, arm, seed)
    data = training_set(sensor, arm)
    began = time.perf_counter()
    objective = DepthObjective(loss=arm.loss, unroll=arm.unroll)  # type: ignore[arg-type]
    model = train(
        depth_network(sensor, start, seed).train(), depth_loss(model_config(sensor), objective), data, seed,
        Path(tempfile.mkdtemp()),
    )  # fmt: skip
    if arm.name == "infill and step-unroll":
        save_checkpoint(CHECKPOINTS / f"{sensor}-sampled-{seed}.safetensors", model)
    seconds = time.perf_counter() - began
    return {"images_seen": STEPS * BATCH, "seconds": round(seconds, 1), **scores(model, sensor, 16, 1, seed)}


@torch.no_grad()
def scores(
    model: nn.Module, sensor: str, steps: int, samples: int, seed: int, ancestral: bool = False
) -> dict[str, Any]:
    """REL of each held-out image for the mean of `samples` depth maps."""
    assert isinstance(model, DiffusionModel)
    pairs = [pair for pair in frames(sensor, 3 * 10**6, HELD_OUT) if (pair[1].depth * pair[1].valid).any()]
    images = 2 * torch.stack([exact.image for exact, _ in pairs]) - 1
    generator = torch.Generator().manual_seed(seed)
    drawn = []
    for _ in range(samples):
        noise = torch.randn(len(pairs), 1, *SIZE, generator=generator)
        times = uniform_times(steps)

        def denoise(z: Tensor, t: Tensor) -> Tensor:
            with torch.autocast("cpu", torch.bfloat16):
                return model.denoise(z, t, images).clamp(-1, 1)

        coded = (
            sample_ancestral(denoise, noise, model.schedule, times, generator)
            if ancestral
            else sample_ddim(denoise, noise, model.schedule, times)
        )
        drawn.append(model.config.coding.decode(coded.float()))
    depth = torch.stack(drawn).mean(0).clamp(min=0.1)
    rows: dict[str, list[float]] = {"rel_measured": [], "rel_everywhere": []}
    for predicted, (exact, seen) in zip(depth, pairs, strict=True):
        for name, valid in (("rel_measured", seen.valid), ("rel_everywhere", exact.valid)):
            counted = valid & exact.valid & (exact.depth < FAR[sensor])
            rows[name].append(
                round(float(abs_rel(predicted, exact.depth, counted)), 5) if counted.any() else np.nan
            )
    return rows


def run_sampling(sensor: str, steps: int, samples: int, seed: int) -> dict[str, Any]:
    """Ancestral sampling of the trained arm "infill and step-unroll"; no training."""
    path = CHECKPOINTS / f"{sensor}-sampled-{seed}.safetensors"
    if not path.is_file():
        run_arm(sensor, next(arm for arm in ARMS if arm.name == "infill and step-unroll"), seed)
    began = time.perf_counter()
    rows = scores(load_checkpoint(path)[0], sensor, steps, samples, seed, ancestral=True)
    return {"seconds": round(time.perf_counter() - began, 1), **rows}


def jobs() -> Iterator[tuple[str, int, Any]]:
    """(name, seed, callable) of everything there is to do: all questions for one seed, then for the next."""
    for seed in range(SEEDS):
        for sensor in FAR:
            for arm in reversed(ARMS):
                yield f"{sensor}/{arm.name}", seed, lambda s=sensor, a=arm, n=seed: run_arm(s, a, n)
            for steps in SAMPLING_STEPS:
                yield (
                    f"{sensor}/{steps} steps",
                    seed,
                    lambda s=sensor, k=steps, n=seed: run_sampling(s, k, 1, n),
                )
            for count in SAMPLE_COUNTS:
                yield (
                    f"{sensor}/{count} samples",
                    seed,
                    lambda s=sensor, k=count, n=seed: run_sampling(s, 16, k, n),
                )


def table(entries: dict[str, Any]) -> str:
    """Means over images and seeds with 95 % intervals over images, and the spread of the seeds' means."""
    lines = [f"{'':44}{'REL measured':>26}{'REL everywhere':>26}{'seeds':>7}{'sd of seeds':>13}"]
    for name in dict.fromkeys(name for name, _, _ in jobs()):
        runs = [entry for key, entry in entries.items() if key.rpartition("#")[0] == name]
        if not runs:
            continue
        cells = ""
        for column in ("rel_measured", "rel_everywhere"):
            means = np.nanmean([run[column] for run in runs], axis=0)
            estimate = bootstrap(means[~np.isnan(means)].tolist())
            cells += f"{f'{estimate.mean:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]':>26}"
        spread = np.std([np.nanmean(run["rel_everywhere"]) for run in runs])
        lines.append(f"{name:44}{cells}{len(runs):>7}{spread:>13.4f}")
    return "\n".join(lines)


def main() -> None:
    wanted = [argument for argument in sys.argv[1:] if argument != "--table"]
    stored = json.loads(FILE.read_text()) if FILE.is_file() else {"entries": {}}
    if "--table" not in sys.argv and stored.get("generator_version") != GENERATOR_VERSION:
        stored = {"generator_version": GENERATOR_VERSION, "entries": {}}  # figures of other worlds are none
    for name, seed, job in jobs() if "--table" not in sys.argv else ():
        key = f"{name}#{seed}"
        if key in stored["entries"] or (wanted and not name.startswith(tuple(wanted))):
            continue
        began = time.perf_counter()
        stored["entries"][key] = job()
        seen = stored["entries"][key].get("images_seen", 0)
        print(f"{key}: {time.perf_counter() - began:.0f} s, {seen} images seen in training", flush=True)
        stored |= {"hardware": hardware(), "size": SIZE, "held_out": HELD_OUT, "frames": TRAIN_FRAMES,
                   "fine_tune_frames": FINE_TUNE_FRAMES, "steps": STEPS, "batch": BATCH}  # fmt: skip
        FILE.write_text(json.dumps(stored) + "\n", encoding="utf8")
    text = table(stored["entries"])
    (RESULTS / "ablations.txt").write_text(text + "\n", encoding="utf8")
    print(text)


if __name__ == "__main__":
    main()
