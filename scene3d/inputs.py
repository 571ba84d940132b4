"""What a run is given, checked before anything is computed or written."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from depthgen import from_plain, read_image, resize
from depthgen.geometry import Camera
from scene3d.cameras import read_path
from scene3d.config import TRAJECTORIES, GenerateConfig
from scene3d.journal import BEGUN, INPUT, Manifest, SceneFolderError


def first_camera(config: GenerateConfig) -> Camera:
    """The camera of view 0: at the origin of the scene's frame, looking along +z."""
    return Camera.from_fov(config.hfov, config.size, config.size)


def new_folder(path: Path) -> Path:
    """The folder of a new scene, not made yet; ValueError when it is in use or cannot be written."""
    if (path / "scene.json").exists():
        raise ValueError(f"{path} holds a scene; finish it with --resume {path}, or give another --out")
    names = {entry.name for entry in path.iterdir()} if path.is_dir() else set()
    if names - set(BEGUN) or names == {INPUT}:
        raise ValueError(f"{path} is not empty and not a scene; nothing was touched, give another --out")
    existing = next(p for p in (path, *path.absolute().parents) if p.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK):
        raise ValueError(f"{path} cannot be made, {existing} is no folder to write to; give another --out")
    return path


def check_words(prompt: str, name: str = "the prompt") -> None:
    """ValueError unless a prompt is text that says something and that files can hold."""
    if not isinstance(prompt, str):
        raise ValueError(f"{name} is {prompt!r}, which is no text")
    if not prompt.strip():
        raise ValueError(f'{name} is empty; say what to make, e.g. "a cabin by a lake"')
    try:
        prompt.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValueError(f"{name} {prompt!r} is no valid text; see the terminal's encoding") from error


def square_picture(file: Path, size: int) -> Tensor:
    """The middle square of a picture file as (3, size, size) in [0, 1]; ValueError when it is no picture."""
    picture = read_image(file)
    height, width = picture.shape[-2:]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return resize(picture[:, top : top + side, left : left + side], (size, size))


def path_from_file(config: GenerateConfig) -> tuple[list[dict] | None, dict[int, str]]:
    """The cameras of a camera-path file, as scene.json keeps them, and its prompts; none for a named path.

    ValueError when there is neither such a path nor such a file, or the file cannot be used.
    """
    name = config.trajectory
    if name in TRAJECTORIES:
        return None, {}
    if not Path(name).is_file():
        raise ValueError(f"no camera path {name!r}: neither a file nor one of {', '.join(TRAJECTORIES)}")
    try:
        cameras, prompts = read_path(Path(name)).views(first_camera(config), config.views)
    except ValueError as error:
        raise ValueError(str(error) if name in str(error) else f"{name}: {error}") from error
    return [camera.to_json() for camera in cameras], prompts


def segments(then: Mapping[int, str], views: int) -> tuple[tuple[int, str], ...]:
    """The prompts of later views in their order, as scene.json keeps them.

    then: the number of the view that a prompt begins with -> the prompt. ValueError for a view that the scene
    of `views` views lacks, for view 0 (it has the first prompt), and for an empty prompt.
    """
    for view, prompt in then.items():
        if view not in range(1, views):
            raise ValueError(
                f"no view {view!r} to begin {prompt!r} with: there are {views}, and view 0 has its words"
            )
        check_words(prompt, f"the prompt from view {view} on")
    return tuple(sorted((int(view), prompt) for view, prompt in then.items()))


def recorded_config(manifest: Manifest) -> GenerateConfig:
    """The settings in scene.json; SceneFolderError when they are not ours."""
    try:
        return from_plain(GenerateConfig, manifest.config)
    except ValueError as error:
        raise SceneFolderError(f"scene.json has settings that cannot be used ({error})") from error
