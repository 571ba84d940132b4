"""DepthEstimator: metric depth of any image at its own size, from a built-in, own or foreign model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from depthgen.checkpoint import load_checkpoint, stage_path
from depthgen.completion import carried, completion_method, fitted, log_error
from depthgen.depth import Reduce, joint_bilateral_upsample, reduce_samples
from depthgen.depth_models import (
    DepthSampler,
    DepthSamples,
    DiffusionDepth,
    KnownDepth,
    Meaning,
    SampleRequest,
    SteerableSampler,
)
from depthgen.devices import resolve_device
from depthgen.geometry import Camera
from depthgen.images import ImageLike, as_tensor, read_image, resize, size_of
from depthgen.model import DiffusionModel

FARTHEST = 1000.0  # metres that completion may reach, of models that have no far plane


@dataclass(frozen=True)
class DepthPrediction:
    """What a model says about one image, at the image's size.

    depth (H,W) float32 metres of planar z, the samples' mean, median or mode; std (H,W) metres over the
    samples, None for one sample; valid (H,W) bool, False on sky and beyond the model's range; residual: mean
    |ln predicted - ln known| on known pixels after the fit and before the known metres were put back, None
    where nothing was known; reading (H,W): the metres that a metric model reads in the picture alone, None of
    others and where known depth steered the sampling.
    """

    depth: Tensor
    std: Tensor | None
    valid: Tensor
    residual: float | None = None
    reading: Tensor | None = None


class DepthEstimator:
    """Depth from one image, and completion of partly known depth. Build it with `from_pretrained`."""

    def __init__(self, sampler: DepthSampler) -> None:
        self.sampler = sampler

    @property
    def meaning(self) -> Meaning:
        """What `predict` returns: "metric", or "affine depth" or "affine disparity" with assumed metres."""
        return self.sampler.meaning

    @staticmethod
    def check_name(name: str, others: Sequence[str] = ()) -> None:
        """ValueError, with the names there are, where `from_pretrained` cannot know this one.

        Asks no network. others: names that the caller knows besides.
        """
        from depthgen.foreign import check_name

        check_name(name, others)

    @classmethod
    def from_pretrained(cls, name_or_path: str | Path = "builtin", device: str = "auto") -> DepthEstimator:
        """Load a model by name.

        "builtin" ships with the package and asks no network; a .safetensors file of ours or a folder with
        one; "marigold", "depth-anything-v2-small", "depth-pro", or a hub id or a local folder of those three
        families.
        device: "auto", "cpu", "cuda". ValueError says what is wrong with the name, the file or the
        connection.
        """
        where = resolve_device(device)
        path = stage_path(name_or_path, "depth")
        if path.is_file():
            return cls(DiffusionDepth(_load_depth_model(path, where)))
        from depthgen.foreign import load_foreign

        return cls(load_foreign(str(name_or_path), where))

    def predict(
        self,
        image: ImageLike,
        *,
        camera: Camera | None = None,
        samples: int = 1,
        steps: int | None = None,
        generator: torch.Generator | None = None,
        sampler: str = "ddim",
        reduce: Reduce = "mean",
    ) -> DepthPrediction:
        """Depth of `image` (a path, PIL image, uint8 (H,W,3) or float (3,H,W) in [0,1]).

        camera: its intrinsics set the scale of metric models, which otherwise assume the field of view they
        were trained with (60 degrees over the shorter side). samples: how many to draw. steps: of the
        sampler; a lone one also looks at the picture shifted and mirrored. generator: by default one
        seeded with 0, so that the same image gives the same depth.
        sampler: "ddim", "dpm++", "heun", or "ancestral" (128 steps, as the paper), see
        `depthgen.depth_models.default_steps`; foreign models have their own. reduce: samples to one depth by
        their "mean", "median" or most likely "mode" (see `depthgen.depth.most_likely_mode`).
        """
        picture = read_image(image)
        request = SampleRequest(samples, steps, camera, generator or _seeded(), sampler)
        drawn = self.sampler.sample(picture, None, request)
        summary = _summary(torch.stack(_enlarged(drawn, picture)), drawn.sky_from, None, reduce)
        return replace(summary, reading=summary.depth if self.meaning == "metric" else None)

    def complete(
        self,
        image: ImageLike,
        depth: Tensor | np.ndarray,
        known: Tensor | np.ndarray,
        *,
        camera: Camera | None = None,
        samples: int = 1,
        steps: int | None = None,
        generator: torch.Generator | None = None,
        method: str | None = None,
    ) -> DepthPrediction:
        """Depth of `image` given part of it: known metres come back exactly, the rest continues them.

        depth: (H,W) or (1,H,W) metres; known: the same shape, bool. method: a name of
        `depthgen.completion.METHODS`, None for the one that suits the model best. The other arguments as in
        `predict`. Without a single known pixel this is `predict`. ValueError on NaN or non-positive known
        depth, and for a method that the model cannot do.
        """
        picture = read_image(image)
        way = completion_method(method or self.sampler.completion)
        if (way.steering or way.refine) and not isinstance(self.sampler, SteerableSampler):
            raise ValueError(f"completion {method!r} needs a diffusion model of ours; give 'align'")
        given = _known_depth(picture, depth, known)
        if not given.known.any():
            return self.predict(picture, camera=camera, samples=samples, steps=steps, generator=generator)
        request = SampleRequest(
            samples, steps, camera, generator or _seeded(), steering=way.steering, looks=way.looks
        )
        drawn = self.sampler.sample(picture, given if way.steering else None, request)
        far, domain = min(drawn.far, FARTHEST), self.meaning if way.fit == "meaning" else way.fit
        read = _enlarged(drawn, picture)
        aligned = [fitted(x, given, far, domain) for x in read]
        residual = sum(log_error(x, given, far).abs().mean().item() for x in aligned) / samples
        depths = torch.stack([carried(x, picture, given, far, way.carry) for x in aligned])
        for time in way.refine:
            drawn = self.sampler.refine(picture, depths, given, time, request)
            again = [carried(x, picture, given, far, way.carry) for x in _enlarged(drawn, picture)]
            depths = (depths * torch.stack(again)).sqrt()
        summary = _summary(depths, min(drawn.sky_from, far), residual)
        exact = given.known[0]
        alone = self.meaning == "metric" and way.steering is None
        reading = torch.stack(read).mean(0)[0] if alone else None
        # sky is what the model reads as sky: fitted to known depth that is too near, it would be a wall
        surface = summary.valid if reading is None else reading < drawn.sky_from
        return replace(
            summary,
            depth=torch.where(exact, given.depth[0], summary.depth),
            valid=surface | exact,
            reading=reading,
        )


def _load_depth_model(path: Path, device: torch.device) -> DiffusionModel:
    model, _ = load_checkpoint(path, device)
    if not isinstance(model, DiffusionModel) or model.config.task != "depth":
        raise ValueError(f"{path} is not a depth model; give a checkpoint trained with a depth experiment")
    return model


def _seeded() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def _known_depth(picture: Tensor, depth: Tensor | np.ndarray, known: Tensor | np.ndarray) -> KnownDepth:
    size, depth, known = size_of(picture), as_tensor(depth), as_tensor(known)
    if tuple(depth.shape) not in (size, (1, *size)) or tuple(known.shape) not in (size, (1, *size)):
        raise ValueError(
            f"known depth {tuple(depth.shape)} and mask {tuple(known.shape)} must fit the image {size}"
        )
    if known.dtype != torch.bool:
        raise ValueError(f"known must be bool, got {known.dtype}; pass known > 0")
    given = KnownDepth(depth.detach().cpu().float().reshape(1, *size), known.cpu().reshape(1, *size))
    metres = given.depth[given.known]
    if not (torch.isfinite(metres).all() and (metres > 0).all()):
        raise ValueError("known depth must be positive, finite metres wherever known is True")
    return given


def _enlarged(drawn: DepthSamples, picture: Tensor) -> list[Tensor]:
    """Every sample at the picture's size, (1,H,W) each."""
    guide = resize(picture, size_of(drawn.depth))
    return [joint_bilateral_upsample(depth, guide, picture) for depth in drawn.depth]


def _summary(
    depths: Tensor, sky_from: float, residual: float | None, reduce: Reduce = "mean"
) -> DepthPrediction:
    """depths: (N,1,H,W) metres."""
    depth = reduce_samples(depths, reduce)[0]
    std = depths.std(0)[0] if len(depths) > 1 else None
    return DepthPrediction(depth, std, depth < sky_from, residual)
