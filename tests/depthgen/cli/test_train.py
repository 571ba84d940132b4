"""The real training command, run small."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from depthgen.checkpoint import load_checkpoint, save_checkpoint
from depthgen.cli import train
from depthgen.cli.compose import compose, configs_folder
from depthgen.distillation import DistilConfig, student_of
from depthgen.experiment import Experiment
from depthgen.images import fitted_size

SMALL = [
    "data.worlds.count=4",
    "data.worlds.size=16",
    "train.steps=3",
    "train.batch_size=2",
    "train.log_every=1",
    "train.validate_every=3",
    "train.checkpoint_every=2",
    "train.precision=no",
    "train.compile=false",
    "train.device=cpu",
    "weights=null",
]
NETWORK = [f"model.unet.{part}" for part in ("channels=[16,16]", "blocks=[1,1]", "attention=[false,true]")]


@pytest.fixture
def small_worlds(monkeypatch: pytest.MonkeyPatch) -> None:
    from depthgen.data import worlds

    def render_here(jobs: list, processes: int) -> None:
        for job in jobs:
            worlds._render_shard(job)

    monkeypatch.setattr(worlds, "WORLDS_PER_SHARD", 4)
    monkeypatch.setattr(worlds, "_render_parallel", render_here)
    monkeypatch.setattr("depthgen.validation.VALIDATION_SAMPLES", 4)


def run(monkeypatch: pytest.MonkeyPatch, arguments: list[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["depthgen-train", *arguments])
    train.main()


@pytest.mark.parametrize("stage", ["depth", "completer", "judge"])
def test_every_experiment_trains_logs_and_exports(
    stage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small_worlds: None
) -> None:
    folders = [f"data.worlds.folder={tmp_path / 'cache'}", f"runs={tmp_path / 'runs'}"]
    run(monkeypatch, [f"experiment=worlds_{stage}", *SMALL, *folders, *(NETWORK if stage != "judge" else [])])
    folder = tmp_path / "runs" / f"worlds_{stage}"
    _, record = load_checkpoint(folder / "model.safetensors")
    rows = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows if "loss" in row] == [1, 2, 3]
    assert record["images_seen"] == 6
    assert record["experiment"]["data"]["worlds"]["count"] == 4


def test_a_run_goes_on_only_as_what_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], small_worlds: None
) -> None:
    folders = [f"data.worlds.folder={tmp_path / 'cache'}", f"runs={tmp_path / 'runs'}"]
    settings = ["experiment=worlds_depth", *SMALL, *NETWORK, *folders]
    run(monkeypatch, settings)
    for change, said in [
        ("model.unet.channels=[16,32]", "model.unet.channels=[16, 16], not [16, 32]"),
        ("objective.loss=l2", 'objective.loss="l1", not "l2"'),
        ("data.worlds.size=32", "data.worlds.size=16, not 32"),
        (f"start_from={tmp_path / 'runs/worlds_depth/model.safetensors'}", "start_from=null, not "),
    ]:
        with pytest.raises(SystemExit) as stopped:
            run(monkeypatch, [*settings, change])
        assert stopped.value.code == 2
        assert said in capsys.readouterr().err
    free = ["train.steps=4", "data.worlds.count=8", "data.worlds.seed=100", "train.log_every=2"]
    run(monkeypatch, [*settings, *free, f"weights={tmp_path / 'elsewhere.safetensors'}"])
    _, record = load_checkpoint(tmp_path / "elsewhere.safetensors")
    assert record["steps_done"] == 4


@pytest.mark.parametrize("name", ["completer", "upsampler", "depth"])
def test_a_student_is_trained_by_the_same_command(
    name: str,
    checkpoints: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    small_worlds: None,
) -> None:
    folders = [f"data.worlds.folder={tmp_path / 'cache'}", f"runs={tmp_path / 'runs'}"]
    teacher = f"distil.teacher={checkpoints[name]}"
    run(monkeypatch, [f"experiment={name}_student", *SMALL, *folders, teacher])
    student, record = load_checkpoint(tmp_path / "runs" / f"{name}_student" / "model.safetensors")
    asked = record["experiment"]["distil"]
    assert student.config.steps == asked["steps"]
    assert student.config.guidance_folded == (asked["guidance"] if name == "completer" else None)
    assert record["experiment"]["model"]["resolution"] == student.config.resolution


def test_a_student_takes_no_further_training_of_its_stage(
    checkpoints: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    teacher, _ = load_checkpoint(checkpoints["depth"])
    student = tmp_path / "student.safetensors"
    save_checkpoint(student, student_of(teacher, DistilConfig(steps=2, teacher_steps=4)))
    with pytest.raises(SystemExit) as stopped:
        run(monkeypatch, ["experiment=worlds_depth", *SMALL, *NETWORK, f"start_from={student}"])
    assert stopped.value.code == 2
    assert f"{student} is a student of 2 step(s)" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["experiment=worlds_colour"], "worlds_colour"),
        (["experiment=worlds_depth", "train.wheels=4"], "no setting 'train.wheels'"),
        (["experiment=worlds_depth", "train.stps=4"], "did you mean 'train.steps'?"),
        (["experiment=worlds_depth", "--steps", "3"], "'--steps' is no setting; give KEY=VALUE"),
        (["experiment=worlds_depth", "train.steps=many"], "steps"),
        (
            ["experiment=worlds_depth", "train.log_every=0"],
            "train.log_every=0 is out of range; give 1 or more",
        ),
        (["experiment=worlds_depth", "data.worlds.seed=4294967296"], "evaluation"),
    ],
)
def test_bad_settings_take_one_line(
    arguments: list[str], said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        run(monkeypatch, arguments)
    message = capsys.readouterr().err.strip()
    assert stopped.value.code == 2
    assert said in message
    assert len(message.splitlines()) == 1


def test_help_lists_the_experiments(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(monkeypatch, ["--help"])
    said = capsys.readouterr().out
    assert "worlds_completer, worlds_depth, worlds_depth_256" in said
    assert all(
        f"{stage}, {stage}_small" in said for stage in ("palette", "indoor", "outdoor", "nyu", "kitti")
    )


def test_help_says_which_experiments_replace_what_ships() -> None:
    names = [path.stem for path in (configs_folder() / "experiment").glob("*.yaml")]
    weights = {name: compose("train", [f"experiment={name}"], Experiment()).weights for name in names}
    assert {name for name, path in weights.items() if path} == set(train.SHIPPED)
    assert all(Path(path).parent == Path("depthgen/weights") for path in weights.values() if path)


def test_the_example_that_only_runs_touches_nothing_that_ships() -> None:
    (line,) = [line for line in train.HELP.splitlines() if "train.steps=" in line]
    experiment = compose("train", line.split()[1:], Experiment())
    assert experiment.weights is None
    assert experiment.name not in train.SHIPPED


TINY = [
    *NETWORK,
    "data.size=[16,24]",
    "synthetic.size=[24,36]",
    "synthetic.frames=4",
    "synthetic.validation_frames=2",
    "train.steps=2",
    "train.batch_size=2",
    "train.precision=no",
    "train.device=cpu",
]


def test_the_stages_of_the_paper_follow_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Palette, indoors, NYU, each from the last one's weights, on worlds in their native layouts."""
    monkeypatch.chdir(tmp_path)
    for stage in ("palette", "indoor", "nyu"):
        run(monkeypatch, [f"experiment={stage}_small", *TINY])
    said = capsys.readouterr().out
    assert "net.stem.weight" in said  # the account of what was carried over
    model, record = load_checkpoint(tmp_path / "runs/nyu_small/model.safetensors")
    assert record["experiment"]["objective"]["unroll"] is True
    assert model.config.task == "depth"
    rows = [json.loads(line) for line in (tmp_path / "runs/nyu_small/log.jsonl").read_text().splitlines()]
    assert {row["step"] for row in rows if "val_loss" in row} == {0, 2}


@pytest.mark.parametrize("stage", ["outdoor", "kitti"])
def test_outdoor_stages_read_lidar(stage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run(monkeypatch, [f"experiment={stage}_small", *TINY, "start_from=null"])
    assert (tmp_path / f"runs/{stage}_small/model.safetensors").is_file()


def test_a_broken_frame_is_named_or_left_out_and_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    run(monkeypatch, ["experiment=nyu_small", *TINY, "start_from=null"])
    broken = sorted((tmp_path / "runs/small_data/nyu/nyu/sync").rglob("sync_depth_*.png"))[0]
    broken.write_bytes(broken.read_bytes()[:60])
    again = ["experiment=nyu_small", *TINY, "start_from=null", "name=again", "train.steps=4"]
    with pytest.raises(SystemExit) as stopped:
        run(monkeypatch, again)
    assert stopped.value.code == 2
    message = capsys.readouterr().err.strip().splitlines()[-1]
    assert broken.name in message
    assert "skip_broken" in message
    run(monkeypatch, [*again, "name=skips", "data.skip_broken=true"])
    assert "left out 1 broken" in capsys.readouterr().out


def test_a_stage_whose_forerunner_is_missing_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stopped:
        run(monkeypatch, ["experiment=indoor_small", *TINY])
    assert stopped.value.code == 2
    assert "runs/palette_small/model.safetensors" in capsys.readouterr().err


def test_of_several_processes_one_exports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RANK", "1")
    run(monkeypatch, ["experiment=palette_small", *TINY])
    assert not (tmp_path / "runs/palette_small/model.safetensors").exists()


@pytest.mark.parametrize(
    ("stage", "native"), [("nyu", (480, 640)), ("kitti", (375, 1242)), ("outdoor", (1280, 1920))]
)
def test_stages_see_pictures_at_the_scale_of_evaluation(stage: str, native: tuple[int, int]) -> None:
    """A crop brought to the same size would show everything larger, and metres are learned from size."""
    experiment = compose("train", [f"experiment={stage}"], Experiment())
    factor = experiment.model.unet.factor
    assert experiment.data.size == fitted_size(native, experiment.model.resolution, factor)
    assert all(not source.options for source in experiment.data.sources)
