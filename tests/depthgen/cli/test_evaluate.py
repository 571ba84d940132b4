import csv
import json
import re
import sys
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from depthgen.cli.evaluate import main
from depthgen.evaluation import PROTOCOLS, EvaluateConfig


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Run the command with KEY=VALUE words; returns its output folder."""

    def command(*words: str) -> Path:
        out = tmp_path / "out"
        monkeypatch.setattr(sys, "argv", ["depthgen-evaluate", f"out={out}", "device=cpu", *words])
        main()
        return out

    return command


def test_depth_of_worlds(run, checkpoints: dict[str, Path], capsys):
    out = run(f"checkpoint={checkpoints['depth']}", "count=4", "baseline_worlds=1", "steps=1")
    assert "mean depth of kind" in capsys.readouterr().out
    report = json.loads((out / "report.json").read_text())
    assert report["facts"]["count"] == 4
    assert report["facts"]["generator_version"]
    model = report["overall"][str(checkpoints["depth"])]
    assert model["rel"]["low"] <= model["rel"]["mean"] <= model["rel"]["high"]
    assert (out / "report.txt").is_file()


@pytest.mark.parametrize("protocol", ["prompts", "held_out_words"])
def test_prompts(run, checkpoints: dict[str, Path], protocol: str):
    words = [f"checkpoint={checkpoints['completer']}", f"judge={checkpoints['judge']}"]
    out = run(f"protocol={protocol}", *words, "count=3", "steps=1")
    report = json.loads((out / "report.json").read_text())
    assert set(report["overall"]) == {"renders", "generated"}
    assert 0 <= report["overall"]["generated"]["kind_right"]["mean"] <= 1
    assert 0 <= report["overall"]["renders"]["objects_right"]["mean"] <= 1
    assert np.asarray(Image.open(out / "generated.png")).shape == (32, 8 * 32, 3)


@pytest.fixture
def frames(tmp_path: Path) -> Path:
    """A data folder: six pictures in two rooms, their depth in millimetres with holes."""
    rng = np.random.default_rng(0)
    root = tmp_path / "frames"
    for i in range(6):
        room = root / ("attic", "cellar")[i % 2]
        room.mkdir(parents=True, exist_ok=True)
        picture = rng.integers(0, 256, (40, 56, 3), dtype=np.uint8)
        Image.fromarray(picture).save(room / f"rgb_{i}.png")
        depth = rng.integers(1000, 9000, (40, 56)).astype(np.uint16)
        depth[:, :5] = 0
        Image.fromarray(depth).save(room / f"depth_{i}.png")
    sheet = ["images: '*/rgb_*.png'", "depth: '*/depth_*.png'", "metres_per_level: 0.001", "pair_by: number"]
    (root / "rgbd.yaml").write_text("\n".join(sheet))
    return root


def test_several_models_on_a_folder(run, checkpoints: dict[str, Path], frames: Path, capsys):
    own = checkpoints["depth"]
    words = ["samples=2", "multisample=mode", "flip=true", "sampler=dpm++", "steps=2"]
    out = run("protocol=folder", f"data.root={frames}", f"checkpoint=[builtin,{own}]", *words)
    report = json.loads((out / "report.json").read_text())
    assert list(report["overall"]) == ["builtin", str(own)]
    assert set(report["by_scene"]["builtin"]) == {"attic", "cellar"}
    assert report["facts"]["count"] == 6
    described = report["facts"]["models"][str(own)]
    assert (described["alignment"], described["sampler"], described["steps"]) == ("none", "dpm++", 2)
    assert (report["facts"]["flip"], report["facts"]["multisample"]) == (True, "mode")

    with (out / "builtin.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["scene"] for row in rows].count("attic") == 3
    assert np.mean([float(row["silog"]) for row in rows]) == pytest.approx(
        report["overall"]["builtin"]["silog"]["mean"]
    )
    assert all(float(row["spread"]) > 0 for row in rows)
    assert len(list(out.glob("*.csv"))) == 2  # the other is named after a path, and lies here all the same

    text = capsys.readouterr().out
    assert all(word in text for word in ("builtin", "silog", "attic", "best_worst.png"))
    page = (out / "report.html").read_text()
    assert "data:image/png;base64," in page
    assert not re.search(r"(src|href)=.(?!data:)", page)
    width, height = Image.open(out / "best_worst.png").size
    assert width > 6 * 200  # picture, truth, and two for each model
    assert height > 6 * 100


def test_what_was_measured_is_on_disk_before_it_is_printed(
    run, checkpoints: dict[str, Path], frames: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def closed(_: object) -> str:
        raise BrokenPipeError

    monkeypatch.setattr("depthgen.evaluation.table", closed)
    with pytest.raises(SystemExit):
        run("protocol=folder", f"data.root={frames}", f"checkpoint={checkpoints['depth']}", "steps=1")
    assert len(list((tmp_path / "out").glob("*.csv"))) == 1
    assert (tmp_path / "out" / "report.json").is_file()


def test_broken_files_stop_or_are_listed(run, checkpoints: dict[str, Path], frames: Path, capsys):
    broken = frames / "cellar" / "depth_3.png"
    broken.write_bytes(broken.read_bytes()[:200])
    words = ["protocol=folder", f"data.root={frames}", f"checkpoint={checkpoints['depth']}", "steps=1"]
    with pytest.raises(SystemExit) as exit_info:
        run(*words)
    assert exit_info.value.code == 2
    message = capsys.readouterr().err
    assert "depth_3.png" in message
    assert "data.skip_broken=true" in message
    out = run(*words, "data.skip_broken=true")
    report = json.loads((out / "report.json").read_text())
    assert report["facts"]["images_broken"] == 1
    assert "depth_3.png" in report["broken"][0]
    assert "left out because they could not be read: 1" in capsys.readouterr().out


def test_every_protocol_is_explained(monkeypatch: pytest.MonkeyPatch, capsys):
    monkeypatch.setattr(sys, "argv", ["depthgen-evaluate", "--help"])
    main()
    text = capsys.readouterr().out
    assert all(name in text for name in PROTOCOLS)
    unknown = [f.name for f in fields(EvaluateConfig) if f"{f.name}=" not in text and f.name != "data"]
    assert unknown == []


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["protocol=nyu"], "protocol nyu reads the data set nyu: give data.root=FOLDER"),
        (["protocol=nyu", "data.root=nowhere"], "nowhere: no such folder"),
        (["protocol=folder", "data.root={folder}"], "rgbd.yaml"),
        (["protocol=folder", "data.root={folder}", "data.split=dev"], "no split 'dev'"),
        (["align=yes"], "no align=yes; there are: auto, none, depth, disparity"),
        (["multisample=max"], "no multisample=max; there are: mean, median, mode"),
        (["sampler=euler"], "no sampler=euler"),
        (["samples=0"], "samples"),
        (["checkpoint=[builtin,builtin]"], "only once"),
        (["checkpoint=[]"], "at least one model"),
        (["protocol=prompts", "checkpoint=[builtin,{depth}]"], "one checkpoint at a time"),
        (["protocol=kitty"], "kitty"),
        (["nonsense=1"], "nonsense"),
        (["checkpoint=nonsense"], "nonsense"),
        (["count=0"], "count"),
        (["protocol=prompts", "checkpoint={depth}", "judge={judge}"], "no completion model"),
        (["protocol=prompts", "checkpoint={completer}", "judge={depth}"], "judge"),
    ],
)
def test_bad_requests_end_with_one_line_and_status_2(
    run, checkpoints: dict[str, Path], tmp_path: Path, capsys, words, reason
):
    with pytest.raises(SystemExit) as exit_info:
        run(*(word.format(folder=tmp_path, **checkpoints) for word in words))
    assert exit_info.value.code == 2
    message = capsys.readouterr().err
    assert reason in message
    assert message.count("\n") == 1
