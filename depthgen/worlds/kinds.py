"""The vocabulary of the worlds: kinds of place, times of day, weathers, what a kind says it built."""

from __future__ import annotations

from dataclasses import dataclass

INDOOR_KINDS = ("living room", "bedroom", "kitchen", "library", "meeting room", "movie theatre", "office")
OUTDOOR_KINDS = ("meadow", "village", "lake", "mountains", "desert", "beach", "forest", "city street")
KINDS = INDOOR_KINDS + OUTDOOR_KINDS
TIMES = ("noon", "sunset", "night")
WEATHERS = ("clear", "fog", "snow")

Interval = tuple[float, float]


@dataclass(frozen=True)
class Layout:
    """What a kind's author says about the world just built.

    phrases: noun phrases with article, colour or count of what stands there. x, z, eye: intervals in metres
    of the ground region and of the eye heights from which the world is meant to be seen.
    """

    kind: str
    phrases: tuple[str, ...]
    x: Interval
    z: Interval
    eye: Interval
