import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from depthgen.cli.evaluate import main


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


def test_prompts(run, checkpoints: dict[str, Path]):
    words = [f"checkpoint={checkpoints['completer']}", f"judge={checkpoints['judge']}"]
    out = run("protocol=prompts", *words, "count=3", "steps=1")
    report = json.loads((out / "report.json").read_text())
    assert set(report["overall"]) == {"renders", "generated"}
    assert 0 <= report["overall"]["generated"]["kind_right"]["mean"] <= 1
    assert np.asarray(Image.open(out / "generated.png")).shape == (32, 8 * 32, 3)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["protocol=kitty"], "kitty"),
        (["nonsense=1"], "nonsense"),
        (["checkpoint=nonsense"], "nonsense"),
        (["count=0"], "count"),
        (["protocol=prompts", "checkpoint={depth}", "judge={judge}"], "not a completion model"),
        (["protocol=prompts", "checkpoint={completer}", "judge={depth}"], "judge"),
    ],
)
def test_bad_requests_end_with_one_line_and_status_2(
    run, checkpoints: dict[str, Path], capsys, words, reason
):
    with pytest.raises(SystemExit) as exit_info:
        run(*(word.format(**checkpoints) for word in words))
    assert exit_info.value.code == 2
    message = capsys.readouterr().err
    assert reason in message
    assert message.count("\n") == 1
