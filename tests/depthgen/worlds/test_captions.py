"""Captions: always name the place, say only what is true, and keep held-out phrasings apart from training."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from depthgen.worlds import INDOOR_KINDS, KINDS, OUTDOOR_KINDS, TIMES, WEATHERS, build_world, caption
from depthgen.worlds.captions import MAX_THINGS, captions, describe
from depthgen.worlds.grammar import (
    HELD_OUT_TEMPLATES,
    OPEN_SKY_TIME_PHRASES,
    PLACES,
    TIME_PHRASES,
    TRAINING_TEMPLATES,
    WEATHER_ADJECTIVES,
    WEATHER_PHRASES,
    training_words,
    words,
)
from depthgen.worlds.phrases import a, counted, plural

PHRASES = ("a red barn", "three oaks", "green hills", "two white cows", "a well", "an old cart")
kinds, times, weathers, seeds = (
    st.sampled_from(KINDS),
    st.sampled_from(TIMES),
    st.sampled_from(WEATHERS),
    st.integers(0, 2**32),
)


def described(kind: str, time: str, weather: str, seed: int, held_out: bool = False) -> str:
    return describe(kind, time, weather, PHRASES, np.random.default_rng(seed), held_out).lower()


def says(text: str, options: tuple[str, ...]) -> bool:
    return any(re.search(rf"\b{re.escape(option)}\b", text) for option in options)


@settings(max_examples=50, deadline=None)
@given(kinds, times, weathers, seeds, st.booleans())
def test_the_place_is_named_and_nothing_untrue_is_said(
    kind: str, time: str, weather: str, seed: int, held_out: bool
) -> None:
    text = described(kind, time, weather, seed, held_out)
    assert says(text, tuple(place.noun for place in PLACES[kind]))
    for other in set(TIMES) - {time}:
        assert not says(text, TIME_PHRASES[other] + OPEN_SKY_TIME_PHRASES[other])
    for other in {"fog", "snow"} - {weather}:
        assert not says(text, WEATHER_ADJECTIVES[other] + WEATHER_PHRASES[other])
    assert sum(phrase in text for phrase in PHRASES) <= MAX_THINGS
    assert "{" not in text
    assert "  " not in text


@settings(max_examples=50, deadline=None)
@given(kinds, times, weathers, seeds)
def test_articles_fit(kind: str, time: str, weather: str, seed: int) -> None:
    assert not re.search(r"\ba [aeiou]|\ban [^aeiou]", described(kind, time, weather, seed))


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(OUTDOOR_KINDS), times, st.sampled_from(("fog", "snow")), seeds)
def test_held_out_captions_say_time_and_weather(kind: str, time: str, weather: str, seed: int) -> None:
    text = described(kind, time, weather, seed, held_out=True)
    if says(text, tuple(TIME_PHRASES[time])):
        assert says(text, WEATHER_ADJECTIVES[weather] + WEATHER_PHRASES[weather])
    else:
        pytest.fail(f"no time of day: {text}")


def test_a_sky_is_mentioned_under_a_clear_one_alone() -> None:
    sky = tuple(phrase for phrases in OPEN_SKY_TIME_PHRASES.values() for phrase in phrases)
    for seed in range(200):
        assert not says(described(INDOOR_KINDS[seed % 7], TIMES[seed % 3], "clear", seed), sky)
        assert not says(described(OUTDOOR_KINDS[seed % 8], TIMES[seed % 3], "fog", seed), sky)
    assert any(says(described("lake", "night", "clear", seed), sky) for seed in range(50))


def test_training_and_held_out_templates_are_apart_and_many() -> None:
    assert not set(TRAINING_TEMPLATES) & set(HELD_OUT_TEMPLATES)
    assert len(set(TRAINING_TEMPLATES)) == len(TRAINING_TEMPLATES) >= 40
    for templates in (TRAINING_TEMPLATES, HELD_OUT_TEMPLATES):
        slots = {("{when}" in template, "{things}" in template) for template in templates}
        assert len(slots) == 4  # whatever is drawn to be said, a template has room for it
        assert all(len(re.findall(r"\{(?:place|located|noun)\}", template)) == 1 for template in templates)


def test_captions_differ_and_follow_from_the_generator() -> None:
    first, again = ([described("village", "noon", "clear", seed) for seed in range(200)] for _ in range(2))
    assert first == again
    assert len(set(first)) > 150


def test_most_training_captions_say_the_time() -> None:
    texts = [described("village", "sunset", "fog", seed) for seed in range(400)]
    share = np.mean([says(text, TIME_PHRASES["sunset"]) for text in texts])
    assert 0.84 < share < 0.96  # 0.9 and three standard errors


def test_a_world_is_captioned_by_its_own_words() -> None:
    world = build_world(3, "lake")
    texts = [caption(world, np.random.default_rng(seed)).lower() for seed in range(60)]
    said = [phrase for phrase in world.layout.phrases if any(phrase in text for text in texts)]
    assert len(said) > 0.9 * len(world.layout.phrases)


def test_captions_are_made_of_the_words_of_the_tables() -> None:
    known = training_words()
    for kind in KINDS:
        world = build_world(8, kind)
        camera = world.camera(np.random.default_rng(0), 32)
        rngs = [np.random.default_rng(seed) for seed in range(20)]
        for text in captions(world, rngs, camera=camera) + captions(world, rngs):
            assert words([text]) <= known, words([text]) - known


def test_phrases_by_hand() -> None:
    assert a("orange sofa") == "an orange sofa"
    assert counted(1, "rug", "teal") == "a teal rug"
    assert counted(2, "bookshelf", "wooden") == "two wooden bookshelves"
    assert counted(13, "cinema seat", "red") == "many red cinema seats"
    assert counted(3, "reeds") == "reeds"
    assert [plural(noun) for noun in ("bench", "cactus", "sheep", "bush", "car")] == [
        *("benches", "cacti", "sheep", "bushes", "cars")
    ]
    with pytest.raises(ValueError, match="cannot count 0 of 'car'"):
        counted(0, "car")


@pytest.mark.parametrize(
    ("kind", "time", "weather"),
    [("moon", "noon", "clear"), ("lake", "noonish", "clear"), ("lake", "noon", "hail")],
)
def test_unknown_words_are_refused(kind: str, time: str, weather: str) -> None:
    with pytest.raises(ValueError, match=r"unknown (kind|time|weather) '(moon|noonish|hail)'; one of: "):
        describe(kind, time, weather, PHRASES, np.random.default_rng(0))
