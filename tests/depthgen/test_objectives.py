from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from depthgen.depth.coding import DepthCoding
from depthgen.diffusion.prediction import target
from depthgen.model import DiffusionModel, ModelConfig, completion_condition
from depthgen.nn.unet import UNetConfig
from depthgen.objectives import (
    HIGHEST_LEVEL,
    SCHEDULE,
    DepthObjective,
    completion_loss,
    depth_loss,
    judge_loss,
    noise_times,
    palette_loss,
    training_known,
    upsampling_case,
    upsampling_loss,
)
from depthgen.text import TextEncoder

SIDE = 16
UNET = UNetConfig(channels=(16, 16), blocks=(1, 1), attention=(False, True))


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def batch(count: int = 4) -> dict:
    generator = seeded(1)
    return {
        "image": torch.rand(count, 3, SIDE, SIDE, generator=generator),
        "depth": 1 + 9 * torch.rand(count, 1, SIDE, SIDE, generator=generator),
        "counted": torch.ones(count, 1, SIDE, SIDE, dtype=torch.bool),
        "known": torch.rand(count, 1, SIDE, SIDE, generator=generator) < 0.5,
        "captions": [["a lake", "a small lake"]] * count,
        "kind": torch.arange(count) % 3,
    }


class Perfect(torch.nn.Module):
    """Knows the clean x0 from the condition, so its loss must vanish whatever noise and flip are drawn."""

    def __init__(self, clean: Callable[[torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.clean = clean

    def forward(self, z_t, t, condition, text=None, fov=None) -> torch.Tensor:
        alpha, sigma = (f(t)[:, None, None, None] for f in (SCHEDULE.alpha, SCHEDULE.sigma))
        x0 = self.clean(condition)
        return target(x0, (z_t - alpha * x0) / sigma, alpha, sigma, "v")


CODING = DepthCoding()
DEPTH_MODEL = ModelConfig(unet=UNET, coding=CODING)


def telling_batch() -> dict:
    """The picture, flipped or not, tells the depth."""
    samples = batch()
    return samples | {"depth": 2 + samples["image"][:, :1]}


def told(image: torch.Tensor) -> torch.Tensor:
    return CODING.encode(2 + (image[:, :1] + 1) / 2)


@pytest.mark.parametrize("unroll", [False, True])
@pytest.mark.parametrize("norm", ["l1", "l2"])
def test_depth_loss_vanishes_for_the_true_depth(norm: str, unroll: bool) -> None:
    loss = depth_loss(DEPTH_MODEL, DepthObjective(norm, unroll))  # type: ignore[arg-type]
    assert loss(Perfect(told), telling_batch(), seeded()) < 1e-3
    assert loss(Perfect(lambda image: told(image) + 0.3), telling_batch(), seeded()) > 0.02


def test_only_counted_pixels_count() -> None:
    samples = telling_batch()
    samples["counted"][:, :, :, : SIDE // 2] = False
    samples["counted"] |= samples["counted"].flip(-1)  # a flip hides nothing new ...
    samples["counted"][:, :, : SIDE // 2] = False  # ... and the upper half is never measured
    samples["depth"][:, :, : SIDE // 2] = 77.0
    assert depth_loss(DEPTH_MODEL, DepthObjective())(Perfect(told), samples, seeded()) < 1e-3


def test_unrolling_trains_on_the_networks_own_mistakes() -> None:
    """A network that is off by d sees z_t made from its own x0; its target still leads to the truth."""
    seen: list[torch.Tensor] = []

    class Watching(Perfect):
        def forward(self, z_t, t, condition, text=None, fov=None) -> torch.Tensor:
            seen.append(z_t)
            return super().forward(z_t, t, condition)

    off = 0.05
    depth_loss(DEPTH_MODEL, DepthObjective(unroll=True))(
        Watching(lambda image: told(image) + off), telling_batch(), seeded()
    )
    first, second = seen
    moved = (second - first).flatten(1).mean(1)
    assert (moved > 0).all()
    assert (moved <= off + 1e-5).all()  # alpha times the mistake


def test_unrolling_under_autocast_leaves_every_gradient() -> None:
    torch.manual_seed(0)
    model = DiffusionModel(DEPTH_MODEL)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    with torch.autocast("cpu", torch.bfloat16):
        loss = depth_loss(DEPTH_MODEL, DepthObjective(unroll=True))(model, batch(), seeded())
    loss.backward()
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in model.parameters())


def test_high_times_spend_four_fifths_of_the_samples_where_the_picture_decides() -> None:
    t = noise_times(torch.rand(20000, generator=seeded()), "high")
    assert t.min() >= 0
    assert t.max() <= 1
    assert (t > 0.996).float().mean() == pytest.approx(0.795, abs=0.015)
    assert torch.equal(noise_times(t, "uniform"), t)


def test_fields_of_view_are_withheld_now_and_then() -> None:
    class Notes(Perfect):
        def forward(self, z_t, t, condition, text=None, fov=None) -> torch.Tensor:
            self.fov = fov
            return super().forward(z_t, t, condition)

    model, samples = Notes(told), batch(400) | {"fov": torch.full((400,), 60.0)}
    depth_loss(DEPTH_MODEL, DepthObjective(drop_fov=0.25))(model, samples, seeded())
    assert set(model.fov.tolist()) == {0.0, 60.0}
    assert (model.fov == 0).float().mean() == pytest.approx(0.25, abs=0.06)


def test_known_depth_is_shown_to_the_stated_share() -> None:
    class Notes(Perfect):
        def forward(self, z_t, t, condition, text=None, fov=None) -> torch.Tensor:
            self.condition = condition
            return super().forward(z_t, t, condition)

    model, samples = Notes(told), batch(300)
    samples["depth"] = 2 + samples["image"][:, :1]
    config = replace(DEPTH_MODEL, known_depth=True)
    assert depth_loss(config, DepthObjective(show_known=0.3))(model, samples, seeded()) < 1e-3
    image, code, known = model.condition.split([3, 1, 1], dim=1)
    shown = known.flatten(1).any(1)
    assert shown.float().mean() == pytest.approx(0.3, abs=0.08)
    torch.testing.assert_close(code[shown], (told(image) * known)[shown])
    assert not code[~shown].any()
    without_known = {name: value for name, value in samples.items() if name != "known"}
    with pytest.raises(ValueError, match="known_depth"):
        depth_loss(config, DepthObjective())(model, without_known, seeded())


def test_upsampling_loss_vanishes_for_the_true_picture_and_tells_the_noise() -> None:
    samples = batch(64)
    samples["image"] = (samples["image"] + samples["image"].flip(-1)) / 2
    x0 = 2 * samples["image"] - 1
    conditions = []

    def clean(condition: torch.Tensor) -> torch.Tensor:
        conditions.append(condition)
        return x0

    assert upsampling_loss()(Perfect(clean), samples, seeded()) < 1e-3
    enlarged, level, shown, known = conditions[0].split([3, 1, 3, 1], dim=1)
    assert level.amin() >= 0
    assert level.amax() <= HIGHEST_LEVEL
    torch.testing.assert_close(shown, x0 * known)
    low = torch.nn.functional.avg_pool2d(x0, 4)
    smooth = torch.nn.functional.interpolate(low, scale_factor=4, mode="bilinear")
    noise = (enlarged - SCHEDULE.alpha(level) * smooth).flatten(1).square().mean(1).sqrt()
    sigma = SCHEDULE.sigma(level[:, 0, 0, 0])
    assert torch.corrcoef(torch.stack([noise, sigma]))[0, 1] > 0.95
    assert upsampling_loss()(Perfect(lambda condition: condition[:, :3]), samples, seeded()) > 0.01


def test_upsampling_loss_is_the_absolute_error_of_what_is_predicted() -> None:
    class Lighter(torch.nn.Module):
        def forward(self, z_t, t, condition) -> torch.Tensor:
            return torch.full_like(z_t, 0.3)

    samples = batch() | {"image": torch.full((4, 3, SIDE, SIDE), 0.6)}  # 0.2 in [-1, 1]
    assert upsampling_loss("x0")(Lighter(), samples, seeded()).item() == pytest.approx(0.1)


def test_palette_loss_counts_hidden_pixels_of_the_true_picture() -> None:
    samples = batch()
    samples["image"] = (samples["image"] + samples["image"].flip(-1)) / 2
    x0 = 2 * samples["image"] - 1
    assert palette_loss()(Perfect(lambda condition: x0), samples, seeded()) < 1e-3
    assert palette_loss()(Perfect(lambda condition: condition), samples, seeded()) > 0.01


def test_completion_loss_vanishes_for_the_true_picture() -> None:
    samples = batch()
    samples["image"] = (samples["image"] + samples["image"].flip(-1)) / 2  # a flip changes nothing
    x0 = 2 * samples["image"] - 1
    assert completion_loss(TextEncoder.load())(Perfect(lambda condition: x0), samples, seeded()) < 1e-3


def test_an_upsampler_is_trained_on_parts_of_large_pictures() -> None:
    rows, columns = torch.meshgrid(torch.arange(256.0), torch.arange(256.0), indexing="ij")
    picture = torch.stack([rows, columns, rows]).expand(2, 3, -1, -1) / 255
    told = {"image": picture, "known": torch.ones(2, 1, 256, 256, dtype=torch.bool)}
    starts = set()
    for seed in range(8):
        case = upsampling_case(told, seeded(seed))
        assert case.x0.shape == (2, 3, 128, 128)
        assert case.shown["condition"].shape[2:] == (128, 128)
        pixels = (255 * (case.x0[0] + 1) / 2).round()
        top, left = int(pixels[0].min()), int(pixels[1].min())
        torch.testing.assert_close(pixels[0, :, 0], torch.arange(128.0) + top)
        assert top % 4 == left % 4 == 0  # so that the small picture's pixels stay what they were
        starts.add((top, left))
    assert len(starts) > 1


def test_tokens_serve_as_captions() -> None:
    encoder, samples = TextEncoder.load(), batch(3)
    samples["image"] = (samples["image"] + samples["image"].flip(-1)) / 2
    samples["captions"] = [["a lake"]] * 3
    tokens = encoder.tokens(["a lake"]).expand(3, 1, -1)
    told = {name: value for name, value in samples.items() if name != "captions"} | {"tokens": tokens}
    states = []

    class Notes(Perfect):
        def forward(self, z_t, t, condition, text=None, fov=None) -> torch.Tensor:
            states.append(text.tokens)
            return super().forward(z_t, t, condition)

    loss = completion_loss(encoder, drop_text=0.0)
    for given in (samples, told):
        loss(Notes(lambda condition: 2 * samples["image"] - 1), given, seeded())
    assert torch.equal(*states)


def test_losses_reach_every_parameter() -> None:
    torch.manual_seed(0)
    model = DiffusionModel(ModelConfig(task="completion", unet=UNET, text=True))
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    completion_loss(TextEncoder.load())(model, batch(), seeded()).backward()
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in model.parameters())


def test_judge_loss_is_cross_entropy() -> None:
    def knows(image: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"kind": 100.0 * torch.nn.functional.one_hot(samples["kind"], 3)}

    samples = batch()
    assert judge_loss()(knows, samples, seeded()) < 1e-6  # type: ignore[arg-type]


def test_judge_loss_asks_for_objects_in_sight_and_the_colours_that_are_told() -> None:
    """Two pictures, two objects, two colours: object 0 is seen in colour 1, then without one; 1 never is."""
    samples = {"image": torch.rand(2, 3, 8, 8), "objects": torch.tensor([[1, -2], [-1, -2]])}
    sure = {"objects": torch.tensor([[100.0, -100], [100, -100]]), "colors": torch.zeros(2, 4)}
    sure["colors"][0, 1] = 100  # what it says of other colours must not matter
    sure["colors"][1] = torch.tensor([100.0, 0, 0, 100])
    assert judge_loss()(lambda _: sure, samples, seeded()) < 1e-6  # type: ignore[arg-type]
    doubting = {"objects": torch.zeros(2, 2), "colors": torch.zeros(2, 4)}
    loss = judge_loss()(lambda _: doubting, samples, seeded())  # type: ignore[arg-type]
    assert loss.item() == pytest.approx(21 * math.log(2))  # OBJECT_WEIGHT, and one colour


def test_known_parts_come_in_the_stated_shares() -> None:
    warped = torch.zeros(4000, 1, 8, 8, dtype=torch.bool)
    warped[:, :, 0, 0] = warped[:, :, 7, 7] = True  # no rectangle looks like this
    known = training_known(warped, seeded())
    nothing = ~known.flatten(1).any(1)
    real = (known == warped).flatten(1).all(1)
    assert nothing.float().mean() == pytest.approx(0.4 + 0.2 * 0.03, abs=0.04)
    assert real.float().mean() == pytest.approx(0.4, abs=0.03)


def test_the_condition_hides_what_is_not_known() -> None:
    samples = batch()
    condition = completion_condition(2 * samples["image"] - 1, samples["known"])
    hidden = ~samples["known"].expand(-1, 4, -1, -1)
    assert condition.shape == (4, 4, SIDE, SIDE)
    assert not condition[hidden].any()
