from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn.functional import avg_pool2d, interpolate

from depthgen import ImageCompleter
from depthgen.completer import UPSAMPLER_LEVEL, UPSAMPLER_STEPS, composited
from depthgen.data.worlds import pair_cameras
from depthgen.diffusion.samplers import sample_ancestral
from depthgen.images import resize
from depthgen.model import ENLARGEMENT
from depthgen.validation import VALIDATION_SEED
from depthgen.worlds import build_world, render

IMAGE = torch.rand(3, 48, 48, generator=torch.Generator().manual_seed(0))
LEFT = (torch.arange(48) < 20).expand(1, 48, 48)
LARGE = torch.rand(3, 256, 384, generator=torch.Generator().manual_seed(1))
LEFT_OF_LARGE = (torch.arange(384) < 160).expand(1, 256, 384)


def fitted(known: torch.Tensor) -> torch.Tensor:
    """(1, 256, 384) at the upsampler's 128 x 192: the base's 32 px of the shorter side, four times."""
    return known[:, ::2, ::2]


@pytest.fixture(scope="module")
def completer(checkpoints: dict[str, Path]) -> ImageCompleter:
    return ImageCompleter.from_pretrained(checkpoints["completer"], device="cpu")


def test_pictures_have_the_asked_size_and_follow_the_seed(completer: ImageCompleter):
    def run(seed: int, prompt: str = "a lake") -> torch.Tensor:
        return completer.generate(
            prompt, size=(40, 72), steps=2, generator=torch.Generator().manual_seed(seed)
        )

    picture = run(1)
    assert picture.shape == (3, 40, 72)
    assert picture.min() >= 0
    assert picture.max() <= 1
    assert torch.equal(picture, run(1))
    assert not torch.equal(picture, run(2))
    assert not torch.equal(picture, run(1, "a forest at night"))


def test_the_network_is_told_the_field_of_view(completer: ImageCompleter, monkeypatch: pytest.MonkeyPatch):
    told, denoise = [], completer.model.denoise

    def listening(z_t: torch.Tensor, t: torch.Tensor, condition: torch.Tensor, **given: Any) -> torch.Tensor:
        told.append(given["fov"].tolist())
        return denoise(z_t, t, condition, **given)

    monkeypatch.setattr(completer.model, "denoise", listening)
    completer.generate("a lake", size=40, steps=1, fov=75.0)
    assert told
    assert all(degrees == [75.0] for degrees in told)
    told.clear()
    completer.generate("a lake", size=40, steps=1)
    assert all(degrees == [0.0] for degrees in told)  # not known


def test_guidance_is_heard(completer: ImageCompleter):
    none, much, default, same = (
        completer.generate("a lake", size=40, steps=2, guidance=guidance)
        for guidance in (1.0, 9.0, None, completer.guidance)
    )
    assert not torch.equal(none, much)
    assert torch.equal(default, same)


def test_prompts_beyond_what_is_read_are_told(completer: ImageCompleter, recwarn: pytest.WarningsRecorder):
    completer.generate("a lake", size=32, steps=1)
    assert not [w for w in recwarn if "too long" in str(w.message)]
    with pytest.warns(UserWarning, match="only its first 48 words"):
        completer.generate("a red house and " * 20 + "a lake", size=32, steps=1)


def test_known_pixels_come_back_exactly(completer: ImageCompleter):
    out = completer.complete(IMAGE, LEFT, "a meadow", steps=2)
    assert torch.equal(out.image[:, LEFT[0]], IMAGE[:, LEFT[0]])
    assert out.residual > 0


def test_the_base_renews_its_noise_as_ancestral_sampling_does(
    completer: ImageCompleter, monkeypatch: pytest.MonkeyPatch
):
    def run() -> torch.Tensor:
        return completer.sample(["a lake"], steps=4, generator=torch.Generator().manual_seed(0))

    def ancestral(*sampling: Any) -> torch.Tensor:
        return sample_ancestral(*sampling[:5])

    drawn = run()
    monkeypatch.setattr("depthgen.completer.sample_ddim", ancestral)
    torch.testing.assert_close(run(), drawn, atol=1e-4, rtol=0)


def test_a_student_draws_no_noise_on_its_way(completer: ImageCompleter, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(completer.model, "config", replace(completer.model.config, steps=3))
    generator, same = (torch.Generator().manual_seed(0) for _ in range(2))
    drawn = completer.sample(["a lake"], generator=generator)
    torch.randn(drawn.shape, generator=same)  # what it starts from
    assert torch.equal(generator.get_state(), same.get_state())


@pytest.fixture(scope="module")
def cascade(checkpoints: dict[str, Path]) -> ImageCompleter:
    return ImageCompleter.from_pretrained(
        checkpoints["completer"], device="cpu", upsampler=checkpoints["upsampler"]
    )


def test_a_cascade_draws_other_pixels_than_an_enlarged_base(
    cascade: ImageCompleter, completer: ImageCompleter
):
    out, plain = (c.complete(LARGE, LEFT_OF_LARGE, "a meadow", steps=1) for c in (cascade, completer))
    assert out.image.shape == plain.image.shape == LARGE.shape
    assert not torch.equal(out.image, plain.image)
    assert torch.equal(out.image[:, LEFT_OF_LARGE[0]], LARGE[:, LEFT_OF_LARGE[0]])
    assert out.residual > 0


def test_the_upsampler_is_shown_the_base_with_its_known_part_and_the_noise_level(cascade: ImageCompleter):
    seen = []
    original = cascade.upsampler.denoise

    def watching(z_t, t, condition, text=None):
        seen.append(condition)
        return original(z_t, t, condition, text)

    cascade.upsampler.denoise = watching
    try:
        cascade.complete(LARGE, LEFT_OF_LARGE, "a meadow", steps=1)
    finally:
        del cascade.upsampler.denoise
    assert len(seen) == UPSAMPLER_STEPS
    enlarged, level, shown, known = seen[0][0].split([3, 1, 3, 1])
    assert (level == torch.tensor(UPSAMPLER_LEVEL)).all()
    at_its_size = fitted(LEFT_OF_LARGE)
    assert torch.equal(known.bool(), at_its_size)
    assert not shown[:, ~at_its_size[0]].any()
    true = 2 * resize(LARGE, (128, 192)) - 1
    torch.testing.assert_close(shown[:, at_its_size[0]], true[:, at_its_size[0]], atol=1e-4, rtol=0)
    # where it is known, the small picture is the true one, up to the noise of that level
    low = (2 * resize(LARGE, (32, 48)) - 1).repeat_interleave(4, 1).repeat_interleave(4, 2)
    assert (enlarged - low)[:, :, :72].abs().mean() < 0.3


def test_pictures_as_small_as_the_base_need_no_upsampler(cascade: ImageCompleter, completer: ImageCompleter):
    small = [c.generate("a lake", size=32, steps=1) for c in (cascade, completer)]
    assert torch.equal(*small)


def test_without_an_upsampler_there_is_no_upsampling(completer: ImageCompleter):
    with pytest.raises(ValueError, match="no upsampler"):
        completer.upsample(torch.zeros(1, 3, 16, 16))


def test_a_common_error_is_taken_out_of_the_hole_too():
    out = composited(0.8 * IMAGE + 0.1, IMAGE, torch.ones_like(LEFT))
    assert torch.equal(out.image, IMAGE)
    flat = torch.full((3, 48, 48), 0.5)
    out = composited(flat - 0.2, flat, LEFT)
    torch.testing.assert_close(out.image, flat)
    assert out.residual == pytest.approx(0.2)


def test_nothing_known_means_nothing_to_measure():
    assert composited(IMAGE, IMAGE, torch.zeros_like(LEFT)).residual is None


def test_bad_requests_are_refused(completer: ImageCompleter, checkpoints: dict[str, Path]):
    with pytest.raises(ValueError, match="prompt is empty"):
        completer.generate("  ")
    with pytest.raises(ValueError, match="size"):
        completer.generate("a lake", size=0)
    with pytest.raises(ValueError, match="known"):
        completer.complete(IMAGE, LEFT[:, :5], "a lake")
    with pytest.raises(ValueError, match="bool"):
        completer.complete(IMAGE, LEFT.float(), "a lake")
    with pytest.raises(ValueError, match="is no completion model"):
        ImageCompleter.from_pretrained(checkpoints["depth"])
    with pytest.raises(ValueError, match="no upsampling model"):
        ImageCompleter.from_pretrained(checkpoints["completer"], upsampler=checkpoints["completer"])


def test_the_shipped_upsampler_is_nearer_to_held_out_renders_than_enlarging():
    count = 3
    worlds = [build_world(VALIDATION_SEED + i) for i in range(count)]
    pictures = render(worlds, pair_cameras(worlds, 256)[::2]).image
    small = avg_pool2d(pictures, ENLARGEMENT)
    drawn = ImageCompleter.from_pretrained(device="cpu").upsample(small)
    enlarged = interpolate(small, scale_factor=ENLARGEMENT, mode="bicubic")
    ours, plain = ((x - pictures).square().mean((1, 2, 3)).sqrt() for x in (drawn, enlarged))
    assert (ours < 0.95 * plain).all()
