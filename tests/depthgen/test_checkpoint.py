from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
import torch
from safetensors.torch import load_file, save_file

from depthgen.checkpoint import (
    BUILTIN,
    WEIGHTS,
    CheckpointError,
    builtin_path,
    copy_checkpoint,
    is_shipped,
    load_checkpoint,
    save_checkpoint,
    stage_path,
)
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


def test_a_stage_reads_a_file_a_runs_folder_or_what_ships(tmp_path: Path) -> None:
    assert stage_path("builtin", "completion") == builtin_path("completer")
    assert stage_path(tmp_path / "m.safetensors", "depth") == tmp_path / "m.safetensors"
    (tmp_path / "model.safetensors").touch()
    assert stage_path(str(tmp_path), "depth") == tmp_path / "model.safetensors"
    (tmp_path / "config.json").touch()  # a model of transformers
    assert stage_path(tmp_path, "depth") == tmp_path


def test_half_precision_is_for_the_file_only(tmp_path: Path) -> None:
    judge = randomised(Judge(JudgeConfig({"kind": 3}, channels=(16,))))
    save_checkpoint(tmp_path / "j.safetensors", judge, dtype=torch.float16)
    assert {t.dtype for t in load_file(tmp_path / "j.safetensors").values()} == {torch.float16}
    loaded, _ = load_checkpoint(tmp_path / "j.safetensors")
    for ours, theirs in zip(judge.parameters(), loaded.parameters(), strict=True):
        assert theirs.dtype == torch.float32
        assert torch.allclose(ours, theirs, rtol=1e-3, atol=1e-7)  # half has no finer steps near 0


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
    with pytest.raises(ValueError, match="completer, upsampler, depth, judge"):
        builtin_path("colour")


def test_plain_values_become_nested_dataclasses() -> None:
    config = from_plain(
        ModelConfig, {"unet": {"channels": [16], "blocks": [1], "attention": [False]}, "coding": {}}
    )
    assert config.unet.channels == (16,)
    with pytest.raises(ValueError, match="wheels"):
        from_plain(ModelConfig, {"wheels": 4})


@dataclass(frozen=True)
class Settings:
    name: str
    share: float | None = None
    size: tuple[int, int] = (1, 2)
    kind: Literal["a", "b"] = "a"
    counts: dict[str, int] = field(default_factory=dict)
    names: str | tuple[str, ...] = ()
    on: bool = False


def test_plain_values_of_every_type() -> None:
    plain = {"name": "x", "share": 1, "size": [3, 4], "counts": {"b": 2}, "names": ["p", "q"], "on": True}
    assert from_plain(Settings, plain) == Settings("x", 1.0, (3, 4), "a", {"b": 2}, ("p", "q"), True)
    assert isinstance(from_plain(Settings, plain).share, float)
    assert from_plain(Settings, {"name": "x", "names": "p"}).names == "p"
    assert from_plain(Settings, {"name": "x", "share": None}).share is None


@pytest.mark.parametrize(
    ("plain", "said"),
    [
        ({}, "name"),
        ({"name": 3}, r"Settings\.name is 3, which is not text"),
        ({"name": "x", "size": [1]}, r"Settings\.size is \[1\], which is not of length 2"),
        ({"name": "x", "size": [1, True]}, r"Settings\.size\[1\] is True"),
        ({"name": "x", "kind": "c"}, "one of a, b"),
        ({"name": "x", "counts": {"b": "many"}}, r"Settings\.counts\.b is 'many'"),
        ({"name": "x", "share": "half"}, r"Settings\.share is 'half'"),
        ({"name": "x", "on": 1}, r"Settings\.on is 1"),
    ],
)
def test_ill_typed_values_are_named(plain: dict, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        from_plain(Settings, plain)


@pytest.fixture
def parted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkpoint in three files or more, of at most 40,000 bytes each."""
    monkeypatch.setattr("depthgen.weight_files.MOST_BYTES", 40_000)
    torch.manual_seed(0)
    path = tmp_path / "m.safetensors"
    save_checkpoint(path, randomised(Judge(JudgeConfig({"kind": 3}, channels=(16, 16, 32)))), {"steps": 7})
    return path


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_is_too_large_for_one_file_goes_on_in_others(parted: Path) -> None:
    names = files(parted.parent)
    assert names == [f"m.{n}.safetensors" for n in range(2, len(names) + 1)] + ["m.safetensors"]
    assert len(names) >= 3
    assert all(path.stat().st_size <= 40_000 for path in parted.parent.iterdir())
    tensors = [load_file(path) for path in parted.parent.iterdir()]
    loaded, extra = load_checkpoint(parted)
    assert sum(map(len, tensors)) == len(loaded.state_dict())  # each in one file only
    assert all(torch.equal(loaded.state_dict()[n], t) for part in tensors for n, t in part.items())
    assert extra == {"steps": 7}


def test_a_part_that_is_missing_or_of_another_checkpoint_is_named(parted: Path) -> None:
    second = parted.with_name("m.2.safetensors")
    content = second.read_bytes()
    other = parted.with_name("other.safetensors")
    save_checkpoint(other, randomised(load_checkpoint(parted)[0]))
    for replacement in (other.with_name("other.2.safetensors").read_bytes(), content[:-1] + b"?", None):
        second.write_bytes(replacement) if replacement else second.unlink()
        with pytest.raises(CheckpointError, match=r"m\.2\.safetensors: (not the part|missing)") as caught:
            load_checkpoint(parted)
        assert str(parted) in str(caught.value)
    with pytest.raises(CheckpointError, match="not a checkpoint of depthgen"):
        load_checkpoint(other.with_name("other.2.safetensors"))


def test_parts_that_a_new_checkpoint_does_not_have_are_removed(
    parted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parted.with_name("m.99.safetensors").write_bytes(b"someone else's")
    monkeypatch.undo()
    save_checkpoint(parted, DiffusionModel(TINY))
    assert files(parted.parent) == ["m.99.safetensors", "m.safetensors"]
    load_checkpoint(parted)


def test_a_write_that_fails_leaves_what_was_there(parted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (before, extra), write = load_checkpoint(parted), Path.write_bytes

    def refuses_the_first(path: Path, content: bytes) -> int:
        if path.name.startswith(parted.name):
            raise OSError("no space left")
        return write(path, content)

    monkeypatch.setattr(Path, "write_bytes", refuses_the_first)
    with pytest.raises(OSError, match="no space"):
        save_checkpoint(parted, randomised(load_checkpoint(parted)[0]))
    after, same = load_checkpoint(parted)
    assert same == extra
    assert all(torch.equal(t, after.state_dict()[n]) for n, t in before.state_dict().items())


def test_a_write_that_is_cut_off_between_renames_never_loads_in_silence(
    parted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = os.replace

    def dies_at_the_first(source: Path, target: Path) -> None:
        if target == parted:
            raise KeyboardInterrupt
        rename(source, target)

    monkeypatch.setattr(os, "replace", dies_at_the_first)
    with pytest.raises(KeyboardInterrupt):
        save_checkpoint(parted, randomised(load_checkpoint(parted)[0]))
    with pytest.raises(CheckpointError, match="not the part that belongs to"):
        load_checkpoint(parted)


def test_a_copy_is_the_same_in_as_many_files(parted: Path) -> None:
    copy = parted.parent / "copies" / "c.safetensors"
    copy_checkpoint(parted, copy)
    assert files(copy.parent) == [
        name.replace("m", "c", 1) for name in files(parted.parent) if name.startswith("m")
    ]
    (first, extra), (second, copied) = load_checkpoint(parted), load_checkpoint(copy)
    assert extra == copied
    assert all(torch.equal(t, second.state_dict()[n]) for n, t in first.state_dict().items())


def test_the_hash_of_the_first_file_stands_for_all(parted: Path) -> None:
    content, tensors = parted.read_bytes(), load_file(parted)
    model, extra = load_checkpoint(parted)
    with torch.no_grad():
        list(model.parameters())[-1].add_(1)  # it lies in the last part
    save_checkpoint(parted, model, extra)
    assert all(torch.equal(tensors[name], now) for name, now in load_file(parted).items())
    assert parted.read_bytes() != content


def test_every_shipped_file_is_small_enough_and_all_together() -> None:
    sizes = [path.stat().st_size for path in WEIGHTS.glob("*.safetensors")]
    assert max(sizes) <= 16_000_000
    assert sum(sizes) <= 48_000_000
    for name in filter(is_shipped, BUILTIN):
        load_checkpoint(builtin_path(name))
