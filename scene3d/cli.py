"""generate-scene, render-views, view-scene: arguments in, one call into the library, one line per view out.

Nothing heavy is imported before the arguments are understood, so that --help answers at once.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from depthgen.cli.errors import Parser, run_cli
from depthgen.cli.quiet import quiet_libraries
from scene3d.config import COMPLETIONS, EXPLORE, LARGEST, SETTINGS, TRAJECTORIES, GenerateConfig

if TYPE_CHECKING:
    from scene3d.generator import SceneStep
    from scene3d.scene import Scene

OVERRIDE = re.compile(r"[A-Za-z_][\w.]*=")
STEP_TITLES = "view    new   residual: image   depth   seam: colour   depth   seconds"
# Options that are settled once a scene exists.
OF_A_NEW_SCENE = ("out", "image", "then", "models", "views", "trajectory", "seed")
REPORT, MISSED = "report.html", 1  # of a scene folder; the exit status when a limit is missed

GENERATE_EXAMPLES = """\
examples:
  generate-scene "a cabin by a lake at sunset"                  a scene in ./a-cabin-by-a-lake-at-sunset
  generate-scene "a library" --out library --views 12 --seed 3
  generate-scene "a village in the snow" --image photo.jpg      start from a picture of your own
  generate-scene "a village" --then "4: a forest edge"          other words from view 4 on
  generate-scene "a beach" --trajectory path.json               follow a nerfstudio camera path
  generate-scene "a kitchen" size=384 guidance=5                KEY=VALUE changes any setting
  generate-scene --resume library                               finish what was interrupted
  generate-scene --undo library                                 take back its last view
  generate-scene --report library --strict                      measure it; status 1 if it misses a limit
  generate-scene --fork library --at 4 "a library at night" --out night     go on from view 4 with other words
"""
RENDER_EXAMPLES = """\
examples:
  render-views village                                          a film along its views: village/render.mp4
  render-views village --trajectory orbit --frames 240 --size 1280x720 --out orbit.mp4
  render-views village --trajectory path.json --out frames      pictures of a camera path, in a folder

"""


def generate_scene_command() -> None:
    """Entry point of `generate-scene`."""
    parser = _generate_parser()
    _run(lambda: _generate(parser.parse_intermixed_args()))


def render_views_command() -> None:
    """Entry point of `render-views`."""
    parser = _render_parser()
    _run(lambda: _render(parser.parse_args()))


def view_scene_command() -> None:
    """Entry point of `view-scene`."""
    parser = Parser(prog="view-scene", description="Open a scene's viewer.html in the web browser.")
    parser.add_argument("scene", type=Path, help="scene folder")
    _run(lambda: _view(parser.parse_args()))


def _generate_parser() -> argparse.ArgumentParser:
    defaults = {field.name: field.default for field in fields(GenerateConfig)}
    epilog = (
        GENERATE_EXAMPLES,
        _described("camera paths", TRAJECTORIES),
        _described("ways to complete depth (completion=NAME)", COMPLETIONS),
        "settings (KEY=VALUE) and their defaults; null: as the models want it",
        *(f"  {f'{name}={_plain(value)}':22} {SETTINGS[name]}" for name, value in defaults.items()),
    )
    parser = Parser(
        prog="generate-scene",
        usage="generate-scene PROMPT [options] [KEY=VALUE ...]",
        description="Make a 3D scene from words: pictures, depth, mesh, film and viewer in one folder.",
        epilog="\n".join(epilog),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("words", nargs="*", metavar="PROMPT | KEY=VALUE", help="what to make, in quotes; settings")
    add("--out", type=Path, metavar="DIR", help="new folder for the scene (default: named after the prompt)")
    add(
        "--image",
        type=Path,
        metavar="FILE",
        help="picture to start from (its middle square), beside words for what comes next",
    )
    add("--then", type=_segment, action="append", metavar="'N: PROMPT'", help="other words from view N on")
    add("--models", metavar="NAME", help="builtin (default), stable-diffusion or oracle")
    add("--views", type=int, metavar="N", help="views in all (default 8)")
    add("--trajectory", metavar="NAME|FILE", help="a named path, see below (pan), or a JSON camera path")
    add("--seed", type=int, metavar="N", help="decides every random choice (default 0)")
    add("--resume", type=Path, metavar="DIR", help="finish the scene in DIR")
    add("--undo", type=Path, metavar="DIR", help="take back the last view of the scene in DIR")
    add("--fork", type=Path, metavar="DIR", help="a new scene from the first views of the one in DIR")
    add("--report", type=Path, metavar="DIR", help="write report.html and report.json of the scene in DIR")
    add("--strict", action="store_true", help="exit with status 1 if the scene misses a limit of its report")
    add("--at", type=int, metavar="N", help="with --fork: the first view that is made anew")
    add("--device", metavar="NAME", help="auto (default), cpu or cuda")
    add("--offline", action="store_true", help="never ask a model hub; use what is on this machine")
    return parser


def _plain(value: Any) -> str:
    """A setting as it is typed."""
    return value if isinstance(value, str) else json.dumps(value)


def _described(title: str, names: dict[str, str]) -> str:
    width = max(map(len, names))
    return "\n".join((f"{title}:", *(f"  {name:{width}} {what}" for name, what in names.items()), ""))


def _generate(arguments: argparse.Namespace) -> None:
    if arguments.offline:
        os.environ["HF_HUB_OFFLINE"] = "1"
    quiet_libraries()  # their talk of loading weights would break our table
    words = [word for word in arguments.words if not OVERRIDE.match(word)]
    overrides = [word for word in arguments.words if OVERRIDE.match(word)]
    mode = _mode(arguments)
    scene = _new(arguments, words, overrides) if mode is None else _CHANGES[mode](arguments)
    if mode == "report":
        print(scene.export(scene.root / REPORT))
    else:
        _export(scene)
    if arguments.strict and scene.frames:
        _held_to_limits(scene)


def _held_to_limits(scene: Scene) -> None:
    """Name each limit that the scene misses, and exit with status 1 if it misses one."""
    missed = json.loads((scene.root / REPORT).with_suffix(".json").read_text(encoding="utf-8"))["failures"]
    for line in missed:
        print(f"not good enough: {line}", file=sys.stderr)
    if missed:
        sys.exit(MISSED)


def _mode(arguments: argparse.Namespace) -> str | None:
    """How an existing scene is to be changed, if one is; ValueError for options that make no sense then."""
    modes = [mode for mode in _CHANGES if getattr(arguments, mode) is not None]
    if len(modes) > 1:
        raise ValueError(f"--{modes[0]} and --{modes[1]} do not go together; give one of them")
    if not modes:
        if arguments.at is not None:
            raise ValueError("--at goes with --fork DIR")
        return None
    surplus = [f"--{name}" for name in (*OF_A_NEW_SCENE, "at") if getattr(arguments, name) is not None]
    surplus += arguments.words
    if modes == ["fork"]:
        prompts = [word for word in arguments.words if not OVERRIDE.match(word)]
        surplus = [name for name in surplus if name not in ("--out", "--at", *prompts[:1])]
    if surplus:
        settings = getattr(arguments, modes[0]) / "scene.json"
        raise ValueError(f"--{modes[0]} takes its settings from {settings}; leave out {surplus[0]!r}")
    return modes[0]


def _new(arguments: argparse.Namespace, words: Sequence[str], overrides: Sequence[str]) -> Scene:
    from depthgen.cli.compose import compose

    if len(words) != 1:
        raise ValueError("give one prompt, in quotes" if words else 'give a prompt, e.g. "a cabin by a lake"')
    names = ("models", "views", "trajectory", "seed", "device")
    given = {name: value for name in names if (value := getattr(arguments, name)) is not None}
    config = replace(compose("generate", overrides, GenerateConfig()), **given)
    out = arguments.out or Path(_slug(words[0]))
    then = dict(arguments.then or ())
    if len(then) < len(arguments.then or ()):
        raise ValueError("--then is given twice for one view; give one prompt for each")

    from scene3d.generator import generate
    from scene3d.scene import Scene

    steps = generate(words[0], out=out, image=arguments.image, then=then, config=config)
    print(f"{words[0]!r}: {config.views} views with models {config.models!r} into {out}{os.sep}", flush=True)
    try:
        _follow(steps, config.views)
    except (KeyboardInterrupt, OSError):
        if (out / "scene.json").exists():
            print(f"what is done is kept: generate-scene --resume {out}", file=sys.stderr)
        raise
    return Scene.load(out)


def _resumed(arguments: argparse.Namespace) -> Scene:
    return _finished(arguments.resume, arguments.device)


def _reported(arguments: argparse.Namespace) -> Scene:
    from scene3d.scene import Scene

    return Scene.load(arguments.report)


def _undone(arguments: argparse.Namespace) -> Scene:
    from scene3d.history import undo

    scene = undo(arguments.undo)
    left = len(scene.frames)
    print(
        f"view {left} is taken back; make it again with generate-scene --resume {arguments.undo}", flush=True
    )
    return scene


def _forked(arguments: argparse.Namespace) -> Scene:
    from scene3d.history import fork

    if arguments.at is None or arguments.out is None:
        raise ValueError("--fork DIR needs --at N, the first view that is made anew, and --out NEW")
    fork(arguments.fork, arguments.at, next(iter(arguments.words), None), arguments.out)
    return _finished(arguments.out, arguments.device)


_CHANGES: dict[str, Callable[[argparse.Namespace], Scene]] = {  # of a scene that exists, by option
    "resume": _resumed,
    "undo": _undone,
    "fork": _forked,
    "report": _reported,
}


def _finished(folder: Path, device: str | None) -> Scene:
    """Make the views that a scene lacks."""
    from scene3d.generator import resume
    from scene3d.inputs import recorded_config
    from scene3d.scene import Scene

    found = Scene.open(folder)
    print(f"{found.prompt!r}: {len(found.frames)} views found in {folder}{os.sep}", flush=True)
    _follow(resume(folder, device=device), recorded_config(found.manifest).views, len(found.frames))
    return Scene.load(folder)


def _follow(steps: Iterable[SceneStep], total: int, done: int = 0) -> None:
    """Run the steps of a scene, with a progress bar and a line for each."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, transient=True) as progress:
        task = progress.add_task("views", total=total, completed=done)
        for count, step in enumerate(steps):
            if count == 0:
                progress.console.print(STEP_TITLES, highlight=False)
            if step.view in dict(step.scene.manifest.then):
                words = step.scene.manifest.prompt_of(step.view)
                progress.console.print(f"from view {step.view} on: {words!r}", highlight=False, markup=False)
            progress.console.print(step_line(step), highlight=False)
            progress.update(task, completed=step.view + 1)


def step_line(step: SceneStep) -> str:
    """One line of figures for a committed view; residuals and seam steps are explained in `journal.Entry`."""
    entry = step.entry
    figures = (entry.residual_image, entry.residual_depth, entry.seam_color, entry.seam_step)
    image, depth, color, seam = ("-" if figure is None else f"{100 * figure:.1f} %" for figure in figures)
    seconds = sum(step.seconds.values())
    share = f"{100 * entry.new_pixels:3.0f} %"
    return f"{entry.view:4d}  {share}  {image:>15}  {depth:>6}  {color:>13}  {seam:>6}  {seconds:8.1f}"


def _export(scene: Scene) -> None:
    from scene3d.export import export_all

    print("writing the exports" if scene.frames else "no view is left; the exports are removed", flush=True)
    for path in export_all(scene):
        print(f"  {path}")
    if scene.frames:
        print(f"look at it: view-scene {scene.root}")


def _slug(prompt: str) -> str:
    return re.sub(r"\W+", "-", prompt.lower()).strip("-")[:60] or "scene"


def _render_parser() -> argparse.ArgumentParser:
    paths = {name: what for name, what in TRAJECTORIES.items() if name != EXPLORE}
    parser = Parser(
        prog="render-views",
        description="Render a flight through a finished scene, along its own views or another path.",
        epilog=RENDER_EXAMPLES + _described("camera paths", paths),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("scene", type=Path, help="scene folder")
    add("--trajectory", metavar="NAME|FILE", help="a named path, see below, or a JSON camera path")
    add("--frames", type=int, metavar="N", help="pictures (120; of a camera path file: its own)")
    add("--anywhere", action="store_true", help="leave the space that the views show to be free, if need be")
    add(
        "--size",
        type=_size,
        metavar="WxH",
        help="picture size in pixels (default: that of the path file, else of the scene)",
    )
    add("--out", type=Path, metavar="FILE.mp4|DIR", help="film or folder (default: SCENE/render.mp4)")
    return parser


def _render(arguments: argparse.Namespace) -> None:
    from scene3d.cameras import flight
    from scene3d.render import render_views_to
    from scene3d.scene import Scene

    if arguments.frames is not None and arguments.frames < 1:
        raise ValueError(f"--frames {arguments.frames}: give at least 1")
    scene = Scene.load(arguments.scene).adjusted()
    cameras = flight(scene.frames, arguments.trajectory, arguments.frames, arguments.anywhere)
    out = arguments.out or arguments.scene / "render.mp4"
    print(render_views_to(scene, out, cameras, size=arguments.size))


def _segment(text: str) -> tuple[int, str]:
    number, colon, prompt = text.partition(":")
    if not colon or not number.strip().isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not 'N: PROMPT', e.g. '4: a forest edge'")
    return int(number), prompt.strip()


def _size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d+)x(\d+)", text)
    size = (int(match[1]), int(match[2])) if match else (0, 0)
    if not all(16 <= side <= LARGEST for side in size):
        raise argparse.ArgumentTypeError(f"{text!r} is not a size; give WIDTHxHEIGHT, each 16 to {LARGEST}")
    return size


def _view(arguments: argparse.Namespace) -> None:
    import webbrowser

    from scene3d.scene import Scene

    page = arguments.scene / "viewer.html"
    if not page.is_file():
        Scene.load(arguments.scene).export(page)
    print(page)
    if not webbrowser.open(page.resolve().as_uri()):
        print("no web browser answered; open this file in one", file=sys.stderr)


def _run(command: Callable[[], None]) -> None:
    """Run a command's body; the user's errors, and warnings, become one line each."""
    for ours_to_heed in (DeprecationWarning, FutureWarning):
        warnings.simplefilter("ignore", ours_to_heed)
    warnings.showwarning = lambda message, *_: print(f"warning: {message}", file=sys.stderr)
    run_cli(command)
