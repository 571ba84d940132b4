"""The lights of worlds: times of day, lamps, and what windows let in."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from depthgen.worlds import TIMES, WEATHERS, lighting
from depthgen.worlds.builder import Builder, Lamp, Material
from depthgen.worlds.lighting import LAMPS, PANES, Light, indoor_light, outdoor_light, panes_of
from depthgen.worlds.primitives import Primitives, primitives_of
from depthgen.worlds.semantics import Semantic

MIDDLE = (0.0, -2.0, 0.0)
LAMP = Lamp((1.0, -2.0, 3.0), (1.0, 0.8, 0.5), 2.0)


def sun(time: str = "noon", weather: str = "clear", lamps: tuple[Lamp, ...] = ()) -> Light:
    return outdoor_light(time, weather, np.random.default_rng(0), lamps)


def room(*panes: tuple[float, float, float]) -> Primitives:
    """A floor, and glowing panes of 2 x 1 m, 1 m above it, at (x, z, yaw)."""
    builder = Builder()
    builder.box(0, 0, (6, 0.2, 6), Material((1, 1, 1)), Semantic.FLOOR, base=-0.2)
    for x, z, yaw in panes:
        glass = Material((1, 1, 1), emissive=1.0)
        builder.box(x, z, (2, 1, 0.06), glass, Semantic.WINDOW, base=1.0, yaw=yaw)
    return primitives_of(builder)


def test_days_are_brighter_than_nights_and_fog_is_greyer() -> None:
    assert sun("noon").horizon.mean() > sun("sunset").horizon.mean() > sun("night").horizon.mean()
    for time in TIMES:
        spread = [(h := sun(time, w).horizon).max() / h.min() for w in ("fog", "clear")]
        assert spread[0] < spread[1]
    assert set(lighting.FOG_PER_METRE) == set(lighting.OVERCAST) == set(WEATHERS)


def test_stars_and_clouds_need_a_clear_sky() -> None:
    assert sun("night").stars > 0 == sun("night", "fog").stars
    assert sun("noon").stars == 0
    assert sun("noon").clouds[0] > 0 == sun("noon", "snow").clouds[0]


def test_lamps_are_off_at_noon_dim_at_sunset_and_on_at_night() -> None:
    powers = [sun(time, lamps=(LAMP,)).lamps[0, 6].item() for time in ("noon", "sunset", "night")]
    assert powers[0] == 0
    assert 0 < powers[1] < powers[2] == 2.0
    assert sun("night", lamps=(LAMP,)).lamps[0].tolist() == pytest.approx([1, -2, 3, 1, 0.8, 0.5, 2])


def test_the_first_six_lamps_shine() -> None:
    lights = [sun("night", lamps=(LAMP,) * n) for n in (2, LAMPS + 3)]
    assert [int((light.lamps[:, 6] > 0).sum()) for light in lights] == [2, LAMPS]
    assert lighting.batched(lights).lamps.shape == (2, LAMPS, 7)
    assert lighting.batched(lights[:1]).lamps.shape == (1, 2, 7)  # no more than the fullest world has


def test_panes_are_measured_and_face_the_room() -> None:
    panes = panes_of(room((0, 3, 0), (3, 0, 90)), MIDDLE)
    far, right = panes.unbind(0)
    assert far[:, 3].tolist() == pytest.approx([0, -1.5, 3])
    assert right[:, 3].tolist() == pytest.approx([3, -1.5, 0])
    assert far[:, 2].tolist() == pytest.approx([0, 0, -1])
    assert right[:, 2].tolist() == pytest.approx([-1, 0, 0], abs=1e-6)
    assert panes[:, :, :2].norm(dim=1).flatten().tolist() == pytest.approx([1, 0.5, 1, 0.5])  # half sizes


@pytest.mark.parametrize("time", TIMES)
def test_the_sun_stands_before_a_window(time: str) -> None:
    for seed in range(8):
        light = indoor_light(time, room((0, 3, 0), (3, 0, 90)), MIDDLE, np.random.default_rng(seed))
        assert light.sun.norm().item() == pytest.approx(1)
        assert (light.panes[:2, :, 2] @ light.sun).min() < -0.5  # against the inward direction of one of them
        assert light.sun[1] < 0


def test_a_room_without_windows_has_a_brighter_lamp() -> None:
    dark, bright = (
        indoor_light("noon", world, MIDDLE, np.random.default_rng(0)) for world in (room((0, 3, 0)), room())
    )
    assert bright.color.mean() > dark.color.mean()
    assert not bright.panes.any()
    assert bright.panes.shape == (PANES, 3, 4)
    assert torch.isfinite(bright.sun).all()
