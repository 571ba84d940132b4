"""CUDA agrees with the CPU: networks, samplers, completion, worlds, the pool, a training step, the models.

`pytest -m gpu` runs them; the rasteriser and the pre-training batches have theirs beside their other tests.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from depthgen import DepthEstimator, ImageCompleter
from depthgen.data.pool import PoolConfig, PoolViews, WorldPool
from depthgen.data.worlds import pair_cameras, rendered_pairs
from depthgen.depth_models import SAMPLERS
from depthgen.diffusion.imputation import Guide, Known, Resample
from depthgen.diffusion.samplers import uniform_times
from depthgen.diffusion.schedule import CosineSchedule
from depthgen.model import DiffusionModel, ModelConfig
from depthgen.nn.unet import UNetConfig
from depthgen.objectives import DepthObjective, depth_loss
from depthgen.text import TextStates
from depthgen.training import TrainConfig, fit
from depthgen.worlds import build_world

pytestmark = pytest.mark.gpu
CUDA = "cuda"
UNET = UNetConfig(channels=(16, 32), blocks=(1, 1), attention=(False, True), groups=4, field_of_view=True)


@pytest.fixture(autouse=True)
def exact() -> Iterator[None]:
    """Full float32 on the GPU: tf32 is for training."""
    before = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    yield
    torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = before


def network(**config: object) -> DiffusionModel:
    torch.manual_seed(0)
    model = DiffusionModel(ModelConfig(unet=UNET, **config))  # type: ignore[arg-type]
    with torch.no_grad():
        for weight in model.parameters():
            weight += 0.05 * torch.randn(weight.shape)
    return model.eval()


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@torch.no_grad()
def test_the_network() -> None:
    model = network(task="completion", text=True)
    z, t, condition = drawn(3, 3, 32, 48), torch.tensor([0.1, 0.6, 1.0]), drawn(3, 4, 32, 48, seed=1)
    text = TextStates(drawn(3, 7, 384, seed=2), torch.arange(7) < torch.tensor([[2], [7], [0]]))
    fov = torch.tensor([0.0, 45.0, 90.0])
    here = model.denoise(z, t, condition, text, fov)
    there = model.to(CUDA).denoise(*(x.to(CUDA) for x in (z, t, condition)), text.to(CUDA), fov.to(CUDA))
    torch.testing.assert_close(there.cpu(), here, atol=1e-3, rtol=1e-3)


def denoise(z: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    """The exact denoiser of pixels with mean 0.3 and standard deviation 0.5."""
    schedule = CosineSchedule()
    alpha, sigma = schedule.alpha(t)[:, None, None, None], schedule.sigma(t)[:, None, None, None]
    gain = 0.25 * alpha / (0.25 * alpha**2 + sigma**2)
    return 0.3 + gain * (z - 0.3 * alpha)


@pytest.mark.parametrize("name", SAMPLERS)
def test_samplers(name: str) -> None:
    noise, times = drawn(2, 1, 16, 16), uniform_times(8)
    here, there = (
        SAMPLERS[name](denoise, noise.to(device), CosineSchedule(), times, torch.Generator().manual_seed(3))
        for device in ("cpu", CUDA)
    )
    torch.testing.assert_close(there.cpu(), here, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("method", [Guide(), Resample(rounds=2)])
def test_completion(method: Guide | Resample) -> None:
    noise, values = drawn(2, 1, 16, 16), drawn(2, 1, 16, 16, seed=1)
    where = drawn(2, 1, 16, 16, seed=2) > 0
    here, there = (
        method.sample(
            denoise,
            noise.to(device),
            Known(values.to(device), where.to(device)),
            CosineSchedule(),
            uniform_times(6),
            torch.Generator().manual_seed(3),
        )
        for device in ("cpu", CUDA)
    )
    torch.testing.assert_close(there.cpu(), here, atol=1e-3, rtol=1e-3)


def test_worlds() -> None:
    worlds = [build_world(seed) for seed in range(4)]
    cameras = pair_cameras(worlds, 64)
    here, there = (rendered_pairs(worlds, cameras, device) for device in ("cpu", CUDA))
    assert all(values.device.type == CUDA for values in there.values())
    same_surface = (there["depth"].cpu() / here["depth"] - 1).abs() < 0.01
    assert same_surface.float().mean() > 0.999
    steps = (there["image"].cpu().int() - here["image"].int()).abs()[same_surface.expand(-1, 3, -1, -1)]
    assert (steps <= 2).float().mean() > 0.995
    assert (there["known"].cpu() == here["known"]).float().mean() > 0.995
    assert torch.equal(there["fov"].cpu(), here["fov"])


def lengths(texts: list[str]) -> torch.Tensor:
    return torch.tensor([[len(text)] for text in texts])


CONFIG = PoolConfig(size=32, capacity=16, least=16, worlds_at_once=2)


def test_the_pool_renders_beside_the_training() -> None:
    with WorldPool(CONFIG, CUDA, lengths) as there, WorldPool(CONFIG, "cpu", lengths) as here:
        ours, theirs = (PoolViews(pool, 16).__getitems__(range(4, 12)) for pool in (here, there))
    assert all(values.device.type == CUDA for values in theirs.values())
    assert (theirs["image"].cpu() - ours["image"]).abs().median() < 2 / 255
    assert torch.equal(theirs["tokens"].cpu(), ours["tokens"])
    assert torch.equal(theirs["kind"].cpu(), ours["kind"])


@pytest.mark.parametrize("compiled", [False, True])
def test_training_from_the_pool(compiled: bool, tmp_path: Path) -> None:
    config = TrainConfig(
        steps=30, batch_size=8, warmup_steps=5, precision="bf16", compile=compiled, log_every=5
    )
    model = network(known_depth=True)
    with WorldPool(CONFIG, CUDA, lengths) as pool:
        averaged, facts = fit(
            model,
            depth_loss(model.config, DepthObjective()),
            PoolViews(pool, 32),
            config,
            tmp_path,
            collate=lambda batch: batch,
        )
    assert facts["steps_done"] == 30
    assert next(averaged.parameters()).device.type == CUDA
    assert all(parameter.isfinite().all() for parameter in averaged.parameters())


def test_the_shipped_models() -> None:
    image = torch.nn.functional.interpolate(drawn(1, 3, 8, 8).sigmoid(), size=(64, 64), mode="bilinear")[0]
    here, there = (DepthEstimator.from_pretrained("builtin", d).predict(image).depth for d in ("cpu", CUDA))
    assert (there / here - 1).abs().quantile(0.99) < 0.01
    pictures = [
        ImageCompleter.from_pretrained("builtin", d).generate("a lake", size=64, steps=4)
        for d in ("cpu", CUDA)
    ]
    assert (pictures[0] - pictures[1]).abs().mean() < 2 / 255


def test_pictures_and_generators_may_live_on_the_gpu() -> None:
    image = drawn(3, 64, 64).sigmoid().to(CUDA)
    known = (torch.arange(64) < 40).expand(1, 64, 64).to(CUDA)
    generator = torch.Generator(CUDA).manual_seed(0)
    completer = ImageCompleter.from_pretrained("builtin", CUDA)
    completed = completer.complete(image, known, "a lake", steps=2, generator=generator)
    assert torch.equal(completed.image[:, known[0].cpu()], image[:, known[0]].cpu())
    assert completer.sample(["a lake"], known=known[None], steps=1).device.type == "cpu"
    if completer.upsampler is not None:
        assert completer.upsample(image[None, :, ::4, ::4], generator=generator).shape[2:] == (64, 64)
    estimator = DepthEstimator.from_pretrained("builtin", CUDA)
    assert estimator.predict(image, generator=generator).depth.isfinite().all()
