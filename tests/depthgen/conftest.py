"""Tiny, randomly initialised checkpoints of every kind of model, saved through the real code."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from depthgen.checkpoint import save_checkpoint
from depthgen.experiment import ATTRIBUTES
from depthgen.model import DiffusionModel, ModelConfig
from depthgen.nn.judge import Judge, JudgeConfig
from depthgen.nn.unet import UNetConfig

TINY = UNetConfig(channels=(8, 16), blocks=(1, 1), attention=(False, True), heads=2, groups=4)


def shaken(model: nn.Module) -> nn.Module:
    """Random weights everywhere: fresh networks start with zeros at the end, and would say nothing."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weight in model.parameters():
            weight += 0.05 * torch.randn(weight.shape, generator=generator)
    return model.eval()


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Paths of two depth models, one of which is shown known depth, a completer, an upsampler, a judge."""
    folder = tmp_path_factory.mktemp("checkpoints")
    torch.manual_seed(0)
    models = {
        "depth": DiffusionModel(ModelConfig(task="depth", unet=TINY, resolution=32)),
        "told_depth": DiffusionModel(ModelConfig(task="depth", unet=TINY, resolution=32, known_depth=True)),
        "upsampler": DiffusionModel(ModelConfig(task="upsampling", unet=TINY, resolution=128)),
        "completer": DiffusionModel(ModelConfig(task="completion", unet=TINY, resolution=32, text=True)),
        "judge": Judge(JudgeConfig(ATTRIBUTES, channels=(8, 8), groups=4)),
    }
    for name, model in models.items():
        save_checkpoint(folder / f"{name}.safetensors", shaken(model), {})
    return {name: folder / f"{name}.safetensors" for name in models}
