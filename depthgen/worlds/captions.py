"""Captions for the procedural worlds: natural English in many phrasings, true of what stands in the world.

A caption is a template with filled slots: ``{place}`` "a misty village", ``{located}`` "in a misty village",
``{when}`` "at dusk", ``{things}`` "a red barn and three oaks". Which slots are filled is drawn first; then a
template that has exactly those slots.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from depthgen.worlds.kinds import OUTDOOR_KINDS, WEATHERS

if TYPE_CHECKING:
    from depthgen.worlds.world import World

MAX_THINGS = 4
TIME_OMITTED = 0.1  # share of training captions that leave the time of day open
WEATHER_OMITTED = 0.1  # the same for fog and snow


class Place(NamedTuple):
    """One name for a kind of place; `article` is False for plurals."""

    noun: str
    preposition: str = "in"
    article: bool = True


PLACES: dict[str, tuple[Place, ...]] = {
    "living room": (Place("living room"), Place("living room"), Place("lounge"), Place("sitting room")),
    "bedroom": (Place("bedroom"), Place("bedroom"), Place("bed room"), Place("sleeping room")),
    "kitchen": (Place("kitchen"), Place("kitchen"), Place("home kitchen"), Place("fitted kitchen")),
    "library": (Place("library"), Place("library"), Place("reading room"), Place("room full of books")),
    "meeting room": (
        Place("meeting room"),
        Place("meeting room"),
        Place("conference room"),
        Place("boardroom"),
    ),
    "movie theatre": (Place("movie theatre"), Place("movie theater"), Place("cinema"), Place("cinema hall")),
    "office": (Place("office"), Place("office"), Place("work room with desks"), Place("office room")),
    "meadow": (
        Place("meadow"),
        Place("meadow"),
        Place("flower meadow"),
        Place("grassy field"),
        Place("green meadow"),
    ),
    "village": (
        Place("village"),
        Place("village"),
        Place("small village"),
        Place("country village"),
        Place("hamlet"),
    ),
    "lake": (Place("lake", "by"), Place("lake", "at"), Place("quiet lake", "by"), Place("lakeside", "at")),
    "mountains": (
        Place("mountains", "in", False),
        Place("high mountains", "in", False),
        Place("mountain landscape"),
        Place("mountain valley"),
        Place("mountain range", "below"),
    ),
    "desert": (Place("desert"), Place("desert"), Place("sandy desert"), Place("desert landscape")),
    "beach": (Place("beach", "on"), Place("beach", "at"), Place("sandy beach", "on"), Place("seaside", "at")),
    "forest": (Place("forest"), Place("forest"), Place("wood"), Place("woodland"), Place("dense forest")),
    "city street": (
        Place("city street", "on"),
        Place("city street", "in"),
        Place("street in a city", "on"),
        Place("city", "in"),
        Place("town street", "on"),
    ),
}

TIME_PHRASES: dict[str, tuple[str, ...]] = {
    "noon": ("at noon", "at noon", "at midday", "in the middle of the day", "by day", "during the day"),
    "sunset": ("at sunset", "at sunset", "at dusk", "in the evening", "in the evening light", "at twilight"),
    "night": ("at night", "at night", "by night", "late at night", "at midnight", "in the dark"),
}
OPEN_SKY_TIME_PHRASES: dict[str, tuple[str, ...]] = {  # true outdoors under a clear sky only
    "noon": ("in the midday sun", "under a blue sky", "in bright sunshine", "on a sunny day"),
    "sunset": (
        "in the glow of the setting sun",
        "under an orange sky",
        "as the sun goes down",
        "at golden hour",
    ),
    "night": ("under the stars", "under a dark sky", "on a clear night", "in the moonlight"),
}
WEATHER_ADJECTIVES: dict[str, tuple[str, ...]] = {
    "fog": ("foggy", "misty", "hazy", "fog-covered"),
    "snow": ("snowy", "snow-covered", "wintry", "snowy"),
}
WEATHER_PHRASES: dict[str, tuple[str, ...]] = {
    "fog": ("in fog", "in thick fog", "in the mist", "in the fog"),
    "snow": ("in the snow", "in winter", "covered in snow", "under snow"),
}

TRAINING_TEMPLATES: tuple[str, ...] = (
    # place only
    "{place}",
    "a picture of {place}",
    "a view of {place}",
    "{place}, nobody around",
    "an image of {place}",
    "a low-poly scene of {place}",
    "we are {located}",
    "standing {located}",
    "a rendering of {place}",
    # place and time
    "{place} {when}",
    "{when}, {place}",
    "a picture of {place} {when}",
    "a view of {place} {when}",
    "{place}, {when}",
    "an image of {place}, {when}",
    "a low-poly scene of {place} {when}",
    "{located} {when}",
    "a photo of {place} {when}",
    "this is {place} {when}",
    "a quiet scene {located} {when}",
    "looking around {located} {when}",
    # place and things
    "{place} with {things}",
    "{things} {located}",
    "{things}, {located}",
    "a picture of {things} {located}",
    "{located}, {things}",
    "{place}: {things}",
    "a view of {place} with {things}",
    "there is {place} with {things}",
    "{place} where one sees {things}",
    "{place} that has {things}",
    "a low-poly scene of {place} with {things}",
    # all of them
    "{place} with {things} {when}",
    "{place} {when} with {things}",
    "{things} {located} {when}",
    "{when}, {place} with {things}",
    "{place} {when}, {things}",
    "{place}, {things}, {when}",
    "a picture of {things} {located} {when}",
    "{when}, {things} {located}",
    "a view of {place} with {things}, {when}",
    "{located} {when} there is a view of {things}",
    "{things}, {located}, {when}",
    "a photo of {place} with {things} {when}",
    "{place} {when}. One can see {things}",
    "a low-poly scene: {place} {when} with {things}",
    "an image of {place} {when}, with {things}",
)
HELD_OUT_TEMPLATES: tuple[str, ...] = (
    "a scene set {located}",
    "what {place} looks like",
    "a scene set {located} {when}",
    "{place} as it looks {when}",
    "somewhere {located}, {when}",
    "a wide shot of {place} {when}",
    "a scene with {things}, set {located}",
    "imagine {things} {located}",
    "a scene with {things}, set {located} {when}",
    "imagine {place} {when}, with {things}",
    "it is {place} {when}; in sight: {things}",
    "a wide shot of {place} with {things} {when}",
    "somewhere {located} {when}, next to {things}",
)


def caption(world: World, rng: np.random.Generator, held_out: bool = False) -> str:
    """One caption of `world`; see `describe`."""
    return describe(world.kind, world.time, world.weather, world.layout.phrases, rng, held_out)


def describe(
    kind: str,
    time: str,
    weather: str,
    phrases: Sequence[str],
    rng: np.random.Generator,
    held_out: bool = False,
) -> str:
    """An English caption that always names the kind of place.

    `time` is one of "noon", "sunset", "night"; `weather` one of "clear", "fog", "snow". Between 0 and 4 of
    `phrases` are mentioned. With `held_out` the sentence form is one that training never shows, and time and
    weather are always said, so that a picture can be judged by them. Same `rng` state, same caption.
    Raises ValueError for an unknown kind, time or weather.
    """
    _check(kind, time, weather)
    says_time = held_out or rng.random() >= TIME_OMITTED
    says_weather = weather != "clear" and (held_out or rng.random() >= WEATHER_OMITTED)
    place = PLACES[kind][rng.integers(len(PLACES[kind]))]
    as_adjective = says_weather and (not says_time or rng.random() < 0.6)
    noun = f"{_pick(WEATHER_ADJECTIVES[weather], rng)} {place.noun}" if as_adjective else place.noun
    named = f"{_article(noun)} {noun}" if place.article else noun
    when = _when(kind, time, weather, says_weather and not as_adjective, rng) if says_time else ""
    things = _listing(_some(phrases, rng))
    template = _template(
        HELD_OUT_TEMPLATES if held_out else TRAINING_TEMPLATES, bool(when), bool(things), rng
    )
    text = template.format(place=named, located=f"{place.preposition} {named}", when=when, things=things)
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


def _some(phrases: Sequence[str], rng: np.random.Generator) -> list[str]:
    """Zero to MAX_THINGS of the phrases in random order; one or two are the most common."""
    count = min(len(phrases), int(rng.choice(MAX_THINGS + 1, p=(0.12, 0.28, 0.28, 0.2, 0.12))))
    return [phrases[int(i)] for i in rng.permutation(len(phrases))[:count]]


def _listing(things: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return " and ".join(part for part in (", ".join(things[:-1]), *things[-1:]) if part)


def _template(templates: Sequence[str], has_when: bool, has_things: bool, rng: np.random.Generator) -> str:
    """A template with exactly the slots that can be filled."""
    fitting = [t for t in templates if ("{when}" in t) == has_when and ("{things}" in t) == has_things]
    return _pick(fitting, rng)


def _article(noun: str) -> str:
    return "an" if noun[0] in "aeiou" else "a"


def _pick(options: Sequence[str], rng: np.random.Generator) -> str:
    return options[int(rng.integers(len(options)))]
