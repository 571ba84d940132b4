"""Going back in a scene's journal: take back the last view, or go on from an earlier one with other words.

    undo("cabin")                                                 resume_scene("cabin") makes that view again
    fork("cabin", 4, "the same place in winter", "winter")        resume_scene("winter") makes views 4, 5, ...

Both keep the journal's promise: a process killed at any point leaves folders that load, and what is made
afterwards has the bytes of a scene that was made so from the start.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from scene3d import inputs
from scene3d.files import replacing
from scene3d.journal import INPUT, Manifest, SceneFolderError, read_manifest, view_folder, write_manifest
from scene3d.scene import Scene


def undo(folder: str | Path) -> Scene:
    """Take the last view out of the scene in `folder`; returns the scene that is left.

    The view no longer counts once scene.json is replaced; its files are removed after that. They need not be
    whole, so a damaged last view can be undone. SceneFolderError when there is no view.
    """
    root = Path(folder)
    manifest = read_manifest(root)
    if not manifest.journal:
        raise SceneFolderError(f"{root} has no view to undo; finish it with --resume {root}")
    write_manifest(root, _first(manifest, len(manifest.journal) - 1))
    shutil.rmtree(view_folder(root, len(manifest.journal) - 1), ignore_errors=True)  # else overwritten later
    return Scene.open(root)


def fork(folder: str | Path, at: int, prompt: str | None, out: str | Path) -> Scene:
    """A new scene in the folder `out` with the first `at` views of the scene in `folder`; returns it.

    prompt: the words from view `at` on; None keeps those of the original. The settings are the same.
    ValueError when the original has fewer views, when there is no view left to make with the prompt, and
    when `out` is in use. `out` appears whole or not at all.
    """
    root, new = Path(folder), inputs.new_folder(Path(out))
    manifest = read_manifest(root)
    views = len(manifest.journal)
    if not 0 < at <= views:
        raise ValueError(f"cannot fork {root} at view {at}: it has {views} views; give 1 to {views}")
    if prompt is not None:
        earlier = {view: words for view, words in manifest.then if view < at}
        then = inputs.segments({**earlier, at: prompt}, inputs.recorded_config(manifest).views)
        manifest = replace(manifest, then=then)
    new.parent.mkdir(parents=True, exist_ok=True)
    with replacing(new) as aside:
        _copy(root, aside, _first(manifest, at))
        Scene.open(aside)  # every copied file is what the journal says, or nothing appears
    return Scene.open(new)


def _first(manifest: Manifest, views: int) -> Manifest:
    """The manifest as it was when the scene had so many views."""
    return replace(manifest, cameras=manifest.cameras[:views], journal=manifest.journal[:views])


def _copy(root: Path, new: Path, manifest: Manifest) -> None:
    """Copy into the folder `new` the files of those views of `root` that the manifest lists."""
    (new / "views").mkdir(parents=True)
    for entry in manifest.journal:
        shutil.copytree(view_folder(root, entry.view), view_folder(new, entry.view))
    if manifest.input is not None:
        shutil.copyfile(root / INPUT, new / INPUT)
    write_manifest(new, manifest)
