"""The outdoor kinds of place; each is a function that fills a Builder and says what stands there."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from depthgen.worlds.builder import Builder
from depthgen.worlds.kinds import Layout
from depthgen.worlds.outdoor.city import city_street
from depthgen.worlds.outdoor.countryside import forest, lake, meadow, village
from depthgen.worlds.outdoor.wilderness import beach, desert, mountains

OutdoorKind = Callable[[Builder, np.random.Generator, str, str], Layout]

OUTDOOR: dict[str, OutdoorKind] = {
    "meadow": meadow,
    "village": village,
    "lake": lake,
    "mountains": mountains,
    "desert": desert,
    "beach": beach,
    "forest": forest,
    "city street": city_street,
}
"""Kind of place -> function (builder, rng, time, weather) -> Layout."""

__all__ = [
    "OUTDOOR",
    "OutdoorKind",
    "beach",
    "city_street",
    "desert",
    "forest",
    "lake",
    "meadow",
    "mountains",
    "village",
]
