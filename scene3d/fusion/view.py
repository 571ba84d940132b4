"""A fused scene seen from a camera: what is known there, and as what."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from depthgen.geometry import Camera, clean_holes, push_pull, rasterize
from scene3d.fusion.fuse import Fused, without_position


@dataclass(frozen=True)
class View:
    """What a camera sees of a fused scene.

    image: (3, H, W) [0, 1]. depth: (1, H, W) metres. surface, sky: (1, H, W) bool, never both: what the pixel
    shows; neither where nothing is known.
    """

    image: Tensor
    depth: Tensor
    surface: Tensor
    sky: Tensor

    @property
    def known(self) -> Tensor:
        """(1, H, W) bool: the pixel shows surface or sky seen before."""
        return self.surface | self.sky


def view_from(fused: Fused, camera: Camera, device: str = "cpu") -> View:
    """Re-render a fused scene: the nearest surface, the sky where there is none."""
    front = rasterize(fused.surface, camera, device)
    back = rasterize(fused.sky, without_position(camera), device)
    return View(
        image=torch.where(front.known, front.image, back.image).cpu(),
        depth=front.depth.cpu(),
        surface=front.known.cpu(),
        sky=(back.known & ~front.known).cpu(),
    )


def fill_pinholes(seen: View) -> View:
    """Close the small gaps of a re-rendered view from their surroundings; true holes stay open."""
    hole = clean_holes(seen.known)
    pinhole = ~seen.known & ~hole
    as_surface = pinhole & (push_pull(seen.surface.float(), seen.known) > 0.5)
    image = push_pull(seen.image, seen.known)
    depth = push_pull(seen.depth.log().where(seen.surface, 0.0), seen.surface).exp()
    return View(
        image=torch.where(pinhole, image, seen.image),
        depth=torch.where(as_surface, depth, seen.depth),
        surface=(seen.surface | as_surface) & ~hole,
        sky=(seen.sky | (pinhole & ~as_surface)) & ~hole,
    )
