"""Tensors -> encoded pictures and depth maps, the way back of `decode`."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from torch import Tensor

from depthgen.images import to_pil


def jpeg(image: Tensor, quality: int = 95) -> bytes:
    """(3,H,W) in [0,1] -> a JPEG of full colour resolution."""
    return _encoded(to_pil(image), format="JPEG", quality=quality, subsampling=0)


def png16(levels: np.ndarray) -> bytes:
    """(H,W) uint16 -> a 16-bit grey PNG."""
    from PIL import Image

    return _encoded(Image.fromarray(levels), format="PNG", compress_level=3)


def levels(depth: Tensor, valid: Tensor, metres_per_level: float | np.ndarray) -> np.ndarray:
    """Depth (1,h,w) in metres -> (h,w) uint16, rounded; 0 where not valid or beyond the largest level.

    metres_per_level: one for all, or (h,w).
    """
    stored = np.rint(depth[0].numpy().astype(np.float64) / metres_per_level)
    return np.where(valid[0].numpy() & (stored <= 65535), stored, 0).astype(np.uint16)


def _encoded(image: object, **how: object) -> bytes:
    buffer = BytesIO()
    image.save(buffer, **how)  # type: ignore[attr-defined]
    return buffer.getvalue()
