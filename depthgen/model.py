"""Network + noise schedule + prediction type in one place: the only module that knows both `nn` and
`diffusion`."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

import torch
from torch import Tensor, nn

from depthgen.depth.coding import DepthCoding
from depthgen.diffusion.prediction import Prediction, to_x0
from depthgen.diffusion.schedule import CosineSchedule
from depthgen.nn.unet import EfficientUNet, UNetConfig
from depthgen.text import TEXT_WIDTH, TextStates

Task = Literal["depth", "completion", "palette"]

LEAST_DEPTH = 1e-3  # metres; a depth of zero is none, whatever a network says
# task -> (channels of the condition, channels of what is generated)
CHANNELS: dict[str, tuple[int, int]] = {
    "depth": (3, 1),  # the picture -> depth
    "completion": (4, 3),  # the known part of a picture, and where it is known -> the picture
    "palette": (3, 3),  # a grey, damaged or partly hidden picture -> the picture
}


@dataclass(frozen=True)
class ModelConfig:
    """Everything that must be known to rebuild a model from its weights."""

    task: Task = "depth"
    unet: UNetConfig = field(default_factory=UNetConfig)
    prediction: Prediction = "v"
    resolution: int = 64  # side in pixels it was trained at; other multiples of the network's factor run too
    coding: DepthCoding = field(default_factory=DepthCoding)  # of a depth model
    # Degrees over the shorter side of the pictures a depth model was trained on: other cameras' depth is
    # scaled by their focal length. None: cameras are not looked at, as in the paper.
    training_fov: float | None = 60.0
    text: bool = False  # conditioned on TextStates


class DiffusionModel(nn.Module):
    """A conditional diffusion model in pixel space.

    `forward` is the raw network in its own prediction type, for losses; `denoise` is the denoiser's contract
    (`depthgen.diffusion.denoiser`) with the condition still open.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        condition, generated = CHANNELS[config.task]
        unet = replace(
            config.unet,
            in_channels=condition + generated,
            out_channels=generated,
            text_width=TEXT_WIDTH if config.text else 0,
        )
        self.config = replace(config, unet=unet)
        self.schedule = CosineSchedule()
        self.net = EfficientUNet(unet)

    def forward(
        self,
        z_t: Tensor,
        t: Tensor,
        condition: Tensor,
        text: TextStates | None = None,
        fov: Tensor | None = None,
    ) -> Tensor:
        """The network's output (B, C, H, W) at z_t (B, C, H, W), times t (B,), condition (B, Cc, H, W) in
        [-1, 1]; fov (B,) vertical degrees, 0 where not known, for a network that takes it."""
        tokens, valid = (None, None) if text is None else (text.tokens, text.valid)
        return self.net(torch.cat([condition, z_t], dim=1), self.schedule.log_snr(t), tokens, valid, fov)

    def denoise(
        self,
        z_t: Tensor,
        t: Tensor,
        condition: Tensor,
        text: TextStates | None = None,
        fov: Tensor | None = None,
    ) -> Tensor:
        """The estimate of the clean x0 (B, C, H, W), not clipped; arguments as in `forward`."""
        output = self(z_t, t, condition, text, fov).float()
        alpha, sigma = (f(t)[:, None, None, None] for f in (self.schedule.alpha, self.schedule.sigma))
        return to_x0(output, z_t, alpha, sigma, self.config.prediction)


def decoded(x0: Tensor, coding: DepthCoding) -> Tensor:
    """Metres of a depth model's x0, at least LEAST_DEPTH: linear coding from 0 makes 0 of what is nearest."""
    return coding.decode(x0.float()).clamp(min=LEAST_DEPTH)


def completion_condition(image: Tensor, known: Tensor) -> Tensor:
    """(B, 4, H, W): the picture (B, 3, H, W) in [-1, 1] where known (B, 1, H, W), zero elsewhere, and known
    itself."""
    return torch.cat([image * known, known.to(image.dtype)], dim=1)
