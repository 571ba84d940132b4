"""Do generated pictures show what their words say? Judged by a classifier trained on renders."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from depthgen.evaluation.depth import Row
from depthgen.evaluation.samples import DepthSample
from depthgen.worlds import KINDS, TIMES, WEATHERS, World, caption

CLASSES = {"kind": KINDS, "time": TIMES, "weather": WEATHERS}
CAPTION_STREAM = 3  # of a world's random numbers; 1 is its camera, 2 its training captions

Draw = Callable[[Sequence[str]], Tensor]  # B prompts -> (B,3,h,w) pictures in [0,1]


def held_out_caption(world: World) -> str:
    """A caption in a phrasing that training never used; it names kind, time of day and weather."""
    return caption(world, np.random.default_rng([world.seed, CAPTION_STREAM]), held_out=True)


def score_prompts(
    draw: Draw, judge: nn.Module, samples: Sequence[DepthSample], batch: int
) -> tuple[dict[str, list[Row]], Tensor]:
    """The judge's verdicts on the renders of `samples` and on pictures drawn for their held-out captions.

    Returns rows for "renders" and for "generated" (a row: "image", "kind", the caption, and 1.0 or 0.0 for
    each attribute as "kind_right", "time_right", "weather_right"), and the drawn pictures (N,3,h,w).
    """
    rows: dict[str, list[Row]] = {"renders": [], "generated": []}
    drawn = []
    for start in range(0, len(samples), batch):
        part = samples[start : start + batch]
        worlds = [sample.world for sample in part]
        pictures = draw([held_out_caption(world) for world in worlds])
        rows["renders"] += verdicts(judge, torch.stack([sample.image for sample in part]), worlds)
        rows["generated"] += verdicts(judge, pictures, worlds)
        drawn.append(pictures)
    return rows, torch.cat(drawn)


@torch.inference_mode()
def verdicts(judge: nn.Module, images: Tensor, worlds: Sequence[World]) -> list[Row]:
    """Whether the judge finds the attributes of `worlds` in their pictures (B,3,H,W) in [0,1]."""
    device = next(judge.parameters()).device
    answers = {name: logits.argmax(1).tolist() for name, logits in judge(2 * images.to(device) - 1).items()}
    return [
        {
            "image": str(world.seed),
            "kind": world.kind,
            "caption": held_out_caption(world),
            **{
                f"{name}_right": float(CLASSES[name][answers[name][i]] == getattr(world, name))
                for name in CLASSES
            },
        }
        for i, world in enumerate(worlds)
    ]
