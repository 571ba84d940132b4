"""Diffusers pipelines as they come: text-to-image and inpainting (foreign depth is DepthEstimator's)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from depthgen import composited, hub_has
from depthgen.geometry import Camera, push_pull
from scene3d.backends.protocols import Picture
from scene3d.config import GenerateConfig


@dataclass(frozen=True)
class DiffusersTextToImage:
    """A text-to-image pipeline. guidance, steps: None leaves them to the pipeline."""

    pipeline: Any
    guidance: float | None = None
    steps: int | None = None

    def generate(self, prompt: str, *, camera: Camera, generator: torch.Generator) -> Tensor:
        """See `TextToImage`; made at the pipeline's own size, then resampled."""
        side = native_size(self.pipeline)
        arguments = _sampling(self.guidance, self.steps, generator)
        made = self.pipeline(prompt, height=side, width=side, output_type="np", **arguments).images[0]
        return _resized(_tensor(made), camera.height, camera.width)


@dataclass(frozen=True)
class DiffusersInpainter:
    """An inpainting pipeline; it alters known pixels, so their drift is measured, and they are put back."""

    pipeline: Any
    guidance: float | None = None
    steps: int | None = None

    def inpaint(
        self, image: Tensor, known: Tensor, prompt: str, *, camera: Camera, generator: torch.Generator
    ) -> Picture:
        """See `Inpainter`."""
        side = native_size(self.pipeline)
        # nothing of the hole may pass for known: not its colours, by resampling, nor a pixel that it touches
        filled = _resized(push_pull(image, known), side, side)
        hole = F.adaptive_max_pool2d((~known).float(), side)
        made = self.pipeline(
            prompt,
            image=filled[None],
            mask_image=hole[None],
            height=side,
            width=side,
            output_type="np",
            **_sampling(self.guidance, self.steps, generator),
        ).images[0]
        completed = _resized(_tensor(made), camera.height, camera.width)
        done = composited(completed, image, known)
        return Picture(done.image, done.residual)


def load_text_to_image(source: str, device: str, config: GenerateConfig) -> DiffusersTextToImage:
    """Load a text-to-image pipeline from a hub id or a local folder; ValueError when it cannot be had."""
    from diffusers.pipelines.auto_pipeline import AutoPipelineForText2Image

    pipeline = _load(AutoPipelineForText2Image, source, device)
    return DiffusersTextToImage(pipeline, config.guidance, config.image_steps)


def load_inpainter(source: str, device: str, config: GenerateConfig) -> DiffusersInpainter:
    """Load an inpainting pipeline from a hub id or a local folder; ValueError when it cannot be had."""
    from diffusers.pipelines.auto_pipeline import AutoPipelineForInpainting

    pipeline = _load(AutoPipelineForInpainting, source, device)
    return DiffusersInpainter(pipeline, config.guidance, config.image_steps)


def native_size(pipeline: Any) -> int:
    """Side in pixels at which a latent-diffusion pipeline was trained."""
    return pipeline.unet.config.sample_size * pipeline.vae_scale_factor


def _load(loader: Any, source: str, device: str) -> Any:
    here_alone = Path(source).is_dir() or not hub_has(source)
    try:
        pipeline = loader.from_pretrained(source, safety_checker=None, local_files_only=here_alone)
    except (OSError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        if here_alone and not Path(source).is_dir():
            reason = "it is not on this machine, and no model hub has it or can be reached"
        raise ValueError(
            f"diffusers cannot load {source!r}: {reason} (give a local folder, or a hub id while online)"
        ) from error
    pipeline.set_progress_bar_config(disable=True)
    return pipeline.to(device, torch.float16 if device.startswith("cuda") else torch.float32)


def _sampling(guidance: float | None, steps: int | None, generator: torch.Generator) -> dict[str, Any]:
    settings = {"guidance_scale": guidance, "num_inference_steps": steps}
    return {"generator": generator} | {name: value for name, value in settings.items() if value is not None}


def _tensor(picture: np.ndarray) -> Tensor:
    """(H, W, 3) array in [0, 1] to (3, H, W)."""
    return torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1).float()


def _resized(image: Tensor, height: int, width: int) -> Tensor:
    """Resample (C, H, W) in [0, 1], smoothed when it shrinks."""
    if image.shape[-2:] == (height, width):
        return image
    shrinks = math.prod(image.shape[-2:]) > height * width
    options = {"mode": "bicubic", "antialias": shrinks, "align_corners": False}
    return F.interpolate(image[None], (height, width), **options)[0].clamp(0, 1)
