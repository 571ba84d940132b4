"""Grey pictures and JPEG damage, against PIL and the recipe's distribution of qualities."""

from __future__ import annotations

import io

import numpy as np
import torch
from PIL import Image
from scipy import stats

from depthgen.pretrain import grey, jpeg, jpeg_qualities


def smooth(count: int = 2, height: int = 40, width: int = 56) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(count, 3, 4, 4, generator=generator)
    return 2 * torch.nn.functional.interpolate(coarse, (height, width), mode="bilinear") - 1


def test_grey_is_grey_and_pils_luma() -> None:
    images = smooth()
    result = grey(images)
    assert torch.equal(result[:, 0], result[:, 1])
    assert torch.equal(result[:, 0], result[:, 2])
    pixels = ((images[0] + 1) * 127.5).round().byte().permute(1, 2, 0).numpy()
    theirs = torch.from_numpy(np.array(Image.fromarray(pixels).convert("L"))).float() / 127.5 - 1
    assert (result[0, 0] - theirs).abs().max() < 2 / 127.5
    white = torch.ones(1, 3, 2, 2)
    assert torch.allclose(grey(white), white)


def test_qualities_follow_the_recipe() -> None:
    drawn = jpeg_qualities(20000, torch.Generator().manual_seed(0))
    assert drawn.min() == 5
    assert drawn.max() == 30
    weight = np.exp(-np.arange(5, 31) / 10)
    counts = np.bincount(drawn.numpy(), minlength=31)[5:]
    assert stats.chisquare(counts, 20000 * weight / weight.sum()).pvalue > 1e-3


def test_a_picture_is_what_its_own_quality_makes_of_it() -> None:
    images = smooth()
    result = jpeg(images, torch.tensor([5, 30]))
    for image, ours, quality in zip(images, result, (5, 30), strict=True):
        file = io.BytesIO()
        pixels = ((image + 1) * 127.5).round().byte().permute(1, 2, 0).numpy()
        Image.fromarray(pixels).save(file, "JPEG", quality=quality)
        theirs = torch.from_numpy(np.array(Image.open(file))).permute(2, 0, 1).float() / 127.5 - 1
        assert torch.equal(ours, theirs)
    error = (result - images).abs().mean((1, 2, 3))
    assert error[0] > 1.5 * error[1] > 0
    assert jpeg(images[:0], torch.empty(0, dtype=torch.long)).shape == (0, 3, 40, 56)


def test_the_range_is_that_of_a_picture() -> None:
    noise = torch.rand(3, 3, 33, 47, generator=torch.Generator().manual_seed(0)) * 2 - 1
    result = jpeg(noise, torch.tensor([5, 10, 30]))
    assert result.shape == noise.shape
    assert result.dtype == torch.float32
    assert result.min() >= -1
    assert result.max() <= 1
