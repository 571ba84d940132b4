"""The state of a run on disk, `folder`/state.pt, and whether a run may go on from it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from depthgen.training.config import TrainConfig

# Settings of `train` without which a state is of another run; the others may change when it goes on.
KEPT = ("seed", "batch_size", "accumulate", "optimizer")


def read_state(folder: Path, config: TrainConfig, recipe: Mapping[str, Any]) -> dict[str, Any] | None:
    """The state in `folder`; None if there is none.

    ValueError where it was trained with another `recipe` or other settings of `train` that are `KEPT`. States
    of before there were recipes are not asked for theirs.
    """
    path = folder / "state.pt"
    if not path.is_file():
        return None
    state = torch.load(path, map_location="cpu", weights_only=True)
    kept = {name: getattr(config, name) for name in KEPT}
    before = {**state.get("recipe", {}), "train": state["config"]}
    changed = difference(before, {**recipe, "train": kept})
    if changed:
        name, was, now = changed
        raise ValueError(
            f"{path} was trained with {name}={json.dumps(was)}, not {json.dumps(now)}; set it back to "
            "resume, or start anew with another name=... or after deleting this folder"
        )
    return state


def write_state(folder: Path, state: Mapping[str, Any], recipe: Mapping[str, Any]) -> None:
    """Replace the state in `folder` at once by this one and the recipe that it was trained with."""
    partial = folder / "state.pt.partial"
    torch.save({**state, "recipe": dict(recipe)}, partial)
    os.replace(partial, folder / "state.pt")


def difference(before: Any, now: Any, name: str = "") -> tuple[str, Any, Any] | None:
    """The first setting that is not what it was: its dotted name, the value before and the one now.

    Of groups of settings, only what both have is compared: versions of the program may add and drop settings.
    """
    if not (isinstance(before, Mapping) and isinstance(now, Mapping)):
        return None if before == now else (name, before, now)
    shared = [(f"{name}.{key}" if name else key, before[key], now[key]) for key in before if key in now]
    found = (difference(was, value, full) for full, was, value in shared)
    return next((changed for changed in found if changed), None)
