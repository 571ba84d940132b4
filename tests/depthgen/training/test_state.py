from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from depthgen.training import TrainConfig
from depthgen.training.state import difference, read_state, write_state

CONFIG = TrainConfig()
RECIPE = {"stage": "depth", "model": {"unet": {"channels": [8, 16]}}, "start_from": None}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Of a run that has a state."""
    write_state(tmp_path, {"step": 3, "config": vars(CONFIG)}, RECIPE)
    return tmp_path


def test_a_state_comes_back_for_the_same_recipe(folder: Path) -> None:
    state = read_state(folder, CONFIG, RECIPE)
    assert state is not None
    assert (state["step"], state["recipe"]) == (3, RECIPE)
    assert [path.name for path in folder.iterdir()] == ["state.pt"]


def test_there_may_be_none(tmp_path: Path) -> None:
    assert read_state(tmp_path, CONFIG, RECIPE) is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"start_from": "builtin"}, 'start_from=null, not "builtin"'),
        ({"model": {"unet": {"channels": [8, 8]}}}, r"model\.unet\.channels=\[8, 16\], not \[8, 8\]"),
    ],
)
def test_another_recipe_is_refused_in_one_line(folder: Path, change: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=rf"state\.pt was trained with {said}; .*name=") as refused:
        read_state(folder, CONFIG, RECIPE | change)
    assert "\n" not in str(refused.value)


def test_settings_that_decide_the_data_and_the_optimiser_are_kept(folder: Path) -> None:
    for change in ({"seed": 1}, {"batch_size": 3}, {"accumulate": 2}, {"optimizer": "muon"}):
        (name,) = change
        with pytest.raises(ValueError, match=rf"with train\.{name}="):
            read_state(folder, replace(CONFIG, **change), RECIPE)
    free = replace(CONFIG, steps=9, minutes=1.0, learning_rate=0.1, ema_decay=0.5, log_every=1, workers=2)
    assert read_state(folder, free, RECIPE) is not None


def test_a_state_of_before_there_were_recipes_serves(folder: Path) -> None:
    state = torch.load(folder / "state.pt", weights_only=True)
    del state["recipe"]
    torch.save(state, folder / "state.pt")
    assert read_state(folder, CONFIG, RECIPE | {"stage": "judge"}) is not None


def test_settings_that_one_of_two_versions_lacks_are_no_difference() -> None:
    assert difference({"a": 1, "old": 2}, {"a": 1, "new": 3}) is None
    assert difference({"a": None}, {"a": {"b": 1}}) == ("a", None, {"b": 1})
