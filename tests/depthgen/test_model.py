"""What a diffusion model's network is asked and how its answer is read."""

from __future__ import annotations

import torch

from depthgen.model import DiffusionModel, ModelConfig, upsampling_condition
from depthgen.nn.unet import UNetConfig

UNET = UNetConfig(channels=(16, 16), blocks=(1, 1), attention=(False, False))


def test_an_upsampler_that_predicts_pictures_begins_with_the_enlarged_one() -> None:
    low, level = 2 * torch.rand(2, 3, 8, 8) - 1, torch.tensor([0.1, 0.3])
    nothing = torch.zeros(2, 1, 32, 32, dtype=torch.bool)
    condition = upsampling_condition(low, level, torch.zeros(2, 3, 32, 32), nothing)
    enlarged = torch.nn.functional.interpolate(low, size=(32, 32), mode="bilinear")
    model = DiffusionModel(ModelConfig(task="upsampling", prediction="x0", unet=UNET)).eval()
    with torch.no_grad():
        drawn = model.denoise(torch.randn(2, 3, 32, 32), torch.tensor([0.2, 1.0]), condition)
    torch.testing.assert_close(drawn, enlarged)
