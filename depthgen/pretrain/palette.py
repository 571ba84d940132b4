"""Pictures become a batch of Palette's tasks: restore the colours, a hole, the border, what JPEG took."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple, dataclass

import torch
from torch import Tensor

from depthgen.pretrain.draws import normal, uniform
from depthgen.pretrain.masks import border_masks, inpainting_masks
from depthgen.pretrain.pictures import grey, jpeg, jpeg_qualities

TASKS = ("colorization", "inpainting", "uncropping", "jpeg")  # a sample's task is an index into these

# pictures (N,3,H,W), generator -> condition (N,3,H,W), hidden (N,1,H,W)
Make = Callable[[Tensor, torch.Generator], tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class TaskShares:
    """How often each task is drawn, relative to the others.

    Uniform by default, which is a choice: the paper's ratio is not confirmed.
    """

    colorization: float = 1.0
    inpainting: float = 1.0
    uncropping: float = 1.0
    jpeg: float = 1.0

    def __post_init__(self) -> None:
        shares = astuple(self)
        if min(shares) < 0 or sum(shares) <= 0:
            raise ValueError(f"task shares must be >= 0 and not all 0, got {self}")


def palette_batch(
    images: Tensor, generator: torch.Generator, tasks: TaskShares | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """Draw a task for every picture and prepare what the network is given.

    images (B,3,H,W) in [-1,1], which are also what is to be generated; generator: on any device.
    Returns, on the pictures' device: condition (B,3,H,W), holes filled with fresh N(0,1) noise;
    hidden (B,1,H,W) bool, where the loss counts (the hole, or everything); task (B,) int64 of TASKS.
    Raises ValueError for pictures of another shape. The JPEG task runs on the CPU, see `jpeg`.
    """
    if images.ndim != 4 or images.shape[1] != 3:
        raise ValueError(f"palette_batch needs pictures (B,3,H,W), got {tuple(images.shape)}")
    task = _drawn(len(images), tasks or TaskShares(), generator, images.device)
    condition = torch.empty_like(images)
    hidden = torch.empty_like(images[:, :1], dtype=torch.bool)
    for number, name in enumerate(TASKS):
        chosen = (task == number).nonzero()[:, 0]
        if len(chosen):
            condition[chosen], hidden[chosen] = MAKERS[name](images[chosen], generator)
    return condition, hidden, task


def colorization(images: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Condition: the grey picture; hidden: everything. Shapes as in palette_batch; draws nothing."""
    return grey(images), _everything(images)


def inpainting(images: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Condition: the picture with a hole full of noise; hidden: the hole."""
    hidden = inpainting_masks(len(images), (images.shape[2], images.shape[3]), generator, images.device)
    return _noise_filled(images, hidden, generator), hidden


def uncropping(images: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Condition: the picture with noise on half of it, along one side or all four; hidden: that half."""
    hidden = border_masks(len(images), (images.shape[2], images.shape[3]), generator, images.device)
    return _noise_filled(images, hidden, generator), hidden


def jpeg_restoration(images: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Condition: the picture after strong JPEG compression; hidden: everything."""
    return jpeg(images, jpeg_qualities(len(images), generator)), _everything(images)


MAKERS: dict[str, Make] = dict(
    zip(TASKS, (colorization, inpainting, uncropping, jpeg_restoration), strict=True)
)


def _drawn(count: int, shares: TaskShares, generator: torch.Generator, device: torch.device) -> Tensor:
    """(count,) int64 indices into TASKS."""
    bounds = torch.tensor(astuple(shares), device=device).cumsum(0)
    drawn = uniform(generator, count, device=device) * bounds[-1]
    # a draw below its upper bound: a task without a share is never met; rounding may reach the last bound
    last = int(torch.tensor(astuple(shares)).nonzero().max())
    return torch.bucketize(drawn, bounds, right=True).clamp(max=last)


def _noise_filled(images: Tensor, hidden: Tensor, generator: torch.Generator) -> Tensor:
    noise = normal(generator, *images.shape, device=images.device).to(images.dtype)
    return torch.where(hidden, noise, images)


def _everything(images: Tensor) -> Tensor:
    return torch.ones_like(images[:, :1], dtype=torch.bool)
