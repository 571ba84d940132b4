"""Held-out words: one at least for everything, none of which a training caption can contain."""

from __future__ import annotations

import numpy as np
import pytest

from depthgen.worlds import COLORS, KINDS, OBJECTS, TIMES, WEATHERS, build_world, held_out_caption, vocabulary
from depthgen.worlds.grammar import HELD_OUT_TEMPLATES, training_words, words
from depthgen.worlds.phrases import plural
from depthgen.worlds.vocabulary import FUNCTION_WORDS

TABLES = {
    KINDS: vocabulary.HELD_OUT_PLACES,
    TIMES: vocabulary.HELD_OUT_TIMES,
    WEATHERS: vocabulary.HELD_OUT_WEATHERS,
    COLORS: vocabulary.HELD_OUT_COLORS,
    OBJECTS: vocabulary.HELD_OUT_OBJECTS,
}


@pytest.mark.parametrize("known", TABLES, ids=lambda known: known[0])
def test_everything_has_held_out_words(known: tuple[str, ...]) -> None:
    assert set(TABLES[known]) == set(known)
    assert all(TABLES[known].values())


@pytest.mark.parametrize("known", TABLES, ids=lambda known: known[0])
def test_training_cannot_say_a_held_out_word(known: tuple[str, ...]) -> None:
    synonyms = [s for options in TABLES[known].values() for s in options]
    held_out = words([*synonyms, *map(plural, synonyms)]) - FUNCTION_WORDS
    assert not held_out & training_words()


def test_prompts_say_everything_in_held_out_words() -> None:
    names = {*KINDS, *TIMES, *OBJECTS, *COLORS, "fog", "snow"}
    frames = words(HELD_OUT_TEMPLATES)
    numbers = {
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "many",
    }
    for i, kind in enumerate(KINDS):
        world = build_world(6, kind)
        for weather in WEATHERS:
            rng = np.random.default_rng(i)
            text = held_out_caption(kind, TIMES[i % 3], weather, world.things, rng)
            free = words([text]) - FUNCTION_WORDS - frames - numbers - {"and"}
            assert not free & training_words(), text
            assert not free & names
            assert any(words([place]) <= words([text]) for place in vocabulary.HELD_OUT_PLACES[kind])
            assert any(time in text for time in vocabulary.HELD_OUT_TIMES[TIMES[i % 3]])


def test_same_generator_same_prompt_and_unknown_words_are_refused() -> None:
    things = build_world(1, "office").things
    first, again = (
        held_out_caption("office", "noon", "clear", things, np.random.default_rng(4)) for _ in range(2)
    )
    assert first == again
    with pytest.raises(ValueError, match="unknown kind 'moon'"):
        held_out_caption("moon", "noon", "clear", things, np.random.default_rng(0))
