"""What the loop asks of its models. Anything that keeps these three contracts can take part.

All pictures are (3, H, W) float32 in [0, 1], depths (1, H, W) metres, flags (1, H, W) bool. `camera` tells
where the view is taken from: learned models may ignore it or use its field of view, the oracle renders from
it. Every random choice is drawn from `generator`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from depthgen.geometry import Camera


@dataclass(frozen=True)
class Picture:
    """A completed view, (3, H, W) in [0, 1], and how far the model strayed from the known pixels.

    residual: mean |difference| over known pixels before they are put back, [0, 1] scale; None if none are.
    """

    image: Tensor
    residual: float | None


@dataclass(frozen=True)
class Depth:
    """depth: (1, H, W) metres, finite. valid: (1, H, W) bool, False for sky.

    residual: mean |log(model / known)| over known pixels before they were put back; None if none were known.
    std: (1, H, W) metres, the spread of several samples; None for one.
    reading: (1, H, W) metres that the model reads in the picture alone, whatever is known; None if it reads
        no metres there.
    """

    depth: Tensor
    valid: Tensor
    residual: float | None = None
    std: Tensor | None = None
    reading: Tensor | None = None


class TextToImage(Protocol):
    """Words to a first picture."""

    def generate(self, prompt: str, *, camera: Camera, generator: torch.Generator) -> Tensor:
        """A (3, H, W) picture of the camera's size."""
        ...


class Inpainter(Protocol):
    """A picture with holes to a whole one."""

    def inpaint(
        self, image: Tensor, known: Tensor, prompt: str, *, camera: Camera, generator: torch.Generator
    ) -> Picture:
        """Fill the pixels that are not `known`; the caller puts the known ones back."""
        ...


class DepthModel(Protocol):
    """A picture, and possibly some of its depth, to all of its depth."""

    def predict(self, image: Tensor, *, camera: Camera, generator: torch.Generator) -> Depth:
        """Depth from the picture alone."""
        ...

    def complete(
        self, image: Tensor, depth: Tensor, known: Tensor, *, camera: Camera, generator: torch.Generator
    ) -> Depth:
        """Depth that agrees with `depth` where `known`."""
        ...


@dataclass(frozen=True)
class Models:
    """The three models of a run.

    hashes: what scene.json records of them, role -> "name sha256:...".
    """

    text_to_image: TextToImage
    inpainter: Inpainter
    depth: DepthModel
    hashes: dict[str, str]
