"""A scene's folder as a journal: views are committed one by one, each atomically.

    scene.json                    what was asked, with what, and one entry per committed view
    views/0000/                   image.png depth.npy known.png valid.png camera.json
                                  [certainty.npy] [reading.npy]
    input.png                     the user's picture of view 0, if there was one
    timings.json, memory.json     seconds per stage, peak memory; the only files here that vary between runs
    adjustment.json               corrections of depth for the exports; see scene3d.adjustment

A view counts once scene.json lists it. Both steps of a commit are renames, so a process killed at any point
leaves a folder that loads, with that view or without it.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from depthgen import from_plain
from scene3d.files import naming, remove, replacing
from scene3d.frame import Frame, load_frame, read_image, save_frame, write_image

FORMAT = "scene3d"
FORMAT_VERSION = 1
INPUT = "input.png"
UNLISTED = ".scene.json.tmp"  # scene.json before it has its name
BEGUN = (UNLISTED, ".input.partial.png", INPUT)  # what a process killed before scene.json may leave
KEPT = ("scene.json", INPUT, "timings.json", "memory.json", "adjustment.json")  # besides the views


class SceneFolderError(ValueError):
    """A folder that is not a scene of ours, or not a whole one."""


@dataclass(frozen=True)
class Entry:
    """What the journal keeps of a committed view; depends on nothing but the inputs.

    new_pixels: share of the view's pixels that earlier views did not show, [0, 1].
    residual_image: mean |model - known| over known pixels before they were put back, [0, 1]; None for view 0.
    residual_depth: mean |log(model / known)| over known depths before they were put back; None for view 0.
    seam_step: relative depth jump across the hole border beyond that of the known surface; None for view 0.
    seam_color: colour jump across that border beyond that of the known picture, [0, 1]; None for view 0.
    uncertain: share of the new surface pixels that were cut because samples of their depth disagree, [0, 1];
        None where the depth was drawn only once.
    device: the one it was made on, if not the scene's first.
    files: sha256 of each file in the view's folder.
    """

    view: int
    new_pixels: float
    residual_image: float | None = None
    residual_depth: float | None = None
    seam_step: float | None = None
    seam_color: float | None = None
    uncertain: float | None = None
    device: str | None = None
    files: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Manifest:
    """The contents of scene.json.

    config: every setting of the run, resolved.    models: model ids and the hashes of their weights.
    path: the cameras of a camera-path file, one per view, as `Camera.to_json` has them; None for named paths.
    then: (view, prompt) pairs in order of the views: the words from that view on, in place of `prompt`.
    cameras: the cameras of the committed views.    input: sha256 of input.png, the user's picture, if any.
    """

    prompt: str
    seed: int
    config: dict[str, Any]
    models: dict[str, str]
    environment: dict[str, Any]
    input: str | None = None
    path: list[dict[str, Any]] | None = None
    then: tuple[tuple[int, str], ...] = ()
    cameras: tuple[dict[str, Any], ...] = ()
    journal: tuple[Entry, ...] = ()

    def prompt_of(self, view: int) -> str:
        """The words that a view is made from."""
        return ([self.prompt] + [prompt for start, prompt in self.then if start <= view])[-1]


def environment(device: str) -> dict[str, Any]:
    """What byte-identity depends on besides the inputs: machine, versions, threads, dtype, device."""
    import numpy

    return {
        "machine": platform.machine(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": numpy.__version__,
        "threads": torch.get_num_threads(),
        "dtype": str(torch.get_default_dtype()).removeprefix("torch."),
        "device": device,
    }


def changes(manifest: Manifest, environment: dict[str, Any], models: dict[str, str]) -> list[str]:
    """One readable line for whatever differs from what `manifest` records of environment and models."""
    recorded = manifest.environment | manifest.models
    current = environment | models
    keys = sorted(recorded.keys() | current.keys())
    differing = [key for key in keys if recorded.get(key) != current.get(key)]
    return [f"{key} was {recorded.get(key)}, is {current.get(key)}" for key in differing]


def start(root: Path, manifest: Manifest, picture: Tensor | None) -> None:
    """Create the scene folder with a manifest that lists no view yet; OSError when it cannot be written.

    picture: (3, H, W) [0, 1], the user's picture of view 0, kept as input.png; None to make one from words.
    """
    root.mkdir(parents=True, exist_ok=True)
    for name in BEGUN:
        remove(root / name)
    if picture is not None:
        with replacing(root / INPUT) as aside:
            write_image(picture, aside)
            manifest = replace(manifest, input=sha256(aside))
            (root / UNLISTED).touch()  # so that input.png is known to be ours until scene.json says so
    write_manifest(root, manifest)


def read_input(root: Path, manifest: Manifest) -> Tensor | None:
    """The user's picture (3, H, W) [0, 1] that the scene started from; None if it started from words."""
    if manifest.input is None:
        return None
    if not (root / INPUT).is_file() or sha256(root / INPUT) != manifest.input:
        raise SceneFolderError(f"{root / INPUT} is missing or is not the file that scene.json recorded")
    return read_image(root / INPUT)


def record_costs(root: Path, view: int, seconds: dict[str, float], peak_memory_mib: float | None) -> None:
    """Note how long the stages of a view took, and the most memory the process had held by then."""
    _record(root / "timings.json", view, seconds)
    _record(root / "memory.json", view, peak_memory_mib)


def read_costs(root: Path) -> tuple[dict[str, dict[str, float]], dict[str, float]]:
    """Seconds by view ("0000") and stage, and peak memory in MiB by view, as far as they were noted."""
    return _recorded(root / "timings.json"), _recorded(root / "memory.json")


def _record(path: Path, view: int, value: Any) -> None:
    replace_file(path, as_json({**_recorded(path), f"{view:04d}": value}))


def _recorded(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # none yet; or damaged, which is no reason to stop
        return {}


def read_manifest(root: Path) -> Manifest:
    """Parse `root`/scene.json; SceneFolderError when it is missing, corrupt, foreign or too new."""
    path = root / "scene.json"
    if not path.is_file():
        raise SceneFolderError(f"{root} is not a scene folder: it has no scene.json")
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise SceneFolderError(f"{path} is not JSON ({error}); restore it or start anew") from error
    return _manifest_from(data, path)


def _manifest_from(data: Any, path: Path) -> Manifest:
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise SceneFolderError(f"{path} was not written by scene3d; choose another folder")
    if data.get("version") != FORMAT_VERSION:
        raise SceneFolderError(
            f"{path} has format version {data.get('version')}, this program reads {FORMAT_VERSION}"
        )
    try:
        values = {key: value for key, value in data.items() if key not in ("format", "version")}
        manifest: Manifest = from_plain(Manifest, values)
    except ValueError as error:
        raise SceneFolderError(f"{path} is damaged ({error}); restore it or start anew") from error
    if [entry.view for entry in manifest.journal] != list(range(len(manifest.cameras))):
        raise SceneFolderError(f"{path} is damaged: its journal does not list views 0, 1, 2, ... in order")
    return manifest


def write_manifest(root: Path, manifest: Manifest) -> None:
    """Replace `root`/scene.json in one atomic step."""
    values = {field.name: getattr(manifest, field.name) for field in fields(manifest)}
    values |= {"journal": [vars(entry) for entry in manifest.journal]}
    replace_file(root / "scene.json", as_json({"format": FORMAT, "version": FORMAT_VERSION, **values}))


def as_json(values: dict[str, Any]) -> str:
    """JSON with a line for each entry of the values, which may be lists and mappings themselves.

    Python's own indentation is slow enough to be felt when a scene has a hundred views.
    """
    lines = (f" {json.dumps(key)}: {_lines(value)}" for key, value in values.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _lines(value: Any) -> str:
    if not value or not isinstance(value, (list, tuple, dict)):
        return json.dumps(value)
    if isinstance(value, dict):
        entries = [f"{json.dumps(key)}: {json.dumps(each)}" for key, each in value.items()]
        return "{\n  " + ",\n  ".join(entries) + "\n }"
    return "[\n  " + ",\n  ".join(map(json.dumps, value)) + "\n ]"


def replace_file(path: Path, text: str) -> None:
    """Write a text file so that readers see either the old content or the new, even after a crash."""
    temporary = path.with_name(f".{path.name}.tmp")
    with naming(path):
        temporary.write_text(text, encoding="utf-8")
        _flush(temporary)
    os.replace(temporary, path)
    _flush(path.parent)


def commit_view(root: Path, manifest: Manifest, frame: Frame, entry: Entry) -> Manifest:
    """Add a view to the folder and to the journal; returns the manifest that now stands on disk.

    The folder is written aside, flushed and renamed, then scene.json is replaced. A folder left by a process
    that was killed between the two is not in the journal and is overwritten here.
    """
    final = view_folder(root, entry.view)
    with replacing(final) as aside:
        aside.mkdir(parents=True)
        saved = save_frame(frame, aside)
        for name in saved:
            _flush(aside / name)
        files = {name: sha256(aside / name) for name in saved}
    _flush(final.parent)
    manifest = replace(
        manifest,
        cameras=(*manifest.cameras, frame.camera.to_json()),
        journal=(*manifest.journal, replace(entry, files=files)),
    )
    write_manifest(root, manifest)
    return manifest


def read_view(root: Path, entry: Entry) -> Frame:
    """Load a committed view after checking its files against the journal; SceneFolderError if they differ."""
    folder = view_folder(root, entry.view)
    for name, recorded in entry.files.items():
        path = folder / name
        if not path.is_file() or sha256(path) != recorded:
            raise SceneFolderError(f"{path} is missing or is not the file that scene.json recorded")
    return load_frame(folder)


def view_folder(root: Path, view: int) -> Path:
    """Where view number `view` lives."""
    return root / "views" / f"{view:04d}"


def keeps(root: Path, path: Path) -> bool:
    """Whether `path` is one of the files that the scene in `root` is kept in, or lies among its views."""
    root, path = root.resolve(), path.resolve()
    return path in [root / name for name in KEPT] or (root / "views") in path.parents


def sha256(path: Path) -> str:
    """The hex digest of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _flush(path: Path) -> None:
    """Ask the disk to keep a file or folder (Windows does so for files open for writing alone)."""
    windows = os.name == "nt"
    if windows and path.is_dir():
        return
    descriptor = os.open(path, os.O_RDWR if windows else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
