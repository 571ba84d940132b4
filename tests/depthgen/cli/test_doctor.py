from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from depthgen.cli.doctor import main, report
from depthgen.data.registry import IMAGE_READERS, READERS
from depthgen.data.sample import RGBD, Diagnosis
from depthgen.data.writers_images import write_image_folder


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["depthgen-doctor", *arguments])
    try:
        main()
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


def test_a_healthy_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    unknown = torch.zeros(1, 4, 4)
    write_image_folder(tmp_path, [RGBD(torch.zeros(3, 4, 4), unknown, unknown > 0, "")] * 3)
    assert run(monkeypatch, "imagenet", str(tmp_path)) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"imagenet in {tmp_path}: healthy"
    assert lines[1].split() == ["3", "train"]
    assert "image-net.org" in lines[-1]


@pytest.mark.parametrize("name", [*READERS, *IMAGE_READERS])
def test_every_reader_has_a_doctor_for_an_empty_folder(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, name, str(tmp_path)) == 1
    out = capsys.readouterr().out
    assert "not healthy" in out
    assert "missing: " in out
    assert "comes from: " in out


def test_what_makes_no_sense_is_one_line_and_status_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "cifar", str(tmp_path)) == 2
    assert capsys.readouterr().err.splitlines() == [
        f"error: no data set 'cifar'; there are: {', '.join([*READERS, *IMAGE_READERS])}"
    ]
    assert run(monkeypatch, "nyu") == 2


def test_a_long_list_of_missing_files_is_cut() -> None:
    diagnosis = Diagnosis("nyu", Path("x"), "page", {"train": 1}, tuple(f"file{i}" for i in range(25)))
    lines = report(diagnosis).splitlines()
    assert sum("file" in line for line in lines) == 20
    assert "  missing: 5 more" in lines


def test_help_names_the_data_sets_and_needs_no_torch() -> None:
    code = """
import sys
sys.argv = ["depthgen-doctor", "--help"]
from depthgen.cli.doctor import main
try:
    main()
finally:
    assert "torch" not in sys.modules
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert all(name in run.stdout for name in [*READERS, *IMAGE_READERS])
    assert "examples:" in run.stdout
