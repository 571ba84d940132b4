"""How near the shipped upsampler comes to renders, in how many steps, as results/upsampler.json.

    python examples/benchmarks/upsampler.py        # a minute

True renders of evaluation worlds are shrunk to a quarter of their sides and enlarged again. rmse: of [0, 1] colours,
mean over the pictures; also of plain enlarging.
"""

from __future__ import annotations

from record import hardware, save
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate

from depthgen import ImageCompleter
from depthgen.evaluation.samples import evaluation_samples
from depthgen.model import ENLARGEMENT
from depthgen.worlds import GENERATOR_VERSION, content_hash

COUNT, SIZE = 24, 256
STEPS = (1, 2, 4, 8)


def rmse(pictures: Tensor, truth: Tensor) -> float:
    """Root mean square difference of pictures (3,H,W) in [0, 1]."""
    return (pictures - truth).square().mean().sqrt().item()


def main() -> None:
    completer = ImageCompleter.from_pretrained("builtin", device="cpu")
    ways = {
        f"{steps} step(s)": lambda low, steps=steps: completer.upsample(low, steps=steps) for steps in STEPS
    }
    for mode in ("bilinear", "bicubic"):
        ways[mode] = lambda low, mode=mode: interpolate(low, scale_factor=ENLARGEMENT, mode=mode).clamp(0, 1)
    errors: dict[str, list[float]] = {name: [] for name in ways}
    for sample in evaluation_samples(COUNT, SIZE):
        low = avg_pool2d(sample.image, ENLARGEMENT)[None]
        for name, way in ways.items():
            errors[name].append(rmse(way(low)[0], sample.image))
    figures = {
        "hardware": hardware(),
        "evaluation": {
            "worlds": COUNT,
            "size": SIZE,
            "generator_version": GENERATOR_VERSION,
            "set": content_hash(COUNT),
        },
        "rmse": {name: round(sum(found) / COUNT, 4) for name, found in errors.items()},
    }
    save("upsampler", figures)


if __name__ == "__main__":
    main()
