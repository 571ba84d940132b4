"""Batches of Palette's tasks: what is touched, what counts, how often, and that it repeats."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from depthgen.pretrain import TASKS, TaskShares, grey, palette_batch
from depthgen.pretrain.palette import inpainting

SIDES = st.integers(32, 72)


def pictures(count: int, height: int = 32, width: int = 48, seed: int = 0) -> torch.Tensor:
    return torch.rand(count, 3, height, width, generator=seeded(seed)) * 2 - 1


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def only(name: str) -> TaskShares:
    return TaskShares(**{task: float(task == name) for task in TASKS})


@settings(deadline=None, max_examples=25)
@given(SIDES, SIDES, st.integers(0, 2**31))
def test_each_task_keeps_its_word_at_any_size(height: int, width: int, seed: int) -> None:
    images = pictures(10, height, width, seed)
    untouched = images.clone()
    condition, hidden, task = palette_batch(images, seeded(seed))
    assert torch.equal(images, untouched)
    assert condition.shape == images.shape
    assert hidden.shape == (10, 1, height, width)
    assert (hidden.dtype, task.dtype, task.shape) == (torch.bool, torch.int64, (10,))
    for i, name in enumerate(TASKS[t] for t in task):
        if name in ("colorization", "jpeg"):
            assert hidden[i].all()
        else:
            known = ~hidden[i].expand(3, -1, -1)
            assert 0 < hidden[i].sum() < height * width
            assert torch.equal(condition[i][known], images[i][known])
            assert (condition[i] != images[i])[~known].all()
        if name == "colorization":
            assert torch.equal(condition[i], grey(images[i : i + 1])[0])
        if name == "jpeg":
            assert 0.02 < (condition[i] - images[i]).abs().mean() < 1


def test_tasks_are_drawn_uniformly_unless_told_otherwise() -> None:
    images = pictures(1, 32, 32).expand(1200, -1, -1, -1)
    _, _, task = palette_batch(images, seeded())
    assert stats.chisquare(torch.bincount(task, minlength=4)).pvalue > 1e-3
    _, _, task = palette_batch(images, seeded(), TaskShares(1, 0, 3, 0))
    counts = torch.bincount(task, minlength=4)
    assert counts[1] == counts[3] == 0
    assert stats.chisquare(counts[[0, 2]], [300, 900]).pvalue > 1e-3


@pytest.mark.parametrize("name", TASKS)
def test_one_task_alone(name: str) -> None:
    _, _, task = palette_batch(pictures(20), seeded(), only(name))
    assert (task == TASKS.index(name)).all()


def test_the_generator_decides_everything() -> None:
    images = pictures(24)
    torch.manual_seed(1)
    first = palette_batch(images, seeded(7))
    torch.manual_seed(2)
    second = palette_batch(images, seeded(7))
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    assert not torch.equal(first[0], palette_batch(images, seeded(8))[0])


def test_noise_in_holes_is_normal_and_fresh() -> None:
    images, generator = pictures(40, 64, 64), seeded()
    condition, hidden = inpainting(images, generator)
    noise = condition[hidden.expand(-1, 3, -1, -1)]
    assert stats.kstest(noise[:20000].numpy(), "norm").pvalue > 1e-3
    again, hidden_again = inpainting(images, generator)
    both = (hidden & hidden_again).expand(-1, 3, -1, -1)
    assert both.any()
    assert (condition != again)[both].all()


def test_half_precision_pictures_stay_so() -> None:
    condition, _, _ = palette_batch(pictures(16).bfloat16(), seeded())
    assert condition.dtype == torch.bfloat16


@pytest.mark.gpu
def test_a_batch_on_the_gpu_with_either_generator() -> None:
    images = pictures(16).cuda()
    for generator in (seeded(), torch.Generator("cuda").manual_seed(0)):
        condition, hidden, task = palette_batch(images, generator)
        assert condition.is_cuda
        assert hidden.is_cuda
        assert task.is_cuda


def test_a_single_picture_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match=r"\(B,3,H,W\), got \(3, 32, 48\)"):
        palette_batch(pictures(1)[0], seeded())
    with pytest.raises(ValueError, match="not all 0"):
        TaskShares(0, 0, 0, 0)
    with pytest.raises(ValueError, match=">= 0"):
        TaskShares(-1)
