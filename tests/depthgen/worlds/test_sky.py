"""Skies: where they are bright, and what of them depends on direction alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from depthgen.worlds import TIMES, lighting
from depthgen.worlds.lighting import Light, outdoor_light
from depthgen.worlds.sky import outside, sky_color


def sky(time: str, weather: str = "clear") -> Light:
    return lighting.batched([outdoor_light(time, weather, np.random.default_rng(0))])


def upward(count: int = 3000) -> Tensor:
    directions = torch.randn(1, 3, count, generator=torch.Generator().manual_seed(0))
    directions[:, 1] = -directions[:, 1].abs()
    return directions / directions.norm(dim=1, keepdim=True)


@pytest.mark.parametrize("time", TIMES)
def test_the_sky_is_brightest_at_the_sun(time: str) -> None:
    light = sky(time)
    away = light.sun * torch.tensor([[-1.0, 1.0, -1.0]])
    at_sun, opposite = (sky_color(light, d[:, :, None]).mean() for d in (light.sun, away))
    assert at_sun > opposite


def test_without_clouds_it_goes_from_horizon_to_zenith() -> None:
    light = replace(sky("noon"), clouds=torch.zeros(1, 3), glow=torch.zeros(1, 3))
    ends = torch.tensor([[1.0, 0.0, 0.0], [0.0, -1.0, 0.0]]).T[None]
    shown = sky_color(light, ends)[0]
    assert torch.allclose(shown, torch.stack([light.horizon[0], light.zenith[0]], 1))


def test_clouds_cover_some_of_a_clear_sky() -> None:
    light = sky("noon")
    bare = replace(light, clouds=torch.zeros(1, 3))
    changed = (sky_color(light, upward()) - sky_color(bare, upward())).abs().amax(1) > 0.02
    assert 0.05 < changed.float().mean() < 0.9


def test_stars_are_few_and_only_of_the_night() -> None:
    light = replace(sky("night"), clouds=torch.zeros(1, 3))
    starless = replace(light, stars=torch.zeros(1, 1))
    shining = (sky_color(light, upward()) - sky_color(starless, upward())).amax(1) > 0.1
    assert 0.001 < shining.float().mean() < 0.1


def test_windows_show_land_below_the_sky_and_a_town_at_night() -> None:
    high = upward()[:, :, upward()[0, 1] < -0.3]
    down = high * torch.tensor([1.0, -1.0, 1.0])[None, :, None]
    for time in TIMES:
        light = sky(time)
        assert torch.equal(outside(light, high), sky_color(light, high))
        assert outside(light, down).isfinite().all()
    lamps = outside(sky("night"), down).amax(1) > 0.3
    assert 0.001 < lamps.float().mean() < 0.1
    assert (outside(sky("noon"), down).amax(1) < 0.8).all()


def test_skies_are_the_same_alone_and_in_a_batch() -> None:
    both = lighting.batched([outdoor_light(t, "clear", np.random.default_rng(0)) for t in ("noon", "night")])
    together = sky_color(both, upward(200).expand(2, -1, -1))
    for row, time in enumerate(("noon", "night")):
        assert torch.allclose(together[row], sky_color(sky(time), upward(200))[0], atol=1e-6)
