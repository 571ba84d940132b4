"""Few-step students by progressive distillation (Salimans & Ho, arXiv 2202.00512), guidance folded in.

A student starts as a copy of its frozen teacher and learns to reach in one DDIM step where the teacher gets
in several. The teacher may be guided by classifier-free guidance of a fixed scale, two evaluations a step;
its student needs one (Meng et al., arXiv 2210.03142). A student can be the teacher of the next: each round of
the paper halves the steps, so `teacher_steps` is twice `steps` there; any multiple serves.

Consistency distillation (arXiv 2303.01469) is the other way. It learns against a moving copy of itself, needs
skip scales, a metric and a plan of growing discretisation, and adds fresh noise between its steps. Here the
target is a fixed function of z_t that has a closed form to test against, the network keeps its prediction
type and its loss, and is sampled by DDIM as any other. That is less to get wrong in a short training.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise

import torch
from torch import Tensor, nn

from depthgen.checkpoint import load_checkpoint, stage_path
from depthgen.completer import GUIDANCE
from depthgen.diffusion.denoiser import GUIDED_TIMES, Denoiser, clipped, guided
from depthgen.diffusion.prediction import Prediction, target
from depthgen.diffusion.samplers import ddim_step, uniform_times
from depthgen.diffusion.schedule import Schedule, diffuse
from depthgen.model import DiffusionModel
from depthgen.objectives import (
    LOSSES,
    Case,
    DepthObjective,
    Norm,
    completion_case,
    depth_case,
    upsampling_case,
)
from depthgen.text import TextEncoder, TextStates
from depthgen.training import Objective

Cases = Callable[..., Case]  # (batch, generator=...) -> Case
STAGES = ("depth", "completion", "upsampling")


@dataclass(frozen=True)
class DistilConfig:
    """Whose student it is, and in how many DDIM steps at equally spaced times it samples.

    ValueError where teacher_steps is no multiple of steps.
    """

    teacher: str = "builtin"  # or a checkpoint of the same stage
    steps: int = 4
    teacher_steps: int = 8  # of a student as teacher: its own
    guidance: float = GUIDANCE  # of a teacher that reads text; a student as teacher has its own folded in

    def __post_init__(self) -> None:
        if self.steps < 1 or self.teacher_steps < 1 or self.teacher_steps % self.steps:
            raise ValueError(
                "distil.teacher_steps must be a multiple of distil.steps, both at least 1, "
                f"got {self.teacher_steps} and {self.steps}"
            )


def lesson(
    stage: str, config: DistilConfig, objective: DepthObjective, encoder: TextEncoder | None = None
) -> tuple[DiffusionModel, Objective]:
    """The student to train and its loss; of `objective`, the norm and what is withheld from depth models.

    encoder: of the captions of a completer. ValueError for a stage without students and for a teacher of
    another task or number of steps.
    """
    if stage not in STAGES:
        raise ValueError(f"distil: there are students of {', '.join(STAGES)}, not of {stage}")
    teacher, norm, nothing = _teacher(stage, config), "l2", None
    cases: Cases = upsampling_case
    if stage == "depth":
        cases, norm = partial(depth_case, model_config=teacher.config, config=objective), objective.loss
    if stage == "completion":
        assert encoder is not None
        cases, nothing = partial(completion_case, encoder=encoder), encoder([""])
    return student_of(teacher, config), distillation_loss(teacher, config, cases, norm, nothing)


def student_of(teacher: DiffusionModel, config: DistilConfig) -> DiffusionModel:
    """A copy of the teacher whose own config says how it is to be sampled."""
    told = replace(
        teacher.config,
        prediction=student_prediction(teacher),
        steps=config.steps,
        guidance_folded=_guidance(teacher, config),
    )
    student = DiffusionModel(told)
    student.load_state_dict(teacher.state_dict())
    return student


def student_prediction(teacher: DiffusionModel) -> Prediction:
    """That of the teacher, but v of one that predicts noise: of pure noise, such a network says nothing of x0
    and could not take a single step (Salimans & Ho, section 4)."""
    return "v" if teacher.config.prediction == "eps" else teacher.config.prediction


def distillation_loss(
    teacher: DiffusionModel,
    config: DistilConfig,
    cases: Cases,
    norm: Norm = "l2",
    nothing: TextStates | None = None,
) -> Objective:
    """The student's output at its own times against what it must be to end its step where the teacher does.

    Teacher and student see the same z_t of the data, and every pixel counts, as the teacher answers
    everywhere. In the v prediction the squared loss weights x0 by 1 + SNR, one of the weightings of Salimans
    & Ho. nothing: states of the empty caption (1 row), for the guidance of a teacher that reads text.
    """
    schedule, prediction = teacher.schedule, student_prediction(teacher)
    scale = 1.0 if teacher.config.guidance_folded else config.guidance

    def loss(model: nn.Module, batch: object, generator: torch.Generator) -> Tensor:
        """Distance of the student's x0 from where the teacher's small steps lead."""
        case = cases(batch, generator=generator)
        times = step_times(config, len(case.x0), generator)
        t, alpha, sigma = times[0], schedule.alpha(times[0]), schedule.sigma(times[0])
        noise = torch.randn(case.x0.shape, generator=generator, device=generator.device)
        z_t = diffuse(case.x0, noise, alpha, sigma)
        with torch.no_grad():
            denoise = teacher_denoiser(teacher.to(z_t.device), case, nothing, scale)
            x0 = one_step_x0(denoise, z_t, schedule, times)
        wanted = target(x0, (z_t - alpha * x0) / sigma, alpha, sigma, prediction)
        return LOSSES[norm](model(z_t, t.flatten(), **case.shown), wanted, torch.ones_like(case.counted))

    return loss


def step_times(config: DistilConfig, count: int, generator: torch.Generator) -> Tensor:
    """Times (N + 1, count, 1, 1, 1) of the teacher's N steps within one random step of the student each."""
    each, device = config.teacher_steps // config.steps, generator.device
    step = torch.randint(config.steps, (count,), generator=generator, device=device)
    index = each * step + torch.arange(each + 1, device=device)[:, None]
    return uniform_times(config.teacher_steps).float().to(device)[index][..., None, None, None]


def one_step_x0(denoise: Denoiser, z_t: Tensor, schedule: Schedule, times: Tensor) -> Tensor:
    """The x0 (B, C, H, W) with which ONE step leads z_t where the teacher's steps along `times` lead it.

    times (N + 1, B, 1, 1, 1), falling. It is a mean of the teacher's own answers on the way, each weighted by
    the rise of alpha / sigma in its step, so that it stays in the range of the data.
    """
    z = z_t
    for t, s in pairwise(times):
        z = stepped(z, denoise(z, t.flatten()), schedule, t, s)
    return matching_x0(z_t, z, schedule, times[0], times[-1])


def stepped(z: Tensor, x0: Tensor, schedule: Schedule, t: Tensor, s: Tensor) -> Tensor:
    """One step of `sample_ddim` from times t to s (B, 1, 1, 1); the last, to 0, lands on x0 itself."""
    return torch.where(s > 0, ddim_step(z, x0, schedule, t, s), x0)


def matching_x0(z_t: Tensor, z_s: Tensor, schedule: Schedule, t: Tensor, s: Tensor) -> Tensor:
    """The x0 with which `stepped` leads z_t to z_s (Salimans & Ho, algorithm 2).

    (z_s - r z_t) / (alpha_s - r alpha_t) with r = sigma_s / sigma_t; at s = 0, z_s.
    """
    ratio = schedule.sigma(s) / schedule.sigma(t)
    x0 = (z_s - ratio * z_t) / (schedule.alpha(s) - ratio * schedule.alpha(t))
    return torch.where(s > 0, x0, z_s)


def teacher_denoiser(
    teacher: DiffusionModel, case: Case, nothing: TextStates | None, guidance: float
) -> Denoiser:
    """The teacher as it is sampled: guided where there are words, and within the range of the data."""
    denoise: Denoiser = partial(teacher.denoise, **case.shown)
    if nothing is not None:
        words = case.shown["text"]
        none = words.where(torch.zeros_like(words.valid[:, 0]), nothing.to(words.tokens.device))
        wordless: Denoiser = partial(teacher.denoise, **case.shown | {"text": none})
        denoise = guided(denoise, wordless, guidance, GUIDED_TIMES)
    return clipped(denoise)


def _teacher(stage: str, config: DistilConfig) -> DiffusionModel:
    """The frozen teacher; ValueError where it is of another task, or takes another number of steps."""
    path = stage_path(config.teacher, stage)
    model, _ = load_checkpoint(path)
    if not isinstance(model, DiffusionModel) or model.config.task != stage:
        raise ValueError(f"distil.teacher: {path} is not a model of {stage}")
    own = model.config.steps
    if own not in (None, config.teacher_steps):
        raise ValueError(f"distil.teacher: {path} takes {own} steps; set distil.teacher_steps={own}")
    return model.requires_grad_(False).to(memory_format=torch.channels_last)


def _guidance(teacher: DiffusionModel, config: DistilConfig) -> float | None:
    """What a student of this teacher has folded in; None for one that reads no text."""
    return (teacher.config.guidance_folded or config.guidance) if teacher.config.text else None
