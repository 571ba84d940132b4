"""The outdoor kinds of place; each is a function that fills a Builder and says what stands there."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from depthgen.worlds.kinds import Layout
from depthgen.worlds.outdoor.city import city_street
from depthgen.worlds.outdoor.countryside import forest, meadow, village
from depthgen.worlds.outdoor.shores import beach, lake
from depthgen.worlds.outdoor.wilderness import desert, mountains
from depthgen.worlds.recorder import Recorder

OutdoorKind = Callable[[Recorder, np.random.Generator, str, str], Layout]

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
