"""Efficient U-Net (Imagen, arXiv 2205.11487, appendix B.1), the network of every diffusion model here."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from depthgen.nn.blocks import (
    Attention,
    FourierFeatures,
    ResBlock,
    Upsample,
    conv3x3,
    masked_mean_of_tokens,
    modulated,
    zeroed,
)

SKIP_SCALE = 1 / math.sqrt(2)


@dataclass(frozen=True)
class UNetConfig:
    """Shape of the network; level i works at 1 / 2**(i + 1) of the input's size.

    The paper's 64 -> 256 network: channels (128, 256, 512, 1024), blocks (2, 4, 8, 8), attention at the last.
    """

    in_channels: int = 4
    out_channels: int = 1
    channels: tuple[int, ...] = (48, 96, 192)
    blocks: tuple[int, ...] = (
        1,
        2,
        3,
    )  # residual blocks of each level, on the way down and again on the way up
    attention: tuple[bool, ...] = (False, False, True)  # pixels to pixels, and to the text if there is one
    heads: int = 4
    groups: int = 8  # of the group norms
    text_width: int = 0  # features of a text token; 0: no text
    field_of_view: bool = False  # conditioned on the field of view
    # Width of what tells the blocks of noise level, text and field of view; None: 4 channels[0].
    embedding: int | None = None

    def __post_init__(self) -> None:
        if not len(self.channels) == len(self.blocks) == len(self.attention):
            raise ValueError("UNetConfig: channels, blocks and attention must have one entry for each level")
        if any(c % (2 * self.groups) or c % self.heads for c in self.channels):
            raise ValueError(
                f"UNetConfig: channels {self.channels} must be multiples of 2 * groups = {2 * self.groups} "
                f"and of heads = {self.heads}"
            )

    @property
    def embedding_width(self) -> int:
        """Features that the blocks read of noise level, text and field of view."""
        return self.embedding or 4 * self.channels[0]

    @property
    def stem(self) -> int:
        """Channels kept at full size, the only ones there."""
        return self.channels[0] // 2

    @property
    def factor(self) -> int:
        """Both sides of the input must be multiples of this."""
        return 2 ** len(self.channels)


class Level(nn.Module):
    """Residual blocks at one size, then attention to the pixels and to the text where the config has it."""

    def __init__(self, config: UNetConfig, level: int, channels_in: int, embedding: int) -> None:
        super().__init__()
        c, groups = config.channels[level], config.groups
        widths = [channels_in] + [c] * config.blocks[level]
        self.blocks = nn.ModuleList(ResBlock(a, b, embedding, groups) for a, b in pairwise(widths))
        attends, reads = config.attention[level], config.attention[level] and config.text_width > 0
        self.attention = Attention(c, config.heads, groups) if attends else None
        self.reading = Attention(c, config.heads, groups, config.text_width) if reads else None

    def forward(self, x: Tensor, embedding: Tensor, text: Tensor | None, text_valid: Tensor | None) -> Tensor:
        """x (B, Cin, H, W) to (B, C, H, W)."""
        for block in self.blocks:
            x = block(x, embedding)
        if self.attention is not None:
            x = self.attention(x)
        if self.reading is not None:
            x = self.reading(x, text, text_valid)
        return x


class EfficientUNet(nn.Module):
    """U-Net that halves the size before and doubles it after the blocks of every level, the first included.

    Only a stem and the output convolution work at full size. Skips are scaled by 1/sqrt(2) and concatenated.
    """

    # Activation checkpointing: levels keep no activations and compute them again for gradients.
    recompute = False

    def __init__(self, config: UNetConfig) -> None:
        super().__init__()
        self.config = config
        widths = (config.stem, *config.channels)
        levels = range(len(config.channels))
        embedding = config.embedding_width
        self.embed_noise = nn.Sequential(
            FourierFeatures(embedding // 4),
            nn.Linear(embedding // 4, embedding),
            nn.SiLU(),
            nn.Linear(embedding, embedding),
        )
        if config.text_width:
            self.embed_text = nn.Sequential(
                nn.LayerNorm(config.text_width), nn.Linear(config.text_width, embedding)
            )
        if config.field_of_view:
            self.embed_fov = zeroed(nn.Linear(2, embedding, bias=False))
        self.stem = conv3x3(config.in_channels, config.stem)
        self.downs = nn.ModuleList(conv3x3(widths[i], widths[i + 1], stride=2) for i in levels)
        self.encoders = nn.ModuleList(Level(config, i, widths[i + 1], embedding) for i in levels)
        self.decoders = nn.ModuleList(Level(config, i, 2 * widths[i + 1], embedding) for i in levels)
        self.ups = nn.ModuleList(Upsample(widths[i + 1], widths[i]) for i in levels)
        self.out_norm = nn.GroupNorm(config.groups, 2 * config.stem)
        # how much of z passes to the output depends on the noise level, and only here is it seen at full size
        self.out_scale_shift = zeroed(nn.Linear(embedding, 4 * config.stem))
        self.out = zeroed(conv3x3(2 * config.stem, config.out_channels))

    def forward(
        self,
        x: Tensor,
        log_snr: Tensor,
        text: Tensor | None = None,
        text_valid: Tensor | None = None,
        fov: Tensor | None = None,
    ) -> Tensor:
        """Run the network.

        x (B, in_channels, H, W), log_snr (B,) of the noise level, and for a network with text_width > 0 token
        states text (B, L, text_width) with text_valid (B, L) bool (False: padding, ignored); for one with
        field_of_view, fov (B,) degrees, 0 or None where it is not known.
        Returns (B, out_channels, H, W). Raises ValueError for a side that is no multiple of `config.factor`,
        and for text missing or not expected.
        """
        self._check(x, text, text_valid)
        embedding = self._embed(log_snr, text, text_valid)
        if self.config.field_of_view and fov is not None:
            embedding = embedding + self.embed_fov(fov_features(fov).to(embedding))
        embedding = F.silu(embedding)
        h = self.stem(x)
        skips = [h]
        for down, encoder in zip(self.downs, self.encoders, strict=True):
            h = self._run(encoder, down(h), embedding, text, text_valid)
            skips.append(h)
        for up, decoder in zip(reversed(self.ups), reversed(self.decoders), strict=True):
            h = up(self._run(decoder, join(h, skips.pop()), embedding, text, text_valid))
        h = modulated(self.out_norm(join(h, skips.pop())), self.out_scale_shift(embedding))
        return self.out(F.silu(h))

    def _run(self, level: nn.Module, h: Tensor, *conditions: Tensor | None) -> Tensor:
        if self.recompute and torch.is_grad_enabled():
            return checkpoint(level, h, *conditions, use_reentrant=False)
        return level(h, *conditions)

    def _embed(self, log_snr: Tensor, text: Tensor | None, text_valid: Tensor | None) -> Tensor:
        """Embedding (B, E) of the noise level plus that of the pooled text."""
        embedding = self.embed_noise(log_snr)
        if text is None or text_valid is None:
            return embedding
        return embedding + self.embed_text(masked_mean_of_tokens(text, text_valid))

    def _check(self, x: Tensor, text: Tensor | None, text_valid: Tensor | None) -> None:
        factor, (height, width) = self.config.factor, x.shape[2:]
        if height % factor or width % factor:
            raise ValueError(
                f"U-Net: input is {height} x {width}, but both sides must be multiples of {factor}"
            )
        if not (text is None) == (text_valid is None) == (self.config.text_width == 0):
            expected = "text and text_valid" if self.config.text_width else "no text"
            raise ValueError(f"U-Net: this network expects {expected} (text_width {self.config.text_width})")


def fov_features(fov: Tensor) -> Tensor:
    """What the network is told of fields of view (B,) in degrees: (B, 2), zeros where fov is 0,
    unknown.

    The first number is how much the picture is magnified beside one of 60 degrees, as a logarithm.
    """
    known = fov > 0
    half = torch.deg2rad(torch.where(known, fov, 60.0).float()) / 2
    magnified = torch.log(math.tan(math.radians(30)) / torch.tan(half))
    return torch.stack([magnified, torch.ones_like(half)], dim=1) * known[:, None]


def join(h: Tensor, skip: Tensor) -> Tensor:
    """Decoder input (B, 2 C, H, W) from h and the encoder's skip, both (B, C, H, W)."""
    return torch.cat([h, skip * SKIP_SCALE], dim=1)
