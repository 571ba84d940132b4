"""ImageCompleter: a picture from words and from whatever part of it is already known."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from depthgen.checkpoint import is_shipped, load_checkpoint, stage_path
from depthgen.devices import resolve_device
from depthgen.diffusion.denoiser import GUIDED_TIMES, Denoiser, clipped, guided
from depthgen.diffusion.samplers import normal_like, sample_ddim, uniform_times
from depthgen.geometry import seamless
from depthgen.images import fitted_size, resize, shrink_known, size_of
from depthgen.model import (
    ENLARGEMENT,
    DiffusionModel,
    Task,
    completion_condition,
    noised_low,
    upsampling_condition,
)
from depthgen.text import MAX_TOKENS, TextEncoder
from depthgen.thesaurus import in_caption_words
from depthgen.vocabulary import warn_of_unknown_words

STEPS = 48
GUIDANCE = 6.0
# The share of noise that each step renews, eta of DDIM: it undoes errors of the steps before, where a path
# without chance keeps them (arXiv 2206.00364). A student has learned such a path, and is given none.
RENEWED = 1.0
# Further steps make it no better, as a z_t says little that the small picture does not:
# examples/benchmarks/upsampler.py.
UPSAMPLER_STEPS = 1
UPSAMPLER_LEVEL = 0.03  # noise time that the base's picture is noised to before it is enlarged


@dataclass(frozen=True)
class Completion:
    """image (3,H,W) in [0,1], known pixels exact, and how well they fitted.

    residual: mean |difference| on known pixels before they were put back, [0,1] scale; None if nothing was
    known.
    """

    image: Tensor
    residual: float | None


class ImageCompleter:
    """Text-to-image where nothing is known, inpainting elsewhere. Build it with `from_pretrained`.

    A cascade as in Imagen: `model` draws a small picture by the words, `upsampler` one of four times its
    sides from that. Without an upsampler the small picture is enlarged.
    """

    def __init__(
        self, model: DiffusionModel, encoder: TextEncoder, upsampler: DiffusionModel | None = None
    ) -> None:
        self.model = model
        self.encoder = encoder
        self.upsampler = upsampler

    @property
    def steps(self) -> int:
        """Sampling steps where nobody asks for a number: those a student was made for, else STEPS."""
        return self.model.config.steps or STEPS

    @property
    def guidance(self) -> float:
        """Weight of the words where nobody asks for one: what is folded into a student, else GUIDANCE."""
        return self.model.config.guidance_folded or GUIDANCE

    @classmethod
    def from_pretrained(
        cls,
        name_or_path: str | Path = "builtin",
        device: str = "auto",
        upsampler: str | Path | None = None,
    ) -> ImageCompleter:
        """Load "builtin", which ships with the package, or a .safetensors file of a completion experiment.

        upsampler: "builtin", or a file of an upsampling experiment; by default "builtin" comes with the
        shipped one where there is one, a file with none. ValueError says what is wrong with a file; no
        network is asked.
        """
        where = resolve_device(device)
        builtin = str(name_or_path) == "builtin"
        base = _load(stage_path(name_or_path, "completion"), "completion", where)
        if upsampler is None and builtin and is_shipped("upsampler"):
            upsampler = "builtin"
        enlarging = None
        if upsampler is not None:
            enlarging = _load(stage_path(upsampler, "upsampling"), "upsampling", where)
        return cls(base, TextEncoder.load(where), enlarging)

    def generate(
        self,
        prompt: str,
        *,
        size: int | tuple[int, int] = 256,
        fov: float | None = None,
        guidance: float | None = None,
        steps: int | None = None,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """A picture (3,H,W) in [0,1] of `prompt`; size: a side in pixels, or (H, W).

        The rest as in `complete`. ValueError on an empty prompt or a size below 1.
        """
        height, width = (size, size) if isinstance(size, int) else size
        if min(height, width) < 1:
            raise ValueError(f"size must be at least 1 pixel, got {height} x {width}")
        nothing = torch.zeros(1, height, width, dtype=torch.bool)
        blank = torch.zeros(3, height, width)
        sampling = {"fov": fov, "guidance": guidance, "steps": steps, "generator": generator}
        return self.complete(blank, nothing, prompt, **sampling).image

    def complete(
        self,
        image: Tensor,
        known: Tensor,
        prompt: str,
        *,
        fov: float | None = None,
        guidance: float | None = None,
        steps: int | None = None,
        generator: torch.Generator | None = None,
    ) -> Completion:
        """Fill the unknown part of `image` by `prompt`; what is known comes back exactly.

        image: (3,H,W) in [0,1]; known: (1,H,W) bool. The base works at its own resolution; where the picture
        is larger, the upsampler at four times that, and its picture is fitted to the size. What comes out is
        fitted to the known pixels, see `composited`. Words that captions do not hold are said as they say it
        where `depthgen.thesaurus` can; warnings name those that the models know nothing of, see
        `depthgen.vocabulary`, and say where a prompt is too long. fov: over the picture's shorter side,
        degrees, None: not known. guidance: of the words, 1 is none extra; steps: of the base; None: as the
        base wants it, see the properties.
        generator: by default one seeded with 0.
        ValueError on wrong shapes, an empty prompt, or another guidance than the one folded into the base.
        """
        _check(image, known, prompt)
        image, known = image.detach().cpu(), known.cpu()
        words = in_caption_words(prompt)
        warn_of_unknown_words(words, self.encoder)
        if self.encoder.cuts(words):
            warnings.warn(
                f"the prompt is too long: only its first {MAX_TOKENS} words or so are read", stacklevel=2
            )
        generator = generator or torch.Generator().manual_seed(0)
        size = fitted_size(size_of(image), self.model.config.resolution, self._factor)
        low, low_known = shrink_known(image, known, size)
        margin = self._factor // 2  # networks err along the border of a picture: it is drawn, and cut off
        padded = (F.pad(part, (margin,) * 4)[None] for part in (low, low_known))
        # the margin does not change how many pixels a degree has, which is what the model sees of `fov`
        sampling = {"fov": fov, "guidance": guidance, "steps": steps, "generator": generator}
        drawn = self.sample([prompt], *padded, **sampling)
        drawn = drawn[0, :, margin:-margin, margin:-margin]
        if self.upsampler is not None and min(size_of(image)) > min(size):
            drawn = composited(drawn, low, low_known).image
            large, large_known = shrink_known(image, known, (ENLARGEMENT * size[0], ENLARGEMENT * size[1]))
            drawn = self.upsample(drawn[None], large[None], large_known[None], generator=generator)[0]
        return composited(resize(drawn, size_of(image)), image, known)

    @torch.inference_mode()
    def sample(
        self,
        prompts: Sequence[str],
        image: Tensor | None = None,
        known: Tensor | None = None,
        *,
        fov: float | None = None,
        guidance: float | None = None,
        steps: int | None = None,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """B pictures (B,3,h,w) in [0,1] at the model's resolution, known pixels not put back.

        prompts: B captions. image: (B,3,h,w) in [0,1] and known: (B,1,h,w) bool at that resolution; None:
        nothing. The rest as in `complete`.
        """
        side = self.model.config.resolution
        image = torch.zeros(len(prompts), 3, side, side) if image is None else image.cpu()
        known = torch.zeros_like(image[:, :1], dtype=torch.bool) if known is None else known.cpu()
        generator = generator or torch.Generator().manual_seed(0)
        noise = normal_like(image, generator)
        condition = completion_condition(2 * image - 1, known)
        denoise = self._denoiser(condition, prompts, fov, self._left_to_add(guidance))
        times = uniform_times(self.steps if steps is None else steps)
        eta = RENEWED if self.model.config.steps is None else 0.0
        drawn = sample_ddim(denoise, noise.to(self._device), self.model.schedule, times, generator, eta)
        return _picture(drawn)

    @torch.inference_mode()
    def upsample(
        self,
        low: Tensor,
        image: Tensor | None = None,
        known: Tensor | None = None,
        *,
        steps: int | None = None,
        level: float = UPSAMPLER_LEVEL,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """B pictures (B,3,4h,4w) in [0,1] from small ones, low (B,3,h,w), known pixels not put back.

        image: (B,3,4h,4w) in [0,1], known: (B,1,4h,4w) bool; None: nothing. steps: by default those a student
        was made for, else 1. level: noise time in [0, 1] of the noise put into `low`, of which the upsampler
        is told. ValueError without an upsampler.
        """
        if self.upsampler is None:
            raise ValueError("this completer has no upsampler; give from_pretrained one")
        low = low.cpu()
        count, _, height, width = low.shape
        blank = torch.zeros(count, 3, ENLARGEMENT * height, ENLARGEMENT * width)
        image = blank if image is None else image.cpu()
        known = torch.zeros_like(image[:, :1], dtype=torch.bool) if known is None else known.cpu()
        generator = generator or torch.Generator().manual_seed(0)
        levels = torch.full((count,), level)
        noisy = noised_low(2 * low - 1, levels, normal_like(low, generator))
        noise = normal_like(image, generator)
        condition = upsampling_condition(noisy, levels, 2 * image - 1, known)
        denoise = clipped(partial(self.upsampler.denoise, condition=condition.to(self._device)))
        steps = (self.upsampler.config.steps or UPSAMPLER_STEPS) if steps is None else steps
        drawn = sample_ddim(denoise, noise.to(self._device), self.upsampler.schedule, uniform_times(steps))
        return _picture(drawn)

    def _left_to_add(self, guidance: float | None) -> float:
        """Scale of the guidance that sampling must add: 1, none, where it is folded into the model."""
        folded = self.model.config.guidance_folded
        if folded is None:
            return self.guidance if guidance is None else guidance
        if guidance not in (None, folded):
            raise ValueError(
                f"guidance {folded:g} is folded into this model; leave out guidance={guidance:g}"
            )
        return 1.0

    def _denoiser(
        self, condition: Tensor, prompts: Sequence[str], fov: float | None, guidance: float
    ) -> Denoiser:
        degrees = torch.full((len(prompts),), fov or 0.0, device=self._device)
        shown = {"condition": condition.to(self._device), "fov": degrees}
        text = self.encoder([in_caption_words(prompt) for prompt in prompts])
        worded = partial(self.model.denoise, text=text, **shown)
        wordless = partial(self.model.denoise, text=self.encoder([""] * len(prompts)), **shown)
        return clipped(guided(worded, wordless, guidance, GUIDED_TIMES), -1.0, 1.0)

    @property
    def _factor(self) -> int:
        return 2 ** len(self.model.config.unet.channels)

    @property
    def _device(self) -> torch.device:
        return next(self.model.parameters()).device


def _load(path: Path, task: Task, device: torch.device) -> DiffusionModel:
    model, _ = load_checkpoint(path, device)
    if not isinstance(model, DiffusionModel) or model.config.task != task:
        raise ValueError(f"{path} is no {task} model; give a checkpoint of an experiment with stage={task}")
    return model


def _picture(x0: Tensor) -> Tensor:
    """Pictures (B,3,h,w) in [0,1] on the CPU of what a network has drawn, [-1,1]."""
    return ((x0.float().cpu() + 1) / 2).clamp(0, 1)


def composited(drawn: Tensor, image: Tensor, known: Tensor) -> Completion:
    """Put the known pixels of `image` back, and fit what was `drawn` in the hole to them.

    The whole hole takes the mean error on the known pixels, and at the seam the rest of it, see `seamless`.
    drawn, image: (3,H,W) in [0,1]; known: (1,H,W) bool.
    """
    if not known.any():
        return Completion(drawn, None)
    error = (image - drawn)[:, known[0]]
    fitted = seamless(drawn + error.mean(1)[:, None, None], image, known)
    return Completion(image.where(known, fitted.clamp(0, 1)), float(error.abs().mean()))


def _check(image: Tensor, known: Tensor, prompt: str) -> None:
    if not prompt.strip():
        raise ValueError("the prompt is empty; say what the picture should show")
    if image.ndim != 3 or len(image) != 3 or known.shape != (1, *image.shape[1:]):
        raise ValueError(
            f"need image (3,H,W) and known (1,H,W), got {tuple(image.shape)}, {tuple(known.shape)}"
        )
    if known.dtype != torch.bool:
        raise ValueError(f"known must be bool, got {known.dtype}; pass known > 0")
