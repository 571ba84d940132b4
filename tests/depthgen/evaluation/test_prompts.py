import torch
from torch import nn

from depthgen.evaluation.prompts import held_out_caption, score_prompts
from depthgen.evaluation.samples import rendered
from depthgen.worlds import KINDS, TIMES, WEATHERS, build_world


class SeesLakesAtNoon(nn.Module):
    """Answers "lake", "noon" and "clear" to bright pictures and the last class of each to dark ones."""

    def __init__(self) -> None:
        super().__init__()
        self.unused = nn.Parameter(torch.zeros(1))

    def forward(self, image: torch.Tensor) -> dict[str, torch.Tensor]:
        bright = image.mean((1, 2, 3)) > 0
        answers = {"kind": (KINDS, "lake"), "time": (TIMES, "noon"), "weather": (WEATHERS, "clear")}
        logits = {}
        for name, (classes, answer) in answers.items():
            index = torch.where(bright, classes.index(answer), len(classes) - 1)
            logits[name] = nn.functional.one_hot(index, len(classes)).float()
        return logits


def test_verdicts_are_counted_for_renders_and_for_drawn_pictures():
    worlds = [build_world(seed, kind) for seed in range(3) for kind in ("lake", "desert")]
    samples = list(rendered(worlds, 16))
    asked: list[str] = []

    def draw(prompts: list[str]) -> torch.Tensor:
        asked.extend(prompts)
        return torch.ones(len(prompts), 3, 16, 16)

    rows, drawn = score_prompts(draw, SeesLakesAtNoon(), samples, batch=4)
    assert drawn.shape == (6, 3, 16, 16)
    assert asked == [held_out_caption(world) for world in worlds]
    generated = rows["generated"]
    assert [row["kind_right"] for row in generated] == [1.0, 0.0] * 3
    assert [row["time_right"] for row in generated] == [float(world.time == "noon") for world in worlds]
    assert [row["weather_right"] for row in generated] == [
        float(world.weather == "clear") for world in worlds
    ]
    bright = [(2 * sample.image - 1).mean() > 0 for sample in samples]
    expected = [float(b and world.kind == "lake") for b, world in zip(bright, worlds, strict=True)]
    assert [row["kind_right"] for row in rows["renders"]] == expected
