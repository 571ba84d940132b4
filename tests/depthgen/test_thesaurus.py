"""Words of prompts that captions do not hold, said as captions say them."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from depthgen import ImageCompleter
from depthgen.thesaurus import PATH, in_caption_words, tables
from depthgen.vocabulary import caption_words
from depthgen.worlds import KINDS, build_world, caption
from depthgen.worlds.grammar import words


@pytest.mark.parametrize(
    ("prompt", "said"),
    [
        ("a crimson couch in a hamlet at sundown", "a red sofa in a village at sunset"),
        ("An azure automobile and two cottages", "a blue car and two houses"),
        ("a settlement with an armoire", "a village with a wardrobe"),
        ("a boulevard", "a city street"),
        ("Boudoirs, by a lagoon.", "bedrooms, by a lake."),
        ("a sideboard, a grand piano", "a sideboard, a piano"),
        ("a lemon-yellow bookcase", "a yellow bookshelf"),
        ("a magenta rug, a turquoise lamp", "a pink rug, a teal lamp"),
        ("a cabin in total darkness", "a cabin in dark"),
    ],
)
def test_synonyms_and_kinds_are_said_as_captions_say_them(prompt: str, said: str) -> None:
    assert in_caption_words(prompt) == said


def test_colours_are_such_only_before_another_word() -> None:
    assert in_caption_words("a lemon sofa and a lemon on a table") == "a yellow sofa and a lemon on a table"
    assert in_caption_words("a ruby, a ruby at night") == "a ruby, a ruby at night"


@pytest.mark.parametrize("prompt", ["", "a dragon, 3 wizards & a pizza!", "  café — naïve\n", "a village"])
def test_all_else_stays_as_it_is(prompt: str) -> None:
    assert in_caption_words(prompt) == prompt


def test_captions_stay_as_they_are_in_any_phrasing() -> None:
    rng = np.random.default_rng(0)
    for i in range(60):
        text = caption(build_world(1000 + i, KINDS[i % len(KINDS)]), rng, held_out=i % 2 == 0)
        assert in_caption_words(text) == text


def test_entries_are_no_words_of_captions_and_all_that_is_said_is() -> None:
    known = caption_words()
    for table in tables():
        assert len(table) > 200
        for entry, said in table.items():
            assert not known >= words([entry]), entry
            assert words([entry]) != words([said])
    for name in set(tables()[1].values()):
        assert known >= words([name]), name
    singular = {line.split(":")[0] for line in _lines("nouns")}
    assert singular
    for name in singular:
        assert known >= words([name]), name


def _lines(title: str) -> list[str]:
    return PATH.read_text("utf8").split(f"[{title}]\n")[1].split("\n\n")[0].splitlines()


entries = st.sampled_from(sorted(tables()[0]) + sorted(tables()[1]))
pieces = st.one_of(
    entries, st.sampled_from(["a", "an", "the", "village", "Two", ", ", "-", "."]), st.text(max_size=5)
)


@given(st.lists(pieces, max_size=8).map(" ".join))
def test_what_is_said_is_said_for_good(text: str) -> None:
    once = in_caption_words(text)
    assert in_caption_words(once) == once or "-" in once
    if not any(part in text.lower() for table in tables() for part in table):
        assert once == text


def test_a_completer_draws_the_same_for_both_and_warns_of_neither(checkpoints: dict[str, Path]) -> None:
    completer = ImageCompleter.from_pretrained(checkpoints["completer"], device="cpu")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pictures = [completer.generate(text, size=16) for text in ("a crimson couch", "a red sofa")]
    assert torch.equal(*pictures)
    with pytest.warns(UserWarning, match='know nothing of "dragon"; '):
        completer.generate("a dragon on a couch", size=16)
