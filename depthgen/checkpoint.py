"""Config and weights of a model in safetensors files, read strictly: none that is wrong loads in silence."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from depthgen.model import DiffusionModel, ModelConfig
from depthgen.nn.judge import Judge, JudgeConfig
from depthgen.plain import from_plain
from depthgen.weight_files import CheckpointError, read_tensors, write_tensors

FORMAT = "depthgen-1"
FACTORIES: dict[str, tuple[type, type]] = {
    "diffusion": (DiffusionModel, ModelConfig),
    "judge": (Judge, JudgeConfig),
}
WEIGHTS = Path(__file__).parent / "weights"
SHIPPED_AS = {"completion": "completer", "upsampling": "upsampler"}  # stages named otherwise than models
BUILTIN = ("completer", "upsampler", "depth", "judge")


def builtin_path(name: str) -> Path:
    """Path of the shipped checkpoint of this name, one of BUILTIN; ValueError if there is none."""
    if not is_shipped(name):
        there = ", ".join(filter(is_shipped, BUILTIN))
        raise ValueError(f"no built-in model {name!r} in {WEIGHTS}; there are: {there}")
    return _shipped(name)


def is_shipped(name: str) -> bool:
    """Whether a checkpoint of this name comes with the package."""
    return name in BUILTIN and _shipped(name).is_file()


def _shipped(name: str) -> Path:
    return WEIGHTS / f"{name}.safetensors"


def stage_path(name_or_path: str | Path, stage: str) -> Path:
    """The file of a stage's model: "builtin" is the shipped one; of a run's folder its model.safetensors."""
    if str(name_or_path) == "builtin":
        return builtin_path(SHIPPED_AS.get(stage, stage))
    path = Path(name_or_path)
    inside = path / "model.safetensors"
    foreign = (path / "config.json").is_file()  # a folder of transformers has such a file, too
    return inside if inside.is_file() and not foreign else path


def save_checkpoint(
    path: str | Path,
    model: nn.Module,
    extra: Mapping[str, Any] | None = None,
    dtype: torch.dtype | None = None,
) -> None:
    """Write `model` (a DiffusionModel or Judge), its config and `extra` (JSON values) to `path`.

    dtype: store floating tensors as this (half precision for what ships); None keeps theirs. What is more
    than 16 MB goes on in files beside it, see `depthgen.weight_files`.
    """
    kind = next(name for name, (model_class, _) in FACTORIES.items() if isinstance(model, model_class))
    tensors = {name: _storable(value, dtype) for name, value in model.state_dict().items()}
    metadata = {
        "format": FORMAT,
        "kind": kind,
        "config": json.dumps(asdict(model.config)),  # type: ignore[call-overload]
        "extra": json.dumps(dict(extra or {})),
    }
    write_tensors(Path(path), tensors, metadata)


def copy_checkpoint(source: str | Path, target: str | Path) -> None:
    """The same checkpoint with all its parts in another place or under another name.

    Raises CheckpointError where the source is none.
    """
    metadata, tensors = _read(Path(source))
    write_tensors(Path(target), tensors, metadata)


def load_checkpoint(path: str | Path, device: torch.device | str = "cpu") -> tuple[nn.Module, dict[str, Any]]:
    """Rebuild the model of a checkpoint in float32 and evaluation mode; returns it with its `extra`.

    Raises CheckpointError that names the file and what is wrong with it.
    """
    path = Path(path)
    metadata, tensors = _read(path)
    model_class, config_class = FACTORIES[metadata["kind"]]
    try:
        model = model_class(from_plain(config_class, json.loads(metadata["config"])))
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(
            f"{path}: its config cannot be read ({error}); was it saved by a newer version?"
        ) from error
    _require_same(path, model.state_dict(), tensors)
    model.load_state_dict({name: value.float() for name, value in tensors.items()})
    return model.to(device).eval(), json.loads(metadata.get("extra", "{}"))


def _storable(value: Tensor, dtype: torch.dtype | None) -> Tensor:
    # clone: contiguous and unshared, as safetensors wants it
    return (
        value.detach()
        .cpu()
        .to(dtype if dtype and value.is_floating_point() else value.dtype)
        .clone(memory_format=torch.contiguous_format)
    )


def _read(path: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    metadata, tensors = read_tensors(path)
    if metadata.get("format") != FORMAT or metadata.get("kind") not in FACTORIES:
        raise CheckpointError(f"{path}: a safetensors file, but not a checkpoint of depthgen ({FORMAT})")
    return metadata, tensors


def _require_same(path: Path, expected: Mapping[str, Tensor], found: Mapping[str, Tensor]) -> None:
    problems = [f"missing {name}" for name in expected.keys() - found.keys()]
    problems += [f"unknown {name}" for name in found.keys() - expected.keys()]
    problems += [
        f"{name} has shape {tuple(found[name].shape)}, not {tuple(expected[name].shape)}"
        for name in expected.keys() & found.keys()
        if found[name].shape != expected[name].shape
    ]
    if problems:
        shown = "; ".join(sorted(problems)[:3])
        raise CheckpointError(f"{path}: {len(problems)} tensors do not fit its config ({shown})")
