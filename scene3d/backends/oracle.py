"""Models that know the answer: they look at a procedural world instead of guessing.

With them the loop must reproduce the world exactly, which makes them the yardstick of everything that is not
a network: reprojection, fusion, the journal, the exports.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from depthgen import worlds
from depthgen.geometry import Camera
from scene3d.backends.protocols import Depth, Picture


@dataclass(frozen=True)
class Oracle:
    """Text-to-image, inpainter and depth model in one, by rendering `world`.

    start: the camera of the first view in the world's own frame; the scene's frame is that camera's.
    """

    world: worlds.World
    start: Camera
    device: str = "cpu"

    def generate(self, prompt: str, *, camera: Camera, generator: torch.Generator) -> Tensor:
        """The true picture; see `TextToImage`."""
        return self._render(camera)[0]

    def inpaint(
        self, image: Tensor, known: Tensor, prompt: str, *, camera: Camera, generator: torch.Generator
    ) -> Picture:
        """The true picture; its residual is the error of the known pixels. See `Inpainter`."""
        truth = self._render(camera)[0]
        return Picture(truth, _mean((truth - image).abs(), known))

    def predict(self, image: Tensor, *, camera: Camera, generator: torch.Generator) -> Depth:
        """The true depth; see `DepthModel`."""
        return Depth(*self._render(camera)[1:])

    def complete(
        self, image: Tensor, depth: Tensor, known: Tensor, *, camera: Camera, generator: torch.Generator
    ) -> Depth:
        """The true depth; its residual is the error of the known depths. See `DepthModel`."""
        _, truth, valid = self._render(camera)
        comparable = known & valid
        ratio = torch.where(comparable, truth / depth.clamp_min(1e-6), torch.ones_like(truth))
        return Depth(truth, valid, _mean(ratio.log().abs(), comparable))

    def _render(self, camera: Camera) -> tuple[Tensor, Tensor, Tensor]:
        """Image, depth and validity of the world from a camera given in the scene's frame."""
        placed = camera.moved(self.start.world_from_camera @ camera.world_from_camera)
        view = worlds.render([self.world], [placed], device=self.device)
        return view.image[0].cpu(), view.depth[0].cpu(), ~view.sky[0].cpu()


def oracle_for(prompt: str, seed: int, camera: Camera, device: str = "cpu") -> Oracle:
    """The oracle of the world with this seed, of the kind of place that the prompt names (any, if none).

    camera: size and field of view of the scene's pictures.
    """
    named = [kind for kind in worlds.KINDS if kind in prompt.lower()]
    world = worlds.build_world(seed, max(named, key=len) if named else None)
    start = world.camera(np.random.default_rng(seed), camera.width)
    return Oracle(world, camera.moved(start.world_from_camera), device)


def _mean(values: Tensor, where: Tensor) -> float | None:
    """Mean over the true pixels of `where` (1, H, W), all channels; None if there are none."""
    return float(values[where.expand_as(values)].mean()) if where.any() else None
