"""Paths inside rooms whose walls are known."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import pytest
import torch

from depthgen.geometry import project, turned
from scene3d.config import GenerateConfig
from scene3d.generator import generate, resume_scene
from scene3d.scene import Scene


def config_for(path: Path, **settings: object) -> GenerateConfig:
    return GenerateConfig(models="oracle", size=32, views=4, trajectory=str(path), **settings)  # type: ignore[arg-type]


@pytest.fixture
def through_the_wall(tmp_path: Path) -> Path:
    """Straight ahead, 20 metres in 3 steps."""
    file = tmp_path / "path.json"
    file.write_text(json.dumps([turned(0, translation=(0, 0, 20 / 3 * i)).tolist() for i in range(4)]))
    return file


def test_a_generated_path_stays_in_the_room_and_says_once_where_it_left_it(
    tmp_path: Path, through_the_wall: Path
) -> None:
    with pytest.warns(UserWarning, match="leaves the space that is seen to be free: view 1 stops") as caught:
        *_, last = generate("library", out=tmp_path / "s", config=config_for(through_the_wall))
    assert len(caught) == 1
    first, *later = last.scene.frames
    for frame in later:
        pixel, z = project(frame.camera.position, first.camera)
        assert z > 0.5  # it went some of the way,
        assert z < 0.95 * first.depth[0, int(pixel[1]), int(pixel[0])]  # and stopped before what stands there


def test_a_resumed_scene_stops_at_the_same_place(tmp_path: Path, through_the_wall: Path) -> None:
    config = config_for(through_the_wall)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        *_, last = generate("bedroom", out=tmp_path / "whole", config=config)
        steps = generate("bedroom", out=tmp_path / "cut", config=config)
        next(steps), next(steps)
        steps.close()
        cut = resume_scene(tmp_path / "cut")
    assert cut.manifest == last.scene.manifest


def test_it_goes_through_when_told_to(tmp_path: Path, through_the_wall: Path) -> None:
    *_, last = generate(
        "bedroom", out=tmp_path / "s", config=config_for(through_the_wall, collision_free=False)
    )
    assert last.frame.camera.position.tolist() == [0, 0, 20]


def test_prompts_and_zoom_of_a_path_file_are_followed(tmp_path: Path) -> None:
    frames = [{"transform_matrix": torch.eye(4).tolist(), "fl_x": 9 - i, "w": 9, "h": 9} for i in range(4)]
    frames[2]["prompt"], frames[3]["prompt"] = "a lake", "a pond"
    (tmp_path / "path.json").write_text(json.dumps({"frames": frames}))
    config = config_for(tmp_path / "path.json")
    *_, last = generate("a village", out=tmp_path / "s", then={3: "the sea"}, config=config)
    scene = Scene.load(tmp_path / "s")
    assert scene.manifest.then == ((2, "a lake"), (3, "the sea"))  # what is asked for outright wins
    focal = [
        frame.camera.K[0, 0].item() / scene.frames[0].camera.K[0, 0].item() for frame in last.scene.frames
    ]
    assert focal == pytest.approx([1, 8 / 9, 7 / 9, 6 / 9])
