"""The commands as a user meets them: what they print, what they leave behind, how they fail."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from depthgen.geometry import turned
from scene3d import cli
from scene3d.cameras import PATHS
from scene3d.config import COMPLETIONS, EXPLORE, SETTINGS, TRAJECTORIES, GenerateConfig
from scene3d.export import FILES
from scene3d.history import undo
from scene3d.inputs import square_picture
from scene3d.scene import Scene

TINY = ["--models", "oracle", "--views", "2", "size=48"]
COMMANDS = {
    "generate-scene": cli.generate_scene_command,
    "render-views": cli.render_views_command,
    "view-scene": cli.view_scene_command,
}


class Shell:
    """Runs a command in this process; gives its status and what it printed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.monkeypatch, self.capsys = monkeypatch, capsys

    def __call__(self, command: str, *arguments: str | Path) -> tuple[int, str, str]:
        self.monkeypatch.setattr(sys, "argv", [command, *map(str, arguments)])
        try:
            COMMANDS[command]()
            status = 0
        except SystemExit as stop:
            status = int(stop.code or 0)
        return status, *self.capsys.readouterr()

    def refused(self, command: str, *arguments: str | Path) -> str:
        """The one line with which a command refuses its arguments, status 2."""
        status, printed, errors = self(command, *arguments)
        assert status == 2
        assert cli.STEP_TITLES not in printed
        assert len(errors.strip().splitlines()) == 1
        assert "Traceback" not in errors
        return errors


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Shell:
    monkeypatch.chdir(tmp_path)
    return Shell(monkeypatch, capsys)


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise AssertionError("a network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.mark.usefixtures("offline")
def test_one_command_makes_all_outputs_without_a_network(shell: Shell) -> None:
    status, printed, _ = shell(
        "generate-scene", "a library", *TINY, "--seed", "3", "--then", "1: a [red] door"
    )
    assert status == 0
    scene = Scene.load("a-library")
    assert len(scene.frames) == 2
    for name in FILES:
        assert (scene.root / name).stat().st_size > 0
        assert str(scene.root / name) in printed
    assert f"{100 * scene.manifest.journal[1].new_pixels:.0f} %" in printed
    assert "residual: image   depth   seam: colour   depth" in printed
    assert "seam" in printed
    assert scene.manifest.config["seed"] == 3
    assert "from view 1 on: 'a [red] door'" in printed


@pytest.mark.usefixtures("offline")
def test_the_built_in_models_need_no_network(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    from depthgen.checkpoint import builtin_path

    try:
        builtin_path("completer"), builtin_path("depth")
    except ValueError:
        pytest.skip("no built-in weights yet")
    monkeypatch.setattr("scene3d.export.export_all", lambda scene: [])
    prompt = "a dragon by a lake at sunset"
    small = ("--views", "2", "size=64", "image_steps=8")
    status, _, errors = shell("generate-scene", prompt, *small, "--out", "s")
    assert status == 0, errors
    (warning,) = (line for line in errors.splitlines() if line.startswith("warning: "))
    assert 'know nothing of "dragon"; ' in warning
    assert len(Scene.load("s").frames) == 2


def test_an_interrupted_command_is_resumed(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scene3d.export.export_all", lambda scene: [])
    assert shell("generate-scene", "a kitchen", *TINY, "--out", "whole")[0] == 0

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("scene3d.generator.view_from", interrupt)
        status, _, errors = shell("generate-scene", "a kitchen", *TINY, "--out", "cut")
    assert status == 130
    assert "generate-scene --resume cut" in errors
    assert len(Scene.load("cut").frames) == 1
    assert shell("generate-scene", "--resume", "cut")[0] == 0
    for file in Path("whole/views").rglob("*.*"):
        assert file.read_bytes() == ("cut" / file.relative_to("whole")).read_bytes()


def test_a_view_is_taken_back_and_a_scene_forked(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    exported: list[int] = []
    monkeypatch.setattr("scene3d.export.export_all", lambda scene: exported.append(len(scene.frames)) or [])
    assert shell("generate-scene", "a kitchen", *TINY, "--out", "first")[0] == 0
    status, printed, _ = shell("generate-scene", "--undo", "first")
    assert (status, len(Scene.load("first").frames)) == (0, 1)
    assert "view 1 is taken back" in printed
    status, _, _ = shell("generate-scene", "--fork", "first", "--at", "1", "a bathroom", "--out", "second")
    forked = Scene.load("second")
    assert (status, len(forked.frames), forked.manifest.prompt_of(1)) == (0, 2, "a bathroom")
    assert exported == [2, 1, 2]


def test_what_was_exported_of_views_that_are_gone_goes_too(shell: Shell, garden: Scene) -> None:
    garden.export(garden.root / "report.html")
    garden.export(garden.root / "exports/transforms.json")
    garden.export(garden.root / "exports/sky.png")
    (garden.root / "mine.txt").write_text("mine")
    for _ in range(2):
        undo(garden.root)
    status, printed, errors = shell("generate-scene", "--undo", garden.root, "--strict")
    assert (status, errors) == (0, "")
    assert "no view is left" in printed
    left = {path.name for path in garden.root.rglob("*") if path.is_file()}
    assert left == {"scene.json", "adjustment.json", "mine.txt"}


@pytest.mark.parametrize(
    ("prompt", "folder"),
    [("A Cabin, by a lake!", "a-cabin-by-a-lake"), ("山の村", "山の村"), ("Café", "café"), ("?!", "scene")],
)
def test_a_scene_is_named_after_its_prompt(prompt: str, folder: str) -> None:
    assert cli._slug(prompt) == folder


def test_strict_names_the_limits_that_are_missed(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scene3d.export.FILES", ("report.html",))
    assert shell("generate-scene", "an office", *TINY, "--out", "s", "--strict")[0] == 0
    path = Path("s/scene.json")
    path.write_text(path.read_text().replace('"residual_depth": null', '"residual_depth": 0.9', 1))
    status, printed, errors = shell("generate-scene", "--report", "s", "--strict")
    assert status == 1
    assert str(Path("s/report.html")) in printed
    assert errors.splitlines() == ["not good enough: residual depth, view 0: 90.00 %, limit 20.00 %"]
    assert shell("generate-scene", "--report", "s")[0] == 0


def test_views_are_rendered_and_shown(shell: Shell, monkeypatch: pytest.MonkeyPatch, garden: Scene) -> None:
    shown: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda address: not shown.append(address))
    assert shell("view-scene", garden.root)[0] == 0
    assert shown == [(garden.root / "viewer.html").resolve().as_uri()]
    status, _, errors = shell(
        "render-views", garden.root, "--frames", "3", "--size", "64x48", "--out", "pictures"
    )
    assert status == 0, errors
    assert sorted(p.name for p in Path("pictures").iterdir()) == ["0000.png", "0001.png", "0002.png"]
    path = garden.root / "path.json"
    path.write_text(json.dumps([torch.eye(4).tolist()] * 2))
    assert shell("render-views", garden.root, "--trajectory", path, "--out", "two")[0] == 0
    assert len(list(Path("two").iterdir())) == 2
    assert shell("render-views", garden.root, "--trajectory", path, "--frames", "3", "--out", "three")[0] == 0
    assert len(list(Path("three").iterdir())) == 3


def test_a_rendered_path_stops_at_walls_unless_it_may_go_anywhere(shell: Shell, garden: Scene) -> None:
    poses = [turned(0, translation=(0, 0, z)).tolist() for z in (0, 2, 7)]
    Path("ahead.json").write_text(json.dumps(poses))
    ahead = ("render-views", garden.root, "--trajectory", "ahead.json", "--out", "pictures")
    status, _, errors = shell(*ahead)
    assert status == 0
    assert "warning: 1 of 3 pictures were moved to stay in" in errors
    assert "moved" not in shell(*ahead, "--anywhere")[2]
    Path("behind.json").write_text(json.dumps(poses[::-1]))
    refusal = shell.refused("render-views", garden.root, "--trajectory", "behind.json")
    assert "behind.json: the path starts at (0.00, 0.00, 7.00)" in refusal


BAD_GENERATE = {
    "no prompt": ([], "give a prompt"),
    "empty prompt": ([" "], "prompt is empty"),
    "two prompts": (["a", "hut"], "in quotes"),
    "unknown models": (["a hut", "--models", "magic"], "builtin, oracle"),
    "unknown override": (["a hut", "sise=3"], "no setting 'sise', did you mean 'size'?"),
    "ill-typed override": (["a hut", "size=big"], "size is 'big', which is not a whole number"),
    "unknown option": (["a hut", "--sise"], "--sise"),
    "not a number": (["a hut", "--views", "many"], "many"),
    "no views": (["a hut", "--views", "0"], "views=0"),
    "zero size": (["a hut", "size=0"], "size=0"),
    "no such guidance": (["a hut", "guidance=-3"], "guidance=-3.0 is out of range; give 0 to 100"),
    "no number": (["a hut", "guidance=nan"], "guidance=nan is out of range"),
    "nothing but the folder": (["--fork", "garden", "--at", "2", "--out", "."], "give another --out"),
    "odd letters in a path": (["a hut", "depth=kä(1).safetensors"], "no depth model 'kä(1).safetensors'"),
    "absurd size": (["a hut", "size=1000000"], "size=1000000"),
    "negative seed": (["a hut", "--seed", "-1"], "seed=-1"),
    "unknown device": (["a hut", *TINY, "--device", "abacus"], "abacus"),
    "unknown path": (["a hut", *TINY, "--trajectory", "zigzag"], "pan, turn, orbit, dolly"),
    "singular path": (["a hut", *TINY, "--trajectory", "singular.json"], "pose 1"),
    "no path in the file": (
        ["a hut", *TINY, "--trajectory", "empty.json"],
        "empty.json holds no camera pose",
    ),
    "no path at all": (["a hut", *TINY, "--trajectory", "none.json"], "it has no 'keyframes'"),
    "too short a path": (
        ["a hut", "--views", "3", "--trajectory", "one.json"],
        "one.json: 1 poses are too few",
    ),
    "unknown depth": (
        ["a hut", "depth=magic"],
        "no depth model 'magic': give oracle, builtin, marigold, depth-anything-v2-small, depth-pro",
    ),
    "no such depth file": (
        ["a hut", "depth=runs/magic.safetensors"],
        "'runs/magic.safetensors': give oracle",
    ),
    "unknown completion": (["a hut", "completion=magic"], "no completion 'magic'; there are: read, refine"),
    "no such picture": (["a hut", *TINY, "--image", "missing.png"], "missing.png: no such image"),
    "not a picture": (["a hut", *TINY, "--image", "singular.json"], "singular.json: not an image"),
    "no folder": (["a hut", *TINY, "--out", "singular.json/s"], "give another --out"),
    "words without a view": (["a hut", *TINY, "--then", "a lake"], "'a lake' is not 'N: PROMPT'"),
    "words from no view": (["a hut", *TINY, "--then", "2: a lake"], "no view 2"),
    "no words": (["a hut", *TINY, "--then", "1:"], "prompt from view 1 on is empty"),
    "words twice": (["a hut", *TINY, "--then", "1: a lake", "--then", "1: a sea"], "twice"),
    "resume with other words": (["--resume", "nowhere", "--then", "1: a sea"], "leave out '--then'"),
    "resume nothing": (["--resume", "nowhere"], "no scene.json"),
    "resume with a prompt": (["a hut", "--resume", "nowhere"], "leave out 'a hut'"),
    "resume with settings": (["--resume", "nowhere", "--views", "9"], "leave out '--views'"),
    "report of nothing": (["--report", "nowhere"], "no scene.json"),
    "undo nothing": (["--undo", "nowhere"], "no scene.json"),
    "undo with a view": (["--undo", "nowhere", "--at", "2"], "leave out '--at'"),
    "undo and resume": (["--undo", "a", "--resume", "a"], "--resume and --undo do not go together"),
    "a fork from where": (["--fork", "nowhere", "a hut", "--out", "new"], "needs --at N"),
    "a fork of nothing": (["--fork", "nowhere", "--at", "2", "--out", "new"], "no scene.json"),
    "a fork with two prompts": (["--fork", "nowhere", "a hut", "a lake"], "leave out 'a lake'"),
    "a fork with settings": (["--fork", "nowhere", "size=32"], "leave out 'size=32'"),
    "a view to fork at alone": (["a hut", "--at", "2"], "--at goes with --fork"),
}


@pytest.mark.parametrize("word", ["depth=magic", "completion=magic"])
def test_unknown_names_are_refused_before_any_model_loads(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    loaded: list[object] = []
    monkeypatch.setattr("scene3d.generator.load_models", lambda *what: loaded.append(what))
    assert "'magic'" in shell.refused("generate-scene", "a hut", word)
    assert not loaded


@pytest.mark.parametrize("case", BAD_GENERATE)
def test_bad_input_is_one_line_and_leaves_nothing(shell: Shell, case: str) -> None:
    arguments, message = BAD_GENERATE[case]
    singular = [torch.eye(4).tolist(), torch.zeros(4, 4).tolist()]
    for name, poses in {"singular": singular, "one": singular[:1], "empty": [], "none": {}}.items():
        Path(f"{name}.json").write_text(json.dumps(poses))
    assert message in shell.refused("generate-scene", *arguments)
    assert sorted(os.listdir()) == ["empty.json", "none.json", "one.json", "singular.json"]


def test_existing_folders_are_never_touched(shell: Shell, garden: Scene) -> None:
    Path("mine").mkdir()
    Path("mine/diary.txt").write_text("dear diary")
    assert "nothing was touched" in shell.refused("generate-scene", "a hut", *TINY, "--out", "mine")
    assert os.listdir("mine") == ["diary.txt"]
    before = (garden.root / "scene.json").read_bytes()
    assert "--resume" in shell.refused("generate-scene", "a hut", *TINY, "--out", garden.root)
    assert (garden.root / "scene.json").read_bytes() == before
    Path("foreign").mkdir()
    Path("foreign/scene.json").write_text("{}")
    for command, *arguments in (
        ("generate-scene", "--resume", "foreign"),
        ("render-views", "foreign"),
        ("view-scene", "foreign"),
    ):
        assert "not written by scene3d" in shell.refused(command, *arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--size", "0x0"], "0x0"),
        (["--size", "huge"], "huge"),
        (["--frames", "0"], "--frames 0"),
        (["--trajectory", "zigzag"], "pan, turn, orbit, dolly"),
        (["--trajectory", "."], "neither a file"),
        (["--trajectory", "scene.json"], "not a camera path"),
        (["--out", "film.txt"], "film.txt"),
    ],
)
def test_bad_rendering_requests(shell: Shell, garden: Scene, arguments: list[str], message: str) -> None:
    Path("scene.json").write_text((garden.root / "scene.json").read_text())
    assert message in shell.refused("render-views", garden.root, *arguments)


def test_help_names_the_paths_and_models_there_are(shell: Shell) -> None:
    from scene3d.backends import SETS

    status, printed, _ = shell("generate-scene", "--help")
    assert status == 0
    assert all(name in printed for name in (*PATHS, *SETS))
    for name, what in (TRAJECTORIES | COMPLETIONS).items():
        assert re.search(rf"^  {name} +{re.escape(what)}$", printed, re.MULTILINE), name
    for name, what in SETTINGS.items():
        assert re.search(rf"^  {name}=\S* +{re.escape(what.strip())}$", printed, re.MULTILINE), name
    assert SETTINGS.keys() == GenerateConfig.__dataclass_fields__.keys()
    flights = shell("render-views", "--help")[1]
    assert {what for what in TRAJECTORIES.values() if what not in flights} == {TRAJECTORIES[EXPLORE]}


def test_offline_asks_no_model_hub(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    shell.refused("generate-scene", "a hut", "models=none")
    assert os.environ["HF_HUB_OFFLINE"] == "0"
    shell.refused("generate-scene", "a hut", "models=none", "--offline")
    assert os.environ["HF_HUB_OFFLINE"] == "1"


def test_a_picture_gives_its_middle_square(tmp_path: Path) -> None:
    pixels = np.zeros((60, 180, 3), np.uint8)
    pixels[:, 60:120] = (200, 100, 50)
    Image.fromarray(pixels).save(tmp_path / "wide.png")
    square = square_picture(tmp_path / "wide.png", 48)
    assert square.shape == (3, 48, 48)
    assert torch.allclose(255 * square, torch.tensor([200.0, 100, 50])[:, None, None], atol=1)


def test_help_is_quick_and_imports_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['generate-scene', '--help']\n"
        "from scene3d.cli import generate_scene_command as command\n"
        "try: command()\n"
        "except SystemExit: assert not {'torch', 'numpy', 'PIL'} & set(sys.modules)"
    )
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "KEY=VALUE" in done.stdout
    assert time.perf_counter() - start < 1


@pytest.mark.slow
def test_a_killed_process_is_resumed_byte_for_byte(tmp_path: Path) -> None:
    code = "from scene3d.cli import generate_scene_command as command; command()"
    arguments = ["a village", "--models", "oracle", "--views", "5", "size=128"]
    start = [sys.executable, "-c", code]
    subprocess.run([*start, *arguments, "--out", tmp_path / "whole"], check=True, capture_output=True)
    process = subprocess.Popen([*start, *arguments, "--out", tmp_path / "cut"], stdout=subprocess.DEVNULL)
    while not (tmp_path / "cut/views/0002").exists():
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert len(Scene.load(tmp_path / "cut").frames) < 5
    subprocess.run([*start, "--resume", tmp_path / "cut"], check=True, capture_output=True)
    for file in (tmp_path / "whole/views").rglob("*.*"):
        assert file.read_bytes() == (tmp_path / "cut" / file.relative_to(tmp_path / "whole")).read_bytes()
