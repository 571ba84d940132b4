"""A pane of glass has two depths: results/multimodality.png and .json.

    python examples/benchmarks/multimodality.py [STEPS]

A network is trained on indoor worlds in which framed panes of glass stand; the depth it is given there is the pane's
or that of what is behind, at random. Sampled many times on a held-out picture with a pane, a diffusion model must
answer with both. The control is the same training without panes, sampled on the same picture.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from ablations import BATCH, SIZE, UNET, InMemory
from PIL import Image, ImageDraw
from record import RESULTS, hardware, save
from torch import Tensor

from depthgen.data.frames import DataConfig, training_sample
from depthgen.data.sample import RGBD
from depthgen.data.synthetic import pinhole, rendered_frames
from depthgen.data.worlds import collate
from depthgen.depth import DepthCoding, colorize
from depthgen.diffusion.denoiser import clipped
from depthgen.diffusion.samplers import sample_ancestral, uniform_times
from depthgen.geometry import pixel_rays
from depthgen.images import resize, to_pil
from depthgen.model import DiffusionModel, ModelConfig
from depthgen.objectives import DepthObjective, depth_loss
from depthgen.training import TrainConfig, fit

FRAMES, SAMPLES, SAMPLER_STEPS, FAR = 1024, 64, 128, 10.0
PICTURE_SEED = 3_000_001  # a room in which the frame stands out
TINT, TINT_SHARE = (
    (0.75, 0.9, 0.95),
    0.25,
)  # what glass adds to the colours behind it; chosen, so that it can be seen
FRAME_COLOR, FRAME_WIDTH = (0.35, 0.22, 0.12), 0.05  # of the wooden frame, metres
AT_TRUTH = 0.1  # relative error within which a sample hits one of the two depths
AT_MIDDLE = 0.1  # log depth


@dataclass(frozen=True)
class Pane:
    """A view with a pane of glass: the frame as seen through it, the pane's own depth there, and where it is."""

    behind: RGBD  # the wooden frame is in its picture and depth
    front: RGBD
    glass: Tensor  # (1,H,W) bool


def with_pane(view: RGBD, rng: np.random.Generator) -> Pane | None:
    """Stand a pane of glass upright in a view, nearer than all it covers; None where there is no room for it."""
    assert view.camera is not None
    rays = pixel_rays(view.camera)
    centre = torch.tensor([rng.uniform(-0.3, 0.3), rng.uniform(-0.1, 0.2)])  # at z = 1
    half = torch.tensor([rng.uniform(0.18, 0.3), rng.uniform(0.2, 0.35)])
    turn = rng.uniform(-0.5, 0.5)  # slope of the pane's depth to the right
    inside = ((rays[..., :2] - centre).abs() < half).all(-1) & view.valid[0]
    if inside.sum() < 60:
        return None
    near = float(view.depth[0][inside].min())
    if near < 1.6:
        return None
    distance = rng.uniform(0.9, 0.6 * near) if 0.6 * near > 0.9 else 0.9
    depth = distance / (1 - turn * (rays[..., 0] - centre[0]))
    width = half - FRAME_WIDTH / distance
    glass = inside & ((rays[..., :2] - centre).abs() < width).all(-1)
    wood = inside & ~glass
    image = torch.where(
        glass, torch.lerp(view.image, torch.tensor(TINT)[:, None, None], TINT_SHARE), view.image
    )
    image = torch.where(wood, torch.tensor(FRAME_COLOR)[:, None, None], image)
    behind = replace(view, image=image, depth=torch.where(wood, depth, view.depth[0])[None])
    front = replace(behind, depth=torch.where(glass, depth, behind.depth[0])[None])
    return Pane(behind, front, glass[None])


def views(first_seed: int, count: int) -> Iterator[RGBD]:
    return rendered_frames(range(first_seed, first_seed + count), pinhole(SIZE), SIZE, "indoor")


def training_sets() -> tuple[InMemory, InMemory]:
    """(with panes, without): with panes, either depth is as frequent as the other."""
    config = DataConfig(size=SIZE, max_depth=FAR)
    rng, glassy, plain = np.random.default_rng(0), [], []
    for view in views(0, FRAMES):
        pane = with_pane(view, rng)
        glassy += [
            training_sample(frame, config) for frame in ((pane.front, pane.behind) if pane else (view, view))
        ]
        plain += [training_sample(view, config)] * 2
    return InMemory(glassy), InMemory(plain)


def trained(data: InMemory, steps: int) -> DiffusionModel:
    torch.manual_seed(0)
    model = DiffusionModel(ModelConfig(unet=UNET, resolution=SIZE[0], coding=DepthCoding(0.5, FAR)))
    config = TrainConfig(
        steps=steps, batch_size=BATCH, learning_rate=1e-3, warmup_steps=20, ema_decay=0.99,
        log_every=steps, checkpoint_every=10**9, precision="bf16", device="cpu",
    )  # fmt: skip
    loss = depth_loss(model.config, DepthObjective())
    average, _ = fit(model, loss, data, config, Path(tempfile.mkdtemp()), collate=collate)
    assert isinstance(average, DiffusionModel)
    return average.eval()


@torch.no_grad()
def drawn(model: DiffusionModel, image: Tensor) -> Tensor:
    """(SAMPLES,1,H,W) metres."""
    generator = torch.Generator().manual_seed(1)
    condition = (2 * image - 1).expand(SAMPLES, -1, -1, -1)
    denoise = clipped(lambda z, t: model.denoise(z, t, condition), -1, 1)
    noise = torch.randn(SAMPLES, 1, *SIZE, generator=generator)
    with torch.autocast("cpu", torch.bfloat16):
        coded = sample_ancestral(denoise, noise, model.schedule, uniform_times(SAMPLER_STEPS), generator)
    return model.config.coding.decode(coded.float())


def shares(depths: Tensor, pane: float, behind: float) -> dict[str, float]:
    """Of samples (N,) at one pixel: those nearer to the pane, to what is behind (in log depth), and within
    AT_MIDDLE of the middle between the two, where a mean would lie; and those that hit either within AT_TRUTH."""
    middle = (pane * behind) ** 0.5
    between = ((depths / middle).log().abs() < AT_MIDDLE).float().mean().item()
    hits = [((depths / truth - 1).abs() < AT_TRUTH).float().mean().item() for truth in (pane, behind)]
    near = (depths < middle).float().mean().item()
    return {
        "nearer_to_the_pane": round(near, 3),
        "nearer_to_what_is_behind": round(1 - near, 3),
        "in_the_middle": round(between, 3),
        "hits_the_pane": round(hits[0], 3),
        "hits_what_is_behind": round(hits[1], 3),
    }


def histogram(depths: Tensor, pane: float, behind: float, title: str) -> Image.Image:
    """Bars over log depth, the two true depths marked."""
    size, low, high = (420, 200), 0.5, FAR
    sheet = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(sheet)
    edges = np.geomspace(low, high, 41)
    counts, _ = np.histogram(depths.numpy(), edges)

    def x(metres: float) -> float:
        return 10 + (size[0] - 20) * np.log(metres / low) / np.log(high / low)

    for count, left, right in zip(counts, edges[:-1], edges[1:], strict=True):
        pen.rectangle(
            (x(left), 170 - 130 * count / max(1, counts.max()), x(right) - 1, 170), fill=(70, 110, 190)
        )
    for metres, word in ((pane, "pane"), (behind, "behind")):
        pen.line((x(metres), 30, x(metres), 170), fill=(200, 50, 40), width=2)
        pen.text((x(metres) + 3, 28), f"{word} {metres:.2f} m", fill=(200, 50, 40))
    for metres in (0.5, 1, 2, 4, 8):
        pen.text((x(metres), 174), f"{metres:g} m", fill="black")
    pen.text((10, 6), title, fill="black")
    return sheet


def picture(depth: Tensor) -> Image.Image:
    colors = colorize(depth[0], torch.ones_like(depth[0], dtype=torch.bool), 0.5, FAR).permute(2, 0, 1) / 255
    return to_pil(resize(colors, (4 * SIZE[0], 4 * SIZE[1])))


def sheet(pane: Pane, pixel: tuple[int, int], samples: dict[str, Tensor]) -> Image.Image:
    """The picture, four samples of each network, and its histogram at the pixel."""
    truth = [float(frame.depth[0][pixel]) for frame in (pane.front, pane.behind)]
    width, height = 4 * SIZE[1], 4 * SIZE[0]
    canvas = Image.new("RGB", (5 * width + 430, 2 * (height + 10)), "white")
    for row, (name, depths) in enumerate(samples.items()):
        top = row * (height + 10)
        shown = to_pil(resize(pane.behind.image, (height, width)))
        ImageDraw.Draw(shown).ellipse([4 * pixel[1] - 5, 4 * pixel[0] - 5, 4 * pixel[1] + 5, 4 * pixel[0] + 5],
                                      outline=(255, 0, 0), width=2)  # fmt: skip
        canvas.paste(shown, (0, top))
        for i in range(4):
            canvas.paste(picture(depths[i]), ((i + 1) * width, top))
        at_pixel = depths[:, 0, pixel[0], pixel[1]]
        canvas.paste(histogram(at_pixel, *truth, title=f"{name}: {SAMPLES} samples"), (5 * width + 5, top))
    return canvas


def main() -> None:
    steps = int(sys.argv[1]) if len(sys.argv) > 1 else 800
    rng = np.random.default_rng(1)
    pane = next(pane for view in views(PICTURE_SEED, 100) if (pane := with_pane(view, rng)) is not None)
    rows, columns = torch.nonzero(pane.glass[0], as_tuple=True)
    pixel = (int(rows.float().mean()), int(columns.float().mean()))
    sets = dict(zip(("panes", "no panes"), training_sets(), strict=True))
    samples = {name: drawn(trained(data, steps), pane.behind.image) for name, data in sets.items()}
    truth = {"pane": float(pane.front.depth[0][pixel]), "behind": float(pane.behind.depth[0][pixel])}
    sheet(pane, pixel, samples).save(RESULTS / "multimodality.png")
    save(
        "multimodality",
        {
            "hardware": hardware(),
            "images_seen": steps * BATCH,
            "samples": SAMPLES,
            "sampler": f"ancestral, {SAMPLER_STEPS} steps",
            "truth_metres": truth,
            "shares": {
                name: shares(depths[:, 0, pixel[0], pixel[1]], truth["pane"], truth["behind"])
                for name, depths in samples.items()
            },
        },
    )


if __name__ == "__main__":
    main()
