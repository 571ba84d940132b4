"""The wheel, installed in an empty folder, makes a scene."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.slow
def test_the_installed_wheel_makes_a_scene(tmp_path: Path) -> None:
    pip = [sys.executable, "-m", "pip", "--quiet"]
    source = tmp_path / "source"
    subprocess.run(["cp", "-r", *map(str, copied(source)), str(source)], check=True)
    subprocess.run([*pip, "wheel", "--no-deps", "--wheel-dir", str(tmp_path), str(source)], check=True)
    (wheel,) = tmp_path.glob("scene3d-*.whl")
    site, empty = tmp_path / "site", tmp_path / "empty"
    empty.mkdir()
    subprocess.run([*pip, "install", "--no-deps", "--target", str(site), str(wheel)], check=True)
    assert not (site / "configs").exists(), "configs must not be a top-level module"
    command = [sys.executable, str(site / "bin" / "generate-scene"), "a lake at noon", "--out", "lake"]
    subprocess.run(
        [*command, "--views", "2", "size=64"],
        cwd=empty,
        env={**os.environ, "PYTHONPATH": str(site)},
        check=True,
    )
    assert (empty / "lake" / "viewer.html").stat().st_size > 10_000


def copied(target: Path) -> list[Path]:
    """What a source distribution needs; building in the checkout would leave files there."""
    target.mkdir()
    return [
        ROOT / name for name in ("depthgen", "scene3d", "configs", "pyproject.toml", "README.md", "LICENSE")
    ]
