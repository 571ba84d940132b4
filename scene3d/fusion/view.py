"""A fused scene seen from a camera: what is known there, and as what."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from depthgen.geometry import Camera, clean_holes, pinholes, rasterize
from scene3d.fusion.fuse import Fused, without_position


@dataclass(frozen=True)
class View:
    """What a camera sees of a fused scene.

    image: (3, H, W) [0, 1]. depth: (1, H, W) metres. surface, sky: (1, H, W) bool, never both: what the pixel
    shows; neither where nothing is known. filled: (1, H, W) bool, cracks that were closed from beside.
    """

    image: Tensor
    depth: Tensor
    surface: Tensor
    sky: Tensor
    filled: Tensor

    @property
    def known(self) -> Tensor:
        """(1, H, W) bool: the pixel shows surface or sky seen before, or closes a crack between them."""
        return self.surface | self.sky

    @property
    def covered(self) -> Tensor:
        """(1, H, W) bool: the known pixels of which the scene has triangles; cracks have none yet."""
        return self.known & ~self.filled


def view_from(fused: Fused, camera: Camera, device: str = "cpu") -> View:
    """Re-render a fused scene: the nearest surface, the sky where there is none, on the CPU.

    Cracks are closed from their neighbours; holes, and specks adrift in them, are left to be imagined.
    """
    turned_only = without_position(camera)
    front = rasterize(fused.surface_blocks.near_view(camera), camera, device)
    back = rasterize(fused.sky_blocks.near_view(turned_only), turned_only, device)
    known = (front.known | back.known).cpu()
    image, depth = _with_cracks_closed(
        torch.where(front.known, front.image, back.image).cpu(),
        torch.where(front.known, front.depth, math.inf).cpu(),  # the sky is behind everything
        known,
    )
    kept = ~clean_holes(known)
    is_surface = depth.isfinite()
    depth = depth.where(is_surface, 0.0)
    return View(image, depth, kept & is_surface, kept & ~is_surface, filled=kept & ~known)


def _with_cracks_closed(image: Tensor, depth: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
    """Give pinholes the colour and depth of their farthest known neighbour.

    The farthest, because a crack beside a silhouette opens onto what is behind it.
    """
    pinhole = pinholes(known)
    farthest, index = F.max_pool2d(depth.where(known, -1.0), 3, stride=1, padding=1, return_indices=True)
    behind = image.flatten(1)[:, index.flatten()].view_as(image)
    return image.where(~pinhole, behind), depth.where(~pinhole, farthest)
