"""Every example runs, as its first lines say."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def run(name: str, *arguments: str) -> None:
    argv, sys.argv = sys.argv, [name, *arguments]
    try:
        runpy.run_path(str(EXAMPLES / name), run_name="__main__")
    finally:
        sys.argv = argv


def test_prompt_to_scene(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("depthgen.completer.STEPS", 8)
    out = tmp_path / "scene"
    run("01_prompt_to_scene.py", "a village at sunset", "--out", str(out), "--views", "2", "--size", "64")
    assert (out / "scene.glb").read_bytes()[:4] == b"glTF"
    assert "view 2 of 2" in capsys.readouterr().out


def test_depth_of_a_picture(capsys: pytest.CaptureFixture[str]) -> None:
    run("02_depth_of_a_picture.py")
    plain, helped = (float(line.split()[-1]) for line in capsys.readouterr().out.splitlines())
    assert helped < plain


def test_world_with_ground_truth(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("03_world_with_ground_truth.py", "--size", "96", "--out", str(tmp_path / "world.png"))
    assert (tmp_path / "world.png").is_file()
    assert float(capsys.readouterr().out.split()[-1].rstrip("%")) < 2


def test_every_example_is_run_here() -> None:
    assert sorted(path.name[:2] for path in EXAMPLES.glob("[0-9]*.py")) == ["01", "02", "03"]
