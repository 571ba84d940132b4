from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from depthgen.data.worlds import WorldsConfig, WorldViews, collate, render_shards, seen_by_partner, settle
from depthgen.geometry import Camera, turned
from depthgen.worlds import KINDS, RenderedViews, build_world
from depthgen.worlds.evaluation_set import EVALUATION_SEED_START

SIDE = 16


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory, monkeypatch_module: pytest.MonkeyPatch) -> WorldsConfig:
    monkeypatch_module.setattr("depthgen.data.worlds.WORLDS_PER_SHARD", 4)
    # spawned processes would not see the patch, so the shards are rendered in this one
    monkeypatch_module.setattr("depthgen.data.worlds._render_parallel", render_here)
    return WorldsConfig(str(tmp_path_factory.mktemp("cache")), count=8, size=SIDE, seed=100)


@pytest.fixture(scope="module")
def monkeypatch_module():
    with pytest.MonkeyPatch.context() as patch:
        yield patch


def render_here(jobs: list, processes: int) -> None:
    from depthgen.data.worlds import _render_shard

    for job in jobs:
        _render_shard(job)


def test_views_are_samples_of_their_worlds(config: WorldsConfig) -> None:
    views = WorldViews(config)
    assert len(views) == 16
    sample = views[5]  # the second view of the third world
    world = build_world(102)
    assert KINDS[sample["kind"]] == world.kind
    assert sample["image"].shape == (3, SIDE, SIDE)
    assert 0 <= sample["image"].min() < sample["image"].max() <= 1
    assert (sample["depth"] > 0).all()
    assert len(set(sample["captions"])) > 1
    camera = world.camera(np.random.default_rng([world.seed, 1]), SIDE)
    assert sample["fov"].item() == pytest.approx(camera.vfov_degrees)


def test_shards_are_rendered_once(config: WorldsConfig) -> None:
    first = render_shards(config)
    before = [(path / "image.npy").stat().st_mtime_ns for path in first]
    assert render_shards(config) == first
    assert [(path / "image.npy").stat().st_mtime_ns for path in first] == before


def test_workers_are_sent_no_pictures(config: WorldsConfig) -> None:
    views = WorldViews(config)
    sample, sent = views[5], pickle.dumps(views)
    assert len(sent) < 1000
    assert torch.equal(pickle.loads(sent)[5]["image"], sample["image"])


def test_of_two_who_render_the_same_the_first_counts(tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "image.npy").write_text(name)
        settle(tmp_path / name, tmp_path / "shard")
    assert [path.name for path in tmp_path.iterdir()] == ["shard"]
    assert (tmp_path / "shard/image.npy").read_text() == "first"


def test_evaluation_seeds_are_refused(config: WorldsConfig) -> None:
    with pytest.raises(ValueError, match="evaluation"):
        render_shards(replace(config, seed=EVALUATION_SEED_START - 1))
    with pytest.raises(ValueError, match="evaluation"):  # a shard is rendered whole
        render_shards(replace(config, seed=EVALUATION_SEED_START - 2, count=1))
    with pytest.raises(ValueError, match="count must be at least 1"):
        render_shards(replace(config, count=0))


def test_batches_keep_captions_as_lists(config: WorldsConfig) -> None:
    views = WorldViews(config)
    batch = collate([views[0], views[1]])
    assert batch["depth"].shape == (2, 1, SIDE, SIDE)
    assert batch["kind"].dtype == torch.int64
    assert [type(options) for options in batch["captions"]] == [list, list]


def plane_views(turns: tuple[float, float]) -> tuple[RenderedViews, list[Camera]]:
    """Two views from one place of the sphere of radius 5 around it, sky where the direction points up."""
    cameras = [Camera.from_fov(60, 64, 64, turned(turn)) for turn in turns]
    from depthgen.geometry import pixel_rays

    rays = torch.stack([pixel_rays(camera) for camera in cameras])
    sky = rays[:, None, :, :, 1] < 0
    depth = (5 / rays.norm(dim=-1))[:, None].float()
    depth = torch.where(sky, 1000.0, depth)
    return RenderedViews(torch.zeros(2, 3, 64, 64), depth, sky, sky.short()), cameras


def test_a_turned_view_knows_the_overlap_and_nothing_else() -> None:
    """By hand: after a turn to the right by 20 degrees of 60, what is known lies left of the old right
    border,
    at the angle 30 - 20 = 10 degrees from the new axis."""
    views, cameras = plane_views((0.0, 20.0))
    known = seen_by_partner(views, cameras)[1, 0]
    border = 32 + 32 * np.tan(np.radians(10)) / np.tan(np.radians(30))
    columns = torch.arange(64) + 0.5
    middle = known[40]  # a row of surface, near the axis
    assert middle[columns < border - 2].all()
    assert not middle[columns > border + 2].any()
    assert known[8][columns < border - 12].float().mean() > 0.9  # sky counts as known too


def test_an_unmoved_view_knows_everything_and_an_opposite_one_nothing() -> None:
    views, cameras = plane_views((0.0, 0.0))
    assert seen_by_partner(views, cameras)[1].float().mean() > 0.95
    views, cameras = plane_views((0.0, 180.0))
    assert not seen_by_partner(views, cameras)[1].any()


def test_what_stands_nearer_than_the_other_view_saw_is_new() -> None:
    views, cameras = plane_views((0.0, 0.0))
    depth = views.depth.clone()
    depth[1, 0, 40:50, 20:30] *= 0.5  # something came between
    known = seen_by_partner(replace(views, depth=depth), cameras)[1]
    assert not known[0, 41:49, 21:29].any()


def test_two_training_seeds_differ_and_one_repeats(config: WorldsConfig) -> None:
    views = WorldViews(config)
    again = WorldViews(config)
    assert not torch.equal(views[0]["image"], views[2]["image"])
    assert torch.equal(views[3]["image"], again[3]["image"])
