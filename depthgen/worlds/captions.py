"""Captions for the procedural worlds: natural English in many phrasings, true of what stands in the world.

A caption is a template of `grammar` with filled slots. Which slots are filled is drawn first; then a template
that has exactly those slots. With a camera, it speaks of what the camera sees, and of how it stands there.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np

from depthgen.worlds.grammar import (
    HELD_OUT_TEMPLATES,
    OPEN_SKY_TIME_PHRASES,
    PLACES,
    RELATIONS,
    TIME_PHRASES,
    TRAINING_TEMPLATES,
    WEATHER_ADJECTIVES,
    WEATHER_PHRASES,
)
from depthgen.worlds.kinds import OUTDOOR_KINDS, WEATHERS
from depthgen.worlds.phrases import a, counted, of_things, surrounding
from depthgen.worlds.sight import Seen, relation, view

if TYPE_CHECKING:
    from depthgen.geometry import Camera
    from depthgen.worlds.world import World

MAX_THINGS = 4
TIME_OMITTED = 0.1  # share of training captions that leave the time of day open
WEATHER_OMITTED = 0.1  # the same for fog and snow
RELATED = 0.5  # share of captions of a view that say how two things stand to each other


def caption(
    world: World, rng: np.random.Generator, held_out: bool = False, camera: Camera | None = None
) -> str:
    """One caption of `world`, or of what `camera` sees of it; see `describe`."""
    return captions(world, [rng], held_out, camera)[0]


def captions(
    world: World,
    rngs: Sequence[np.random.Generator],
    held_out: bool = False,
    camera: Camera | None = None,
) -> list[str]:
    """One caption for each generator; what the camera sees is looked up once."""
    phrases, seen = world.layout.phrases, []
    if camera is not None:
        seen, around = view(world.layout, world.primitives, camera)
        phrases = (*of_things(s.thing for s in seen), *(surrounding(*s) for s in around))
    texts = []
    for rng in rngs:
        related = _related(seen, rng) if rng.random() < RELATED else None
        texts.append(describe(world.kind, world.time, world.weather, phrases, rng, held_out, related))
    return texts


def _related(seen: Sequence[Seen], rng: np.random.Generator) -> tuple[str, tuple[str, str]] | None:
    """ "a red sofa left of a bookshelf" and the two nouns, or None if nothing can be said."""
    pairs = [pair for pair in permutations(seen, 2) if pair[0].thing.noun != pair[1].thing.noun]
    for i in rng.permutation(len(pairs))[:12]:
        first, second = pairs[i]
        if options := relation(first, second):
            words = _pick(RELATIONS[_pick(options, rng)], rng)
            one, other = (counted(1, s.thing.noun, s.thing.color) for s in (first, second))
            return f"{one} {words} {other}", (first.thing.noun, second.thing.noun)
    return None


def describe(
    kind: str,
    time: str,
    weather: str,
    phrases: Sequence[str],
    rng: np.random.Generator,
    held_out: bool = False,
    related: tuple[str, tuple[str, str]] | None = None,
) -> str:
    """An English caption that always names the kind of place.

    `time` is one of "noon", "sunset", "night"; `weather` one of "clear", "fog", "snow". Between 0 and 4 of
    `phrases` are mentioned, and `related`, a phrase about two things, with their nouns. With `held_out` the
    sentence form is one that training never shows, and time and weather are always said, so that a picture
    can be judged by them. Same `rng` state, same caption. Raises ValueError for an unknown kind, time or
    weather.
    """
    _check(kind, time, weather)
    says_time = held_out or rng.random() >= TIME_OMITTED
    says_weather = weather != "clear" and (held_out or rng.random() >= WEATHER_OMITTED)
    place = PLACES[kind][rng.integers(len(PLACES[kind]))]
    as_adjective = says_weather and (not says_time or rng.random() < 0.6)
    noun = f"{_pick(WEATHER_ADJECTIVES[weather], rng)} {place.noun}" if as_adjective else place.noun
    when = _when(kind, time, weather, says_weather and not as_adjective, rng) if says_time else ""
    things = _listing(_some(phrases, rng, related))
    templates = HELD_OUT_TEMPLATES if held_out else TRAINING_TEMPLATES
    return filled(templates, (noun, place.preposition, place.article), when, things, rng)


def filled(
    templates: Sequence[str], place: tuple[str, str, bool], when: str, things: str, rng: np.random.Generator
) -> str:
    """A template with exactly the slots that can be filled; place: noun, preposition, takes an article.

    A fifth of the texts are written as sentences.
    """
    noun, preposition, article = place
    named = a(noun) if article else noun
    fitting = [t for t in templates if ("{when}" in t) == bool(when) and ("{things}" in t) == bool(things)]
    slots = {"place": named, "located": f"{preposition} {named}", "noun": noun}
    text = _pick(fitting, rng).format(**slots, when=when, things=things)
    return text if rng.random() < 0.8 else f"{text[0].upper()}{text[1:]}."


def _check(kind: str, time: str, weather: str) -> None:
    checks = (("kind", kind, PLACES), ("time", time, TIME_PHRASES), ("weather", weather, WEATHERS))
    for name, value, known in checks:
        if value not in known:
            raise ValueError(f"unknown {name} {value!r}; one of: {', '.join(known)}")


def _when(kind: str, time: str, weather: str, with_weather: bool, rng: np.random.Generator) -> str:
    """Time of day, and the weather too where the place's name does not carry it."""
    open_sky = kind in OUTDOOR_KINDS and weather == "clear"
    phrase = _pick(TIME_PHRASES[time] + (OPEN_SKY_TIME_PHRASES[time] if open_sky else ()), rng)
    return f"{phrase} {_pick(WEATHER_PHRASES[weather], rng)}" if with_weather else phrase


def _some(
    phrases: Sequence[str], rng: np.random.Generator, related: tuple[str, tuple[str, str]] | None
) -> list[str]:
    """Zero to MAX_THINGS of the phrases in random order, after what is related; often one or two."""
    first, nouns = ([related[0]], related[1]) if related else ([], ())
    others = [phrase for phrase in phrases if not any(noun in phrase for noun in nouns)]
    wanted = int(rng.choice(MAX_THINGS + 1, p=(0.12, 0.28, 0.28, 0.2, 0.12)))
    count = max(0, min(len(others), wanted - 2 * len(first)))
    return first + [others[int(i)] for i in rng.permutation(len(others))[:count]]


def _listing(things: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return " and ".join(part for part in (", ".join(things[:-1]), *things[-1:]) if part)


def _pick(options: Sequence[str], rng: np.random.Generator) -> str:
    return options[int(rng.integers(len(options)))]
