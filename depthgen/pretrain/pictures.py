"""Damaged pictures to restore: without colour, or after strong JPEG compression."""

from __future__ import annotations

import io
import math

import numpy as np
import torch
from torch import Tensor

from depthgen.pretrain.draws import uniform

LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601, as JPEG and PIL have it
QUALITY = (5, 30)  # Palette, appendix B
QUALITY_SCALE = 10.0  # p(Q) is proportional to exp(-Q / 10)


def grey(images: Tensor) -> Tensor:
    """The luma of pictures (B,3,H,W), in all three channels (B,3,H,W)."""
    weights = torch.tensor(LUMA, device=images.device, dtype=images.dtype)
    return torch.einsum("c,bchw->bhw", weights, images)[:, None].expand_as(images).contiguous()


def jpeg_qualities(count: int, generator: torch.Generator) -> Tensor:
    """(count,) int64 on the CPU, 5 to 30, each Q with a probability proportional to exp(-Q / 10)."""
    low, high = (math.exp(-q / QUALITY_SCALE) for q in (QUALITY[0], QUALITY[1] + 1))
    u = uniform(generator, count, device=torch.device("cpu")).double()
    # the integer part of a truncated exponential variable has just this distribution
    exponential = -QUALITY_SCALE * (low - u * (low - high)).log()
    return exponential.floor().long().clamp(*QUALITY)


def jpeg(images: Tensor, qualities: Tensor) -> Tensor:
    """Pictures (B,3,H,W) in [-1,1] after JPEG compression, each with its own quality (B,), on their device.

    PIL does it on the CPU, one picture at a time: about 0.4 ms at 64 px, and a wait for pictures on a GPU.
    """
    pixels = ((images.clamp(-1, 1) + 1) * 127.5).round().byte().permute(0, 2, 3, 1).cpu().numpy()
    rows = [_round_trip(pixels[i], int(quality)) for i, quality in enumerate(qualities)]
    restored = torch.from_numpy(np.stack(rows)) if rows else torch.empty(0, *pixels.shape[1:])
    return (restored.permute(0, 3, 1, 2).to(images) / 127.5 - 1).contiguous()


def _round_trip(pixels: np.ndarray, quality: int) -> np.ndarray:
    """(H,W,3) uint8 written as JPEG and read again."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    return np.array(Image.open(file))
