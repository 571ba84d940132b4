"""Starting costs nothing that is not needed: no heavy library, no network."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = [
    "diffusers",
    "transformers",
    "open3d",
    "pyrender",
    "trimesh",
    "hydra",
    "accelerate",
    "safetensors",
    "imageio",
    "scipy",
    "rich",
]


def loaded(code: str) -> set[str]:
    """Top-level modules that a fresh interpreter has loaded after `code`."""
    ending = "; import sys; print('MODULES', *{name.split('.')[0] for name in sys.modules})"
    run = subprocess.run([sys.executable, "-c", code + ending], capture_output=True, text=True, check=True)
    return set(run.stdout.split("MODULES")[1].split())


@pytest.mark.parametrize("package", ["depthgen", "scene3d"])
def test_importing_a_package_loads_no_heavy_library(package: str) -> None:
    assert not loaded(f"import {package}") & set(HEAVY)


@pytest.mark.parametrize(
    "command",
    ["scene3d.cli:generate_scene_command", "depthgen.cli.estimate:main", "depthgen.cli.train:main"],
)
def test_help_needs_no_torch(command: str) -> None:
    module, function = command.split(":")
    code = f"""
import sys
sys.argv = ["command", "--help"]
from {module} import {function} as command
try:
    command()
except SystemExit as stop:
    assert not stop.code
"""
    assert "torch" not in loaded(code + "\npass")
