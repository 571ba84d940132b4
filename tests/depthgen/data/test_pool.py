from __future__ import annotations

import pickle
import time
from collections.abc import Iterator, Sequence

import pytest
import torch

from depthgen.data import pool as pool_module
from depthgen.data.pool import Built, PoolConfig, PoolViews, WorldPool, build, packed
from depthgen.data.worlds import pair_cameras, pair_captions, rendered_pairs
from depthgen.worlds import KINDS, build_world

CONFIG = PoolConfig(size=16, capacity=12, least=8, seed=40, worlds_at_once=2, reuse=1)


def lengths(texts: Sequence[str]) -> torch.Tensor:
    """Tokens that tell their captions apart: the caption's length, once."""
    return torch.tensor([[len(text)] for text in texts])


@pytest.fixture(scope="module")
def pool() -> Iterator[WorldPool]:
    with WorldPool(CONFIG, "cpu", lengths) as opened:
        yield opened


def wait_for(pool: WorldPool, rendered: int) -> None:
    deadline = time.monotonic() + 30
    while pool.rendered < rendered and time.monotonic() < deadline:
        time.sleep(0.01)
    assert pool.rendered >= rendered


def test_views_are_those_of_their_worlds(pool: WorldPool) -> None:
    batch = PoolViews(pool, 16).__getitems__([0, 5])
    world = build_world(42)  # of view 5, the second of the third world
    cameras = pair_cameras([world], 16)
    truth = rendered_pairs([world], cameras)
    torch.testing.assert_close(batch["image"][1], truth["image"][1].float() / 255)
    assert torch.equal(batch["depth"][1], truth["depth"][1].float())
    assert torch.equal(batch["known"][1], truth["known"][1])
    assert KINDS[batch["kind"][1]] == world.kind
    assert batch["tokens"][1, :, 0].tolist() == [len(text) for text in pair_captions([world], cameras)[1]]
    assert not batch["tokens"][1, :, 1:].any()
    assert batch["counted"].all()


def test_smaller_views_average_pictures_and_pick_depth(pool: WorldPool) -> None:
    large, small = (PoolViews(pool, size).__getitems__([3]) for size in (16, 4))
    torch.testing.assert_close(small["image"], torch.nn.functional.avg_pool2d(large["image"], 4))
    assert torch.equal(small["depth"], large["depth"][..., 2::4, 2::4])
    assert torch.equal(small["known"], large["known"][..., 2::4, 2::4])
    with pytest.raises(ValueError, match="do not divide"):
        PoolViews(pool, 5)


def test_views_that_were_trained_on_are_replaced_by_fresh_ones() -> None:
    with WorldPool(CONFIG, "cpu", lengths) as pool:
        wait_for(pool, 16)  # one job more than it holds, then it rests
        before = pool.views["fov"].clone(), pool.views["image"].clone()
        rendered = pool.rendered
        time.sleep(0.1)
        assert pool.rendered == rendered
        pool.take([0] * 12)
        wait_for(pool, rendered + 4)
        assert not torch.equal(pool.views["image"], before[1])
        assert pool.next_seed == CONFIG.seed + pool.rendered // 2


def test_what_goes_wrong_while_rendering_is_told_where_one_trains(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(seeds: range, size: int) -> Built:
        raise MemoryError("no room")

    monkeypatch.setattr(pool_module, "build", fails)
    with pytest.raises(RuntimeError, match="could not be rendered"), WorldPool(CONFIG, "cpu", lengths):
        pass


def test_worlds_travel_between_processes_unchanged() -> None:
    here, there = build(range(3, 5), 16), pickle.loads(packed(range(3, 5), 16))
    assert there.captions == here.captions
    assert there.labels == here.labels
    ours, theirs = (rendered_pairs(b.worlds, b.cameras)["image"] for b in (here, there))
    assert torch.equal(ours, theirs)


def test_sizes_must_fit() -> None:
    with pytest.raises(ValueError, match="rise in this order"):
        PoolConfig(capacity=100, least=200)
