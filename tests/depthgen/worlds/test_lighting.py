"""Light: limits of fog, shade and tone curve."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from depthgen.worlds import TIMES, WEATHERS, lighting
from depthgen.worlds.lighting import (
    fogged,
    indoor_light,
    outdoor_light,
    shade,
    sky_color,
    to_display,
    to_linear,
)

UP = torch.tensor([0.0, -1.0, 0.0])[None, :, None]


def sun(time: str = "noon", weather: str = "clear") -> lighting.Light:
    return lighting.batched([outdoor_light(time, weather, np.random.default_rng(0))])


def test_tone_curve_rises_from_black_towards_white() -> None:
    shown = to_display(torch.linspace(0, 50, 400))
    assert shown[0] == 0
    assert (shown.diff() > -1e-6).all()
    assert 0.999 < shown[-1] <= 1
    dim = torch.linspace(0, 0.3, 20)  # dim colours keep their display value, bright ones are softened
    assert torch.allclose(to_linear(to_display(dim)), dim, atol=3e-3)


def test_fog_hides_everything_in_the_end() -> None:
    light, red = sun(weather="fog"), torch.tensor([1.0, 0.0, 0.0])[None, :, None]
    assert torch.allclose(fogged(light, red, torch.zeros(1, 1)), red)
    assert torch.allclose(fogged(light, red, torch.full((1, 1), 1e4)), light.horizon[:, :, None])
    half = torch.log(torch.tensor(2.0)) / light.fog
    assert fogged(light, red, half)[0, :, 0].tolist() == pytest.approx(
        ((red[0, :, 0] + light.horizon[0]) / 2).tolist()
    )


def test_in_shadow_only_ambient_light_is_left() -> None:
    light, white = sun(), torch.ones(1, 3, 1)
    shadowed = shade(light, white, UP, torch.zeros(1, 3, 1), torch.ones(1, 1, dtype=torch.bool))
    assert torch.allclose(shadowed[0, :, 0], light.above[0])
    lit = shade(light, white, UP, torch.zeros(1, 3, 1), torch.zeros(1, 1, dtype=torch.bool))
    sine = -light.source[0, 1]
    assert torch.allclose(lit[0, :, 0], light.above[0] + sine * light.color[0])


def test_a_lamp_lights_less_from_farther_away() -> None:
    light = lighting.batched([indoor_light("night", "clear", (0.0, -2.0, 0.0))])
    points = torch.tensor([[0.0, 0.0, 0.0], [0.0, 8.0, 0.0]]).T[None]
    lit = shade(light, torch.ones(1, 3, 2), UP.expand(1, 3, 2), points, torch.zeros(1, 2, dtype=torch.bool))
    assert (lit[0, :, 0] > lit[0, :, 1]).all()


@pytest.mark.parametrize("time", TIMES)
def test_the_sky_is_brightest_at_the_sun(time: str) -> None:
    light = sun(time)
    away = light.source[:, :3] * torch.tensor([[-1.0, 1.0, -1.0]])
    at_sun, opposite = (sky_color(light, d[:, :, None]).mean() for d in (light.source[:, :3], away))
    assert at_sun > opposite


def test_days_are_brighter_than_nights_and_fog_is_greyer() -> None:
    assert sun("noon").horizon.mean() > sun("sunset").horizon.mean() > sun("night").horizon.mean()
    for time in TIMES:
        spread = [(h := sun(time, w).horizon[0]).max() / h.min() for w in ("fog", "clear")]
        assert spread[0] < spread[1]
    assert set(lighting.FOG_PER_METRE) == set(lighting.OVERCAST) == set(WEATHERS)
