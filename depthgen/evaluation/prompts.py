"""Do generated pictures show what their words say? Judged by a classifier trained on renders."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from depthgen.evaluation.samples import DepthSample
from depthgen.evaluation.statistics import Estimate, Row, bootstrap_ratio, column
from depthgen.worlds import COLORS, KINDS, OBJECTS, TIMES, WEATHERS, caption, held_out_caption
from depthgen.worlds.phrases import plural
from depthgen.worlds.sight import NO_COLOR, NOT_SEEN, objects_in_view, view
from depthgen.worlds.vocabulary import HELD_OUT_OBJECTS

CLASSES = {"kind": KINDS, "time": TIMES, "weather": WEATHERS}
ANSWERS = tuple(f"{question}_right" for question in (*CLASSES, "objects", "colors"))  # columns of `verdicts`
FOV = 60.0  # degrees, of what is drawn: the default of `generate-scene`
# Streams of a world's random numbers; 1 is its camera, 2 its training captions.
CAPTION_STREAM, WORDS_STREAM = 3, 4
NOUNS = {noun: (noun,) for noun in OBJECTS}

Draw = Callable[[Sequence[str]], Tensor]  # B prompts -> (B,3,h,w) pictures in [0,1]


@dataclass(frozen=True)
class Prompt:
    """What is asked for. objects (O,) int8: for each of OBJECTS that the text names and `sample` shows, the
    index in COLORS of its colour, NO_COLOR if it has none or several; NOT_SEEN elsewhere."""

    text: str
    sample: DepthSample
    objects: np.ndarray


def known_words(sample: DepthSample) -> Prompt:
    """A caption of the view in a phrasing that training never used, with kind of place, time and weather."""
    rng = np.random.default_rng([sample.world.seed, CAPTION_STREAM])
    return _prompt(caption(sample.world, rng, held_out=True, camera=sample.camera), sample, NOUNS)


def held_out_words(sample: DepthSample) -> Prompt:
    """The same in words that no training caption contains, see `depthgen.worlds.vocabulary`."""
    world = sample.world
    seen, _ = view(world.layout, world.primitives, sample.camera)
    rng = np.random.default_rng([world.seed, WORDS_STREAM])
    text = held_out_caption(world.kind, world.time, world.weather, [s.thing for s in seen], rng)
    return _prompt(text, sample, HELD_OUT_OBJECTS)


def named(text: str, nouns: Mapping[str, Sequence[str]]) -> set[str]:
    """The keys of `nouns` a word of which is in `text`, singular or plural, and not part of a longer one."""
    of = {form: noun for noun, words in nouns.items() for word in words for form in (word, plural(word))}
    longest_first = sorted(of, key=len, reverse=True)
    return {of[found] for found in re.findall(rf"\b({'|'.join(longest_first)})\b", text.lower())}


def _prompt(text: str, sample: DepthSample, nouns: Mapping[str, Sequence[str]]) -> Prompt:
    shown = objects_in_view(sample.world.layout, sample.world.primitives, sample.camera)
    asked = np.isin(OBJECTS, list(named(text, nouns)))
    return Prompt(text, sample, np.where(asked, shown, NOT_SEEN).astype(np.int8))


def score_prompts(
    draw: Draw, judge: nn.Module, prompts: Sequence[Prompt], batch: int
) -> tuple[dict[str, list[Row]], Tensor]:
    """The judge's verdicts on the renders that the prompts describe and on pictures drawn for them.

    Returns rows for "renders" and for "generated", see `verdicts`, and the drawn pictures (N,3,h,w).
    """
    rows: dict[str, list[Row]] = {"renders": [], "generated": []}
    drawn = []
    for start in range(0, len(prompts), batch):
        part = prompts[start : start + batch]
        drawn.append(draw([prompt.text for prompt in part]))
        rows["renders"] += verdicts(judge, torch.stack([prompt.sample.image for prompt in part]), part)
        rows["generated"] += verdicts(judge, drawn[-1], part)
    return rows, torch.cat(drawn)


def verdicts(judge: nn.Module, pictures: Tensor, prompts: Sequence[Prompt]) -> list[Row]:
    """What the judge finds of each prompt in its picture, of (B,3,H,W) in [0,1]; one row a picture.

    A row: "image", "kind", "caption"; 1.0 or 0.0 as "kind_right", "time_right", "weather_right"; the share
    of the objects asked for that are found as "objects_right", and the share of those with a colour that are
    found in it as "colors_right": None where none is asked for.
    """
    answers = _answers(judge, pictures)
    return [
        _row(prompt, {name: values[i] for name, values in answers.items()})
        for i, prompt in enumerate(prompts)
    ]


def shares_of_renders(rows: Mapping[str, Sequence[Row]], drawn: str = "generated") -> dict[str, Estimate]:
    """What is right in `drawn` pictures as a share of what is right in "renders", rows as in `score_prompts`.

    An answer that is never right in renders is left out.
    """
    pairs = {name: (column(rows[drawn], name), column(rows["renders"], name)) for name in ANSWERS}
    return {name: bootstrap_ratio(*pair) for name, pair in pairs.items() if any(pair[1])}


def found_and_there(judge: nn.Module, pictures: Tensor, samples: Sequence[DepthSample]) -> float:
    """The judge's precision: the share of the objects it finds in renders (B,3,H,W) that are in sight."""
    found = _answers(judge, pictures)["objects"] > 0
    shown = [objects_in_view(s.world.layout, s.world.primitives, s.camera) for s in samples]
    return float((np.stack(shown) >= NO_COLOR)[found].mean())


@torch.inference_mode()
def _answers(judge: nn.Module, pictures: Tensor) -> dict[str, np.ndarray]:
    """Of B pictures: classes as indices (B,), logits of the objects (B,O), the objects' colours (B,O)."""
    logits = judge(2 * pictures.to(next(judge.parameters()).device) - 1)
    answers = {name: logits[name].argmax(1) for name in CLASSES}
    answers["objects"] = logits["objects"]
    answers["colors"] = logits["colors"].unflatten(1, (len(OBJECTS), len(COLORS))).argmax(-1)
    return {name: values.cpu().numpy() for name, values in answers.items()}


def _row(prompt: Prompt, answer: dict[str, np.ndarray]) -> Row:
    world = prompt.sample.world
    asked, colored = prompt.objects >= NO_COLOR, prompt.objects > NO_COLOR
    found = answer["objects"] > 0
    return {
        "image": str(world.seed),
        "kind": world.kind,
        "caption": prompt.text,
        **{
            f"{name}_right": float(words[answer[name]] == getattr(world, name))
            for name, words in CLASSES.items()
        },
        "objects_right": _share(found[asked]),
        "colors_right": _share((found & (answer["colors"] == prompt.objects))[colored]),
    }


def _share(right: np.ndarray) -> float | None:
    return float(right.mean()) if right.size else None
