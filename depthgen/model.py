"""Network + noise schedule + prediction type in one place: the only module that knows both `nn` and
`diffusion`."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from depthgen.depth.coding import DepthCoding
from depthgen.diffusion.prediction import Prediction, to_x0
from depthgen.diffusion.schedule import CosineSchedule, diffuse
from depthgen.nn.unet import EfficientUNet, UNetConfig
from depthgen.text import TEXT_WIDTH, TextStates

Task = Literal["depth", "completion", "upsampling", "palette"]

LEAST_DEPTH = 1e-3  # metres; a depth of zero is none, whatever a network says
ENLARGEMENT = 4  # of an upsampler: sides of its picture by those of the low-resolution one
# task -> (channels of the condition, channels of what is generated)
CHANNELS: dict[str, tuple[int, int]] = {
    "depth": (3, 1),  # the picture -> depth
    "completion": (4, 3),  # the known part of a picture, and where it is known -> the picture
    # the small picture enlarged, the noise in it, the known part and where it is known -> the picture
    "upsampling": (8, 3),
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
    known_depth: bool = False  # a depth model that is also shown what depth is known: two more channels
    # Of a distilled model: the DDIM steps at `uniform_times` that it was made for, and the scale of
    # classifier-free guidance that is part of it, so that no second, wordless pass is needed.
    steps: int | None = None
    guidance_folded: float | None = None

    @property
    def condition_channels(self) -> int:
        """Channels of the condition."""
        return CHANNELS[self.task][0] + 2 * self.known_depth


class DiffusionModel(nn.Module):
    """A conditional diffusion model in pixel space.

    `forward` is the raw network in its own prediction type, for losses; `denoise` is the denoiser's contract
    (`depthgen.diffusion.denoiser`) with the condition still open.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        generated = CHANNELS[config.task][1]
        unet = replace(
            config.unet,
            in_channels=config.condition_channels + generated,
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
        [-1, 1]; fov (B,) degrees over the shorter side, 0 where not known, for a network that takes it.

        An upsampler that predicts pictures adds to the enlarged one: before it is trained, it returns that.
        """
        tokens, valid = (None, None) if text is None else (text.tokens, text.valid)
        seen = torch.cat([condition, z_t], dim=1)
        output = self.net(seen, self.schedule.log_snr(t), tokens, valid, fov)
        adds = self.config.task == "upsampling" and self.config.prediction == "x0"
        return output + condition[:, :3] if adds else output

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


def depth_condition(
    config: ModelConfig, image: Tensor, code: Tensor | None = None, known: Tensor | None = None
) -> Tensor:
    """What a depth model reads: the picture (B, 3, H, W) in [-1, 1] and, where `config.known_depth`, coded
    depth (B, 1, H, W) where known (B, 1, H, W) bool, zero elsewhere, and known itself; None: nothing is."""
    if not config.known_depth:
        return image
    if code is None or known is None:
        return F.pad(image, (0, 0, 0, 0, 0, 2))
    return torch.cat([image, torch.where(known, code, 0), known.to(image.dtype)], dim=1)


def upsampling_condition(low: Tensor, level: Tensor, image: Tensor, known: Tensor) -> Tensor:
    """(B, 8, H, W): what an upsampler reads.

    low (B, 3, h, w) in [-1, 1], noised to `level` (B,) (see `noised_low`), enlarged bilinearly; the level as
    a plane; and `completion_condition` of image (B, 3, H, W) and known (B, 1, H, W).
    """
    size = (image.shape[-2], image.shape[-1])
    enlarged = F.interpolate(low, size=size, mode="bilinear", align_corners=False)
    plane = level[:, None, None, None].expand(-1, 1, *size)
    return torch.cat([enlarged, plane.to(image.dtype), completion_condition(image, known)], dim=1)


def noised_low(low: Tensor, level: Tensor, noise: Tensor) -> Tensor:
    """Noise-conditioning augmentation (Imagen, arXiv 2205.11487, section 2.4): the low-resolution picture as
    it would be at noise time `level` (B,).

    A base's pictures are not quite renders. An upsampler that was trained on noisy ones, and told how noisy,
    trusts their coarse structure alone.
    """
    schedule = CosineSchedule()
    alpha, sigma = (f(level)[:, None, None, None] for f in (schedule.alpha, schedule.sigma))
    return diffuse(low, noise, alpha, sigma)
