"""Prompts beyond the captions of the worlds: which words are named, and that the others are passed over."""

from __future__ import annotations

import runpy
import warnings
from pathlib import Path

import numpy as np
import pytest

from depthgen import ImageCompleter
from depthgen.text import TextEncoder
from depthgen.vocabulary import caption_words, familiarity, silent_words, unknown_words, words
from depthgen.worlds import KINDS, build_world, caption

BENCHMARK = Path(__file__).resolve().parents[2] / "examples" / "benchmarks" / "vocabulary.py"


@pytest.fixture(scope="module")
def encoder() -> TextEncoder:
    return TextEncoder.load()


@pytest.fixture(scope="module")
def completer(checkpoints: dict[str, Path]) -> ImageCompleter:
    return ImageCompleter.from_pretrained(checkpoints["completer"], device="cpu")


def test_words_are_letters_in_lower_case() -> None:
    assert words("A Café's 2 lamps, snow-covered!") == ["café", "lamps", "snow", "covered"]


def test_captions_of_other_worlds_are_known_to_the_last_word(encoder: TextEncoder) -> None:
    rng = np.random.default_rng(0)
    for i in range(30):
        text = caption(build_world(1000 + i, KINDS[i % len(KINDS)]), rng)
        assert unknown_words(text, encoder) == (), text


def test_what_is_not_understood_is_named_and_nothing_else(encoder: TextEncoder) -> None:
    prompt = "A beautiful red couch in a cottage by the seashore, with a dragon and a Pizza, detailed"
    assert unknown_words(prompt, encoder) == ("dragon", "pizza")


def test_silent_words_are_never_asked_about() -> None:
    """The encoder is not even called."""
    assert unknown_words("a picture of what is there", None) == ()  # type: ignore[arg-type]
    assert not {"dragon", "lake", "red"} & silent_words()


@pytest.mark.parametrize("kind", ["", ", held out"])
def test_most_synonyms_pass_and_most_foreign_words_are_warned_of(
    kind: str, encoder: TextEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARK.parent))
    benchmark = runpy.run_path(str(BENCHMARK))
    named = benchmark["lists"]()
    understood, unknown = named[f"understood{kind}"], named[f"unknown{kind}"]
    assert min(len(understood), len(unknown)) >= 40
    found = benchmark["point"](
        *(benchmark["ratios"](part, encoder) for part in (understood, unknown)), benchmark["LEAST_RATIO"]
    )
    assert found["passed"] > 0.75
    assert found["warned"] > 0.8


def test_familiarity_does_not_depend_on_what_is_asked_with_it(encoder: TextEncoder) -> None:
    together = familiarity(["submarine", "couch"], encoder)
    assert together[1].item() == pytest.approx(familiarity(["couch"], encoder).item(), abs=1e-4)
    assert "couch" not in caption_words()


def test_a_completer_warns_once_of_a_prompt_and_names_the_way_out(completer: ImageCompleter) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        for _ in range(2):
            completer.generate("an elephant by a lake", size=32, steps=1)
            completer.generate("a lake at dusk", size=32, steps=1)
    (warning,) = caught
    assert '"elephant"' in str(warning.message)
    assert "lake" not in str(warning.message)
    assert "--models stable-diffusion" in str(warning.message)
    assert "\n" not in str(warning.message)
