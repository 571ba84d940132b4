"""A builder that notes which object each primitive belongs to, so that captions can speak of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol

import numpy as np

from depthgen.worlds.builder import Builder, Shape
from depthgen.worlds.kinds import COLORS, OBJECTS, SURROUNDINGS, TONES, Layout, Thing
from depthgen.worlds.palette import Color
from depthgen.worlds.phrases import of_things, surrounding
from depthgen.worlds.semantics import Semantic

P = ParamSpec("P")
Ground = tuple[float, float]
EYES = (1.2, 1.8)  # metres


@dataclass
class Recorder(Builder):
    """A Builder with an inventory.

    things: objects in the order of their building. surroundings: noun and colour of what
    is all around.
    """

    things: list[Thing] = field(default_factory=list)
    surroundings: list[tuple[str, str]] = field(default_factory=list)
    semantic: Semantic = Semantic.GROUND  # of what is added next, unless said otherwise

    @contextmanager
    def thing(self, noun: str, color: str = "") -> Iterator[None]:
        """What is added inside the block is one object of this noun and colour; words of `kinds` alone."""
        assert noun in OBJECTS, noun
        assert color in ("", *COLORS), color
        start, outer = len(self.shapes), self.semantic
        self.semantic = Semantic.of(noun)
        yield
        self.semantic = outer
        self.things.append(Thing(noun, color, *_bounds(self, start)))

    def surround(self, noun: str, color: str = "") -> None:
        """Note that the world is closed in by, or stands on, this; e.g. ("walls", "light blue")."""
        assert noun in SURROUNDINGS, noun
        assert set(color.split()) <= {*COLORS, *TONES}, color
        if (noun, color) not in self.surroundings:
            self.surroundings.append((noun, color))

    def layout(self, kind: str, stands: Sequence[Ground], sights: Sequence[Ground] = ()) -> Layout:
        """What was noted, as the layout of the finished world."""
        surroundings = tuple(self.surroundings)
        phrases = (*of_things(self.things), *(surrounding(*s) for s in surroundings))
        return Layout(kind, phrases, surroundings, tuple(self.things), tuple(stands), EYES, tuple(sights))


class HasBuilder(Protocol):
    """A Spot or a Site."""

    @property
    def builder(self) -> Recorder:
        """What its primitives go to."""


def thing(
    noun: str,
) -> Callable[[Callable[Concatenate[Any, P], None]], Callable[Concatenate[Any, P], None]]:
    """Decorate a function of a spot (or site) that builds one object; its colour is its first `Color`."""

    def decorate(build: Callable[Concatenate[Any, P], None]) -> Callable[Concatenate[Any, P], None]:
        """`build`, with what it builds recorded as one `noun`."""

        @wraps(build)
        def recorded(place: HasBuilder, *args: P.args, **kwargs: P.kwargs) -> None:
            color = next((value.name for value in args if isinstance(value, Color)), "")
            with place.builder.thing(noun, color):
                build(place, *args, **kwargs)

        return recorded

    return decorate


def _bounds(builder: Builder, start: int) -> tuple[Any, Any]:
    """Centre and extents of the upright box around the primitives from number `start` on."""
    matrices = np.stack(builder.world_from_local[start:])
    round_ = np.array(builder.shapes[start:])[:, None] == Shape.ELLIPSOID
    axes = matrices[:, :, :3]
    half = np.where(round_, np.sqrt((axes**2).sum(2)), np.abs(axes).sum(2))
    low, high = (matrices[:, :, 3] - half).min(0), (matrices[:, :, 3] + half).max(0)
    return tuple(((low + high) / 2).tolist()), tuple((high - low).tolist())
