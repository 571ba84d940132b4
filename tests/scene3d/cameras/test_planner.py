"""The planner in rooms whose surfaces are known, and the panoramas that it looks at."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from depthgen.geometry import Camera, turned
from scene3d.backends.oracle import Oracle, oracle_for
from scene3d.cameras import explorer, flight, free_space
from scene3d.cameras.planner import LEAST_KNOWN
from scene3d.cameras.surroundings import (
    coarse_mesh,
    directions,
    filled,
    panorama,
    six_around,
    sky_around,
    solid_angles,
)
from scene3d.config import GenerateConfig
from scene3d.frame import Frame
from scene3d.fusion import extend, fuse_all, view_from
from scene3d.generator import generate, resume_scene

View = Callable[..., Frame]
SIZE = 24


def test_a_panorama_has_the_distance_of_a_wall_in_every_direction_that_shows_it(view: View) -> None:
    """A wall at z = 3 that fills 90 degrees, seen from its own camera and from a metre before it."""
    camera = Camera.from_fov(90, SIZE, SIZE)
    wall = replace(view(torch.full((SIZE, SIZE), 3.0)), camera=camera)
    for z in (0.0, 2.0):
        distance, quality = panorama(coarse_mesh(wall), six_around(torch.tensor([0, 0, z]).double()))
        shown = distance.isfinite()
        expected = (3 - z) / directions()[..., 2]
        edge = (expected[..., None] * directions())[..., :2].abs().amax(-1)
        assert torch.equal(shown & (edge < 2.8), (directions()[..., 2] > 0) & (edge < 2.8))
        torch.testing.assert_close(distance[shown], expected[shown], rtol=0.11, atol=0.0)  # a cell's width
        assert (quality[shown] > 0.999).all()  # nothing is seen at a small angle
    assert solid_angles().sum().item() * 64 == pytest.approx(4 * math.pi, rel=1e-3)


def test_grazing_and_uncertain_surfaces_are_badly_known(view: View) -> None:
    rays = torch.linspace(-0.5, 0.5, SIZE)
    floor = (0.1 / rays.clamp(min=0.01)).where(rays > 0.01, math.inf)[:, None].expand(SIZE, SIZE)
    seen = view(floor.contiguous())
    shares = coarse_mesh(seen).colors[:, 0]
    assert shares.min() < 0.3  # at its far end the floor is seen at few degrees
    assert shares.max() == 1
    unsure = replace(seen, certainty=torch.full_like(seen.depth, 0.6))
    assert coarse_mesh(unsure).colors.max().item() == pytest.approx(0.6)
    cut = replace(seen, certainty=torch.full_like(seen.depth, 0.4))
    assert len(coarse_mesh(cut).faces) == 0


def test_the_sky_is_where_a_view_shows_it_whatever_its_place(view: View) -> None:
    depth = torch.full((SIZE, SIZE), 5.0)
    depth[: SIZE // 2] = math.inf
    sky = sky_around(view(depth, turned(90, translation=(3, 0, 1))))
    right, up = directions()[..., 0], -directions()[..., 1]
    assert sky[(up > 0.1) & (right > 0.95)].all()
    assert not sky[(up < 0) | (right < 0.5)].any()


def test_gaps_are_filled_around_the_circle() -> None:
    distance = torch.full((32, 64), 2.0)
    distance[:, 2:] = math.inf
    distance[:, 62:] = 2.0
    torch.testing.assert_close(filled(distance), torch.full((32, 64), 2.0))


@pytest.fixture(autouse=True)
def few_places(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scene3d.cameras.planner.PLACES_ACROSS", 3)  # they are what the tests' time goes to


@pytest.fixture(scope="module")
def room() -> Oracle:
    return oracle_for("bedroom", 2, Camera.from_fov(60, SIZE, SIZE))


def look(room: Oracle, camera: Camera, known: torch.Tensor | None = None) -> Frame:
    """The true view; what is `known` of it came from earlier ones."""
    image, depth, valid = room._render(camera)
    return Frame(image, depth, valid, torch.zeros_like(valid) if known is None else known, camera)


Place = Callable[[list[Frame]], Camera]


def explored(room: Oracle, views: int, choose: Place) -> list[Frame]:
    """Views of a room, each from the camera that is chosen after the ones before."""
    frames = [look(room, Camera.from_fov(60, SIZE, SIZE))]
    fused = fuse_all(frames)
    for _ in range(views - 1):
        camera = choose(frames)
        frames.append(look(room, camera, view_from(fused, camera).known))
        fused = extend(fused, frames[-1])
    return frames


def covered(frames: list[Frame], truth: list[Frame]) -> float:
    """Share of true views that a scene explains within 2 %."""
    fused = fuse_all(frames)
    seen = [view_from(fused, true.camera) for true in truth]
    found = [s.surface & ((s.depth / t.depth).log().abs() < 0.02) for s, t in zip(seen, truth, strict=True)]
    return torch.stack(found).float().mean().item()


def test_the_planner_beats_chance_keeps_enough_in_view_and_stays_in_free_space(room: Oracle) -> None:
    route, random = explorer(look(room, Camera.from_fov(60, SIZE, SIZE))), torch.Generator().manual_seed(0)

    def planned_camera(frames: list[Frame]) -> Camera:
        nonlocal route
        route = route if len(frames) == 1 else route.after(frames[-1])
        return route.next_camera()

    def any_free_camera(frames: list[Frame]) -> Camera:
        places = route.places[free_space(frames).holds(route.places)]
        place = places[int(torch.randint(len(places), (1,), generator=random))]
        yaw, pitch = (torch.rand(2, generator=random) * torch.tensor([360.0, 80.0])).tolist()
        return Camera.from_fov(60, SIZE, SIZE, turned(yaw, pitch - 40, place.tolist()))

    planned = explored(room, 8, planned_camera)
    truth = [
        look(room, Camera.from_fov(90, 16, 16, turned(yaw, 0, (x, 0, z))))
        for x, z in ((0, 0), (0.5, 0.5), (-0.5, 0.5), (0, -0.5))
        for yaw in range(0, 360, 90)
    ]
    by_chance = [covered(explored(room, 8, any_free_camera), truth) for _ in range(2)]
    assert covered(planned, truth) > 1.15 * max(by_chance)
    assert all(frame.known.float().mean() > LEAST_KNOWN - 0.1 for frame in planned[1:])
    assert free_space(planned).holds(torch.stack([frame.camera.position for frame in planned])).all()


def test_holes_that_will_show_the_sky_count_little(view: View) -> None:
    depth = torch.full((SIZE, SIZE), 4.0)
    depth[: SIZE // 2] = math.inf
    outdoors = explorer(view(depth))
    indoors = explorer(view(depth.where(depth.isfinite(), 4.0)))
    for route, value in ((outdoors, 0.1), (indoors, 1.0)):
        middle = len(route.places) // 2
        worth = route._worth(route.places[middle : middle + 1], route.around[middle : middle + 1, 0])[0]
        assert worth[4, 5].item() == pytest.approx(value)  # high up, behind
        assert worth[28, 5].item() == pytest.approx(1.0)


def test_a_view_is_not_taken_twice(room: Oracle) -> None:
    """Even where it leaves a hole: what is not seen then is not to be seen from there."""
    route = explorer(look(room, Camera.from_fov(60, SIZE, SIZE)))
    camera = route.next_camera()
    seen = look(room, camera)
    blind = replace(seen, certainty=torch.zeros_like(seen.depth))
    again = route.after(blind).next_camera()
    assert not torch.equal(again.world_from_camera, camera.world_from_camera)


def test_a_view_of_the_sky_alone_leads_somewhere(view: View) -> None:
    camera = explorer(view(torch.full((SIZE, SIZE), math.inf))).next_camera()
    assert camera.position.isfinite().all()


def test_a_resumed_exploration_goes_the_same_way(tmp_path: Path) -> None:
    config = GenerateConfig(models="oracle", size=32, views=3, trajectory="explore")
    *_, last = generate("kitchen", out=tmp_path / "whole", config=config)
    steps = generate("kitchen", out=tmp_path / "cut", config=config)
    next(steps), next(steps)
    steps.close()
    assert resume_scene(tmp_path / "cut").manifest == last.scene.manifest
    for file in (tmp_path / "whole/views").rglob("*.*"):
        assert file.read_bytes() == (tmp_path / "cut" / file.relative_to(tmp_path / "whole")).read_bytes()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert len(flight(last.scene.frames, None, 5)) == 5
    with pytest.raises(ValueError, match="explore picks views while a scene is made"):
        flight(last.scene.frames, "explore")
