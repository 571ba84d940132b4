"""What an experiment starts from, minimises and is recognised by when it goes on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest
import torch

from depthgen.checkpoint import load_checkpoint, stage_path
from depthgen.cli.compose import compose
from depthgen.data.frames import DataConfig, SourceConfig
from depthgen.data.worlds import WorldsConfig
from depthgen.distillation import DistilConfig
from depthgen.experiment import Experiment, _check_sources, _data, objective_of, recipe_of, run
from depthgen.model import DiffusionModel, ModelConfig
from depthgen.nn.unet import UNetConfig
from depthgen.objectives import DepthObjective
from depthgen.training import TrainConfig
from depthgen.training.state import difference
from depthgen.transfer import transfer

FRAMES = Experiment(data=DataConfig(sources=(SourceConfig("nyu"),)))


@pytest.mark.parametrize(
    "other",
    [
        replace(FRAMES, name="b", runs="elsewhere", weights="w.safetensors"),
        replace(FRAMES, train=replace(FRAMES.train, steps=5, minutes=1.0, workers=3)),
        replace(FRAMES, data=replace(FRAMES.data, root="/mnt", validation=(), skip_broken=True)),
        replace(FRAMES, data=replace(FRAMES.data, worlds=WorldsConfig(folder="w", count=3, seed=8, size=9))),
    ],
)
def test_what_does_not_decide_the_result_is_free_to_change(other: Experiment) -> None:
    assert recipe_of(other) == recipe_of(FRAMES)


@pytest.mark.parametrize(
    ("other", "name"),
    [
        (replace(FRAMES, stage="palette"), "stage"),
        (replace(FRAMES, model=ModelConfig(unet=UNetConfig(heads=2))), "model.unet.heads"),
        (replace(FRAMES, objective=DepthObjective(unroll=True)), "objective.unroll"),
        (replace(FRAMES, data=replace(FRAMES.data, sources=())), "data.sources"),
        (replace(FRAMES, data=replace(FRAMES.data, max_depth=10.0)), "data.max_depth"),
        (replace(FRAMES, start_from="builtin"), "start_from"),
        (replace(FRAMES, distil=DistilConfig()), "distil"),
    ],
)
def test_what_decides_the_result_is_part_of_the_recipe(other: Experiment, name: str) -> None:
    changed = difference(recipe_of(FRAMES), recipe_of(other))
    assert changed is not None
    assert changed[0] == name


def test_whoever_brings_the_views_answers_for_data_and_beginning() -> None:
    """As examples/train_builtin.py does: a run goes on where the weights that it began with no longer lie."""
    began = replace(Experiment(), start_from="start/depth.safetensors", distil=DistilConfig(teacher="a"))
    moved = replace(began, start_from=None, data=FRAMES.data, distil=DistilConfig(teacher="b"))
    assert recipe_of(began, own_views=True) == recipe_of(moved, own_views=True)
    assert recipe_of(began) != recipe_of(moved)


def test_fine_tuning_on_a_sensor_makes_no_layer_of_the_builtin_model_anew() -> None:
    experiment = compose("train", ["experiment=hololens"], Experiment())
    source, _ = load_checkpoint(stage_path(str(experiment.start_from), experiment.stage))
    assert isinstance(source, DiffusionModel)
    report = transfer(source, DiffusionModel(experiment.model), experiment.shift_levels)
    assert {account.outcome for account in report.accounts} == {"copied"}


def test_depth_is_scaled_for_models_that_are_not_told_the_field_of_view_alone(tmp_path: Path) -> None:
    """The estimator scales their answers back, and no others."""
    experiment = compose("train", ["experiment=hololens", f"runs={tmp_path}"], Experiment())
    scaled = replace(experiment, data=replace(experiment.data, canonical_fov=60.0))
    with pytest.raises(ValueError, match="canonical_fov must be null, not 60"):
        run(scaled)
    unet = UNetConfig(channels=(16, 16), blocks=(1, 1), attention=(False, True))
    with pytest.raises(ValueError, match=r"canonical_fov must be 60\.0, not null"):
        run(replace(experiment, start_from=None, model=ModelConfig(unet=unet)))
    with pytest.raises(ValueError, match="no such folder"):  # the next that lacks
        run(replace(experiment, data=replace(experiment.data, root=str(tmp_path))))


@pytest.mark.parametrize(
    ("experiment", "message"),
    [
        (replace(FRAMES, data=DataConfig(sources=(SourceConfig("imagenet"),))), "without depth"),
        (replace(FRAMES, stage="upsampling"), "rendered worlds"),
    ],
)
def test_data_sets_that_cannot_teach_a_stage_are_refused(
    experiment: Experiment, message: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=message):
        run(replace(experiment, runs=str(tmp_path)))


def test_experiments_on_data_sets_scale_depth_as_their_models_need() -> None:
    checked = 0
    for path in (Path(__file__).parents[2] / "configs" / "experiment").glob("*.yaml"):
        experiment = compose("train", [f"experiment={path.stem}"], Experiment())
        if experiment.data.sources and not experiment.distil:
            _check_sources(experiment)
            checked += 1
    assert checked > 8


def test_a_source_may_move_but_not_become_another() -> None:
    before, moved, other = (
        recipe_of(replace(FRAMES, data=DataConfig(sources=(SourceConfig("folder", root),))))
        for root in ("/old/hololens", "/new/hololens", "/old/kinect")
    )
    assert difference(before, moved) is None
    assert difference(before, other) is not None


def frames() -> dict[str, Any]:
    """A batch of a data set, which does not say what is known."""
    depth = torch.full((2, 1, 16, 16), 3.0)
    image = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    return {"image": image, "depth": depth, "counted": torch.ones_like(depth, dtype=torch.bool)}


def test_a_model_that_reads_known_depth_learns_from_frames_where_none_is_shown() -> None:
    unet = UNetConfig(channels=(16, 16), blocks=(1, 1), attention=(False, True))
    model = DiffusionModel(ModelConfig(unet=unet, known_depth=True))
    torch.nn.init.normal_(model.net.out.weight)  # a fresh network ends with zeros, which pass no gradient on
    hidden = Experiment(model=model.config, objective=DepthObjective(show_known=0.0))
    objective_of(hidden)(model, frames(), torch.Generator().manual_seed(0)).backward()
    gradient = model.net.stem.weight.grad
    assert gradient is not None
    of_picture, of_known = gradient[:, :3], gradient[:, 3:5]
    assert of_picture.any()
    assert not of_known.any()
    with pytest.raises(ValueError, match="what is known"):
        objective_of(replace(hidden, objective=DepthObjective()))(model, frames(), torch.Generator())


def test_each_process_reads_captions_on_its_own_device(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Loaded(Exception):  # noqa: N818 (no error)
        pass

    def load(device: torch.device) -> NoReturn:
        raise Loaded(str(device))

    second = SimpleNamespace(device=torch.device("cuda", 1))
    monkeypatch.setattr("accelerate.PartialState", lambda **_: second)
    monkeypatch.setattr("depthgen.experiment.TextEncoder.load", load)
    with pytest.raises(Loaded, match="cuda:1"):
        run(Experiment(stage="completion", runs=str(tmp_path)))


def test_the_main_process_renders_before_the_others_look(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    order = []

    @contextmanager
    def first(wanted: str) -> Iterator[None]:
        order.append(wanted)
        yield
        order.append("others")

    monkeypatch.setattr("depthgen.experiment.main_process_first", first)
    for name in ("write_sources", "WorldViews", "validation_batches"):
        monkeypatch.setattr(f"depthgen.experiment.{name}", lambda *_, name=name: order.append(name))
    _data(Experiment(train=TrainConfig(device="cpu")), tmp_path / "broken.txt")
    assert order == ["cpu", "write_sources", "WorldViews", "validation_batches", "others"]
