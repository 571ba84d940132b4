"""Building blocks of the networks: residual block, attention over pixels and text, up- and downsampling."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def zeroed(module: nn.Module) -> nn.Module:
    """The same module with all its parameters set to 0, so that the branch it ends starts as nothing."""
    for parameter in module.parameters():
        nn.init.zeros_(parameter)
    return module


def conv3x3(channels_in: int, channels_out: int, stride: int = 1) -> nn.Conv2d:
    """3x3 convolution that keeps the size (divided by the stride)."""
    return nn.Conv2d(channels_in, channels_out, 3, stride, padding=1)


def masked_mean_of_tokens(text: Tensor, text_valid: Tensor) -> Tensor:
    """Mean (B, D) of the tokens (B, L, D) where text_valid (B, L); 0 where a row has none."""
    weight = text_valid.to(text.dtype).unsqueeze(-1)
    return (text.nan_to_num() * weight).sum(dim=1) / weight.sum(dim=1).clamp(min=1)


def modulated(h: Tensor, scale_shift: Tensor) -> Tensor:
    """h * (1 + scale) + shift (B, C, H, W), for h already normalised and scale_shift (B, 2 C)."""
    scale, shift = scale_shift[:, :, None, None].chunk(2, dim=1)
    return torch.addcmul(shift, h, 1 + scale)


class FourierFeatures(nn.Module):
    """Sines and cosines of a log-SNR in about [-20, 20], at geometric frequencies from 0.05 to 5."""

    frequencies: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        steps = torch.linspace(math.log(0.05), math.log(5.0), width // 2)
        self.register_buffer("frequencies", steps.exp(), persistent=False)

    def forward(self, log_snr: Tensor) -> Tensor:
        """log_snr (B,) to features (B, width)."""
        angles = log_snr.float()[:, None] * self.frequencies
        return torch.cat([angles.sin(), angles.cos()], dim=1)


class ResBlock(nn.Module):
    """Efficient U-Net's residual block (Imagen, appendix B.1) with scale-shift group norm.

    GroupNorm, swish, conv3x3, GroupNorm * (1 + scale) + shift, swish, conv3x3, plus a 1x1 shortcut.
    Scale and shift are read from the embedding of noise level, pooled text and field of view.
    """

    def __init__(self, channels_in: int, channels_out: int, embedding: int, groups: int) -> None:
        super().__init__()
        self.norm1 = nn.GroupNorm(groups, channels_in)
        self.conv1 = conv3x3(channels_in, channels_out)
        self.scale_shift = zeroed(nn.Linear(embedding, 2 * channels_out))
        self.norm2 = nn.GroupNorm(groups, channels_out)
        self.conv2 = zeroed(conv3x3(channels_out, channels_out))
        same = channels_in == channels_out
        self.shortcut = nn.Identity() if same else nn.Conv2d(channels_in, channels_out, 1)

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        """x (B, Cin, H, W), embedding (B, E) to (B, Cout, H, W)."""
        h = self.conv1(F.silu(self.norm1(x)))
        h = modulated(self.norm2(h), self.scale_shift(embedding))
        return self.shortcut(x) + self.conv2(F.silu(h))


class Attention(nn.Module):
    """Residual multi-head attention of pixels to pixels, or to text tokens when `text_width` > 0.

    A learned null token stands beside the text tokens, so that a row without a valid token is defined.
    """

    def __init__(self, channels: int, heads: int, groups: int, text_width: int = 0) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.GroupNorm(groups, channels)
        self.query = nn.Linear(channels, channels)
        self.key_value = nn.Linear(text_width or channels, 2 * channels)
        self.out = zeroed(nn.Linear(channels, channels))
        if text_width:
            self.text_norm = nn.LayerNorm(text_width)
            self.null_token = nn.Parameter(torch.randn(text_width))

    def forward(self, x: Tensor, text: Tensor | None = None, text_valid: Tensor | None = None) -> Tensor:
        """x (B, C, H, W), and for text its tokens (B, L, D) and text_valid (B, L) bool, to (B, C, H, W)."""
        pixels = self.norm(x).flatten(2).transpose(1, 2)  # (B, H*W, C)
        context, attendable = pixels, None
        if text is not None and text_valid is not None:
            context, attendable = self._with_null(text, text_valid)
        q, k, v = (self._split(h) for h in (self.query(pixels), *self.key_value(context).chunk(2, dim=-1)))
        h = F.scaled_dot_product_attention(q, k, v, attn_mask=attendable)  # (B, heads, H*W, C/heads)
        h = self.out(h.transpose(1, 2).flatten(2))
        return x + h.transpose(1, 2).unflatten(2, x.shape[2:])

    def _with_null(self, text: Tensor, text_valid: Tensor) -> tuple[Tensor, Tensor]:
        """Tokens (B, 1 + L, D) and the boolean (B, 1, 1, 1 + L) of those that may be attended to."""
        null = self.null_token.to(text.dtype).expand(len(text), 1, -1)
        tokens = self.text_norm(torch.cat([null, text.nan_to_num()], dim=1))
        return tokens, F.pad(text_valid, (1, 0), value=True)[:, None, None, :]

    def _split(self, h: Tensor) -> Tensor:
        return h.unflatten(2, (self.heads, -1)).transpose(1, 2)  # (B, heads, N, C/heads)


class Upsample(nn.Module):
    """Doubles the size: a convolution at the small size, then its channels become 2x2 pixels.

    It starts as nearest-neighbour upsampling of one convolution (ICNR initialisation: no checkerboard).
    """

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.conv = conv3x3(channels_in, 4 * channels_out)
        one = conv3x3(channels_in, channels_out)
        self.conv.weight.data.copy_(one.weight.data.repeat_interleave(4, dim=0))
        nn.init.zeros_(self.conv.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        """x (B, Cin, H, W) to (B, Cout, 2 H, 2 W)."""
        return F.pixel_shuffle(self.conv(x), 2)
