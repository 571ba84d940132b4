"""No computation mixes devices: torch's "meta" device, which holds shapes alone, stands for a GPU.

Arithmetic of a tensor there and one on the CPU is refused, as it is on a GPU.
"""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace

import pytest
import torch

from depthgen import objectives
from depthgen.data.worlds import seen_by_partner
from depthgen.depth_models import SAMPLERS
from depthgen.diffusion.imputation import Guide, Known, Resample
from depthgen.diffusion.samplers import uniform_times
from depthgen.distillation import DistilConfig, distillation_loss
from depthgen.geometry import Camera
from depthgen.model import DiffusionModel, ModelConfig
from depthgen.nn.judge import Judge, JudgeConfig
from depthgen.nn.unet import UNetConfig
from depthgen.objectives import DepthObjective
from depthgen.text import TextStates
from depthgen.worlds import RenderedViews

THERE = torch.device("meta")
UNET = UNetConfig(
    channels=(16, 16), blocks=(1, 1), attention=(False, True), groups=2, heads=2, field_of_view=True
)
DEPTH = ModelConfig(unet=UNET, known_depth=True)
COMPLETER = ModelConfig(task="completion", text=True, unet=UNET)
UPSAMPLER = ModelConfig(task="upsampling", unet=UNET)
GENERATOR = SimpleNamespace(device=THERE, initial_seed=lambda: 0)  # torch has none there
SIDE = 16


@pytest.fixture(autouse=True)
def shapes_in_place_of_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    def without_generator(make):
        return lambda *shape, generator=None, device=None, **how: make(
            *shape, device=device or (generator and generator.device), **how
        )

    for name in ("rand", "randn", "randint"):
        monkeypatch.setattr(torch, name, without_generator(getattr(torch, name)))


class Encoder:
    """A text encoder on the CPU for words, on the other device for tokens."""

    def __call__(self, captions: list[str]) -> TextStates:
        return TextStates(torch.zeros(len(captions), 2, 384), torch.ones(len(captions), 2, dtype=torch.bool))

    def states(self, tokens: torch.Tensor) -> TextStates:
        return TextStates(torch.zeros(*tokens.shape, 384, device=tokens.device), tokens != 0)


def made(*shape: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.empty(shape, dtype=dtype, device=THERE)


def batch(tokens: bool) -> dict:
    words = {"tokens": made(4, 3, 8, dtype=torch.int64)} if tokens else {"captions": [["a lake"]] * 4}
    return words | {
        "image": made(4, 3, SIDE, SIDE),
        "depth": made(4, 1, SIDE, SIDE),
        "counted": made(4, 1, SIDE, SIDE, dtype=torch.bool),
        "known": made(4, 1, SIDE, SIDE, dtype=torch.bool),
        "fov": made(4),
        "kind": made(4, dtype=torch.int64),
    }


LOSSES = {
    "depth": (DEPTH, objectives.depth_loss(DEPTH, DepthObjective(unroll=True, times="high"))),
    "completion": (COMPLETER, objectives.completion_loss(Encoder())),
    "upsampling": (UPSAMPLER, objectives.upsampling_loss()),
}


@pytest.mark.parametrize("tokens", [False, True])
@pytest.mark.parametrize("stage", LOSSES)
def test_losses(stage: str, tokens: bool) -> None:
    config, loss = LOSSES[stage]
    value = loss(DiffusionModel(config).to(THERE), batch(tokens), GENERATOR)
    value.backward()
    assert value.device == THERE


def test_the_judges_loss() -> None:
    judge = Judge(JudgeConfig({"kind": 3}, channels=(8, 8), groups=4)).to(THERE)
    assert objectives.judge_loss()(judge, batch(tokens=True), GENERATOR).device == THERE


CASES = {
    "depth": (DEPTH, partial(objectives.depth_case, model_config=DEPTH, config=DepthObjective()), None),
    "completion": (COMPLETER, partial(objectives.completion_case, encoder=Encoder()), Encoder()([""])),
    "upsampling": (UPSAMPLER, objectives.upsampling_case, None),
}


@pytest.mark.parametrize("stage", CASES)
def test_distillation(stage: str) -> None:
    config, cases, nothing = CASES[stage]
    teacher, student = (DiffusionModel(config).to(THERE) for _ in range(2))
    loss = distillation_loss(teacher, DistilConfig(steps=2, teacher_steps=4), cases, "l2", nothing)
    assert loss(student, batch(tokens=True), GENERATOR).device == THERE


def denoiser():
    model = DiffusionModel(DEPTH).to(THERE)
    condition, fov = made(2, 5, SIDE, SIDE), made(2)
    return model, lambda z, t: model.denoise(z, t, condition, fov=fov)


@pytest.mark.parametrize("name", SAMPLERS)
def test_samplers(name: str) -> None:
    model, denoise = denoiser()
    drawn = SAMPLERS[name](denoise, made(2, 1, SIDE, SIDE), model.schedule, uniform_times(3), None)
    assert drawn.device == THERE


@pytest.mark.parametrize("method", [Guide(), Resample(rounds=2)])
def test_completion(method: Guide | Resample) -> None:
    model, denoise = denoiser()
    known = Known(made(2, 1, SIDE, SIDE), made(2, 1, SIDE, SIDE, dtype=torch.bool))
    drawn = method.sample(denoise, made(2, 1, SIDE, SIDE), known, model.schedule, uniform_times(3), None)
    assert drawn.device == THERE


def test_what_another_view_has_seen() -> None:
    cameras = [Camera.from_fov(60, SIDE, SIDE)] * 4
    depth, sky = made(4, 1, SIDE, SIDE), made(4, 1, SIDE, SIDE, dtype=torch.bool)
    assert seen_by_partner(RenderedViews(made(4, 3, SIDE, SIDE), depth, sky, depth), cameras).device == THERE
