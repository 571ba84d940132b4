"""Students against teachers whose denoiser is known in closed form, and the checkpoints that come of them."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from depthgen import DepthEstimator, ImageCompleter
from depthgen.checkpoint import load_checkpoint, save_checkpoint
from depthgen.depth_models import SampleRequest, default_steps
from depthgen.diffusion.denoiser import Denoiser, clipped, guided
from depthgen.diffusion.prediction import target
from depthgen.diffusion.samplers import sample_ddim, uniform_times
from depthgen.diffusion.schedule import CosineSchedule
from depthgen.distillation import (
    DistilConfig,
    distillation_loss,
    lesson,
    matching_x0,
    one_step_x0,
    step_times,
    stepped,
    student_of,
    teacher_denoiser,
)
from depthgen.model import DiffusionModel, ModelConfig
from depthgen.objectives import Case, DepthObjective
from depthgen.text import TextStates
from depthgen.weight_files import read_tensors, write_tensors

SCHEDULE = CosineSchedule()


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def at(*times: float) -> Tensor:
    """Times as `one_step_x0` wants them, for a batch of one."""
    return torch.tensor(times, dtype=torch.float64)[:, None, None, None, None]


def gaussian(z: Tensor, t: Tensor, mean: float = 0.3, std: float = 0.4) -> Tensor:
    """E[x0 | z_t] of pixels N(mean, std^2), in closed form."""
    alpha, sigma = (f(t).view(-1, 1, 1, 1) for f in (SCHEDULE.alpha, SCHEDULE.sigma))
    return mean + alpha * std**2 / (alpha**2 * std**2 + sigma**2) * (z - alpha * mean)


def two_modes(z: Tensor, t: Tensor, mode: float = 0.6, std: float = 0.3) -> Tensor:
    """E[x0 | z_t] of pixels that are N(mode, std^2) or N(-mode, std^2), in closed form."""
    alpha, sigma = (f(t).view(-1, 1, 1, 1) for f in (SCHEDULE.alpha, SCHEDULE.sigma))
    total = alpha**2 * std**2 + sigma**2
    gain = alpha * std**2 / total
    side = torch.tanh(alpha * mode * z / total)  # P(upper) - P(lower)
    return gain * z + (1 - gain * alpha) * mode * side


falling = st.lists(st.floats(0.01, 1), min_size=2, max_size=5, unique=True).map(
    lambda times: sorted(times, reverse=True)
)


@given(falling, st.booleans())
@settings(max_examples=15, deadline=None)
def test_one_step_with_the_target_lands_where_the_teachers_steps_do(
    times: list[float], to_the_end: bool
) -> None:
    if min(a - b for a, b in pairwise(times)) < 1e-3:
        return
    grid = at(*times, *([0.0] if to_the_end else []))
    z_t = torch.randn(1, 1, 4, 4, generator=seeded(), dtype=torch.float64)
    z_s = z_t
    for t, s in pairwise(grid):
        z_s = stepped(z_s, gaussian(z_s, t), SCHEDULE, t, s)
    x0 = one_step_x0(gaussian, z_t, SCHEDULE, grid)
    torch.testing.assert_close(stepped(z_t, x0, SCHEDULE, grid[0], grid[-1]), z_s)


def test_the_target_of_a_single_step_is_the_teachers_own_answer() -> None:
    z_t = torch.randn(1, 1, 4, 4, generator=seeded(), dtype=torch.float64)
    for t, s in ((1.0, 0.75), (0.5, 0.25), (0.25, 0.0)):
        times = at(t, s)
        torch.testing.assert_close(one_step_x0(gaussian, z_t, SCHEDULE, times), gaussian(z_t, times[0]))


def test_the_target_by_hand() -> None:
    """From noise 0.8 to 0.6 with r = 3/4: (z_s - r z_t) / (0.8 - 0.6 r)."""
    t, s = (CosineSchedule(offset=0), torch.asin(torch.tensor([0.8, 0.6])) * 2 / torch.pi)
    found = matching_x0(torch.tensor(1.0), torch.tensor(1.1), t, s[0], s[1])
    assert found == pytest.approx((1.1 - 0.75) / (0.8 - 0.45), rel=1e-5)


def test_the_target_is_the_teachers_answers_weighted_by_the_rise_of_alpha_over_sigma() -> None:
    """So that a clipped teacher has a target within the range of the data."""
    answers = iter([torch.full((1, 1, 1, 1), value, dtype=torch.float64) for value in (-1.0, 0.5, 1.0)])
    times = at(0.9, 0.7, 0.6, 0.3)
    signal = (SCHEDULE.alpha(times) / SCHEDULE.sigma(times)).flatten()
    weights = signal.diff() / (signal[-1] - signal[0])
    expected = float(weights @ torch.tensor([-1.0, 0.5, 1.0], dtype=torch.float64))
    found = one_step_x0(lambda z, t: next(answers), torch.ones(1, 1, 1, 1).double(), SCHEDULE, times)
    assert float(found) == pytest.approx(expected)


def perfect_student(teacher: Denoiser, spacing: float, each: int) -> Denoiser:
    """What a student without error answers: one step of `spacing` for `each` steps of the teacher."""

    def denoise(z: Tensor, t: Tensor) -> Tensor:
        grid = t - spacing * torch.arange(each + 1, dtype=t.dtype)[:, None] / each
        grid[-1][grid[-1] < 1e-9] = 0.0  # rounding
        return one_step_x0(teacher, z, SCHEDULE, grid[..., None, None, None])

    return denoise


@pytest.mark.parametrize("teacher", [gaussian, two_modes])
def test_halving_after_halving_keeps_the_map(teacher: Denoiser) -> None:
    noise = torch.randn(8, 1, 2, 2, generator=seeded(), dtype=torch.float64)
    expected = sample_ddim(teacher, noise, SCHEDULE, uniform_times(16))
    student = teacher
    for steps in (8, 4, 2, 1):
        student = perfect_student(student, 1 / steps, each=2)
        torch.testing.assert_close(sample_ddim(student, noise, SCHEDULE, uniform_times(steps)), expected)


def test_one_step_of_a_distilled_gaussian_is_its_exact_map() -> None:
    """The flow of N(mean, std^2) takes noise n to mean + std n; a teacher of 512 steps comes near."""
    noise = torch.randn(1, 1, 2, 2, generator=seeded(), dtype=torch.float64)
    student = perfect_student(gaussian, 1.0, each=512)
    found = sample_ddim(student, noise, SCHEDULE, uniform_times(1))
    torch.testing.assert_close(found, 0.3 + 0.4 * noise, atol=0.01, rtol=0)


def test_times_lie_on_the_grid_within_one_step_of_the_student() -> None:
    times = step_times(DistilConfig(steps=2, teacher_steps=6), 200, seeded())[..., 0, 0, 0]
    assert times.shape == (4, 200)
    starts = {tuple(column) for column in times.T.mul(6).round().int().tolist()}
    assert starts == {(6, 5, 4, 3), (3, 2, 1, 0)}
    assert (times.min(0).values[times[0] < 0.9] == 0).all()  # exactly: there the sampler lands


class Known(nn.Module):
    """A teacher in closed form, as far as distillation asks for a DiffusionModel."""

    def __init__(self, denoiser: Denoiser, **config: object) -> None:
        super().__init__()
        self.config, self.schedule, self.denoiser = replace(ModelConfig(), **config), SCHEDULE, denoiser

    def denoise(self, z_t: Tensor, t: Tensor, **shown: object) -> Tensor:
        return self.denoiser(z_t, t)


class Pixelwise(nn.Module):
    """A tiny network that begins as its teacher: the closed-form v and a correction that starts at 0."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU(), nn.Linear(64, 1))
        nn.init.zeros_(self.net[-1].weight)
        nn.init.zeros_(self.net[-1].bias)

    def forward(self, z_t: Tensor, t: Tensor) -> Tensor:
        t = t[:, None, None, None]
        alpha, sigma, x0 = SCHEDULE.alpha(t), SCHEDULE.sigma(t), two_modes(z_t, t)
        features = torch.cat([z_t, t.expand_as(z_t)], dim=1).movedim(1, -1)
        own = target(x0, (z_t - alpha * x0) / sigma, alpha, sigma, "v")
        return own + self.net(features).movedim(-1, 1)

    def denoise(self, z_t: Tensor, t: Tensor) -> Tensor:
        alpha, sigma = (f(t)[:, None, None, None] for f in (SCHEDULE.alpha, SCHEDULE.sigma))
        return alpha * z_t - sigma * self(z_t, t)


def modes_case(batch: int, generator: torch.Generator) -> Case:
    """Pixels of the two modes, as many as `batch`."""
    side = torch.randint(2, (batch, 1, 1, 1), generator=generator) * 2 - 1
    x0 = 0.6 * side + 0.3 * torch.randn(batch, 1, 1, 1, generator=generator)
    return Case(x0, {}, torch.ones_like(x0, dtype=torch.bool))


@pytest.mark.parametrize("steps", [1, 2, 4])
def test_a_trained_student_follows_its_teacher_better_than_the_undistilled(steps: int) -> None:
    torch.manual_seed(0)
    student, generator = Pixelwise(), seeded()
    undistilled = copy.deepcopy(student)
    config = DistilConfig(steps=steps, teacher_steps=16)
    loss = distillation_loss(Known(two_modes), config, modes_case)
    optimizer = torch.optim.Adam(student.parameters())
    for i in range(120):
        optimizer.param_groups[0]["lr"] = 2e-2 * (1 - i / 120)
        optimizer.zero_grad()
        loss(student, 128, generator).backward()
        optimizer.step()

    noise = torch.randn(1000, 1, 1, 1, generator=seeded(1))
    truth = sample_ddim(clipped(two_modes), noise, SCHEDULE, uniform_times(16))

    @torch.no_grad()
    def error(network: Pixelwise) -> float:
        drawn = sample_ddim(network.denoise, noise, SCHEDULE, uniform_times(steps))
        return float((drawn - truth).square().mean().sqrt())

    assert error(student) < 0.5 * error(undistilled)


@pytest.mark.parametrize("prediction", ["v", "x0", "eps"])
def test_the_loss_vanishes_for_a_student_that_is_right(prediction: str) -> None:
    """Also of a teacher that predicts noise: its student predicts v."""

    class Right(nn.Module):
        def forward(self, z_t: Tensor, t: Tensor) -> Tensor:
            t = t[:, None, None, None].double()
            x0 = perfect_student(clipped(two_modes), 0.25, each=3)(z_t.double(), t.flatten())
            alpha, sigma = SCHEDULE.alpha(t), SCHEDULE.sigma(t)
            wanted = "x0" if prediction == "x0" else "v"
            return target(x0, (z_t - alpha * x0) / sigma, alpha, sigma, wanted).float()

    teacher = Known(two_modes, prediction=prediction)
    loss = distillation_loss(teacher, DistilConfig(steps=4, teacher_steps=12), modes_case)
    assert loss(Right(), 64, seeded()) < 1e-7


def test_a_teacher_with_words_is_guided_and_kept_in_range() -> None:
    class Worded(nn.Module):
        def denoise(self, z_t: Tensor, t: Tensor, text: TextStates) -> Tensor:
            return z_t * text.tokens.sum((1, 2))[:, None, None, None]

    words = TextStates(torch.full((2, 3, 1), 0.1), torch.ones(2, 3, dtype=torch.bool))
    nothing = TextStates(torch.full((1, 1, 1), 0.1), torch.ones(1, 1, dtype=torch.bool))
    z, t = torch.tensor([0.5, 4.0])[:, None, None, None], torch.full((2,), 0.5)
    case = Case(z, {"text": words}, torch.ones_like(z, dtype=torch.bool))
    drawn = teacher_denoiser(Worded(), case, nothing, 3.0)(z, t)
    conditional, unconditional = (lambda z, t: 0.3 * z), (lambda z, t: 0.1 * z)
    torch.testing.assert_close(drawn, clipped(guided(conditional, unconditional, 3.0))(z, t))
    assert drawn.flatten().tolist() == pytest.approx([0.35, 1.0])
    early = teacher_denoiser(Worded(), case, nothing, 3.0)(z, torch.ones(2))
    assert early.flatten().tolist() == pytest.approx([0.15, 1.0])  # where it is not guided when sampled


def test_a_student_begins_as_its_teacher_and_says_how_it_is_sampled(checkpoints: dict[str, Path]) -> None:
    teacher, _ = load_checkpoint(checkpoints["completer"])
    student = student_of(teacher, DistilConfig(steps=4, guidance=2.5))
    assert (student.config.steps, student.config.guidance_folded) == (4, 2.5)
    assert all(torch.equal(a, b) for a, b in zip(student.parameters(), teacher.parameters(), strict=True))
    next_one = student_of(student, DistilConfig(steps=2, teacher_steps=4, guidance=9.0))
    assert (next_one.config.steps, next_one.config.guidance_folded) == (2, 2.5)
    depth, _ = load_checkpoint(checkpoints["depth"])
    depth.config = replace(depth.config, prediction="eps")
    learner = student_of(depth, DistilConfig(steps=1))
    assert (learner.config.prediction, learner.config.guidance_folded) == ("v", None)


def test_checkpoints_from_before_students_load(checkpoints: dict[str, Path], tmp_path: Path) -> None:
    metadata, tensors = read_tensors(checkpoints["completer"])
    config = json.loads(metadata["config"])
    del config["steps"], config["guidance_folded"]
    old = tmp_path / "old.safetensors"
    write_tensors(old, tensors, metadata | {"config": json.dumps(config)})
    model, _ = load_checkpoint(old)
    assert (model.config.steps, model.config.guidance_folded) == (None, None)


@pytest.fixture
def student_file(checkpoints: dict[str, Path], tmp_path: Path) -> Callable[[str, DistilConfig], Path]:
    """Saves the untrained student of a tiny checkpoint."""

    def build(name: str, config: DistilConfig) -> Path:
        teacher, _ = load_checkpoint(checkpoints[name])
        assert isinstance(teacher, DiffusionModel)
        path = tmp_path / f"{name}_student.safetensors"
        save_checkpoint(path, student_of(teacher, config))
        return path

    return build


def test_a_completer_student_takes_its_steps_and_no_wordless_pass(
    student_file: Callable[[str, DistilConfig], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    completer = ImageCompleter.from_pretrained(
        student_file("completer", DistilConfig(steps=3, teacher_steps=6, guidance=3.0))
    )
    times: list[float] = []
    denoise = completer.model.denoise

    def counting(z_t: Tensor, t: Tensor, **shown: object) -> Tensor:
        times.append(float(t[0]))
        return denoise(z_t, t, **shown)

    monkeypatch.setattr(completer.model, "denoise", counting)
    drawn = completer.sample(["a lake"])
    assert times == pytest.approx([1, 2 / 3, 1 / 3])
    assert torch.equal(drawn, completer.sample(["a lake"], guidance=3.0, steps=3))
    with pytest.raises(ValueError, match="guidance 3 is folded into this model"):
        completer.sample(["a lake"], guidance=5.0)


def test_a_depth_student_takes_its_steps(student_file: Callable[[str, DistilConfig], Path]) -> None:
    path = student_file("depth", DistilConfig(steps=2, teacher_steps=4))
    model, _ = load_checkpoint(path)
    request = SampleRequest(1, None, None, seeded())
    assert default_steps(request, model.config) == 2
    image = torch.rand(3, 32, 32, generator=seeded())
    own, asked, one = (DepthEstimator.from_pretrained(path).predict(image, steps=n) for n in (None, 2, 1))
    assert torch.equal(own.depth, asked.depth)
    assert not torch.equal(own.depth, one.depth)


def test_what_cannot_be_distilled_is_told(
    checkpoints: dict[str, Path], student_file: Callable[[str, DistilConfig], Path]
) -> None:
    def teach(stage: str, teacher: Path, **config: int) -> None:
        lesson(stage, DistilConfig(str(teacher), **config), DepthObjective())

    with pytest.raises(ValueError, match=r"multiple of distil\.steps"):
        DistilConfig(steps=3)
    with pytest.raises(ValueError, match="not of palette"):
        teach("palette", checkpoints["depth"])
    with pytest.raises(ValueError, match="is not a model of completion"):
        teach("completion", checkpoints["depth"])
    with pytest.raises(ValueError, match=r"set distil\.teacher_steps=4"):
        teach("depth", student_file("depth", DistilConfig(steps=4)), steps=2, teacher_steps=8)
