from __future__ import annotations

import pytest
import torch

from depthgen import text
from depthgen.text import TEXT_WIDTH, TextEncoder


@pytest.fixture(scope="module")
def encoder() -> TextEncoder:
    return TextEncoder.load()


def pooled(states: text.TextStates) -> torch.Tensor:
    weight = states.valid[..., None].float()
    mean = (states.tokens * weight).sum(1) / weight.sum(1)
    return mean / mean.norm(dim=1, keepdim=True)


def test_sentences_of_like_meaning_lie_together(encoder: TextEncoder) -> None:
    states = encoder(["a cabin by a lake", "a hut at the water", "an office with desks"])
    near, far = pooled(states)[0] @ pooled(states)[1], pooled(states)[0] @ pooled(states)[2]
    assert near > far + 0.2


def test_padding_changes_nothing(encoder: TextEncoder) -> None:
    alone = encoder(["a lake"])
    padded = encoder(["a lake", "a village with seven houses under a red evening sky"])
    length = alone.tokens.shape[1]
    assert alone.tokens.shape == (1, length, TEXT_WIDTH)
    assert padded.valid[0].sum() == length
    assert torch.allclose(padded.tokens[0, :length], alone.tokens[0], atol=1e-4)


def test_where_replaces_whole_rows(encoder: TextEncoder) -> None:
    states, nothing = encoder(["a lake", "a forest with tall trees"]), encoder([""])
    mixed = states.where(torch.tensor([True, False]), nothing)
    assert torch.equal(mixed.tokens[0], states.tokens[0])
    assert mixed.valid[1].sum() == nothing.valid.sum()
    assert torch.equal(mixed.tokens[1, : nothing.tokens.shape[1]], nothing.tokens[0])


def test_foreign_weights_are_refused(tmp_path, monkeypatch) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"something else")
    monkeypatch.setattr(text, "_weights_folder", lambda: tmp_path)
    with pytest.raises(ValueError, match="not the official text encoder"):
        TextEncoder.load()


def test_a_missing_package_says_how_to_install_it(monkeypatch) -> None:
    monkeypatch.setattr(text, "PACKAGE", "no_such_package")
    with pytest.raises(ValueError, match="pip install no-such-package"):
        TextEncoder.load()
