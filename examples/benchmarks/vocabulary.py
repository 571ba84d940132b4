"""How well words that the built-in models do not understand are told from those they do.

    python examples/benchmarks/vocabulary.py

The words are those of vocabulary_words.txt: the threshold is chosen on the first two lists, where the shares that are
judged rightly have the greatest sum. The held-out lists were in sight while the score's form was chosen, so their
figures are a little optimistic.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from record import save
from torch import Tensor

from depthgen.text import TextEncoder
from depthgen.thesaurus import in_caption_words
from depthgen.vocabulary import LEAST_RATIO, caption_words, familiarity, unit_vectors
from depthgen.worlds import COLORS, GENERATOR_VERSION, KINDS, OBJECTS, TIMES, WEATHERS
from depthgen.worlds.vocabulary import (
    HELD_OUT_COLORS,
    HELD_OUT_OBJECTS,
    HELD_OUT_PLACES,
    HELD_OUT_TIMES,
    HELD_OUT_WEATHERS,
)

WORDS = Path(__file__).with_name("vocabulary_words.txt")
HELD_OUT = {
    "places": HELD_OUT_PLACES,
    "times": HELD_OUT_TIMES,
    "weathers": HELD_OUT_WEATHERS,
    "colours": HELD_OUT_COLORS,
    "objects": HELD_OUT_OBJECTS,
}


def lists() -> dict[str, list[str]]:
    """The lists by name; of what should be unknown, without the words that captions hold by now."""
    named = dict(line.split(":") for line in WORDS.read_text().replace("\n ", " ").splitlines())
    known = caption_words()
    return {
        name: [word for word in text.split() if name.startswith("understood") or word not in known]
        for name, text in named.items()
    }


def ratios(words: list[str], encoder: TextEncoder) -> Tensor:
    """(N,) familiarity; without limit for words that captions hold."""
    held = torch.tensor([word in caption_words() for word in words])
    return familiarity(words, encoder).masked_fill(held, torch.inf)


def point(understood: Tensor, unknown: Tensor, threshold: float) -> dict[str, float]:
    """The shares of both lists that are judged rightly at a threshold."""
    right = (understood >= threshold, unknown < threshold)
    return {
        "passed": round(right[0].float().mean().item(), 3),
        "warned": round(right[1].float().mean().item(), 3),
    }


def area(understood: Tensor, unknown: Tensor) -> float:
    """Area under the ROC curve: how often an understood word has the higher ratio of the two."""
    higher = (understood[:, None] > unknown) + 0.5 * (understood[:, None] == unknown)
    return round(higher.mean().item(), 3)


def nearest_is_right(
    words_for: dict[str, tuple[str, ...]], encoder: TextEncoder, said: Callable[[str], str] = str
) -> dict[str, int]:
    """Of the held-out words for each name, those whose nearest name is theirs, as they are `said`."""
    names = [*KINDS, *TIMES, *WEATHERS, *COLORS, *OBJECTS]
    pairs = [(name, word) for name, held_out in words_for.items() for word in held_out]
    nearness = unit_vectors([said(word) for _, word in pairs], encoder) @ unit_vectors(names, encoder).T
    found = [names[i] for i in nearness.argmax(1)]
    right = sum(name == nearest for (name, _), nearest in zip(pairs, found, strict=True))
    return {"right": right, "of": len(pairs)}


def before_a_noun(word: str) -> str:
    """The word as the thesaurus says it there."""
    return in_caption_words(f"{word} thing").removesuffix(" thing")


def main() -> None:
    encoder, named = TextEncoder.load(), lists()
    found = {name: ratios(words, encoder) for name, words in named.items()}
    known, unknown = found["understood"], found["unknown"]
    best = max(torch.cat([known, unknown]).tolist(), key=lambda t: sum(point(known, unknown, t).values()))
    figures: dict[str, Any] = {
        "generator_version": GENERATOR_VERSION,
        "words": {name: len(words) for name, words in named.items()},
        "threshold": LEAST_RATIO,
        "best_threshold": round(best, 3),
    }
    for kind in ("", ", held out"):
        pair = found[f"understood{kind}"], found[f"unknown{kind}"]
        figures[f"roc{kind}"] = {**point(*pair, LEAST_RATIO), "area": area(*pair)}
        figures[f"wrong{kind}"] = [
            word
            for name, wrong in (("understood", pair[0] < LEAST_RATIO), ("unknown", pair[1] >= LEAST_RATIO))
            for word, is_wrong in zip(named[name + kind], wrong.tolist(), strict=True)
            if is_wrong
        ]
    figures["nearest name of held-out words"] = {
        name: nearest_is_right(words_for, encoder) for name, words_for in HELD_OUT.items()
    }
    figures["the same, said by the thesaurus"] = {
        name: nearest_is_right(
            words_for, encoder, before_a_noun if name in ("colours", "weathers") else in_caption_words
        )
        for name, words_for in HELD_OUT.items()
    }
    save("vocabulary", figures)


if __name__ == "__main__":
    main()
