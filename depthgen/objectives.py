"""From a batch to a loss, one function a stage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from depthgen.depth.coding import DepthCoding
from depthgen.diffusion.losses import masked_l1, masked_l2
from depthgen.diffusion.prediction import Prediction, target
from depthgen.diffusion.schedule import CosineSchedule
from depthgen.model import DiffusionModel, completion_condition
from depthgen.text import TextEncoder

Batch = Mapping[str, Any]
SCHEDULE = CosineSchedule()


def depth_loss(coding: DepthCoding, prediction: Prediction = "v") -> Any:
    """Depth from a picture, after DepthGen: L1 on the network's target over every pixel.

    Sky takes part with the farthest depth that `coding` knows (the paper sets sky there too), as worlds
    have no holes.
    """

    def loss(model: DiffusionModel, batch: Batch, generator: torch.Generator) -> Tensor:
        image, depth = _flipped(generator, 2 * batch["image"] - 1, batch["depth"])
        x0 = coding.encode(depth)
        # A picture all but fixes its depth, so most is decided at high noise: t has density 2t.
        t = _uniform(len(x0), generator).sqrt()
        z_t, wanted = _noised(x0, t, prediction, generator)
        return masked_l1(model(z_t, t, image), wanted, torch.ones_like(x0, dtype=torch.bool))

    return loss


def completion_loss(encoder: TextEncoder, prediction: Prediction = "v", drop_text: float = 0.1) -> Any:
    """A picture from its caption and its known part: text-to-image where nothing is known, inpainting
    elsewhere.

    L2 over the whole picture: the known part is asked for too, so that what the network returns there tells
    how well
    it was understood. `drop_text`: share of captions withheld, for classifier-free guidance.
    """
    nothing = encoder([""])

    def loss(model: DiffusionModel, batch: Batch, generator: torch.Generator) -> Tensor:
        x0, known = _flipped(generator, 2 * batch["image"] - 1, training_known(batch["known"], generator))
        picks = _integers(len(x0), 1 << 30, generator).tolist()
        text = encoder(
            [options[pick % len(options)] for options, pick in zip(batch["captions"], picks, strict=True)]
        )
        keep = _uniform(len(x0), generator) >= drop_text
        t = _uniform(len(x0), generator)
        z_t, wanted = _noised(x0, t, prediction, generator)
        output = model(z_t, t, completion_condition(x0, known), text.where(keep, nothing.to(x0.device)))
        return masked_l2(output, wanted, torch.ones_like(known))

    return loss


def judge_loss(noise: float = 0.1) -> Any:
    """Cross entropy of every attribute, on pictures with a little noise: generated ones are never quite
    clean."""

    def loss(model: nn.Module, batch: Batch, generator: torch.Generator) -> Tensor:
        (image,) = _flipped(generator, 2 * batch["image"] - 1)
        level = noise * _uniform(len(image), generator)[:, None, None, None]
        logits = model(image + level * _normal(image, generator))
        return torch.stack([cross_entropy(logits[name].float(), batch[name]) for name in logits]).sum()

    return loss


def training_known(warped: Tensor, generator: torch.Generator) -> Tensor:
    """(B, 1, H, W) bool: what a completer is shown. Four in ten: nothing; four: what a real view change
    leaves,
    `warped`; two: all but a random rectangle, or only it."""
    choice = _uniform(len(warped), generator)[:, None, None, None]
    return torch.where(
        choice < 0.4,
        torch.zeros_like(warped),
        torch.where(choice < 0.8, warped, _rectangles(warped, generator)),
    )


def _rectangles(like: Tensor, generator: torch.Generator) -> Tensor:
    """Random rectangles, known inside for half of the batch and outside for the other half."""
    count, _, height, width = like.shape
    edges = torch.rand(count, 2, 2, generator=generator, device=generator.device).sort(dim=-1).values
    rows, columns = edges[:, 0, :, None] * height, edges[:, 1, :, None] * width
    y, x = (torch.arange(n, device=like.device)[None] + 0.5 for n in (height, width))
    inside_y, inside_x = (y > rows[:, 0]) & (y < rows[:, 1]), (x > columns[:, 0]) & (x < columns[:, 1])
    inside = (inside_y[:, :, None] & inside_x[:, None, :])[:, None]
    return inside ^ (_uniform(count, generator) < 0.5)[:, None, None, None]


def _noised(
    x0: Tensor, t: Tensor, prediction: Prediction, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """z_t = alpha x0 + sigma eps at times t (B,), and the network's target there."""
    eps = _normal(x0, generator)
    alpha, sigma = (f(t)[:, None, None, None] for f in (SCHEDULE.alpha, SCHEDULE.sigma))
    return alpha * x0 + sigma * eps, target(x0, eps, alpha, sigma, prediction)


def _flipped(generator: torch.Generator, *tensors: Tensor) -> tuple[Tensor, ...]:
    """Mirror half of the batch left to right, all tensors alike."""
    flip = (_uniform(len(tensors[0]), generator) < 0.5)[:, None, None, None]
    return tuple(torch.where(flip, x.flip(-1), x) for x in tensors)


def _uniform(count: int, generator: torch.Generator) -> Tensor:
    return torch.rand(count, generator=generator, device=generator.device)


def _normal(like: Tensor, generator: torch.Generator) -> Tensor:
    return torch.randn(like.shape, generator=generator, device=generator.device)


def _integers(count: int, high: int, generator: torch.Generator) -> Tensor:
    return torch.randint(high, (count,), generator=generator, device=generator.device)
