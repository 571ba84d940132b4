"""Write the built-in models' thesaurus: what else the things are called that captions of the worlds speak of.

    apt install wordnet-base && pip install matplotlib
    python examples/make_thesaurus.py /usr/share/wordnet        # six minutes on one core

Each sense of each word in WordNet is held against the senses in which captions use their words: by how near
both definitions lie to the text encoder, and how many steps of WordNet lie between them (more general, more
special, similar, derived). What lies nearest is what the word is drawn as, if it lies near enough. The
weights of the score and the least one were chosen on the first two lists of
benchmarks/vocabulary_words.txt, not on the held-out vocabulary; but how many of its words are found was in
sight while the rules took form.

What a colour looks like no dictionary says. Of those that people named in a survey (xkcd.com/color/rgb, whose
949 names matplotlib holds), each is what most of the names around it end in: turquoise lies among teals.
"""

from __future__ import annotations

import argparse
import heapq
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from matplotlib.colors import XKCD_COLORS, to_rgb
from torch import Tensor
from tqdm import tqdm

from depthgen.text import TextEncoder
from depthgen.thesaurus import PATH
from depthgen.vocabulary import FOREIGN, caption_words, silent_words, unit_vectors, words
from depthgen.worlds.grammar import PLACES
from depthgen.worlds.kinds import COLORS, OBJECTS
from depthgen.worlds.phrases import plural

# WordNet's lexicographer files, by their numbers
ADJECTIVE, ANIMAL, ARTIFACT, ATTRIBUTE, GROUP, PLACE, OBJECT, PHENOMENON, PLANT, STATE, SUBSTANCE, TIME = (
    *(0, 5, 6, 7, 14, 15, 17, 19, 20, 26, 27, 28),
)
NOUN, OTHERS = "1", "2345"  # parts of speech in cntlist.rev
# Steps to what is more general, more special, similar, derived
STEPS = {"@": 2.0, "~": 1.0, "&": 1.0, "+": 1.0, "\\": 1.0}
FARTHEST, UNRELATED = 3.0, 4.0  # steps that are followed at most; what they do not reach counts as so far
PER_STEP = 0.1  # of the score
LEAST = 0.25  # score of what is taken
SAME = 2.0  # score of a synonym
HUB = 20  # adjectives that are similar to one head, from which it says nothing: "chromatic"
BATCH = 64
COLOR_WORDS = {*COLORS, "color", "colored", "gray", "violet", "brownish", "reddish", "yellowish", "greenish"}
NAMES_AROUND = 7.0  # CIELAB; the names of the survey are told best by those around them so
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])  # of sRGB
NOTICE = """\
What else the things are called that captions of the procedural worlds speak of.
Written by examples/make_thesaurus.py.
Derived from WordNet 3.0, Copyright 2006 by Princeton University. All rights reserved. THIS SOFTWARE AND
DATABASE IS PROVIDED "AS IS" AND PRINCETON UNIVERSITY MAKES NO REPRESENTATIONS OR WARRANTIES, EXPRESS OR
IMPLIED. Permission to use, copy, modify and distribute it for any purpose and without fee is granted by the
licence at https://wordnet.princeton.edu/license-and-commercial-use.
Colours also from the survey at https://xkcd.com/color/rgb (CC0)."""

Key = tuple[str, str]  # part of speech, offset in its file


class Sense(NamedTuple):
    """A set of synonyms. topic: its lexicographer file; links: kinds of pointers and what they point to."""

    words: tuple[str, ...]
    topic: int
    links: tuple[tuple[str, Key], ...]
    definition: str


class Topic(NamedTuple):
    """Words of captions that are looked up alike.

    topics: lexicographer files of their senses. siblings: whether what is more general, and its other kinds,
    may stand for them: a pond for a lake, but no summer for a winter. per_sense: what each sense of a word
    that is more common than the one like theirs takes from the score.
    """

    words: tuple[str, ...]
    topics: frozenset[int]
    siblings: bool
    per_sense: float = 0.1


class Table(NamedTuple):
    """A part of the thesaurus.

    said_as: what stands for words of captions that read badly alone. nouns: only what is a noun more often
    than anything else belongs.
    """

    title: str
    topics: tuple[Topic, ...]
    said_as: Mapping[str, str]
    nouns: bool


PLACES_OF_CAPTIONS = tuple(place.noun for names in PLACES.values() for place in names)
TIMES = ("noon", "midday", "daytime", "sunset", "dusk", "evening", "twilight", "night", "midnight")
TABLES = (
    Table(
        "nouns",
        (
            Topic(
                (*PLACES_OF_CAPTIONS, "street", "mountain"),
                frozenset((ARTIFACT, PLACE, OBJECT, GROUP, PLANT)),
                True,
            ),
            Topic((*OBJECTS, "grass"), frozenset((ANIMAL, ARTIFACT, OBJECT, PLANT)), True),
            Topic(TIMES, frozenset((TIME,)), False),
            Topic(("dark",), frozenset((STATE,)), False),
            Topic(("fog", "mist", "snow", "winter"), frozenset((PHENOMENON, TIME)), False),
        ),
        {
            "street": "city street",
            "mountain": "mountain landscape",
            "sleeping room": "bedroom",
            "daytime": "day",
        },
        True,
    ),
    Table(
        "before nouns",  # where a colour is seldom a word's most common sense: "a lemon sofa"
        (
            Topic(("misty", "hazy", "snowy", "wintry"), frozenset((ADJECTIVE,)), False),
            Topic(COLORS[:-1], frozenset((ATTRIBUTE, ADJECTIVE)), True, 0.0),
            Topic(("wooden", "wood"), frozenset((SUBSTANCE, ADJECTIVE)), False, 0.0),
        ),
        {"wood": "wooden"},
        False,
    ),
)


class Likeness(NamedTuple):
    """Of a sense to a word of captions; per_sense as in Topic."""

    score: float
    word: str
    per_sense: float


class Senses(NamedTuple):
    """N senses, and unit vectors (N, C) of their definitions."""

    keys: list[Key]
    vectors: Tensor


class WordNet:
    """The nouns and adjectives of a WordNet folder."""

    def __init__(self, folder: Path) -> None:
        self.senses: dict[Key, Sense] = {}
        self.of_word: dict[str, list[Key]] = defaultdict(list)  # the most common first
        for part, name in (("n", "noun"), ("a", "adj")):
            for line in _entries(folder / f"data.{name}"):
                offset, sense = _sense(line)
                self.senses[part, offset] = sense
            for line in _entries(folder / f"index.{name}"):
                word, _, count, *rest = line.split()
                self.of_word[word.replace("_", " ")] += [(part, offset) for offset in rest[-int(count) :]]
        self.uses: Counter[tuple[str, str]] = Counter()  # in texts, as each part of speech
        for line in (folder / "cntlist.rev").read_text("utf8").splitlines():
            key, _, count = line.split()
            word, part = key.split("%")
            self.uses[word.replace("_", " "), part[0]] += int(count)
        self.hubs = {
            key for key, sense in self.senses.items() if sum(kind == "&" for kind, _ in sense.links) > HUB
        }

    def other_uses(self, word: str) -> int:
        """How often it is something else than a noun."""
        return sum(self.uses[word, part] for part in OTHERS)

    def distances(self, start: Key, topic: Topic) -> dict[Key, float]:
        """Steps from one sense to those that lie near and are of the topic."""
        steps = {kind: step for kind, step in STEPS.items() if topic.siblings or kind != "@"}
        found, queue = {start: 0.0}, [(0.0, start)]
        while queue:
            so_far, key = heapq.heappop(queue)
            if so_far > found[key] or key in self.hubs:
                continue
            for kind, other in self.senses[key].links:
                if kind in steps and other in self.senses and self.senses[other].topic in topic.topics:
                    distance = so_far + steps[kind]
                    if distance <= FARTHEST and distance < found.get(other, UNRELATED):
                        found[other] = distance
                        heapq.heappush(queue, (distance, other))
        return found


def _entries(path: Path) -> list[str]:
    return [line for line in path.read_text(encoding="utf8").splitlines() if not line.startswith("  ")]


def _sense(line: str) -> tuple[str, Sense]:
    """A line of data.*, see wndb(5WN)."""
    head, _, gloss = line.partition("|")
    offset, topic, _, count, *rest = head.split()
    words, (links, *pointers) = rest[: 2 * int(count, 16) : 2], rest[2 * int(count, 16) :]
    to = [
        (kind, (part.replace("s", "a"), target))
        for kind, target, part in zip(pointers[::4], pointers[1::4], pointers[2::4], strict=False)
    ][: int(links)]
    plain = tuple(re.sub(r"\(.*\)", "", word).replace("_", " ") for word in words)
    return offset, Sense(plain, int(topic), tuple(to), gloss.strip().split('; "')[0])


def senses_of_captions(net: WordNet, topics: Iterable[Topic]) -> list[tuple[str, Topic, Key]]:
    """The words of captions that WordNet holds, in the most common sense that is of their topic."""
    found = []
    for topic in topics:
        for word in dict.fromkeys(topic.words):
            keys = net.of_word.get(word, [])
            for part in "na":
                of_topic = [key for key in keys if key[0] == part and net.senses[key].topic in topic.topics]
                found += [(word, topic, key) for key in of_topic[:1]]
    return found


def nearness(net: WordNet, topics: Iterable[Topic], senses: Senses) -> dict[Key, list[Likeness]]:
    """For each sense what it could be drawn as."""
    found: dict[Key, list[Likeness]] = defaultdict(list)
    row = {key: i for i, key in enumerate(senses.keys)}
    for word, topic, start in senses_of_captions(net, topics):
        distances = net.distances(start, topic)
        alike = senses.vectors @ senses.vectors[row[start]]
        for i in (alike > LEAST).nonzero()[:, 0].tolist():
            key = senses.keys[i]
            if net.senses[key].topic in topic.topics and (topic.siblings or key in distances):
                score = float(alike[i]) - PER_STEP * distances.get(key, UNRELATED)
                found[key].append(Likeness(score, word, topic.per_sense))
        found[start].append(Likeness(SAME, word, topic.per_sense))
    return found


def drawn_as(net: WordNet, table: Table, senses: Senses) -> dict[str, str]:
    """For each word that captions do not hold, and that is near enough to one that they do, that one."""
    near, found = nearness(net, table.topics, senses), {}
    for word, keys in net.of_word.items():
        if not asked(word) or (table.nouns and net.other_uses(word) > net.uses[word, NOUN]):
            continue
        ranks, best = Counter(), (LEAST, "")
        for key in keys:
            if word in net.senses[key].words:  # else it is a proper or a scientific name there
                likes = near.get(key, ())
                best = max(
                    [best, *((like.score - like.per_sense * ranks[key[0]], like.word) for like in likes)]
                )
            ranks[key[0]] += 1
        if name := best[1]:
            found[word] = table.said_as.get(name, name)
    return found


def surveyed(net: WordNet) -> dict[str, str]:
    """The colour of captions that each colour of the survey is, of those that are colours to WordNet too."""
    colors = {name.removeprefix("xkcd:").replace("gray", "grey"): lab(c) for name, c in XKCD_COLORS.items()}
    shades = {
        last: np.stack([color for name, color in colors.items() if name.split()[-1] == last])
        for last in COLORS[:-1]
    }

    def likely(name: str, color: np.ndarray) -> float:
        """Density of this name's shades there; all names weigh alike, however many shades they have."""
        squares = np.square(shades[name] - color).sum(1) / NAMES_AROUND**2
        return float(np.exp(-squares / 2).mean())

    return {
        name: max(shades, key=lambda other: likely(other, color))
        for name, color in colors.items()
        if asked(name) and any(is_color(net.senses[key]) for key in net.of_word[name])
    }


def is_color(sense: Sense) -> bool:
    """Whether its definition speaks of a colour."""
    said = set(re.findall("[a-z]+", sense.definition))
    return sense.topic in (ADJECTIVE, ATTRIBUTE) and not said.isdisjoint(COLOR_WORDS)


def lab(color: str) -> np.ndarray:
    """CIELAB (3,), white D65, of a colour as CSS writes it."""
    srgb = np.array(to_rgb(color))
    linear = np.where(srgb > 0.04045, ((srgb + 0.055) / 1.055) ** 2.4, srgb / 12.92)
    share = TO_XYZ @ linear / TO_XYZ.sum(1)
    x, y, z = np.where(share > 0.008856, np.cbrt(share), 7.787 * share + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def asked(word: str) -> bool:
    """Whether somebody may ask for a word or pair of words that captions do not hold."""
    known, parts = said_by_captions(), re.split("[ -]", word)
    plain = re.fullmatch(r"[a-z]{3,}([ -][a-z]+)?", word) is not None
    return (
        plain and not known.issuperset(parts) and plural(word) not in known and left_alone().isdisjoint(parts)
    )


@cache
def said_by_captions() -> frozenset[str]:
    """Their words and the plurals of these, which need no entry either."""
    return caption_words() | frozenset(map(plural, caption_words()))


@cache
def left_alone() -> frozenset[str]:
    """Words that say nothing of what is to be drawn, or that nothing in the worlds is like."""
    return silent_words() | frozenset(words(FOREIGN))


def definitions(net: WordNet, encoder: TextEncoder, topics: Iterable[Topic]) -> Senses:
    """All senses of the topics."""
    wanted = frozenset().union(*(topic.topics for topic in topics))
    texts = {
        key: f"{', '.join(sense.words[:3])}: {sense.definition}"
        for key, sense in net.senses.items()
        if sense.topic in wanted
    }
    keys = sorted(texts, key=lambda key: len(texts[key]))
    parts = [keys[start : start + BATCH] for start in range(0, len(keys), BATCH)]
    vectors = [unit_vectors([texts[key] for key in part], encoder) for part in tqdm(parts, "definitions")]
    return Senses(keys, torch.cat(vectors))


def written(title: str, found: Mapping[str, str]) -> str:
    """A line for each word of captions, with all that is drawn as it."""
    by_name: dict[str, list[str]] = defaultdict(list)
    for word, name in sorted(found.items()):
        by_name[name].append(word)
    lines = (f"{name}: {', '.join(by_name[name])}" for name in sorted(by_name))
    return "\n".join([f"[{title}]", *lines])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("wordnet", type=Path, help="folder of WordNet 3.0, with data.noun and cntlist.rev")
    net = WordNet(parser.parse_args().wordnet)
    senses = definitions(net, TextEncoder.load(), [topic for table in TABLES for topic in table.topics])
    nouns, before_nouns = (drawn_as(net, table, senses) for table in TABLES)
    found = (nouns, before_nouns | surveyed(net))
    parts = [written(table.title, of_it) for table, of_it in zip(TABLES, found, strict=True)]
    notice = "\n".join(f"# {line}" for line in NOTICE.splitlines())
    PATH.write_text("\n\n".join([notice, *parts]) + "\n", encoding="utf8")
    print(f"{PATH}: {PATH.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
