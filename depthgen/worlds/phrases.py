"""English noun phrases: articles, plurals, counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from depthgen.worlds.kinds import Thing

NUMBERS = (
    *("no", "one", "two", "three", "four", "five", "six", "seven"),
    *("eight", "nine", "ten", "eleven", "twelve"),
)
MANY = "many"  # more than the last of NUMBERS
IRREGULAR = {
    "bookshelf": "bookshelves",
    "cactus": "cacti",
    "sheep": "sheep",
    "reeds": "reeds",
    "rushes": "rushes",
}
SINGULAR = ("carpet", "floor", "shore")  # surroundings that take an article
UNCOUNTED = ("reeds", "rushes")  # no article, no number


def a(words: str) -> str:
    """The words with their indefinite article, e.g. "an orange sofa"."""
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def plural(noun: str) -> str:
    """ "benches", "bookshelves", "cacti", "cinema seats"."""
    if noun in IRREGULAR:
        return IRREGULAR[noun]
    return f"{noun}{'es' if noun.endswith(('s', 'sh', 'ch')) else 's'}"


def colored(noun: str, color: str) -> str:
    """The noun after its colour, if it has one."""
    return f"{color} {noun}" if color else noun


def counted(count: int, noun: str, color: str = "") -> str:
    """ "a red chair", "four red chairs", "many pines"; ValueError below 1."""
    if count < 1:
        raise ValueError(f"cannot count {count} of {noun!r}; give at least 1")
    if noun in UNCOUNTED:
        return colored(noun, color)
    if count == 1:
        return a(colored(noun, color))
    return f"{NUMBERS[count] if count < len(NUMBERS) else MANY} {colored(plural(noun), color)}"


def surrounding(noun: str, color: str = "") -> str:
    """ "light blue walls", "a red carpet", "the sea": mass nouns and plurals take no article."""
    phrase = colored(noun, color)
    return f"the {noun}" if noun == "sea" else a(phrase) if noun.endswith(SINGULAR) else phrase


def of_things(things: Iterable[Thing]) -> tuple[str, ...]:
    """A phrase for each noun in each colour: ("a red sofa", "two wooden bookshelves")."""
    counts = Counter((thing.noun, thing.color) for thing in things)
    return tuple(counted(count, noun, color) for (noun, color), count in counts.items())
