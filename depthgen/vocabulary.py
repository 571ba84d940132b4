"""Which words of a prompt the models of the procedural worlds know nothing of.

A completer reads any text, but has seen only what captions of the worlds speak of. A word that no caption can
hold may still be understood, "couch" by "sofa": the text encoder puts it near. So a word counts as unknown
where it lies nearer to words for what the worlds do not hold than to the words of captions, by the ratio of
two kernel densities over the unit vectors of the encoder. Nearness to captions alone tells less: "submarine"
lies nearer to "boat" than "cottage" to "village".
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from functools import cache, lru_cache

import torch
from torch import Tensor

from depthgen.text import TextEncoder
from depthgen.worlds.grammar import training_words

CONCENTRATION = 10.0  # of the kernel exp(c cos), by what angle words are still near
# Of the log ratio of the densities, from which a word is understood: examples/benchmarks/vocabulary.py.
LEAST_RATIO = -0.02
ANY_WORD = "generate-scene --models stable-diffusion (needs a model hub or a local folder)"

# Words that say nothing of what is to be drawn, or only how one likes it.
SILENT = """
about above across all along also among amid and any are around away back been before behind being below
beneath beside between beyond both but can close down during each every far few filled for front from full
goes had has have here hour how inside into its just late left like lots made many middle more most near
nearby next nobody not off one onto only other our out outside over overlooking own plenty range right see
seen sees set setting shown side sitting small some somewhere stand standing stands such surrounded than
that the their them there these they this those through together top toward towards two three four five six
seven eight nine ten shade shadow under upon very viewed was well were what when where which while who whole
with within without you your
art artwork artistic background detailed drawing foreground high image imagine landscape low lowpoly
minimalist photo photograph photographic photorealistic picture poly polygon quality realistic render
rendered rendering scene scenery shot showing sight style styled stylised stylized view wide
amazing atmospheric beautiful calm charming cinematic cosy cozy cute dramatic elegant empty famous gentle
gorgeous idyllic lonely lovely magnificent moody mysterious nice old peaceful perfect picturesque pleasant
pretty quaint quiet relaxing scenic serene simple spectacular stunning tranquil typical vivid wonderful
"""
# What the worlds do not hold, a word or two for each sort of thing.
FOREIGN = """
animal pet bird fish insect reptile monster creature person people man boy royalty army warrior hero ghost
food meal fruit vegetable drink meat instrument music song weapon aircraft plane spacecraft locomotive truck
machine engine toy game sport statue monument temple palace fortress laboratory school shop market museum
universe space science body bone jewel clothing dress hat shoe money letter tool medicine war explosion fire
lightning electricity magic party dance
"""


def warn_of_unknown_words(prompt: str, encoder: TextEncoder) -> None:
    """One warning that names the words of the prompt that are not understood, if there are any."""
    if unknown := unknown_words(prompt, encoder):
        named = ", ".join(f'"{word}"' for word in unknown)
        warnings.warn(
            f"the built-in models know nothing of {named}; they draw what is nearest. "
            f"For any words use {ANY_WORD}",
            stacklevel=1,  # Python shows a warning once for each place: all views of a scene warn from here
        )


@lru_cache(maxsize=64)
def unknown_words(prompt: str, encoder: TextEncoder) -> tuple[str, ...]:
    """The words of the prompt, lower case, that neither captions hold nor the encoder puts near to theirs."""
    asked = [word for word in dict.fromkeys(words(prompt)) if word not in silent_words() | caption_words()]
    if not asked:
        return ()
    ratios = familiarity(asked, encoder)
    return tuple(word for word, ratio in zip(asked, ratios.tolist(), strict=True) if ratio < LEAST_RATIO)


def words(text: str) -> list[str]:
    """The words of a text in lower case, of three letters or more."""
    return re.findall(r"[^\W\d_]{3,}", text.lower())


@cache
def silent_words() -> frozenset[str]:
    """The words of a prompt that need no understanding."""
    return frozenset(words(SILENT))


@cache
def caption_words() -> frozenset[str]:
    """All words that captions of the worlds can hold."""
    return frozenset(words(" ".join(training_words())))


def familiarity(asked: Sequence[str], encoder: TextEncoder) -> Tensor:
    """(N,) log ratio of the densities of known and of foreign words at N words; above 0: nearer to known."""
    known, foreign = _anchors(encoder)
    vectors = unit_vectors(asked, encoder)
    return _log_density(vectors, known) - _log_density(vectors, foreign)


def _log_density(vectors: Tensor, anchors: Tensor) -> Tensor:
    """(N,) log mean exp(c cos) of vectors (N, C) to anchors (M, C)."""
    return (CONCENTRATION * vectors @ anchors.T).exp().mean(1).log()


@lru_cache(maxsize=1)
def _anchors(encoder: TextEncoder) -> tuple[Tensor, Tensor]:
    """Unit vectors of the known words and of the foreign ones."""
    known = caption_words()
    foreign = [word for word in words(FOREIGN) if word not in known]
    return unit_vectors(sorted(known - silent_words()), encoder), unit_vectors(foreign, encoder)


def unit_vectors(texts: Sequence[str], encoder: TextEncoder) -> Tensor:
    """(N, C) on the CPU: the mean token state of each text, as the encoder was trained to be used."""
    states = encoder(texts)
    weight = states.valid[..., None].float()
    mean = (states.tokens * weight).sum(1) / weight.sum(1)
    return torch.nn.functional.normalize(mean, dim=1).cpu()
