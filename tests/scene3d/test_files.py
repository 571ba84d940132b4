from __future__ import annotations

from pathlib import Path

import pytest
import torch

from scene3d.files import replacing, write_pictures, write_video


def test_a_failed_write_leaves_the_old_file_and_no_trace(tmp_path: Path) -> None:
    path = tmp_path / "scene.glb"
    path.write_text("old")

    def half() -> None:
        with replacing(path) as aside:
            aside.write_text("half")
            raise OSError("disk full")

    with pytest.raises(OSError, match=r"cannot be written \(disk full\)") as caught:
        half()
    assert caught.value.filename == str(path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_takes_the_place_of_no_folder(tmp_path: Path) -> None:
    (tmp_path / "scene.ply").mkdir()
    (tmp_path / "scene.ply/mine.txt").write_text("mine")
    with pytest.raises(OSError), replacing(tmp_path / "scene.ply") as aside:  # noqa: PT011
        aside.write_text("new")
    assert [path.name for path in tmp_path.rglob("*")] == ["scene.ply", "mine.txt"]


def test_a_path_without_a_name_is_refused() -> None:
    with pytest.raises(ValueError, match=r"'\.' has no name"), replacing(Path()):
        pass


def test_a_film_that_fails_on_the_way_is_not_left_behind(tmp_path: Path) -> None:
    def images():
        yield torch.zeros(3, 32, 32)
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        write_video(images(), tmp_path / "film.mp4")
    assert not list(tmp_path.iterdir())


def test_pictures_replace_pictures_but_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "frames"
    write_pictures([torch.full((3, 4, 6), 0.5)] * 3, folder)
    write_pictures([torch.full((3, 4, 6), 0.5)] * 2, folder)
    assert sorted(path.name for path in folder.iterdir()) == ["0000.png", "0001.png"]
    (folder / ".DS_Store").write_text("a file manager's")
    write_pictures([torch.full((3, 4, 6), 0.5)], folder)
    assert [path.name for path in folder.iterdir()] == ["0000.png"]
    (folder / ".git").mkdir()
    with pytest.raises(ValueError, match=r"\.git"):
        write_pictures([torch.zeros(3, 4, 6)], folder)
    (folder / ".git").rmdir()
    (folder / "20240101.png").write_text("mine")
    with pytest.raises(ValueError, match=r"20240101\.png"):
        write_pictures([torch.zeros(3, 4, 6)], folder)
    (folder / "20240101.png").unlink()
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(ValueError, match=r"notes\.txt"):
        write_pictures([torch.zeros(3, 4, 6)], folder)
    with pytest.raises(ValueError, match="is a file"):
        write_pictures([torch.zeros(3, 4, 6)], folder / "notes.txt")
    assert (folder / "notes.txt").read_text() == "mine"
