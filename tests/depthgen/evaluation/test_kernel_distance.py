from __future__ import annotations

import pytest
import torch

from depthgen.evaluation.kernel_distance import features, kernel_distance
from depthgen.nn.judge import Judge, JudgeConfig


def test_by_hand() -> None:
    """One feature: k(x, y) = (x y + 1)^3."""
    a, b = torch.tensor([[0.0], [1.0]]), torch.tensor([[1.0], [2.0]])
    within_a, within_b = 1, 27  # k(0, 1), k(1, 2)
    between = (1 + 1 + 8 + 27) / 4
    assert kernel_distance(a, b) == pytest.approx(within_a + within_b - 2 * between)


def test_samples_of_one_distribution_are_at_zero_on_average_and_others_are_not() -> None:
    generator = torch.Generator().manual_seed(0)
    pairs = [torch.randn(2, 20, 8, generator=generator) for _ in range(200)]
    same = torch.tensor([kernel_distance(a, b) for a, b in pairs])
    assert abs(same.mean()) < 3 * same.std() / len(pairs) ** 0.5
    assert (same < 0).any()  # as an unbiased estimate must be
    apart = torch.tensor([kernel_distance(a, b + 1) for a, b in pairs])
    assert apart.mean() > 20 * same.std() / len(pairs) ** 0.5


def test_one_picture_is_not_enough() -> None:
    with pytest.raises(ValueError, match="two pictures"):
        kernel_distance(torch.zeros(1, 3), torch.zeros(5, 3))


def test_features_are_what_the_judge_answers_from() -> None:
    torch.manual_seed(0)
    judge = Judge(JudgeConfig({"kind": 3}, channels=(8, 8), groups=4)).eval()
    pictures = torch.rand(5, 3, 16, 16)
    seen = features(judge, pictures, batch=2)
    torch.testing.assert_close(judge.heads["kind"](seen), judge(2 * pictures - 1)["kind"])
