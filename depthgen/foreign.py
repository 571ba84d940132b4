"""Published depth models: Marigold through diffusers, Depth Anything V2 and Depth Pro through transformers.

Depth Pro and the metric variants of Depth Anything answer in metres. The others are affine-invariant (up to
an unknown scale and shift, Depth Anything in disparity): the picture is given the range ASSUMED_RANGE, and
its metres are only a guess. None can be steered by known depth: completion fits what they say to it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from depthgen.depth_models import (
    TRAINING_HFOV,
    DepthSampler,
    DepthSamples,
    KnownDepth,
    Meaning,
    SampleRequest,
)
from depthgen.geometry import Camera
from depthgen.images import size_of, to_pil

ALIASES = {
    "marigold": "prs-eth/marigold-depth-v1-1",
    "depth-anything-v2-small": "depth-anything/Depth-Anything-V2-Small-hf",
    "depth-pro": "apple/DepthPro-hf",
}
ASSUMED_RANGE = (1.0, 20.0)  # metres of the nearest and the farthest thing, where nothing tells
DEPTH_PRO_RANGE = (1e-4, 1e4)  # metres that its authors clamp to


class MarigoldDepth:
    """A diffusers MarigoldDepthPipeline: affine-invariant depth, one draw a sample."""

    meaning: Meaning = "affine depth"
    completion = "align"

    def __init__(self, pipeline: Any) -> None:
        self.pipeline = pipeline

    @torch.inference_mode()
    def sample(self, image: Tensor, known: KnownDepth | None, request: SampleRequest) -> DepthSamples:
        """See DepthSampler; steps None is the pipeline's own default."""
        draws = [self._draw(image, request) for _ in range(request.samples)]
        near, far = ASSUMED_RANGE
        return DepthSamples(torch.stack([near + (far - near) * draw for draw in draws]), torch.inf, torch.inf)

    def _draw(self, image: Tensor, request: SampleRequest) -> Tensor:
        output = self.pipeline(
            to_pil(image),
            num_inference_steps=request.steps,
            ensemble_size=1,
            output_type="pt",
            generator=request.generator,
        )
        return output.prediction[0].float().cpu()  # (1,H,W) in [0,1]


class DepthAnything:
    """A transformers depth estimator: disparity for the relative models, metres for the metric ones.

    It is deterministic, so further samples repeat the first.
    """

    completion = "align"

    def __init__(self, model: Any, processor: Any) -> None:
        self.model = model
        self.processor = processor
        metric = getattr(model.config, "depth_estimation_type", "relative") == "metric"
        self.meaning: Meaning = "metric" if metric else "affine disparity"

    @torch.inference_mode()
    def sample(self, image: Tensor, known: KnownDepth | None, request: SampleRequest) -> DepthSamples:
        """See DepthSampler; steps and generator have no meaning here."""
        inputs = self.processor(images=to_pil(image), return_tensors="pt").to(self.model.device)
        output = self.model(**inputs).predicted_depth.float().cpu()  # (1,h,w)
        if self.meaning == "metric":
            far = float(self.model.config.max_depth)
            return DepthSamples(output.clamp(1e-3, far).expand(request.samples, 1, -1, -1), far, far)
        assumed = _assumed_disparity(output).expand(request.samples, 1, -1, -1)
        return DepthSamples(assumed, torch.inf, torch.inf)


class DepthPro:
    """A transformers DepthProForDepthEstimation: metres, from the camera or from its own field of view.

    It is deterministic, so further samples repeat the first.
    """

    meaning: Meaning = "metric"
    completion = "align"

    def __init__(self, model: Any) -> None:
        self.model = model

    @torch.inference_mode()
    def sample(self, image: Tensor, known: KnownDepth | None, request: SampleRequest) -> DepthSamples:
        """See DepthSampler; known depth, steps and generator have no meaning here."""
        side = round(self.model.config.patch_size / min(self.model.config.scaled_images_ratios))
        square = F.interpolate(image[None], size=(side, side), mode="bilinear")  # as its authors feed it
        output = self.model(pixel_values=(2 * square - 1).to(self.model.device))
        width_over_focal = _width_over_focal(request.camera, output.field_of_view, size_of(image))
        near, far = DEPTH_PRO_RANGE
        inverse = output.predicted_depth.float().cpu() * width_over_focal  # (1,h,w) in 1 / metres
        depth = 1.0 / inverse.clamp(1.0 / far, 1.0 / near)
        return DepthSamples(depth.expand(request.samples, 1, -1, -1), far, far)


def check_name(name: str, others: Sequence[str] = ()) -> None:
    """ValueError with the names there are, `others` first, where no depth model can have this one.

    Asks no network: a hub id (owner/name) may still turn out to be none.
    """
    hub_id = "/" in name and not name.endswith(".safetensors")
    if not (name == "builtin" or name in ALIASES or hub_id or Path(name).exists()):
        known = ", ".join([*others, "builtin", *ALIASES])
        raise ValueError(
            f"no depth model {name!r}: give {known}, a checkpoint file, a model folder or a hub id"
        )


def load_foreign(name: str, device: torch.device) -> DepthSampler:
    """A foreign model by alias, hub id or local folder; ValueError in one line if it cannot be had."""
    check_name(name)
    source = ALIASES.get(name, name)
    folder = source if Path(source).is_dir() else _downloaded(source)
    load = _load_marigold if (Path(folder) / "model_index.json").is_file() else _load_transformers
    try:
        return load(folder, device)
    except (OSError, ValueError, KeyError) as error:
        reason = str(error).strip().splitlines()[0]
        raise ValueError(f"cannot load depth model {source!r}: {reason}") from error


def hub_has(hub_id: str) -> bool:
    """Whether the model hub answers and has this model: at once, where a download would retry for minutes."""
    from huggingface_hub import HfApi

    try:
        HfApi().model_info(hub_id, timeout=10)
    except Exception:  # no such model, or whatever the hub's HTTP library calls "no connection"
        return False
    return True


def _downloaded(hub_id: str) -> str:
    """The local folder of a hub model: the cached one, or a download; ValueError where neither can be had."""
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return snapshot_download(hub_id, local_files_only=True)
    except LocalEntryNotFoundError:
        pass
    except HFValidationError as error:
        raise ValueError(f"{hub_id!r} is neither a folder here nor a hub id (owner/name)") from error
    try:
        HfApi().model_info(hub_id, timeout=10)  # answers at once where the download would retry for minutes
        return snapshot_download(hub_id)
    except HfHubHTTPError as error:
        raise ValueError(f"the model hub has no usable {hub_id!r} ({error.response.status_code})") from error
    except Exception as error:  # whatever the hub's HTTP library calls "no connection"
        raise ValueError(
            f"depth model {hub_id!r} is not on this machine and the model hub cannot be reached; "
            "give a local folder, or take 'builtin', which needs no network"
        ) from error


def _load_marigold(source: str, device: torch.device) -> MarigoldDepth:
    from diffusers.pipelines.marigold.pipeline_marigold_depth import MarigoldDepthPipeline

    index = Path(source) / "model_index.json"
    if index.is_file() and json.loads(index.read_text())["_class_name"] != MarigoldDepthPipeline.__name__:
        raise ValueError("the folder holds another diffusers pipeline, not Marigold's")
    pipeline = MarigoldDepthPipeline.from_pretrained(source)
    pipeline.set_progress_bar_config(disable=True)
    return MarigoldDepth(pipeline.to(device))


def _load_transformers(source: str, device: torch.device) -> DepthAnything | DepthPro:
    from transformers import AutoImageProcessor, AutoModelForDepthEstimation

    model = AutoModelForDepthEstimation.from_pretrained(source).float().to(device).eval()
    if model.config.model_type == "depth_pro":
        return DepthPro(model)
    return DepthAnything(model, AutoImageProcessor.from_pretrained(source))


def _assumed_disparity(disparity: Tensor) -> Tensor:
    """Relative disparity (1,h,w) -> metres that span ASSUMED_RANGE."""
    near, far = ASSUMED_RANGE
    unit = (disparity - disparity.min()) / (disparity.max() - disparity.min()).clamp_min(1e-6)
    return 1.0 / (1.0 / far + unit * (1.0 / near - 1.0 / far))


def _width_over_focal(camera: Camera | None, fov: Tensor | None, size: tuple[int, int]) -> float:
    """Image width over focal length: the camera's, else that of the predicted field of view (1,) in degrees.

    size: (H, W); a model that predicts none is given the field of view that all our models assume.
    """
    if camera is not None:
        return camera.width / float(camera.K[0, 0])
    if fov is not None:
        return 2 * math.tan(math.radians(float(fov)) / 2)
    return 2 * math.tan(math.radians(TRAINING_HFOV) / 2) * size[1] / min(size)
