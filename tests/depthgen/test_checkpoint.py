from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from depthgen.checkpoint import CheckpointError, builtin_path, load_checkpoint, save_checkpoint
from depthgen.model import DiffusionModel, ModelConfig
from depthgen.nn.judge import Judge, JudgeConfig
from depthgen.nn.unet import UNetConfig
from depthgen.plain import from_plain

TINY = ModelConfig(unet=UNetConfig(channels=(16, 16), blocks=(1, 1), attention=(False, True)), resolution=16)


def randomised(model: torch.nn.Module) -> torch.nn.Module:
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    return model.eval()


def test_a_model_comes_back_as_it_was(tmp_path: Path) -> None:
    model = randomised(DiffusionModel(TINY))
    save_checkpoint(tmp_path / "m.safetensors", model, {"steps": 7})
    loaded, extra = load_checkpoint(tmp_path / "m.safetensors")
    z, t, image = torch.randn(2, 1, 16, 16), torch.tensor([0.2, 0.9]), torch.randn(2, 3, 16, 16)
    assert isinstance(loaded, DiffusionModel)
    assert loaded.config == model.config
    assert extra == {"steps": 7}
    assert torch.equal(loaded.denoise(z, t, image), model.denoise(z, t, image))


def test_half_precision_is_for_the_file_only(tmp_path: Path) -> None:
    judge = randomised(Judge(JudgeConfig({"kind": 3}, channels=(16,))))
    save_checkpoint(tmp_path / "j.safetensors", judge, dtype=torch.float16)
    assert {t.dtype for t in load_file(tmp_path / "j.safetensors").values()} == {torch.float16}
    loaded, _ = load_checkpoint(tmp_path / "j.safetensors")
    for ours, theirs in zip(judge.parameters(), loaded.parameters(), strict=True):
        assert theirs.dtype == torch.float32
        assert torch.allclose(ours, theirs, rtol=1e-3)


def damaged(path: Path, how: str) -> None:
    """Rewrite a good checkpoint with one thing wrong."""
    from safetensors import safe_open

    with safe_open(path, "pt") as file:
        metadata = file.metadata()
    tensors = load_file(path)
    name = sorted(tensors)[0]
    if how == "missing":
        del tensors[name]
    elif how == "unknown":
        tensors["surplus"] = torch.zeros(1)
    elif how == "shape":
        tensors[name] = torch.zeros(1, 2, 3)
    elif how == "foreign":
        metadata = {"format": "pt"}
    elif how == "config":
        metadata["config"] = '{"task": "depth", "colour": 1}'
    save_file(tensors, path, metadata)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("missing", "missing "),
        ("unknown", "unknown surplus"),
        ("shape", r"has shape \(1, 2, 3\)"),
        ("foreign", "not a checkpoint of depthgen"),
        ("config", "colour"),
    ],
)
def test_a_wrong_file_is_refused_by_name(tmp_path: Path, how: str, message: str) -> None:
    path = tmp_path / "m.safetensors"
    save_checkpoint(path, DiffusionModel(TINY))
    damaged(path, how)
    with pytest.raises(CheckpointError, match=message) as caught:
        load_checkpoint(path)
    assert str(path) in str(caught.value)


def test_files_that_are_no_safetensors(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("hello")
    with pytest.raises(CheckpointError, match="not a safetensors file"):
        load_checkpoint(tmp_path / "text")
    with pytest.raises(CheckpointError, match="no such checkpoint"):
        load_checkpoint(tmp_path / "absent")


def test_unknown_builtin_lists_the_known() -> None:
    with pytest.raises(ValueError, match="completer, depth, judge"):
        builtin_path("colour")


def test_plain_values_become_nested_dataclasses() -> None:
    config = from_plain(
        ModelConfig, {"unet": {"channels": [16], "blocks": [1], "attention": [False]}, "coding": {}}
    )
    assert config.unet.channels == (16,)
    with pytest.raises(ValueError, match="wheels"):
        from_plain(ModelConfig, {"wheels": 4})
