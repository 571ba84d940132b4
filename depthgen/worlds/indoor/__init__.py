"""Indoor kinds of the procedural worlds: each builds a closed, furnished room from a random generator."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from depthgen.worlds.indoor.home import bedroom, living_room
from depthgen.worlds.indoor.kitchen import kitchen
from depthgen.worlds.indoor.library import library
from depthgen.worlds.indoor.theatre import movie_theatre
from depthgen.worlds.indoor.work import meeting_room, office
from depthgen.worlds.kinds import Layout
from depthgen.worlds.recorder import Recorder

INDOOR: dict[str, Callable[[Recorder, np.random.Generator], Layout]] = {
    "living room": living_room,
    "bedroom": bedroom,
    "kitchen": kitchen,
    "library": library,
    "meeting room": meeting_room,
    "movie theatre": movie_theatre,
    "office": office,
}

__all__ = ["INDOOR"]
