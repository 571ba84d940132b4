"""What a run is watched by: its loss at fixed noise on held-out samples, scores, and pictures to look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from depthgen.data.frames import DataConfig, Frames
from depthgen.data.worlds import WorldViews, collate
from depthgen.depth import abs_rel, colorize, delta
from depthgen.model import DiffusionModel
from depthgen.pretrain import palette_batch
from depthgen.training import Objective

# Beyond every training set one could render and far below the seeds that are reserved for evaluation.
VALIDATION_SEED = 2**31
VALIDATION_SAMPLES = 256
PANEL_ROWS = 4
Batch = Mapping[str, Any]


def validation_batch(config: DataConfig, broken: Path) -> dict[str, Any] | None:
    """Held-out samples of the data: of `validation`, or of worlds that are neither trained on nor evaluated
    on.

    None for data sets without a validation split.
    """
    if not config.sources:
        views = WorldViews(replace(config.worlds, count=VALIDATION_SAMPLES, seed=VALIDATION_SEED))
        return collate([views[i] for i in range(0, len(views), 2)])
    if not config.validation:
        return None
    frames = Frames(replace(config, sources=config.validation), broken)
    stride = max(1, len(frames) // VALIDATION_SAMPLES)
    return collate([frames[i] for i in range(0, len(frames), stride)][:VALIDATION_SAMPLES])


@dataclass(frozen=True)
class Validation:
    """Scalars and a panel of pictures of a model (called with it), on one batch with one fixed noise."""

    stage: str
    objective: Objective
    batch: Batch

    @torch.no_grad()
    def __call__(self, model: nn.Module) -> dict[str, float | Tensor]:
        """`val_loss`; of depth also `rel` and `delta1` of a single step; of judges the shares of right
        answers."""
        device = next(model.parameters()).device
        batch = {k: v.to(device) if isinstance(v, Tensor) else v for k, v in self.batch.items()}
        generator = torch.Generator(device).manual_seed(0)
        values: dict[str, float | Tensor] = {
            "val_loss": round(self.objective(model, batch, generator).item(), 5)
        }
        if self.stage == "judge":
            return values | judge_scores(model, batch)
        assert isinstance(model, DiffusionModel)
        if self.stage == "depth":
            return values | depth_scores(model, batch)
        return values | ({"panel": palette_panel(model, batch["image"])} if self.stage == "palette" else {})


def depth_scores(model: DiffusionModel, batch: Batch) -> dict[str, float | Tensor]:
    """REL and delta_1 of a single step from pure noise, over counted pixels that are no sky, and a panel."""
    image, truth = batch["image"], batch["depth"]
    depth = model.config.coding.decode(_one_step(model, 2 * image - 1, truth, batch.get("fov")))
    counted = batch.get("valid", batch["counted"]) & (truth < min(40.0, model.config.coding.far))
    rows = [(d, t, v) for d, t, v in zip(depth, truth, counted, strict=True) if v.any()]
    shown = [
        torch.cat([i, *map(_coloured, (t, d))], dim=-1) for i, t, d in zip(image, truth, depth, strict=True)
    ]
    return {
        "rel": round(sum(float(abs_rel(*row)) for row in rows) / len(rows), 4),
        "delta1": round(sum(float(delta(*row)) for row in rows) / len(rows), 4),
        "panel": torch.cat(shown[:PANEL_ROWS], dim=-2),
    }


def palette_panel(model: DiffusionModel, image: Tensor) -> Tensor:
    """Rows of: what the network is shown, its answer in a single step, the picture. (3, rows H, 3 W)."""
    image = image[:PANEL_ROWS]
    condition, _, _ = palette_batch(2 * image - 1, torch.Generator(image.device).manual_seed(0))
    restored = _one_step(model, condition, image, None)
    columns = [((x + 1) / 2).clamp(0, 1) for x in (condition, restored)] + [image]
    return torch.cat(list(torch.cat(columns, dim=-1)), dim=-2)


def judge_scores(model: nn.Module, batch: Batch) -> dict[str, float | Tensor]:
    """Share of right answers for each attribute."""
    logits = model(2 * batch["image"] - 1)
    return {name: round((logits[name].argmax(1) == batch[name]).float().mean().item(), 4) for name in logits}


def _one_step(model: DiffusionModel, condition: Tensor, like: Tensor, fov: Tensor | None) -> Tensor:
    """x0 shaped as `like`, from noise that is the same on every device, in one evaluation."""
    noise = torch.randn(like.shape, generator=torch.Generator().manual_seed(0)).to(like)
    return model.denoise(noise, torch.ones(len(noise), device=noise.device), condition, fov=fov)


def _coloured(depth: Tensor) -> Tensor:
    """Depth (1, H, W) metres as a picture (3, H, W) in [0, 1]."""
    levels = colorize(depth[0], torch.ones_like(depth[0], dtype=torch.bool))
    return (levels.permute(2, 0, 1).float() / 255).to(depth.device)
