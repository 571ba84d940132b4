"""Prompts in the words of captions: "a crimson couch in a hamlet at sundown" as "a red sofa in a village at
sunset".

A completer of the procedural worlds has seen only words that their captions hold, and the text encoder does
not put every other word near the right one of them. What else things are called is in thesaurus.txt, which
examples/make_thesaurus.py derives from WordNet.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from depthgen.vocabulary import silent_words
from depthgen.worlds.phrases import a, plural

PATH = Path(__file__).with_name("thesaurus.txt")
LONGEST = 2  # words of an entry
ARTICLES = ("a", "an")

Table = dict[str, str]


def in_caption_words(text: str) -> str:
    """The text, in which each word or pair of words that only the thesaurus knows is said as captions say it.

    Colours and the like are taken for such only before another word: "a lemon sofa", but not "a lemon". An
    article before the word is made to fit; all else stays as it is.
    """
    parts = re.split(r"([A-Za-z]+)", text)  # words at odd places, what parts them at even ones
    said, i = parts[:1], 1
    while i < len(parts):
        taken, instead = _said(parts, i)
        if instead != parts[i] and len(said) > 1 and said[-2].lower() in ARTICLES and said[-1] == " ":
            said[-2] = a(instead).split()[0]
        said += [instead, *parts[i + 2 * taken - 1 : i + 2 * taken]]
        i += 2 * taken
    return "".join(said)


def _said(parts: Sequence[str], i: int) -> tuple[int, str]:
    """How many words from parts[i] on are said in one, and how."""
    nouns, before_nouns = tables()
    for count in range(LONGEST, 0, -1):
        end = i + 2 * count - 1
        if end <= len(parts) and all(gap in (" ", "-") for gap in parts[i + 1 : end - 1 : 2]):
            phrase = " ".join(parts[i:end:2]).lower()
            if phrase in before_nouns and _goes_on(parts, end):
                return count, before_nouns[phrase]
            if phrase in nouns:
                return count, nouns[phrase]
    return 1, parts[i]


def _goes_on(parts: Sequence[str], end: int) -> bool:
    """Whether a word that says something follows at once."""
    following = parts[end + 1].lower() if end + 1 < len(parts) and parts[end] == " " else ""
    return len(following) > 2 and following not in silent_words()


@cache
def tables() -> tuple[Table, Table]:
    """What captions say for nouns, one and several, and for words before nouns; hyphens are blanks."""
    nouns, before_nouns = (_table(part) for part in re.split(r"\n\[.*\]\n", PATH.read_text("utf8"))[1:])
    return {plural(word): plural(name) for word, name in nouns.items()} | nouns, before_nouns


def _table(text: str) -> Table:
    lines = (line.split(": ") for line in text.strip().splitlines())
    return {word.replace("-", " "): name for name, words in lines for word in words.split(", ")}
