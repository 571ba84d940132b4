from pathlib import Path

import pytest
import torch

from depthgen import ImageCompleter
from depthgen.completer import composited

IMAGE = torch.rand(3, 48, 48, generator=torch.Generator().manual_seed(0))
LEFT = (torch.arange(48) < 20).expand(1, 48, 48)


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


def test_known_pixels_come_back_exactly(completer: ImageCompleter):
    out = completer.complete(IMAGE, LEFT, "a meadow", steps=2)
    assert torch.equal(out.image[:, LEFT[0]], IMAGE[:, LEFT[0]])
    assert out.residual > 0


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
    with pytest.raises(ValueError, match="not a completion model"):
        ImageCompleter.from_pretrained(checkpoints["depth"])
