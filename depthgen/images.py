"""Pictures in and out: files, PIL images, arrays <-> (3,H,W) float32 in [0,1], and their sizes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Union

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

if TYPE_CHECKING:
    from PIL import Image

ImageLike = Union[str, Path, "Image.Image", np.ndarray, Tensor]
LONGEST = 128  # times as long as wide, at most, that pictures may be for networks
ROUNDING = 1e-5  # by which a share of an area may be off


def read_image(source: ImageLike) -> Tensor:
    """Any usual form of a picture as (3,H,W) float32 in [0,1].

    source: a file (turned upright by its EXIF entry) or a PIL image, laid on white where transparent; or an
    array (H,W,3) or (H,W) of uint8, or floats in [0,1] of shape (3,H,W) or (1,3,H,W). ValueError names what
    is wrong with anything else.
    """
    if isinstance(source, (str, Path)):
        return _from_pil(_open(Path(source)))
    if isinstance(source, (np.ndarray, Tensor)):
        return _from_array(as_tensor(source).detach().cpu())
    if hasattr(source, "convert"):
        return _from_pil(source)
    raise ValueError(f"an image must be a path, PIL image, array or tensor, not {type(source).__name__}")


def to_uint8(image: Tensor) -> np.ndarray:
    """(3,H,W) in [0,1] -> (H,W,3) uint8, rounded."""
    levels = (image.detach().cpu().clamp(0, 1) * 255).round().to(torch.uint8)
    return levels.permute(1, 2, 0).contiguous().numpy()


def to_pil(image: Tensor) -> Image.Image:
    """(3,H,W) in [0,1] -> an RGB PIL image."""
    from PIL import Image

    return Image.fromarray(to_uint8(image))


def resize(image: Tensor, size: tuple[int, int]) -> Tensor:
    """(C,H,W) -> (C,h,w) in [0,1]: area average where both sides shrink, antialiased bicubic otherwise."""
    (height, width), (h, w) = size_of(image), size
    if (height, width) == (h, w):
        return image.clone()
    if h > height or w > width:
        return F.interpolate(image[None], size=size, mode="bicubic", antialias=True)[0].clamp(0, 1)
    return _area_mean(image, size)


def _area_mean(values: Tensor, size: tuple[int, int]) -> Tensor:
    """(C,H,W) -> (C,h,w): the mean over the area of each cell."""
    (height, width), (h, w) = size_of(values), size
    if height % h == width % w == 0:
        return F.interpolate(values[None], size=size, mode="area")[0]
    # by other factors that takes in whole pixels where a cell has but a part, which moves things
    return _shares(h, height).to(values) @ values @ _shares(w, width).to(values).T


def _shares(cells: int, pixels: int) -> Tensor:
    """(cells, pixels): how much of a cell each pixel of a line is; each row sums to 1."""
    edges = torch.arange(cells + 1, dtype=torch.float64) * pixels / cells
    pixel = torch.arange(pixels, dtype=torch.float64)
    overlap = torch.minimum(edges[1:, None], pixel + 1) - torch.maximum(edges[:-1, None], pixel)
    return overlap.clamp(min=0) * cells / pixels


def shrink_known(values: Tensor, known: Tensor, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Area average of the known pixels alone.

    values: (C,H,W); known: (1,H,W) bool; size: (h, w). Returns (C,h,w), 0 where unknown, and known (1,h,w):
    True where at least half of the area was known.
    """
    weight = known.to(values.dtype)
    share, total = _area_mean(weight, size), _area_mean(values * weight, size)
    kept = share > 0.5 - ROUNDING
    return torch.where(kept, total / share.clamp_min(1e-6), torch.zeros_like(total)), kept


def size_of(image: Tensor) -> tuple[int, int]:
    """(H, W) of a tensor (..., H, W)."""
    return image.shape[-2], image.shape[-1]


def fitted_size(size: tuple[int, int], short_side: int, factor: int) -> tuple[int, int]:
    """(h, w) of about the aspect of `size` (H, W), short side `short_side`, both multiples of `factor`.

    ValueError for a strip so long that no memory holds it.
    """
    if max(size) > LONGEST * min(size):
        raise ValueError(f"a picture of {size[1]} x {size[0]} pixels is too long a strip; give a part of it")
    scale = short_side / min(size)
    h, w = (max(1, round(side * scale / factor)) * factor for side in size)
    return h, w


def _open(path: Path) -> Image.Image:
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        return _rgb(ImageOps.exif_transpose(Image.open(path)))
    except FileNotFoundError as error:
        raise ValueError(f"{path}: no such image file") from error
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(f"{path}: not an image that can be read; give a PNG or JPEG file") from error
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def _from_pil(image: Image.Image) -> Tensor:
    array = np.array(_rgb(image))
    return torch.from_numpy(array).permute(2, 0, 1).contiguous().float() / 255


def _rgb(image: Image.Image) -> Image.Image:
    """16-bit grey levels scaled down, where PIL would cut them off; what is transparent, on white."""
    from PIL import Image

    if image.mode == "F":
        raise ValueError("a picture of floating-point levels has no known white; save it with 8 or 16 bits")
    if image.mode.startswith("I"):
        levels = np.asarray(image).astype(np.float64) / 257
        return Image.fromarray(levels.round().clip(0, 255).astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA"))
    return image.convert("RGB")


def as_tensor(array: np.ndarray | Tensor) -> Tensor:
    """A copy of an array: torch takes none with a negative stride, such as BGR turned to RGB, and warns of
    those that cannot be written to."""
    return array if isinstance(array, Tensor) else torch.from_numpy(np.array(array))


def _from_array(array: Tensor) -> Tensor:
    if array.dtype == torch.uint8 and array.ndim == 2:
        array = array[..., None].expand(-1, -1, 3)
    if array.dtype == torch.uint8 and array.ndim == 3 and array.shape[2] == 3:
        return _checked(array.permute(2, 0, 1).contiguous().float() / 255)
    if array.is_floating_point() and array.ndim == 4 and len(array) == 1:
        array = array[0]
    if array.is_floating_point() and array.ndim == 3 and len(array) == 3:
        return _checked(array.float())
    raise ValueError(
        f"an image array must be uint8 (H,W,3) or float (3,H,W), got {array.dtype} {tuple(array.shape)}"
    )


def _checked(image: Tensor) -> Tensor:
    if image.numel() == 0:
        raise ValueError(f"the image is empty: {tuple(image.shape)}")
    if not (torch.isfinite(image).all() and image.min() >= -1e-4 and image.max() <= 1 + 1e-4):
        raise ValueError("a float image must lie in [0,1] without NaN; divide 8-bit values by 255")
    return image.clamp(0, 1)
