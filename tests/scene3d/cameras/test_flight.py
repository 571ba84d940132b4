from __future__ import annotations

from pathlib import Path

import pytest
import torch

from depthgen.geometry import turned
from scene3d.cameras import CLOSED, camera_path_of, flight, flight_along, transforms_of, write_json
from scene3d.scene import Scene


def test_a_flight_along_the_views_passes_through_them(garden: Scene) -> None:
    for path in (flight(garden.frames, None, 9), flight_along(garden.frames, 9)):
        for camera, frame in zip(path[::4], garden.frames, strict=True):
            torch.testing.assert_close(camera.world_from_camera, frame.camera.world_from_camera)
    assert len(flight(garden.frames, None)) == 120


@pytest.mark.parametrize("name", CLOSED)
def test_a_film_of_a_full_turn_comes_back_to_its_first_picture(garden: Scene, name: str) -> None:
    path = flight(garden.frames, name, 13, anywhere=True)
    torch.testing.assert_close(path[-1].world_from_camera, path[0].world_from_camera)
    assert path[6].world_from_camera[2, 2] < 0  # half-way it looks back


def test_pictures_of_a_file_are_kept_and_keyframes_are_joined(garden: Scene, tmp_path: Path) -> None:
    """With the sizes and fields of view of the file."""
    first = garden.frames[0].camera.resized(60, 50)
    keys = [first.moved(turned(2 * i, translation=(0, 0, i / 4))).zoomed(1 + i / 4) for i in range(3)]
    document = camera_path_of(keys, keys)
    film = write_json(document, tmp_path / "camera_path.json")
    views = write_json(transforms_of(keys), tmp_path / "transforms.json")
    keyframes = write_json(document | {"camera_path": []}, tmp_path / "keyframes.json")
    for file, count in ((film, None), (views, None), (keyframes, 5), (film, 5)):
        path = flight(garden.frames, str(file), count)
        assert len(path) == (count or 3)
        for camera, key in zip(path[:: 2 if count else 1], keys, strict=True):
            torch.testing.assert_close(camera.world_from_camera, key.world_from_camera)
            torch.testing.assert_close(camera.K, key.K)
            assert (camera.width, camera.height) == (60, 50)
    assert len(flight(garden.frames, str(keyframes))) == 120
