"""The report of a scene whose truth is known, and of scenes that were spoilt on purpose."""

from __future__ import annotations

import html.parser
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from depthgen.geometry import Camera, Mesh, cut_squares, turned
from scene3d import generate_scene
from scene3d.frame import Frame
from scene3d.journal import record_costs
from scene3d.report import SceneFigures, Thresholds, failures, measure
from scene3d.report.figures import _replayed, cameras_around
from scene3d.report.pictures import PLAN, WORST_JUMP, plan_of, seam_picture
from scene3d.report.triangles import count_triangles
from scene3d.scene import Scene


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """Three views of an office, with exact depth."""
    return generate_scene(
        "an office <small>", out=tmp_path_factory.mktemp("report") / "s", models="oracle", views=3, size=48
    )


@pytest.fixture(scope="module")
def figures(scene: Scene) -> SceneFigures:
    return measure(scene)


def flat_frame(depth: Tensor, known: Tensor) -> Frame:
    """A grey view of a wall."""
    height, width = depth.shape[1:]
    camera = Camera.from_fov(60, width, height)
    return Frame(torch.full((3, height, width), 0.5), depth, torch.ones_like(known), known, camera)


def test_a_true_scene_keeps_its_pixels_its_scale_and_all_limits(figures: SceneFigures) -> None:
    assert [view.known_kept for view in figures.views] == [None, 1, 1]
    assert [view.drift for view in figures.views] == pytest.approx([1, 1, 1], abs=2e-3)
    assert [view.scale for view in figures.views] == [1, 1, 1]
    assert figures.least_coverage <= figures.coverage <= 1
    assert failures(figures) == []


def test_the_triangles_of_all_views_are_those_of_the_fused_surface(
    scene: Scene, figures: SceneFigures
) -> None:
    assert sum(view.triangles.kept for view in figures.views) == len(scene.fused().surface.faces)


def test_a_view_is_drawn_again_where_it_was_made_or_not_at_all(scene: Scene) -> None:
    entries = (*scene.manifest.journal[:2], replace(scene.manifest.journal[2], device="cuda:99"))
    elsewhere = replace(scene, manifest=replace(scene.manifest, journal=entries))
    assert [kept for kept, _ in _replayed(elsewhere)] == [None, 1, None]


def test_a_pixel_that_was_not_kept_is_found(scene: Scene) -> None:
    frame = scene.frames[2]
    image = frame.image.clone()
    row, column = (frame.known & frame.valid)[0].nonzero()[0].tolist()
    image[0, row, column] = 1 - image[0, row, column]
    spoilt = replace(scene, frames=(*scene.frames[:2], replace(frame, image=image)))
    figures = measure(spoilt)
    assert 0.99 < figures.views[2].known_kept < 1
    assert any(line.startswith("known pixels kept, view 2: 99.9") for line in failures(figures))


def test_drift_is_that_of_the_depth(scene: Scene) -> None:
    last = replace(scene.frames[2], depth=1.2 * scene.frames[2].depth)
    assert measure(replace(scene, frames=(*scene.frames[:2], last))).views[2].drift == pytest.approx(
        1.2, 2e-3
    )


def test_disagreement_is_told_of_a_scene_that_is_not_adjusted(scene: Scene) -> None:
    plain = replace(scene.manifest, config={**scene.manifest.config, "adjust": False})
    larger = replace(scene.frames[2], depth=1.2 * scene.frames[2].depth)
    spoilt = Scene(scene.prompt, (*scene.frames[:2], larger), scene.root, plain)
    before, after = measure(spoilt).disagreement
    assert before == after > 0.05
    assert any("disagreement" in line for line in failures(measure(spoilt)))


def test_every_limit_that_is_missed_is_named(figures: SceneFigures) -> None:
    impossible = Thresholds(-1, -1, 2, -1, -1, 2, -1)
    missed = failures(replace(figures, disagreement=(0.5, 0.03)), impossible)
    for name in ("seam step", "seam color", "known pixels", "residual image", "residual depth", "coverage"):
        assert any(line.startswith(name) for line in missed), name
    assert "disagreement of the views: 3.00 %, limit -100.00 %" in missed


def test_places_around_the_path_are_on_it_and_beside_it(garden: Scene) -> None:
    cameras = cameras_around(garden.frames)
    assert len(cameras) == 24
    assert torch.allclose(cameras[1].position, cameras_around(garden.frames[:1])[1].position, atol=0.05)
    steps = [float(cameras[i].position[0]) for i in range(3)]
    assert steps[0] < steps[1] < steps[2]


def test_holes_count_against_coverage(garden: Scene) -> None:
    lone = replace(garden.manifest, journal=garden.manifest.journal[:1])
    alone = measure(replace(garden, frames=garden.frames[:1], manifest=lone))
    assert alone.least_coverage < 0.99  # a step aside shows what the one view did not
    assert alone.as_json()["totals"]["hole_area"] > 0


def test_squares_are_cut_at_jumps_and_at_grazing_angles_by_hand() -> None:
    camera = Camera.from_fov(60, 4, 4)
    depth = torch.ones(1, 4, 4)
    depth[..., 2:] = 30.0  # slope 29 * 3.46 = 100
    edge, grazing = cut_squares(depth, camera, torch.ones(1, 4, 4, dtype=torch.bool))
    assert edge.tolist() == 3 * [[False, True, False]]
    assert not grazing.any()
    depth[..., 2:] = 1 + 10 / camera.K[0, 0].float()  # slope 10: 5.7 degrees
    edge, grazing = cut_squares(depth, camera, torch.ones(1, 4, 4, dtype=torch.bool))
    assert not edge.any()
    assert grazing.tolist() == 3 * [[False, True, False]]


def test_only_new_pixels_are_counted_and_uncertain_ones_apart() -> None:
    depth = torch.ones(1, 4, 4)
    depth[..., 2:] = 30.0
    new = flat_frame(depth, torch.zeros(1, 4, 4, dtype=torch.bool))
    counted = count_triangles(new, kept=12)
    assert (counted.kept, counted.depth_edge, counted.grazing, counted.uncertain) == (12, 6, 0, 0)
    assert count_triangles(replace(new, known=~new.known), 0).depth_edge == 0
    certainty = torch.ones(1, 4, 4)
    certainty[..., 0, 0] = 0
    assert count_triangles(replace(new, certainty=certainty), 0).uncertain == 2


def test_seams_are_green_where_smooth_red_where_they_jump_and_grey_elsewhere() -> None:
    known = (torch.arange(16) < 8).expand(1, 16, 16)
    depth = torch.ones(1, 16, 16)
    depth[:, 8:, 8:] = 1 + 2 * WORST_JUMP
    picture = seam_picture(flat_frame(depth, known))
    smooth, jump, inside = picture[:, 2, 8], picture[:, 13, 8], picture[:, 2, 2]
    assert smooth.argmax() == 1
    assert jump.argmax() == 0
    assert inside.std() < 1e-6


def test_the_plan_is_seen_from_above() -> None:
    camera = Camera.from_fov(60, 8, 8)
    below = torch.tensor([[0.0, 1.0, 0.0], [2.0, 1.0, 0.0], [0.0, 1.0, 4.0]])
    ceiling = torch.tensor([[0.0, -3.0, 2.0]])
    mesh = Mesh(torch.cat([below, ceiling]), torch.eye(4, 3), torch.zeros(0, 3, dtype=torch.int64))
    plan = plan_of(mesh, [camera])
    (x0, x1, _), (y0, _, y2) = plan.positions(below)
    assert x1 > x0
    assert y2 < y0  # what is ahead is up
    drawn = plan.image[3].nonzero().tolist()
    assert [int(y0), int(x0)] in drawn
    assert len(drawn) <= 3  # not the ceiling
    assert plan.image.shape == (4, PLAN, PLAN)


class Addresses(html.parser.HTMLParser):
    """What a page would load, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in ("src", "href") and value]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_report_is_two_files_and_needs_nothing_else(scene: Scene) -> None:
    record_costs(scene.root, 1, {"depth": 1.5, "commit": 0.5}, 123.4)
    before = {p: p.read_bytes() for p in (scene.root / "views").rglob("*") if p.is_file()}
    path = scene.export(scene.root / "report.html")
    page = path.read_text()
    addresses = Addresses(page)
    assert len(addresses.found) == 1 + 3 * 3 + 2  # the plan, three pictures a view, the seams of two
    assert all(address.startswith("data:image/") for address in addresses.found)
    assert not re.findall(r"https?://|@import|url\(|\$[a-z]", re.sub(r'"data:[^"]*"', "", page))
    assert "an office <small>" in addresses.text
    assert "All limits are kept." in addresses.text
    assert "123 MiB" in addresses.text
    report = json.loads((scene.root / "report.json").read_text())
    assert report["failures"] == []
    assert report["views"][1]["seconds"] == {"depth": 1.5, "commit": 0.5}
    assert report["totals"]["hole_area"] == pytest.approx(1 - report["totals"]["coverage"])
    assert {p: p.read_bytes() for p in before} == before


def test_a_scene_of_nothing_but_sky_has_a_report(tmp_path: Path) -> None:
    from scene3d.journal import Entry, Manifest, start

    manifest = Manifest(prompt="the sky", seed=0, config={}, models={}, environment={})
    start(tmp_path / "s", manifest, picture=None)
    nothing = torch.zeros(1, 16, 16, dtype=torch.bool)
    camera = Camera.from_fov(60, 16, 16, turned(0))
    frame = Frame(torch.full((3, 16, 16), 0.5), torch.ones(1, 16, 16), nothing, nothing, camera)
    empty = Scene("the sky", (), tmp_path / "s", manifest).with_frame(frame, Entry(view=0, new_pixels=1.0))
    assert empty.export(tmp_path / "report.html").stat().st_size > 0
