"""Undo and fork, also when the process dies between any two of their file operations."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from scene3d import fork, generate, generate_scene, resume_scene, undo
from scene3d.config import GenerateConfig
from scene3d.journal import SceneFolderError
from scene3d.scene import Scene

OPERATIONS = (
    (os, "replace"),
    (os, "unlink"),
    (os, "rmdir"),
    (os, "mkdir"),
    (Path, "write_text"),
    (shutil, "copyfile"),
)
ORACLE = {"models": "oracle", "size": 32}


class PowerCut(BaseException):
    """The process ends here; nothing after it happens, no clean-up either."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished scene of four views."""
    root = tmp_path_factory.mktemp("whole") / "scene"
    generate_scene("a village", out=root, views=4, **ORACLE)
    return root


@pytest.fixture
def scene(whole: Path, tmp_path: Path) -> Path:
    return shutil.copytree(whole, tmp_path / "scene")


def journal_files(root: Path) -> dict[str, bytes]:
    """What a scene is: scene.json and the files of its views."""
    files = [root / "scene.json", *sorted((root / "views").rglob("*"))]
    return {str(file.relative_to(root)): file.read_bytes() for file in files if file.is_file()}


def cut_after(count: int, action: Callable[[], Any], monkeypatch: pytest.MonkeyPatch) -> bool:
    """Let an action do so many file operations and no more; whether it was cut."""
    done = 0

    def guarded(operation: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            nonlocal done
            done += 1
            if done > count:
                raise PowerCut
            return operation(*arguments, **options)

        return call

    with monkeypatch.context() as patch:
        for owner, name in OPERATIONS:
            patch.setattr(owner, name, guarded(getattr(owner, name)))
        try:
            action()
        except PowerCut:
            return True
    return False


def cuts(action: Callable[[], Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Cut the action before its first, second, ... operation, until it is not cut any more."""
    count = 0
    while cut_after(count, action, monkeypatch):
        yield count
        count += 1
    assert count > 3  # it was cut, several times


def test_undone_and_resumed_is_byte_identical(whole: Path, scene: Path) -> None:
    assert len(undo(scene).frames) == 3
    assert not (scene / "views/0003").exists()
    undo(scene)
    assert len(Scene.load(scene).frames) == 2
    resume_scene(scene)
    assert journal_files(scene) == journal_files(whole)


def test_an_interrupted_undo_leaves_the_scene_with_the_view_or_without_it(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene, left = shutil.copytree(whole, tmp_path / "scene"), []
    for _ in cuts(lambda: undo(scene), monkeypatch):
        left.append(len(Scene.load(scene).frames))
        resume_scene(scene)
        assert journal_files(scene) == journal_files(whole)
        shutil.rmtree(scene)
        shutil.copytree(whole, scene)
    assert set(left) == {3, 4}
    assert left == sorted(left, reverse=True)


def test_a_damaged_last_view_can_be_undone(scene: Path, whole: Path) -> None:
    (scene / "views/0003/depth.npy").write_bytes(b"")
    with pytest.raises(SceneFolderError, match=r"0003/depth\.npy"):
        Scene.load(scene)
    undo(scene)
    resume_scene(scene)
    assert journal_files(scene) == journal_files(whole)


def test_all_views_can_be_undone_but_no_more(scene: Path) -> None:
    for _ in range(4):
        undo(scene)
    with pytest.raises(SceneFolderError, match="no view to undo"):
        undo(scene)


def test_a_fork_with_other_words_is_the_scene_made_so_from_the_start(scene: Path, tmp_path: Path) -> None:
    forked = fork(scene, 2, "a forest edge", tmp_path / "forked")
    assert [len(forked.frames), forked.manifest.prompt_of(1), forked.manifest.prompt_of(2)] == [
        2,
        "a village",
        "a forest edge",
    ]
    resume_scene(tmp_path / "forked")
    generate_scene("a village", then={2: "a forest edge"}, out=tmp_path / "from start", views=4, **ORACLE)
    assert journal_files(tmp_path / "forked") == journal_files(tmp_path / "from start")


def test_a_fork_without_words_goes_on_as_the_original(whole: Path, scene: Path, tmp_path: Path) -> None:
    fork(scene, 1, None, tmp_path / "forked")
    resume_scene(tmp_path / "forked")
    assert journal_files(tmp_path / "forked") == journal_files(whole) == journal_files(scene)


def test_a_fork_keeps_the_words_before_it_and_the_users_picture(tmp_path: Path, whole: Path) -> None:
    steps = generate(
        "a village",
        out=tmp_path / "s",
        image=whole / "views/0002/image.png",
        then={1: "one", 2: "two"},
        config=GenerateConfig(views=3, **ORACLE),
    )
    for _ in range(2):
        next(steps)
    steps.close()
    forked = fork(tmp_path / "s", 2, "other", tmp_path / "forked")
    assert forked.manifest.then == ((1, "one"), (2, "other"))
    assert (forked.root / "input.png").read_bytes() == (tmp_path / "s/input.png").read_bytes()


def test_an_interrupted_fork_appears_whole_or_not_at_all_and_spares_the_original(
    whole: Path, scene: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "forked"
    for _ in cuts(lambda: fork(scene, 2, "a forest edge", out), monkeypatch):
        assert journal_files(scene) == journal_files(whole)
        if out.exists():
            assert len(Scene.load(out).frames) == 2
            shutil.rmtree(out)
    assert len(Scene.load(out).frames) == 2


@pytest.mark.parametrize(
    ("at", "prompt", "message"),
    [
        (0, "x", "give 1 to 4"),
        (5, "x", "give 1 to 4"),
        (4, "x", "no view 4 to begin 'x' with"),
        (2, " ", "the prompt from view 2 on is empty"),
    ],
)
def test_a_fork_that_makes_no_sense_is_refused(
    scene: Path, tmp_path: Path, at: int, prompt: str, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        fork(scene, at, prompt, tmp_path / "forked")
    assert not (tmp_path / "forked").exists()


def test_a_fork_does_not_overwrite(scene: Path) -> None:
    with pytest.raises(ValueError, match="holds a scene"):
        fork(scene, 2, "x", scene)
