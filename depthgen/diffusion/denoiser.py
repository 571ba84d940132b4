"""The denoiser contract, and ways to build one denoiser from others.

A denoiser is any callable `denoise(z_t, t) -> x0`: z_t (B, C, H, W) is x0 with noise of time t (B,) in [0, 1]
under a schedule, and the result (B, C, H, W) is the expected clean x0 (the posterior mean). Whatever it is
conditioned on is bound inside it. Samplers and imputation ask for nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

Denoiser = Callable[[Tensor, Tensor], Tensor]

GUIDED_TIMES = (0.2, 0.9)  # of pictures drawn by words, see `guided`


def denoise_at(denoise: Denoiser, z: Tensor, t: Tensor) -> Tensor:
    """x0 (B, C, H, W) of z (B, C, H, W) when the whole batch is at one time t ()."""
    return denoise(z, t.to(z).expand(len(z)))


def guided(
    conditional: Denoiser,
    unconditional: Denoiser,
    scale: float,
    between: tuple[float, float] = (0.0, 1.0),
) -> Denoiser:
    """Classifier-free guidance, unconditional + scale (conditional - unconditional); 1 is conditional.

    between: the earliest and latest noise time that is guided, as by Kynkaanniemi et al. (arXiv 2404.07724):
    near 1 guidance leads all pictures to a few with garish colours, near 0 it costs a pass and adds nothing.
    """

    def denoise(z_t: Tensor, t: Tensor) -> Tensor:
        """The conditional answer, extrapolated where t is inside the interval."""
        answer = conditional(z_t, t)
        inside = (t >= between[0]) & (t <= between[1])
        if inside.device.type == "cpu" and not inside.any():  # other devices are not waited for
            return answer
        weight = torch.where(inside, scale, 1.0).to(answer)[:, None, None, None]
        return torch.lerp(unconditional(z_t, t), answer, weight)

    return conditional if scale == 1 else denoise


@dataclass(frozen=True)
class Look:
    """A picture moved by `shift` pixels down and to the right, and then mirrored left to right or not."""

    shift: int
    mirrored: bool

    def at(self, x: Tensor) -> Tensor:
        """x (B, C, H, W) so looked at; what comes in over the border repeats it."""
        x = _moved(x, self.shift)
        return x.flip(-1) if self.mirrored else x

    def back(self, x: Tensor) -> Tensor:
        """x (B, C, H, W), which was made for the look, in the place of the original."""
        return _moved(x.flip(-1) if self.mirrored else x, -self.shift)


LOOKS = tuple(Look(shift, mirrored) for shift in (1, -1, 3, -3) for mirrored in (False, True))
QUANTILE = 1 / 3


def over_looks(denoiser_of: Callable[[Tensor], Denoiser], condition: Tensor) -> Denoiser:
    """The lower third over LOOKS of the denoiser that is bound to the condition (B, C, H, W) so looked at.

    A network that halves pictures sees another one after a pixel's shift, and errs otherwise. A thin thing,
    which some looks miss for what is behind it, is there: of depth the lower third is nearer to the truth
    than the median or the mean.
    """
    bound = [(look, denoiser_of(look.at(condition))) for look in LOOKS]

    def denoise(z_t: Tensor, t: Tensor) -> Tensor:
        answers = torch.stack([look.back(own(look.at(z_t), t)) for look, own in bound])
        return answers.quantile(QUANTILE, dim=0)

    return denoise


def _moved(x: Tensor, shift: int) -> Tensor:
    """x (B, C, H, W), `shift` pixels farther down and to the right."""
    width, (height, length) = abs(shift), x.shape[-2:]
    padded = F.pad(x, (width,) * 4, mode="replicate")
    return padded[..., width - shift : width - shift + height, width - shift : width - shift + length]


def clipped(denoise: Denoiser, low: float = -1.0, high: float = 1.0) -> Denoiser:
    """The denoiser with its answer clamped to the range of the data."""
    return lambda z_t, t: denoise(z_t, t).clamp(low, high)
