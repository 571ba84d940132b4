"""What a few-step student of the built-in completer keeps of its teacher, and what it saves.

    depthgen-train experiment=completer_student
    python examples/benchmarks/students.py runs/completer_student/model.safetensors [--teacher FILE]

Pictures for held-out captions are judged as in `depthgen-evaluate protocol=prompts`, all from the same noise; the
distance is that to the pictures of the teacher in the steps that the student was taught.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import torch
from record import hardware, save, seconds
from torch import Tensor

from depthgen import DepthEstimator, ImageCompleter
from depthgen.checkpoint import is_shipped, load_checkpoint
from depthgen.evaluation.prompts import ANSWERS, FOV, Prompt, known_words, score_prompts
from depthgen.evaluation.runner import load_judge
from depthgen.evaluation.samples import evaluation_samples
from depthgen.evaluation.statistics import summarize
from depthgen.worlds import GENERATOR_VERSION, content_hash

COUNT = 270  # eighteen worlds of each kind
BATCH = 32
PROMPT = "a village by a lake at sunset"

Sampling = dict[str, Any]  # steps and guidance


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("student", type=Path)
    parser.add_argument(
        "--teacher", default="builtin", help="weights it was taught by (default: those that ship)"
    )
    parser.add_argument("--count", type=int, default=COUNT, help="worlds")
    arguments = parser.parse_args()
    machine = hardware()
    upsampler = "builtin" if is_shipped("upsampler") else None
    teacher, student = (
        ImageCompleter.from_pretrained(name, upsampler=upsampler)
        for name in (arguments.teacher, arguments.student)
    )
    _, record = load_checkpoint(arguments.student)
    taught = record["experiment"]["distil"]
    rows: list[tuple[str, ImageCompleter, Sampling]] = [
        (f"teacher, the {taught['teacher_steps']} steps taught", teacher, {"steps": taught["teacher_steps"]}),
        ("teacher", teacher, {}),
        (f"teacher, {student.steps} steps", teacher, {"steps": student.steps}),
        (f"teacher, {student.steps} steps, not guided", teacher, {"steps": student.steps, "guidance": 1.0}),
        (f"student, {student.steps} steps", student, {}),
    ]
    judge = load_judge("builtin", "auto")
    prompts = [known_words(sample) for sample in evaluation_samples(arguments.count, 64)]
    figures: dict[str, Any] = {}
    reference: Tensor | None = None
    for name, completer, sampling in rows:
        figures[name], drawn = judged(completer, sampling, judge, prompts)
        reference = drawn if reference is None else reference
        figures[name]["distance"] = round((drawn - reference).square().mean().sqrt().item(), 4)
        figures[name]["seconds_256px"] = round(
            seconds(lambda c=completer, s=sampling: c.generate(PROMPT, **s)), 3
        )
    picture = teacher.generate(PROMPT)
    depth = DepthEstimator.from_pretrained("builtin")
    save(
        "students",
        {
            "hardware": machine | {"threads": torch.get_num_threads()},
            "evaluation": {
                "worlds": arguments.count,
                "generator_version": GENERATOR_VERSION,
                "set": content_hash(arguments.count),
            },
            "taught": taught | {"images_seen": record["images_seen"]},
            "completer": figures,
            "seconds_depth_256px": round(seconds(lambda: depth.predict(picture)), 3),
        },
    )


def judged(
    completer: ImageCompleter, sampling: Sampling, judge: torch.nn.Module, prompts: list[Prompt]
) -> tuple[dict[str, float], Tensor]:
    """Shares of pictures in which the judge finds what the caption says, and the pictures."""
    generator = torch.Generator().manual_seed(0)
    rows, drawn = score_prompts(
        lambda texts: completer.sample(texts, fov=FOV, generator=generator, **sampling), judge, prompts, BATCH
    )
    right = summarize(rows["generated"], ANSWERS)
    return {name: round(estimate.mean, 3) for name, estimate in right.items()}, drawn


if __name__ == "__main__":
    main()
