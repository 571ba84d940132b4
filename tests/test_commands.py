"""Every command that the README and --help print is understood; what it would then do is not done."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from depthgen.cli import doctor, estimate, evaluate, train
from scene3d import cli as scenes

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf8")
HELP = [train.HELP, evaluate.HELP, doctor.EPILOG, estimate.EPILOG, scenes.GENERATE_EXAMPLES]
MAINS: dict[str, Callable[[], None]] = {
    "depthgen-train": train.main,
    "depthgen-evaluate": evaluate.main,
    "depthgen-doctor": doctor.main,
    "estimate-depth": estimate.main,
    "generate-scene": scenes.generate_scene_command,
    "render-views": scenes.render_views_command,
    "view-scene": scenes.view_scene_command,
}
PLACEHOLDER = re.compile(r"\.\.\.|\b[A-Z]{2,}\b|--help")  # NAME, IMAGE...: a form, not a command
# where a command has understood its line, and begins to work
WORK = (
    "depthgen.experiment.run",
    "depthgen.evaluation.runner.evaluate_worlds",
    "depthgen.evaluation.runner.evaluate_dataset",
    "depthgen.evaluation.runner.evaluate_prompts",
    "depthgen.data.registry.reader",
    "depthgen.data.registry.image_reader",
    "depthgen.images.read_image",
    "scene3d.generator.generate",
    "scene3d.history.undo",
    "scene3d.history.fork",
    "scene3d.scene.Scene.open",
    "scene3d.scene.Scene.load",
)


class Understood(Exception):  # noqa: N818 (no error)
    """A command got as far as its work."""


def printed() -> Iterator[str]:
    """Lines that may hold a command: shell blocks and code spans of the README, examples of --help."""
    for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL):
        yield from block.splitlines()
    yield from re.findall(r"(?<!`)`([^`\n]+)`(?!`)", README)
    for text in HELP:
        examples = text.partition("examples:\n")[2].partition("\n\n")[0]
        yield from (re.split(r"\s{2,}", line.strip())[0] for line in examples.splitlines())


def commands() -> list[str]:
    """Those of our commands, each once, as they are called."""
    parts = [part.strip() for line in printed() for part in line.split("&&")]
    parts = [
        re.sub(r"^accelerate launch .*-m depthgen\.cli\.train", "depthgen-train", part) for part in parts
    ]
    parts = [part.removeprefix(".venv/bin/") for part in parts]
    found = [part for part in parts if part.partition(" ")[0] in MAINS and " " in part]
    return sorted({part for part in found if not PLACEHOLDER.search(part)})


def test_all_commands_but_the_viewer_of_films_have_examples() -> None:
    assert {command.partition(" ")[0] for command in commands()} == set(MAINS) - {"render-views"}


@pytest.mark.parametrize("command", commands())
def test_a_printed_command_is_understood(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(*_: object, **__: object) -> NoReturn:
        raise Understood

    monkeypatch.chdir(tmp_path)
    for place in WORK:
        monkeypatch.setattr(place, work)
    arguments = shlex.split(command, comments=True)
    monkeypatch.setattr(sys, "argv", arguments)
    with pytest.raises(Understood):
        MAINS[arguments[0]]()
