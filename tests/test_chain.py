"""From self-supervised pre-training to a 3D scene, by the commands alone."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from depthgen.data.frames import DataConfig, SourceConfig
from depthgen.data.synthetic import SyntheticConfig, write_sources

BIN = Path(sys.executable).parent


def command(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [str(BIN / arguments[0]), *arguments[1:]], cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def validation_losses(folder: Path, stage: str) -> list[float]:
    lines = (folder / "runs" / stage / "log.jsonl").read_text().splitlines()
    return [row["val_loss"] for row in map(json.loads, lines) if "val_loss" in row]


@pytest.mark.slow
def test_pre_training_becomes_a_scene(tmp_path: Path) -> None:
    for stage in ("palette_small", "indoor_small", "nyu_small"):
        command(tmp_path, "depthgen-train", f"experiment={stage}")
        losses = validation_losses(tmp_path, stage)
        assert losses[-1] <= 0.8 * losses[0], f"{stage}: {losses}"
    checkpoint = "runs/nyu_small/model.safetensors"

    # the protocol's crop is defined on native pictures, larger than those the small stage was trained on
    native = SyntheticConfig(frames=1, validation_frames=6, size=(480, 640), places="indoor", seed=2 * 10**8)
    sources = DataConfig(
        root=str(tmp_path / "native"),
        sources=(SourceConfig("nyu"),),
        validation=(SourceConfig("nyu", split="test"),),
    )
    write_sources(native, sources)
    settings = ["protocol=nyu", f"checkpoint={checkpoint}", "data.root=native/nyu", "out=report"]
    assert "rel" in command(tmp_path, "depthgen-evaluate", *settings)
    report = json.loads((tmp_path / "report" / "report.json").read_text())
    assert report["overall"][checkpoint]["rel"]["mean"] < 0.6

    scene = ["a bedroom", "--out", "bedroom", "--views", "2", "size=64", f"depth={checkpoint}"]
    command(tmp_path, "generate-scene", *scene)
    config = json.loads((tmp_path / "bedroom" / "scene.json").read_text())["config"]
    assert config["depth"] == str(tmp_path / checkpoint)  # it may be resumed from elsewhere
    assert (tmp_path / "bedroom" / "exports" / "scene.glb").stat().st_size > 1000
