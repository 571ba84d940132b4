"""A small picture classifier with several answers at once, the yardstick of what a generator draws."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from torch import Tensor, nn

from depthgen.nn.blocks import conv3x3


@dataclass(frozen=True)
class JudgeConfig:
    """`heads`: question -> number of classes; `channels`: of each stage, half the size of the one before."""

    heads: dict[str, int]
    channels: tuple[int, ...] = (32, 64, 128, 160)
    groups: int = 8

    def __post_init__(self) -> None:
        if not self.heads or min(self.heads.values()) < 2:
            raise ValueError(f"JudgeConfig: heads {self.heads} must name questions of two classes or more")


class Judge(nn.Module):
    """Plain convolutional classifier, under 1M parameters in its default size."""

    def __init__(self, config: JudgeConfig) -> None:
        super().__init__()
        self.config = config
        widths = (3, *config.channels)
        stages = [stage(a, b, config.groups) for a, b in pairwise(widths)]
        self.trunk = nn.Sequential(*stages, nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.heads = nn.ModuleDict({name: nn.Linear(widths[-1], n) for name, n in config.heads.items()})

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        """Picture (B, 3, H, W) in [-1, 1], trained at 64 x 64, to logits (B, classes) for each question."""
        features = self.features(image)
        return {name: head(features) for name, head in self.heads.items()}

    def features(self, image: Tensor) -> Tensor:
        """What the answers are read from (B, C), a mean over pictures (B, 3, H, W) of any size in [-1, 1]."""
        return self.trunk(image)


def stage(channels_in: int, channels_out: int, groups: int) -> nn.Sequential:
    """Two convolutions, the first of which halves the size."""
    return nn.Sequential(
        conv3x3(channels_in, channels_out, stride=2),
        nn.GroupNorm(groups, channels_out),
        nn.SiLU(),
        conv3x3(channels_out, channels_out),
        nn.GroupNorm(groups, channels_out),
        nn.SiLU(),
    )
