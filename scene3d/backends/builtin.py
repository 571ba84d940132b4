"""The models that ship with the package, and any other depth model that DepthEstimator can load."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from depthgen import Completion, DepthEstimator, DepthPrediction, ImageCompleter
from depthgen.geometry import Camera
from scene3d.backends.protocols import Depth, Picture


@dataclass(frozen=True)
class CompleterPictures:
    """Text-to-image and inpainting by one `ImageCompleter`.

    guidance: strength of classifier-free guidance towards the prompt. steps: sampling steps. None: the
    completer's own choice.
    """

    completer: ImageCompleter
    guidance: float | None = None
    steps: int | None = None

    def generate(self, prompt: str, *, camera: Camera, generator: torch.Generator) -> Tensor:
        """See `TextToImage`; square pictures only."""
        return self.completer.generate(
            prompt, size=camera.width, generator=generator, **self._sampling(camera)
        )

    def inpaint(
        self, image: Tensor, known: Tensor, prompt: str, *, camera: Camera, generator: torch.Generator
    ) -> Picture:
        """See `Inpainter`."""
        completed: Completion = self.completer.complete(
            image, known, prompt, generator=generator, **self._sampling(camera)
        )
        return Picture(completed.image, completed.residual)

    def _sampling(self, camera: Camera) -> dict:
        return {"fov": camera.fov_degrees, "guidance": self.guidance, "steps": self.steps}


@dataclass(frozen=True)
class EstimatorDepth:
    """Depth by a `DepthEstimator`, whatever network is inside.

    samples: depth maps drawn and averaged per view. steps: sampling steps, None for the model's own choice.
    completion: a name of scene3d.config.COMPLETIONS, None for the model's own choice.
    """

    estimator: DepthEstimator
    samples: int = 1
    steps: int | None = None
    completion: str | None = None

    def predict(self, image: Tensor, *, camera: Camera, generator: torch.Generator) -> Depth:
        """See `DepthModel`."""
        return batched(
            self.estimator.predict(
                image, camera=camera, samples=self.samples, steps=self.steps, generator=generator
            )
        )

    def complete(
        self, image: Tensor, depth: Tensor, known: Tensor, *, camera: Camera, generator: torch.Generator
    ) -> Depth:
        """See `DepthModel`."""
        sampling = {"samples": self.samples, "steps": self.steps, "generator": generator}
        how = {"camera": camera, "method": self.completion}
        return batched(self.estimator.complete(image, depth, known, **how, **sampling))


def batched(prediction: DepthPrediction) -> Depth:
    """(H, W) of the estimator's public face to the (1, H, W) of the loop."""
    std, reading = (x if x is None else x[None] for x in (prediction.std, prediction.reading))
    return Depth(prediction.depth[None], prediction.valid[None], prediction.residual, std, reading)
