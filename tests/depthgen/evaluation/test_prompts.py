from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from depthgen.evaluation import Report, table, write_report
from depthgen.evaluation.prompts import (
    ANSWERS,
    Prompt,
    found_and_there,
    held_out_words,
    known_words,
    named,
    score_prompts,
    shares_of_renders,
)
from depthgen.evaluation.samples import DepthSample, rendered
from depthgen.worlds import COLORS, KINDS, OBJECTS, TIMES, WEATHERS, build_world
from depthgen.worlds.sight import NO_COLOR, NOT_SEEN, objects_in_view
from depthgen.worlds.vocabulary import HELD_OUT_OBJECTS


class SeesRedSofasAtNoon(nn.Module):
    """Answers "living room", "noon", "clear", a red sofa and a blue rug to bright pictures.

    To dark ones it is the last class of each, and no object.
    """

    def __init__(self) -> None:
        super().__init__()
        self.unused = nn.Parameter(torch.zeros(1))

    def forward(self, image: torch.Tensor) -> dict[str, torch.Tensor]:
        bright = image.mean((1, 2, 3)) > 0
        answers = {"kind": (KINDS, "living room"), "time": (TIMES, "noon"), "weather": (WEATHERS, "clear")}
        logits = {}
        for name, (classes, answer) in answers.items():
            index = torch.where(bright, classes.index(answer), len(classes) - 1)
            logits[name] = nn.functional.one_hot(index, len(classes)).float()
        logits["objects"] = torch.full((len(image), len(OBJECTS)), -1.0)
        colors = torch.zeros(len(image), len(OBJECTS), len(COLORS))
        for noun, color in (("sofa", "red"), ("rug", "blue")):
            logits["objects"][bright, OBJECTS.index(noun)] = 1.0
            colors[:, OBJECTS.index(noun), COLORS.index(color)] = 1.0
        return {**logits, "colors": colors.flatten(1)}


@pytest.fixture(scope="module")
def samples() -> list[DepthSample]:
    worlds = [build_world(seed, kind) for seed in range(2) for kind in ("living room", "desert")]
    return list(rendered(worlds, 16))


def asked(sample: DepthSample, **objects: str) -> Prompt:
    """A prompt for these objects, each with its colour."""
    row = np.full(len(OBJECTS), NOT_SEEN, dtype=np.int8)
    for noun, color in objects.items():
        row[OBJECTS.index(noun)] = COLORS.index(color) if color else NO_COLOR
    return Prompt("words", sample, row)


def test_verdicts_are_counted_for_renders_and_for_drawn_pictures(samples: list[DepthSample]) -> None:
    said: list[str] = []

    def draw(prompts: list[str]) -> torch.Tensor:
        said.extend(prompts)
        return torch.ones(len(prompts), 3, 16, 16)

    prompts = [known_words(sample) for sample in samples]
    rows, drawn = score_prompts(draw, SeesRedSofasAtNoon(), prompts, batch=3)
    assert drawn.shape == (4, 3, 16, 16)
    assert said == [prompt.text for prompt in prompts]
    generated = rows["generated"]
    assert [row["kind_right"] for row in generated] == [1.0, 0.0] * 2
    assert [row["time_right"] for row in generated] == [float(s.world.time == "noon") for s in samples]
    assert [row["weather_right"] for row in generated] == [float(s.world.weather == "clear") for s in samples]
    bright = [(2 * sample.image - 1).mean() > 0 for sample in samples]
    expected = [float(b and s.world.kind == "living room") for b, s in zip(bright, samples, strict=True)]
    assert [row["kind_right"] for row in rows["renders"]] == expected


def test_objects_must_be_found_and_have_their_colour(samples: list[DepthSample]) -> None:
    sample = samples[0]
    prompts = [
        asked(sample, sofa="red", rug="red"),
        asked(sample, sofa="red", rug=""),
        asked(sample, piano="black"),
        asked(sample),
    ]
    rows, _ = score_prompts(lambda p: torch.ones(len(p), 3, 16, 16), SeesRedSofasAtNoon(), prompts, 4)
    assert [row["objects_right"] for row in rows["generated"]] == [1.0, 1.0, 0.0, None]
    assert [row["colors_right"] for row in rows["generated"]] == [0.5, 1.0, 0.0, None]


def test_shares_are_of_what_is_right_in_renders() -> None:
    def rows(*right: float | None) -> list[dict[str, float | None]]:
        others = dict.fromkeys(("time_right", "weather_right", "objects_right", "colors_right"), 0.0)
        return [{**others, "kind_right": value} for value in right]

    shares = shares_of_renders({"renders": rows(1, 1, 0, 1), "generated": rows(1, 0, 0, 0)})
    assert set(shares) == {"kind_right"}  # of nothing there is no share
    assert shares["kind_right"].mean == pytest.approx(1 / 3)


def test_precision_is_of_what_is_found(samples: list[DepthSample]) -> None:
    class SeesAll(SeesRedSofasAtNoon):
        def forward(self, image: torch.Tensor) -> dict[str, torch.Tensor]:
            return {**super().forward(image), "objects": torch.ones(len(image), len(OBJECTS))}

    in_sight = [objects_in_view(s.world.layout, s.world.primitives, s.camera) >= NO_COLOR for s in samples]
    assert found_and_there(SeesAll(), torch.ones(4, 3, 16, 16), samples) == pytest.approx(np.mean(in_sight))


def test_longer_names_hide_the_shorter_ones_within() -> None:
    assert named("Two coffee tables, a chair and an oak.", {n: (n,) for n in OBJECTS}) == {
        "coffee table",
        "chair",
        "oak",
    }
    assert named("a tea trolley by chiffoniers", HELD_OUT_OBJECTS) == {"coffee table", "dresser"}
    assert named("a bedroom", {"bed": ("bed",)}) == set()


def test_what_a_prompt_asks_for_is_named_and_in_sight(samples: list[DepthSample]) -> None:
    for words_of, nouns in ((known_words, {n: (n,) for n in OBJECTS}), (held_out_words, HELD_OUT_OBJECTS)):
        for prompt in map(words_of, samples):
            found = {OBJECTS[i] for i in np.flatnonzero(prompt.objects >= NO_COLOR)}
            assert found <= named(prompt.text, nouns)
            assert found <= {thing.noun for thing in prompt.sample.world.things}
    assert any((known_words(sample).objects >= NO_COLOR).any() for sample in samples)


def test_reports_leave_open_what_nothing_was_asked_of(tmp_path: Path) -> None:
    right = {"kind_right": 1.0, "time_right": 1.0, "weather_right": 0.0}
    rows = [
        {"image": "1", "kind": "lake", **right, "objects_right": 0.5, "colors_right": None},
        {"image": "2", "kind": "desert", **right, "objects_right": None, "colors_right": None},
    ]
    report = Report("pictures", {"generated": rows}, ANSWERS, {})
    assert "objects_right" not in report.by_group()["generated"]["desert"]
    lines = table(report).splitlines()
    assert next(line for line in lines if line.startswith("desert")).split()[1:] == [
        "1.000",
        "1.000",
        "0.000",
        "-",
        "-",
    ]
    write_report(report, tmp_path)
    assert "<td>-</td>" in (tmp_path / "report.html").read_text(encoding="utf8")
