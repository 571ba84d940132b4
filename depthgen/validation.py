"""What a run is watched by: its loss at fixed noise on held-out samples, scores, and pictures to look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from depthgen.completer import UPSAMPLER_LEVEL, UPSAMPLER_STEPS
from depthgen.data.frames import DataConfig, Frames
from depthgen.data.worlds import WorldViews, collate
from depthgen.depth import abs_rel, colorize, delta
from depthgen.diffusion.denoiser import clipped
from depthgen.diffusion.samplers import sample_ddim, uniform_times
from depthgen.model import (
    ENLARGEMENT,
    DiffusionModel,
    decoded,
    depth_condition,
    noised_low,
    upsampling_condition,
)
from depthgen.pretrain import palette_batch
from depthgen.training import Objective, moved
from depthgen.worlds.sight import NO_COLOR

# Beyond every training set one could render and far below the seeds that are reserved for evaluation.
VALIDATION_SEED = 2**31
VALIDATION_SAMPLES = 256
PANEL_ROWS = 4
PER_OBJECT = ("objects", "colors")  # questions of a judge that are asked of every object
WATCHING_STEPS = 16  # of DDIM: enough to watch a run by, a quarter of what an estimate takes
Batch = Mapping[str, Any]


def validation_batches(config: DataConfig, broken: Path, size: int) -> list[Batch]:
    """Held-out samples of the data, `size` at a time; empty for data sets without a validation split.

    They are those of `validation`, or views of worlds that are neither trained nor evaluated on.
    """
    if not config.sources:
        views = WorldViews(replace(config.worlds, count=VALIDATION_SAMPLES, seed=VALIDATION_SEED))
        return _batched([views[i] for i in range(0, len(views), 2)], size)
    if not config.validation:
        return []
    frames = Frames(replace(config, sources=config.validation), broken)
    count = min(len(frames), VALIDATION_SAMPLES)
    return _batched([frames[i * len(frames) // count] for i in range(count)], size)


def _batched(samples: list[dict[str, Any]], size: int) -> list[Batch]:
    return [collate(samples[start : start + size]) for start in range(0, len(samples), size)]


@dataclass(frozen=True)
class Validation:
    """Scalars and a panel of pictures of a model (called with it), with the same batches and noise.

    Scalars are means over all batches; what nothing was measured of is left out.
    """

    stage: str
    objective: Objective
    batches: Sequence[Batch]

    @torch.no_grad()
    def __call__(self, model: nn.Module) -> dict[str, float | Tensor]:
        """`val_loss`; of depth also `rel` and `delta1`; of judges the shares of right answers."""
        device = next(model.parameters()).device
        generator = torch.Generator(device).manual_seed(0)
        measured = [self._measure(model, moved(batch, device), generator) for batch in self.batches]
        values = {name: torch.cat([scores[name] for scores in measured]) for name in measured[0]}
        scalars = {name: round(v.cpu().double().mean().item(), 5) for name, v in values.items() if len(v)}
        return scalars | panel(self.stage, model, moved(self.batches[0], device))

    def _measure(self, model: nn.Module, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        loss = self.objective(model, batch, generator).expand(len(batch["image"]))
        if self.stage == "judge":
            return {"val_loss": loss, **verdicts(model(2 * batch["image"] - 1), batch)}
        if self.stage == "depth":
            assert isinstance(model, DiffusionModel)
            return {"val_loss": loss, **depth_scores(model, batch)}
        return {"val_loss": loss}


def panel(stage: str, model: nn.Module, batch: Batch) -> dict[str, Tensor]:
    """The picture of a stage that has one: {"panel": (3, H, W) in [0, 1]}."""
    if stage == "depth" and isinstance(model, DiffusionModel):
        return {"panel": depth_panel(model, batch)}
    if stage == "palette" and isinstance(model, DiffusionModel):
        return {"panel": palette_panel(model, batch["image"])}
    if stage == "upsampling" and isinstance(model, DiffusionModel):
        return {"panel": upsampling_panel(model, batch)}
    return {}


def depth_scores(model: DiffusionModel, batch: Batch) -> dict[str, Tensor]:
    """REL and delta_1 of `_depth_from_noise`, over counted pixels that are no sky, under 40 m: (N,) of the N
    pictures that have any."""
    truth = batch["depth"]
    depth = _depth_from_noise(model, batch)
    counted = batch.get("valid", batch["counted"]) & (truth < min(40.0, model.config.coding.far))
    rows = [(d, t, v) for d, t, v in zip(depth, truth, counted, strict=True) if v.any()]
    return {
        "rel": torch.tensor([float(abs_rel(*row)) for row in rows]),
        "delta1": torch.tensor([float(delta(*row)) for row in rows]),
    }


def depth_panel(model: DiffusionModel, batch: Batch) -> Tensor:
    """Rows of picture, truth and answer from pure noise. (3, rows H, 3 W)."""
    part = {name: batch[name][:PANEL_ROWS] for name in ("image", "depth", "fov") if name in batch}
    columns = [part["image"], *(torch.stack([_coloured(d) for d in depths]) for depths in
               (part["depth"], _depth_from_noise(model, part)))]  # fmt: skip
    return torch.cat(list(torch.cat(columns, dim=-1)), dim=-2)


def palette_panel(model: DiffusionModel, image: Tensor) -> Tensor:
    """Rows of: what the network is shown, its answer from pure noise, the picture. (3, rows H, 3 W)."""
    image = image[:PANEL_ROWS]
    condition, _, _ = palette_batch(2 * image - 1, torch.Generator(image.device).manual_seed(0))
    restored = _from_noise(model, condition, image, None)
    columns = [((x + 1) / 2).clamp(0, 1) for x in (condition, restored)] + [image]
    return torch.cat(list(torch.cat(columns, dim=-1)), dim=-2)


def upsampling_panel(model: DiffusionModel, batch: Batch) -> Tensor:
    """Rows of: the small picture as the upsampler is shown it, its answer, the picture. (3, rows H, 3 W)."""
    image, known = (batch[name][:PANEL_ROWS] for name in ("image", "known"))
    x0, level = 2 * image - 1, torch.full((len(image),), UPSAMPLER_LEVEL, device=image.device)
    low = avg_pool2d(x0, ENLARGEMENT)
    noise = torch.randn(low.shape, generator=torch.Generator().manual_seed(0)).to(low)
    condition = upsampling_condition(noised_low(low, level, noise), level, x0, known)
    drawn = _from_noise(model, condition, image, None, steps=UPSAMPLER_STEPS)
    columns = [((x + 1) / 2).clamp(0, 1) for x in (condition[:, :3], drawn)] + [image]
    return torch.cat(list(torch.cat(columns, dim=-1)), dim=-2)


def verdicts(logits: dict[str, Tensor], batch: Batch) -> dict[str, Tensor]:
    """A judge's answers that are right, bool: (B,) for attributes, (objects in sight,) for "objects", which
    it finds or does not, and (those that have a colour,) for "colors"."""
    right = {name: logits[name].argmax(1) == batch[name] for name in logits if name not in PER_OBJECT}
    if "objects" in logits:
        truth = batch["objects"]
        color = logits["colors"].unflatten(1, (truth.shape[1], -1)).argmax(-1)
        right["objects"] = logits["objects"][truth >= NO_COLOR] > 0
        right["colors"] = (color == truth)[truth > NO_COLOR]
    return right


def _depth_from_noise(model: DiffusionModel, batch: Batch) -> Tensor:
    condition = depth_condition(model.config, 2 * batch["image"] - 1)
    x0 = _from_noise(model, condition, batch["depth"], batch.get("fov"))
    return decoded(x0, model.config.coding)


def _from_noise(
    model: DiffusionModel, condition: Tensor, like: Tensor, fov: Tensor | None, steps: int = 1
) -> Tensor:
    """x0 shaped as `like`, in [-1, 1], from noise that is the same on every device: in one evaluation.

    A network that predicts the noise takes WATCHING_STEPS: of pure noise it says nothing of x0, which
    is its error there divided by an alpha of 4.5e-5. A distilled one takes the steps that it was made for.
    """
    noise = torch.randn(like.shape, generator=torch.Generator().manual_seed(0)).to(like)
    steps = WATCHING_STEPS if model.config.prediction == "eps" else steps
    times = uniform_times(model.config.steps or steps)

    def denoise(z_t: Tensor, t: Tensor) -> Tensor:
        return model.denoise(z_t, t, condition, fov=fov)

    return sample_ddim(clipped(denoise), noise, model.schedule, times)


def _coloured(depth: Tensor) -> Tensor:
    """Depth (1, H, W) metres as a picture (3, H, W) in [0, 1]."""
    levels = colorize(depth[0], torch.ones_like(depth[0], dtype=torch.bool))
    return (levels.permute(2, 0, 1).float() / 255).to(depth.device)
