from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from scene3d.frame import coarse, load_frame, round_to_8_bits, save_frame
from scene3d.inputs import new_folder
from scene3d.journal import SceneFolderError, _flush, changes, read_manifest, replace_file, start
from scene3d.scene import Scene


def test_a_frame_comes_back_as_it_was(garden: Scene, tmp_path: Path) -> None:
    frame = garden.frames[1]
    save_frame(frame, tmp_path)
    again = load_frame(tmp_path)
    for name in ("image", "depth", "valid", "known"):
        assert torch.equal(getattr(again, name), getattr(frame, name)), name
    assert again.camera.to_json() == frame.camera.to_json()


def test_certainty_is_kept_where_there_is_any(garden: Scene, tmp_path: Path) -> None:
    frame = garden.frames[1]
    assert frame.certainty is None
    assert "certainty.npy" not in save_frame(frame, tmp_path)
    unsure = replace(frame, certainty=torch.rand(frame.depth.shape))
    assert "certainty.npy" in save_frame(unsure, tmp_path)
    assert torch.equal(load_frame(tmp_path).certainty, unsure.certainty)


def test_a_coarse_reading_is_kept_where_there_is_any(garden: Scene, tmp_path: Path) -> None:
    frame = garden.frames[1]  # the oracle renders, it reads nothing
    assert frame.reading is coarse(None) is None
    assert "reading.npy" not in save_frame(frame, tmp_path)
    read = replace(frame, reading=coarse(torch.rand(1, 96, 64)))
    assert read.reading.shape == (1, 32, 21)
    assert "reading.npy" in save_frame(read, tmp_path)
    assert torch.equal(load_frame(tmp_path).reading, read.reading)


def test_a_coarse_reading_is_of_pixels_and_no_mean_of_them() -> None:
    columns = torch.arange(64.0).expand(1, 48, 64)
    assert coarse(columns)[0, 0].tolist() == [2 * k + 1 for k in range(32)]
    assert torch.equal(coarse(columns[:, :32, :20]), columns[:, :32, :20])


def test_rounding_to_8_bits_is_final() -> None:
    once = round_to_8_bits(torch.linspace(-0.1, 1.1, 999))
    assert torch.equal(round_to_8_bits(once), once)
    assert (once * 255 - (once * 255).round()).abs().max() < 1e-4


def test_loading_gives_the_committed_scene(garden: Scene) -> None:
    again = Scene.load(garden.root)
    assert again.manifest == garden.manifest
    assert len(again.frames) == 3
    assert torch.equal(again.mesh().vertices, garden.mesh().vertices)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("\0\xff", "is not JSON"),
        ("[]", "not written by scene3d"),
        ('{"format": "other"}', "not written by scene3d"),
        ('{"format": "scene3d", "version": 99}', "format version 99"),
        ('{"format": "scene3d", "version": 1}', "damaged"),
    ],
)
def test_a_foreign_or_corrupt_scene_json_is_named(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "scene.json").write_text(content, encoding="latin1")
    with pytest.raises(SceneFolderError, match=message) as caught:
        Scene.load(tmp_path)
    assert str(tmp_path) in str(caught.value)


def test_a_folder_without_scene_json_is_no_scene(tmp_path: Path) -> None:
    with pytest.raises(SceneFolderError, match=r"no scene\.json"):
        Scene.load(tmp_path / "nowhere")


def test_damage_to_the_manifest_is_found(garden: Scene) -> None:
    path = garden.root / "scene.json"
    data = json.loads(path.read_text())
    entries = data["journal"]
    for broken in (
        {"journal": [{"bogus": 1}]},
        {"journal": entries[1:]},
        {"journal": 3},
        {"journal": [entries[0] | {"new_pixels": "x"}, *entries[1:]]},
        {"journal": [entries[0] | {"files": []}, *entries[1:]]},
        {"x": 1},
        {"config": None},
        {"environment": None},
        {"prompt": 5},
        {"then": [[1, None]]},
    ):
        path.write_text(json.dumps(data | broken))
        with pytest.raises(SceneFolderError, match="damaged"):
            read_manifest(garden.root)


@pytest.mark.parametrize("name", ["image.png", "depth.npy", "known.png", "valid.png", "camera.json"])
def test_a_changed_or_missing_file_of_a_view_is_found(garden: Scene, name: str) -> None:
    path = garden.root / "views/0001" / name
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(SceneFolderError, match=f"0001/{name}"):
        Scene.load(garden.root)
    path.unlink()
    with pytest.raises(SceneFolderError, match=f"0001/{name}"):
        Scene.load(garden.root)


@pytest.mark.parametrize(
    "left",
    [
        (".scene.json.tmp",),
        (".input.partial.png",),
        (".scene.json.tmp", ".input.partial.png"),
        (".scene.json.tmp", "input.png"),
    ],
)
@pytest.mark.parametrize("picture", [None, torch.zeros(3, 4, 4)])
def test_what_a_killed_process_leaves_before_scene_json_is_made_good(
    garden: Scene, tmp_path: Path, left: tuple[str, ...], picture: torch.Tensor | None
) -> None:
    root = tmp_path / "begun"
    root.mkdir()
    for name in left:
        (root / name).write_text("half")
    start(new_folder(root), garden.manifest, picture)
    expected = {"scene.json"} if picture is None else {"scene.json", "input.png"}
    assert {path.name for path in root.iterdir()} == expected


def test_a_picture_of_the_users_own_is_no_begun_scene(tmp_path: Path) -> None:
    (tmp_path / "input.png").write_text("mine")
    with pytest.raises(ValueError, match="nothing was touched"):
        new_folder(tmp_path)


def test_on_windows_files_are_flushed_through_a_handle_that_may_write(
    garden: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    modes, opened = [], os.open
    monkeypatch.setattr("scene3d.journal.os.name", "nt")
    monkeypatch.setattr("os.open", lambda path, mode: modes.append(mode) or opened(path, mode))
    _flush(garden.root / "scene.json")
    _flush(garden.root)
    assert modes == [os.O_RDWR]


def test_replacing_a_file_keeps_the_old_one_when_writing_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.txt"
    replace_file(path, "old")
    with monkeypatch.context() as patch:
        patch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
        with pytest.raises(OSError, match="disk full"):
            replace_file(path, "new")
    assert path.read_text() == "old"


def test_changes_name_what_differs(garden: Scene) -> None:
    assert changes(garden.manifest, {}, {}) == []
    assert changes(garden.manifest, {"torch": "2"}, {}) == ["torch was None, is 2"]


def test_scene_json_is_readable_with_one_line_for_each_view(garden: Scene) -> None:
    text = (garden.root / "scene.json").read_text()
    assert json.loads(text)["prompt"] == garden.prompt
    assert len([line for line in text.splitlines() if '"view": ' in line]) == len(garden.frames)
