"""The tables from which training captions are made, and every word that they can produce."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from depthgen.worlds.kinds import COLORS, OBJECTS, SURROUNDINGS, TONES
from depthgen.worlds.phrases import MANY, NUMBERS, plural


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
    "meeting room": (Place("meeting room"), Place("meeting room"), Place("conference room")),
    "movie theatre": (Place("movie theatre"), Place("movie theater"), Place("cinema"), Place("cinema hall")),
    "office": (Place("office"), Place("office"), Place("work room with desks"), Place("office room")),
    "meadow": (Place("meadow"), Place("meadow"), Place("grassy field"), Place("green meadow")),
    "village": (Place("village"), Place("village"), Place("little village"), Place("country village")),
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
        *("in the glow of the setting sun", "under an orange sky", "as the sun goes down"),
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
RELATIONS: dict[str, tuple[str, ...]] = {
    "left": ("left of", "to the left of"),
    "right": ("right of", "to the right of"),
    "front": ("in front of",),
    "behind": ("behind",),
    "beside": ("next to", "beside", "near"),
    "on": ("on", "on top of"),
    "above": ("above", "over"),
}

# {place} "a misty village", {located} "in a misty village", {noun} "misty village"; {when}; {things}
TRAINING_TEMPLATES: tuple[str, ...] = (
    # place only
    *("{place}", "{noun}", "a picture of {place}", "a view of {place}", "{place}, nobody around"),
    *("an image of {place}", "a low-poly scene of {place}", "we are {located}", "standing {located}"),
    *("a rendering of {place}", "show me {place}", "draw {place}", "the calm of {place}"),
    # place and time
    *("{place} {when}", "{when}, {place}", "a picture of {place} {when}", "a view of {place} {when}"),
    *("{place}, {when}", "an image of {place}, {when}", "a low-poly scene of {place} {when}"),
    *("{located} {when}", "a photo of {place} {when}", "this is {place} {when}", "{noun} {when}"),
    *("a quiet scene {located} {when}", "looking around {located} {when}", "{noun}, {when}"),
    *("show me {place} {when}", "draw {place} {when}", "take me to {place} {when}"),
    *("the still air of {place} {when}", "silence rests {located} {when}"),
    # place and things
    *("{place} with {things}", "{things} {located}", "{things}, {located}", "{noun}, {things}"),
    *("a picture of {things} {located}", "{located}, {things}", "{place}: {things}", "{noun} with {things}"),
    *("a view of {place} with {things}", "there is {place} with {things}", "{noun}: {things}"),
    *("{place} where one sees {things}", "{place} that has {things}", "{things}; {noun}"),
    *("a low-poly scene of {place} with {things}", "show me {place} with {things}"),
    *("show me {things} {located}", "draw {things} {located}", "I see {things} {located}"),
    "{place}, and all that it keeps: {things}",
    # all of them
    *("{place} with {things} {when}", "{place} {when} with {things}", "{things} {located} {when}"),
    *("{when}, {place} with {things}", "{place} {when}, {things}", "{place}, {things}, {when}"),
    *("a picture of {things} {located} {when}", "{when}, {things} {located}", "{noun}, {when}, {things}"),
    *("a view of {place} with {things}, {when}", "{located} {when} there is a view of {things}"),
    *("{things}, {located}, {when}", "a photo of {place} with {things} {when}", "{noun} {when}: {things}"),
    *("{place} {when}. One can see {things}", "a low-poly scene: {place} {when} with {things}"),
    *("an image of {place} {when}, with {things}", "show me {place} with {things} {when}"),
    *("draw {place} {when} with {things}", "please show {things} {located} {when}"),
    *("{things}, {when}, and the quiet of {place}", "{when} the eye wanders {located} and finds {things}"),
)
HELD_OUT_TEMPLATES: tuple[str, ...] = (
    *("a scene set {located}", "what {place} looks like", "a scene set {located} {when}"),
    *("{place} as it looks {when}", "somewhere {located}, {when}", "a wide shot of {place} {when}"),
    *("a scene with {things}, set {located}", "imagine {things} {located}"),
    *("a scene with {things}, set {located} {when}", "imagine {place} {when}, with {things}"),
    *("it is {place} {when}; in sight: {things}", "a wide shot of {place} with {things} {when}"),
    "somewhere {located} {when}, next to {things}",
)


def training_words() -> set[str]:
    """Every word, in lower case, that a training caption can contain."""
    nouns = (*OBJECTS, *map(plural, OBJECTS), *SURROUNDINGS)
    places = [f"{place.preposition} {place.noun}" for names in PLACES.values() for place in names]
    tables = (TIME_PHRASES, OPEN_SKY_TIME_PHRASES, WEATHER_ADJECTIVES, WEATHER_PHRASES, RELATIONS)
    phrases = [phrase for table in tables for options in table.values() for phrase in options]
    templates = [re.sub(r"\{\w+\}", " ", template) for template in TRAINING_TEMPLATES]
    glue = ("a an the and", MANY)
    return words((*nouns, *COLORS, *TONES, *NUMBERS, *places, *phrases, *templates, *glue))


def words(texts: Iterable[str]) -> set[str]:
    """The words of the texts in lower case; hyphens part them."""
    return {word for text in texts for word in re.findall(r"[a-z]+", text.lower())}
