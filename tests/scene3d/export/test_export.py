from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from scene3d import fusion
from scene3d.export import WRITERS, export, export_all, write_preview
from scene3d.scene import Scene


def test_every_file_of_a_scene_is_written(garden: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(WRITERS, ".mp4", partial(write_preview, frames=3))
    paths = export_all(garden)
    names = {path.relative_to(garden.root).as_posix() for path in paths}
    assert names == {
        "exports/scene.glb",
        "exports/sky.png",
        "exports/sky.glb",
        "exports/points.ply",
        "exports/transforms.json",
        "exports/camera_path.json",
        "preview.mp4",
        "contact_sheet.png",
        "viewer.html",
        "report.html",
    }
    assert all(path.stat().st_size > 500 for path in paths)
    assert not list(garden.root.rglob("*.partial*"))


def test_a_scene_exports_itself(garden: Scene, tmp_path: Path) -> None:
    assert garden.export(tmp_path / "new" / "SCENE.GLB").is_file()


def test_only_the_whole_name_makes_a_sky_of_a_scene(garden: Scene, tmp_path: Path) -> None:
    scene, husky = (garden.export(tmp_path / name) for name in ("scene.glb", "husky.glb"))
    assert husky.read_bytes() == scene.read_bytes() != garden.export(tmp_path / "SKY.glb").read_bytes()


@pytest.mark.parametrize(
    "name", ["scene.json", "timings.json", "adjustment.json", "input.png", "views/a.png", "x/../scene.json"]
)
def test_what_a_scene_is_kept_in_is_not_exported_to(garden: Scene, name: str) -> None:
    with pytest.raises(ValueError, match="kept in it"):
        garden.export(garden.root / name)
    assert len(Scene.load(garden.root).frames) == len(garden.frames)
    assert not (garden.root / "views" / "a.png").exists()


@pytest.mark.parametrize("name", ["scene.fbx", "scene"])
def test_unknown_suffixes_are_named_with_the_known_ones(garden: Scene, tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match=f"{name}.*\\.glb, \\.ply"):
        export(garden, tmp_path / name)
    assert not list(tmp_path.glob("scene*"))


def named(ending: str) -> str:
    """A file name of the kind that one of the WRITERS writes."""
    return f"a{ending}" if ending.startswith(".") else ending


@pytest.mark.parametrize("ending", WRITERS)
def test_a_scene_without_views_is_refused(garden: Scene, tmp_path: Path, ending: str) -> None:
    with pytest.raises(ValueError, match="no view"):
        export(replace(garden, frames=()), tmp_path / named(ending))


@pytest.mark.parametrize("suffix", [".glb", ".ply", ".json", ".png", ".html"])
def test_two_exports_are_the_same_bytes(garden: Scene, tmp_path: Path, suffix: str) -> None:
    first, second = (export(garden, tmp_path / name / f"a{suffix}").read_bytes() for name in "ab")
    assert first == second


@pytest.mark.parametrize("ending", WRITERS)
def test_a_view_of_nothing_but_sky_exports(garden: Scene, tmp_path: Path, ending: str) -> None:
    sky = [replace(frame, valid=frame.valid & False) for frame in garden.frames[:1]]
    manifest = replace(
        garden.manifest, journal=garden.manifest.journal[:1], cameras=garden.manifest.cameras[:1]
    )
    scene = replace(garden, frames=tuple(sky), manifest=manifest)
    assert export(scene, tmp_path / named(ending)).is_file()


def test_all_files_are_made_of_one_surface(garden: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(WRITERS, ".mp4", partial(write_preview, frames=1))
    fusions, tidied_views = [], fusion.tidied
    monkeypatch.setattr("scene3d.scene.tidied", lambda frame: fusions.append(frame) or tidied_views(frame))
    export_all(Scene.load(garden.root))
    assert len(fusions) == len(garden.frames)
    assert len({frame.camera for frame in fusions}) == len(garden.frames)
