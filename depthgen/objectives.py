"""From a batch to a loss, one function a stage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, binary_cross_entropy_with_logits, cross_entropy

from depthgen.diffusion.losses import masked_l1, masked_l2, unrolled
from depthgen.diffusion.prediction import Prediction, target, to_x0
from depthgen.diffusion.schedule import CosineSchedule, diffuse
from depthgen.model import (
    ENLARGEMENT,
    ModelConfig,
    completion_condition,
    depth_condition,
    noised_low,
    upsampling_condition,
)
from depthgen.pretrain import TaskShares, palette_batch
from depthgen.text import MAX_TOKENS, TextEncoder, TextStates
from depthgen.training import Objective
from depthgen.worlds.sight import NO_COLOR

Batch = Mapping[str, Any]
SCHEDULE = CosineSchedule()
Norm = Literal["l1", "l2"]
LOSSES = {"l1": masked_l1, "l2": masked_l2}
OBJECT_WEIGHT = 20.0  # few of a hundred objects are in sight at a time
DROP_FOV = 0.1
CROP = 128  # pixels a side that an upsampler is trained on, at most
HIGHEST_LEVEL = 0.1  # noise time of the low-resolution pictures that an upsampler is trained on, at most


@dataclass(frozen=True)
class Case:
    """What a stage makes of a batch.

    x0 (B, C, H, W), the clean data; shown: the keyword arguments with which a `DiffusionModel` is asked for
    it; counted (B, 1, H, W) bool: where the loss counts.
    """

    x0: Tensor
    shown: dict[str, Any]
    counted: Tensor


@dataclass(frozen=True)
class DepthObjective:
    """What a depth stage minimises.

    The paper: L1, uniform times, unrolling in fine-tuning alone.
    """

    loss: Norm = "l1"
    unroll: bool = False  # z_t made from the network's own prediction: step-unrolled denoising
    times: Literal["uniform", "high"] = "uniform"  # high: see `noise_times`
    drop_fov: float = DROP_FOV  # share of known fields of view withheld: pictures without one are served too
    show_known: float = 0.5  # share of samples that a model with `known_depth` is shown known depth of


def depth_loss(model_config: ModelConfig, config: DepthObjective) -> Objective:
    """Depth from a picture, after DepthGen: the network's target, compared where the sensor measured.

    The batch holds depth without holes (infilled: it only makes z_t) and `counted`, where the loss counts;
    for a model with `known_depth` also `known`, what another view has shown already.
    """
    norm, prediction = LOSSES[config.loss], model_config.prediction

    def loss(model: nn.Module, batch: Batch, generator: torch.Generator) -> Tensor:
        """L1 or L2, as configured, between the network's output and its target."""
        case = depth_case(batch, model_config, config, generator)
        x0 = case.x0
        t = noise_times(_uniform(len(x0), generator), config.times)
        eps, (alpha, sigma) = _normal(x0, generator), _levels(t)
        z_t = diffuse(x0, eps, alpha, sigma)
        if config.unroll:
            x0_hat = _own_prediction(model, z_t, t, prediction, case.shown)
            z_t, eps = unrolled(x0, x0_hat, eps, alpha, sigma)
        return norm(model(z_t, t, **case.shown), target(x0, eps, alpha, sigma, prediction), case.counted)

    return loss


def depth_case(
    batch: Batch, model_config: ModelConfig, config: DepthObjective, generator: torch.Generator
) -> Case:
    """Coded depth, of a picture and, for a model with `known_depth`, of what is known of it."""
    known = _some_known(batch, model_config, config.show_known, generator)
    image, depth, counted, known = _flipped(
        generator, 2 * batch["image"] - 1, batch["depth"], batch["counted"], known
    )
    x0 = model_config.coding.encode(depth)
    fov = _some_fov(batch.get("fov"), config.drop_fov, generator)
    return Case(x0, {"condition": depth_condition(model_config, image, x0, known), "fov": fov}, counted)


def noise_times(u: Tensor, times: Literal["uniform", "high"]) -> Tensor:
    """Times (B,) of z_t from numbers u (B,) uniform in [0, 1].

    high: 1 - u^24, of which four fifths lie above 0.996. Depth is smooth, so that a z_t with a little signal
    betrays much of it, and the mean over a whole picture gives its scale away even at 0.95; only above that
    must a network read the picture itself, which is what decides how good its depth is.
    """
    return 1 - u**24 if times == "high" else u


def palette_loss(prediction: Prediction = "v", tasks: TaskShares | None = None) -> Objective:
    """Self-supervised pre-training on the four Palette tasks: L2 where the picture was hidden or damaged."""

    def loss(model: nn.Module, batch: Batch, generator: torch.Generator) -> Tensor:
        """L2 over what the condition hides or damages."""
        (x0,) = _flipped(generator, 2 * batch["image"] - 1)
        with torch.autocast(x0.device.type, enabled=False):  # pictures keep their precision
            condition, hidden, _ = palette_batch(x0, generator, tasks)
        t = _uniform(len(x0), generator)
        z_t, wanted = _noised(x0, t, prediction, generator)
        return masked_l2(model(z_t, t, condition), wanted, hidden)

    return loss


def completion_loss(encoder: TextEncoder, prediction: Prediction = "v", drop_text: float = 0.1) -> Objective:
    """A picture from its caption and its known part: text-to-image where nothing is known, inpainting
    elsewhere.

    L2 over the whole picture: the known part is asked for too, so that what the network returns there tells
    how well it was understood. The batch holds the captions of each picture, in words or as `tokens`
    (B, captions, L) of `TextEncoder.tokens`, of which one is taken. `drop_text`: share of captions withheld,
    for classifier-free guidance.
    """
    nothing = encoder([""])

    def loss(model: nn.Module, batch: Batch, generator: torch.Generator) -> Tensor:
        """L2 with some of the captions withheld."""
        case = completion_case(batch, encoder, generator)
        x0 = case.x0
        keep = _uniform(len(x0), generator) >= drop_text
        text = case.shown["text"].where(keep, nothing.to(x0.device))
        t = _uniform(len(x0), generator)
        z_t, wanted = _noised(x0, t, prediction, generator)
        return masked_l2(model(z_t, t, **case.shown | {"text": text}), wanted, case.counted)

    return loss


def completion_case(batch: Batch, encoder: TextEncoder, generator: torch.Generator) -> Case:
    """A picture, of its known part, one of its captions and, nine times in ten, its field of view.

    It is never mirrored, for captions tell left from right.
    """
    x0, known = 2 * batch["image"] - 1, training_known(batch["known"], generator)
    text = _some_caption(batch, encoder, generator).to(x0.device)
    fov = _some_fov(batch.get("fov"), DROP_FOV, generator)
    shown = {"condition": completion_condition(x0, known), "text": text, "fov": fov}
    return Case(x0, shown, torch.ones_like(known))


def upsampling_loss(prediction: Prediction = "v") -> Objective:
    """A picture from itself at a quarter of the size, with noise in it, and from its known part.

    L1 over the whole picture: one step draws it, and of the pictures that there may be L2 asks for the mean,
    in which edges are blurred, L1 for the median. The level of the noise is uniform up to HIGHEST_LEVEL and
    the network is told it (noise-conditioning augmentation, see `noised_low`). Times are high ones: of
    a z_t with more signal the low-resolution picture and a little denoising make the rest.
    """

    def loss(model: nn.Module, batch: Batch, generator: torch.Generator) -> Tensor:
        """L1 with the low-resolution picture noised."""
        case = upsampling_case(batch, generator)
        t = noise_times(_uniform(len(case.x0), generator), "high")
        z_t, wanted = _noised(case.x0, t, prediction, generator)
        return masked_l1(model(z_t, t, **case.shown), wanted, case.counted)

    return loss


def upsampling_case(batch: Batch, generator: torch.Generator) -> Case:
    """A picture of at most CROP pixels a side, of itself at a quarter of the size and its known part.

    An upsampler only looks at what is near, so that parts of pictures teach it as well, at less cost, as
    Imagen's (arXiv 2205.11487).
    """
    image, known = _cropped(generator, batch["image"], training_known(batch["known"], generator))
    x0, known = _flipped(generator, 2 * image - 1, known)
    low, level = avg_pool2d(x0, ENLARGEMENT), HIGHEST_LEVEL * _uniform(len(x0), generator)
    noisy = noised_low(low, level, _normal(low, generator))
    shown = {"condition": upsampling_condition(noisy, level, x0, known)}
    return Case(x0, shown, torch.ones_like(known))


def judge_loss(noise: float = 0.1) -> Objective:
    """Cross entropy of every attribute, on pictures with a little noise: generated ones are never quite
    clean.

    Of the objects it is that of each being in sight, OBJECT_WEIGHT times its mean; of colours that of each
    object in sight that has one.
    """

    def loss(model: nn.Module, batch: Batch, generator: torch.Generator) -> Tensor:
        """The cross entropies, summed over the attributes."""
        (image,) = _flipped(generator, 2 * batch["image"] - 1)
        level = noise * _uniform(len(image), generator)[:, None, None, None]
        logits = model(image + level * _normal(image, generator))
        losses = [_answer_loss(name, answer.float(), batch) for name, answer in logits.items()]
        return torch.stack(losses).sum()

    return loss


def _answer_loss(name: str, logits: Tensor, batch: Batch) -> Tensor:
    if name == "objects":
        return OBJECT_WEIGHT * binary_cross_entropy_with_logits(logits, (batch[name] >= NO_COLOR).float())
    if name == "colors":
        color = batch["objects"]  # (B, objects)
        told = color > NO_COLOR
        per_object = logits.unflatten(1, (color.shape[1], -1))
        return cross_entropy(per_object[told], color[told]) if told.any() else 0 * logits.sum()
    return cross_entropy(logits, batch[name])


def training_known(warped: Tensor, generator: torch.Generator) -> Tensor:
    """(B, 1, H, W) bool: what a completer is shown.

    Four in ten: nothing; four: what a real view change leaves, `warped`; two: all but a random rectangle, or
    only it.
    """
    choice = _uniform(len(warped), generator)[:, None, None, None]
    return torch.where(
        choice < 0.4,
        torch.zeros_like(warped),
        torch.where(choice < 0.8, warped, _rectangles(warped, generator)),
    )


def _rectangles(like: Tensor, generator: torch.Generator) -> Tensor:
    """Random rectangles, known inside for half of the batch and outside for the other half."""
    count, _, height, width = like.shape
    edges = torch.rand(count, 2, 2, generator=generator, device=generator.device).sort(dim=-1).values
    rows, columns = edges[:, 0, :, None] * height, edges[:, 1, :, None] * width
    y, x = (torch.arange(n, device=like.device)[None] + 0.5 for n in (height, width))
    inside_y, inside_x = (y > rows[:, 0]) & (y < rows[:, 1]), (x > columns[:, 0]) & (x < columns[:, 1])
    inside = (inside_y[:, :, None] & inside_x[:, None, :])[:, None]
    return inside ^ (_uniform(count, generator) < 0.5)[:, None, None, None]


def _noised(
    x0: Tensor, t: Tensor, prediction: Prediction, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """z_t = alpha x0 + sigma eps at times t (B,), and the network's target there."""
    eps, (alpha, sigma) = _normal(x0, generator), _levels(t)
    return diffuse(x0, eps, alpha, sigma), target(x0, eps, alpha, sigma, prediction)


def _levels(t: Tensor) -> tuple[Tensor, Tensor]:
    """alpha and sigma (B, 1, 1, 1) at times t (B,)."""
    return SCHEDULE.alpha(t)[:, None, None, None], SCHEDULE.sigma(t)[:, None, None, None]


@torch.no_grad()
def _own_prediction(
    model: nn.Module, z_t: Tensor, t: Tensor, prediction: Prediction, shown: Mapping[str, Any]
) -> Tensor:
    """The network's x0 (B, 1, H, W) at z_t, within the range of the data, without gradient."""
    output = model(z_t, t, **shown).float()
    # Autocast keeps the weights it has cast; those of this pass have no gradient and must not serve the next.
    torch.clear_autocast_cache()
    return to_x0(output, z_t, *_levels(t), prediction).clamp(-1, 1)


def _some_fov(fov: Tensor | None, drop: float, generator: torch.Generator) -> Tensor | None:
    return None if fov is None else fov * (_uniform(len(fov), generator) >= drop)


def _some_known(batch: Batch, model_config: ModelConfig, share: float, generator: torch.Generator) -> Tensor:
    """(B, 1, H, W) bool: `known` of this share of the batch, nothing of the others; of a model that takes no
    known depth, nothing at all. ValueError where the data say nothing of it.

    With a share of 0 they need not: so a model that reads known depth is fine-tuned on frames of one camera,
    and the filters that read it, to which there is then nothing to learn, stay as they are.
    """
    if not (model_config.known_depth and share):
        return torch.zeros_like(batch["counted"])
    if "known" not in batch:
        raise ValueError(
            "model.known_depth needs data that say what is known, as rendered worlds do; "
            "objective.show_known=0 trains on others"
        )
    shown = _uniform(len(batch["known"]), generator) < share
    return batch["known"] & shown[:, None, None, None]


def _cropped(generator: torch.Generator, *tensors: Tensor) -> tuple[Tensor, ...]:
    """One and the same part of all the tensors (B, C, H, W), at most CROP pixels a side."""
    pick = Random(generator.initial_seed()).randrange  # on no device, which nothing then waits for
    top, left = (ENLARGEMENT * pick(max(n - CROP, 0) // ENLARGEMENT + 1) for n in tensors[0].shape[2:])
    return tuple(tensor[:, :, top : top + CROP, left : left + CROP] for tensor in tensors)


def _flipped(generator: torch.Generator, *tensors: Tensor) -> tuple[Tensor, ...]:
    """Mirror half of the batch left to right, all tensors alike."""
    flip = (_uniform(len(tensors[0]), generator) < 0.5)[:, None, None, None]
    return tuple(torch.where(flip, x.flip(-1), x) for x in tensors)


def _uniform(count: int, generator: torch.Generator) -> Tensor:
    return torch.rand(count, generator=generator, device=generator.device)


def _normal(like: Tensor, generator: torch.Generator) -> Tensor:
    return torch.randn(like.shape, generator=generator, device=generator.device)


def _some_caption(batch: Batch, encoder: TextEncoder, generator: torch.Generator) -> TextStates:
    """The states of one of each sample's captions, drawn without waiting for the device.

    Of the same shape for all batches, as a compiled network needs it.
    """
    if "tokens" in batch:
        tokens = batch["tokens"]
        rows = torch.arange(len(tokens), device=tokens.device)
        states = encoder.states(tokens[rows, _integers(len(tokens), tokens.shape[1], generator)])
    else:
        pick = Random(generator.initial_seed()).choice
        states = encoder([pick(options) for options in batch["captions"]])
    return states.padded(MAX_TOKENS)


def _integers(count: int, high: int, generator: torch.Generator) -> Tensor:
    return torch.randint(high, (count,), generator=generator, device=generator.device)
