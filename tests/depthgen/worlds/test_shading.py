"""Light on surfaces in closed form, fog, halos and the tone curve."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from depthgen.worlds import lighting
from depthgen.worlds.builder import Lamp
from depthgen.worlds.lighting import Light, outdoor_light
from depthgen.worlds.shading import (
    HALO,
    HALO_METRES,
    LAMP_METRES,
    Reach,
    fogged,
    halos,
    lamp_light,
    pane_light,
    shade,
    to_display,
    to_linear,
)

UP = torch.tensor([0.0, -1.0, 0.0])[None, :, None]


def sun(weather: str = "clear", *lamps: Lamp) -> Light:
    return lighting.batched([outdoor_light("night", weather, np.random.default_rng(0), lamps)])


def points(*rows: tuple[float, float, float]) -> Tensor:
    return torch.tensor(rows).T[None]


def reach(source: float, ambient: float = 1.0) -> Reach:
    return Reach(torch.full((1, 1), source), torch.full((1, 1), ambient), torch.zeros(1, 1))


def test_tone_curve_rises_from_black_towards_white() -> None:
    shown = to_display(torch.linspace(0, 50, 400))
    assert shown[0] == 0
    assert (shown.diff() > -1e-6).all()
    assert 0.999 < shown[-1] <= 1
    dim = torch.linspace(0, 0.3, 20)  # dim colours keep their display value, bright ones are softened
    assert torch.allclose(to_linear(to_display(dim)), dim, atol=3e-3)


def test_fog_hides_everything_in_the_end() -> None:
    light, red = sun("fog"), torch.tensor([1.0, 0.0, 0.0])[None, :, None]
    assert torch.allclose(fogged(light, red, torch.zeros(1, 1)), red)
    assert torch.allclose(fogged(light, red, torch.full((1, 1), 1e4)), light.horizon[:, :, None])
    half = torch.log(torch.tensor(2.0)) / light.fog
    expected = ((red[0, :, 0] + light.horizon[0]) / 2).tolist()
    assert fogged(light, red, half)[0, :, 0].tolist() == pytest.approx(expected)


def test_shadow_leaves_ambient_light_and_occlusion_takes_its_share_of_that() -> None:
    light, white, origin = sun(), torch.ones(1, 3, 1), torch.zeros(1, 3, 1)
    shadowed, half_open, lit = (
        shade(light, white, UP, origin, reach(*shares))[0, :, 0] for shares in ((0, 1), (0, 0.5), (1, 1))
    )
    assert torch.allclose(shadowed, light.above[0])
    assert torch.allclose(half_open, light.above[0] / 2)
    assert torch.allclose(lit, light.above[0] - light.source[0, 1] * light.color[0])


def test_lamp_light_falls_off_with_the_square_of_distance() -> None:
    light = sun("clear", Lamp((0.0, -3.0, 0.0), (1.0, 0.8, 0.5), 2.0))
    where = points((0.0, 0.0, 0.0), (0.0, -2.0, 0.0), (4.0, 0.0, 0.0), (0.0, -4.0, 0.0))
    received = lamp_light(light, UP.expand(1, 3, 4), where)[0]
    squared, cosine = np.array([9.0, 1.0, 25.0]), np.array([1.0, 1.0, 0.6])
    expected = 2 * cosine / (1 + squared / LAMP_METRES**2)
    assert received[0].tolist() == pytest.approx([*expected, 0.0])  # the last one lies above the lamp
    assert received[:, 0].tolist() == pytest.approx((expected[0] * np.array([1.0, 0.8, 0.5])).tolist())


def test_pane_light_is_that_of_a_disc_of_its_area() -> None:
    pane = torch.tensor([[1.0, 0, 0, 0], [0, 0.5, 0, -2.0], [0, 0, 1.0, 0]])  # 2 m^2, into +z
    light = replace(sun(), panes=pane[None, None], daylight=torch.ones(1, 3))
    before = points((0.0, -2.0, 3.0), (0.0, -2.0, -3.0))
    facing = torch.tensor([0.0, 0.0, -1.0])[None, :, None].expand(1, 3, 2)
    received = pane_light(light, facing, before)[0, 0]
    assert received.tolist() == pytest.approx([2 / (np.pi * 9 + 2), 0.0])
    assert pane_light(light, -facing, before)[0, 0, 0] == 0
    assert pane_light(sun(), facing, before).eq(0).all()  # no panes


def test_halos_shine_through_air_but_not_through_walls() -> None:
    clear = sun("clear", Lamp((0.0, 0.0, 5.0), (1.0, 0.5, 0.2), 1.0))
    light = replace(clear, fog=torch.zeros(1, 1))
    origin, ahead = torch.zeros(1, 3, 1), points((0.0, 0.0, 1.0))
    far, near = torch.full((1, 1), 50.0), torch.full((1, 1), 2.0)
    assert halos(light, origin, ahead, far)[0, 0, 0].item() == pytest.approx(HALO)
    hidden = halos(light, origin, ahead, near)[0, 0, 0].item()
    assert hidden == pytest.approx(HALO / (1 + 9 / HALO_METRES**2))
    aside = points((HALO_METRES, 0.0, 0.0))
    assert halos(light, aside, ahead, far)[0, 0, 0].item() == pytest.approx(HALO / 2)
    assert (halos(clear, aside, ahead, far) > halos(light, aside, ahead, far)).all()  # some haze
    assert not halos(replace(light, indoor=torch.ones(1, 1)), origin, ahead, far).any()
