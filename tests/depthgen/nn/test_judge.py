import pytest
import torch

from depthgen.nn.judge import Judge, JudgeConfig

CONFIG = JudgeConfig({"kind": 15, "time": 3})


def test_one_answer_to_each_question():
    logits = Judge(CONFIG)(torch.randn(2, 3, 64, 64))
    assert {name: tuple(answer.shape) for name, answer in logits.items()} == {"kind": (2, 15), "time": (2, 3)}


def test_small_enough_to_ship():
    assert sum(p.numel() for p in Judge(CONFIG).parameters()) < 1_000_000


def test_learns_to_tell_light_from_dark():
    torch.manual_seed(0)
    judge = Judge(JudgeConfig({"light": 2}, channels=(8, 16)))
    optimizer = torch.optim.Adam(judge.parameters(), lr=0.01)
    label = torch.arange(32) % 2
    image = (label * 1.0 - 0.5).view(-1, 1, 1, 1) + 0.3 * torch.randn(32, 3, 16, 16)
    for _ in range(20):
        loss = torch.nn.functional.cross_entropy(judge(image)["light"], label)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert (judge(image)["light"].argmax(1) == label).all()


@pytest.mark.parametrize("heads", [{}, {"kind": 1}])
def test_questions_without_a_choice_are_refused(heads):
    with pytest.raises(ValueError, match="questions of two classes or more"):
        JudgeConfig(heads)
