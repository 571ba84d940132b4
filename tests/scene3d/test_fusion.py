from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from depthgen.geometry import Camera, turned
from scene3d.frame import Frame, certainty_of
from scene3d.fusion import Fused, extend, fuse_all, seam_color, seam_step, view_from
from scene3d.scene import Scene

Look = Callable[[Camera], tuple[Tensor, Tensor, Tensor]]


def seen_by(camera: Camera, look: Look) -> Frame:
    image, depth, valid = look(camera)
    return Frame(image, depth, valid, torch.zeros_like(valid), camera)


def flags(rows: str) -> Tensor:
    return torch.tensor([[[c == "#" for c in row] for row in rows.split()]])


def test_seam_step_by_hand() -> None:
    # one row of five pixels, the first three known: steps 2/100 inside twice, 10/100 across
    depth = torch.tensor([[[0.99, 1.01, 0.99, 1.0942105, 5.0]]])
    known = flags("###..")
    assert seam_step(depth, torch.ones_like(known), known) == pytest.approx(0.1 - 0.02, abs=1e-4)


def test_seam_step_ignores_the_sky_and_says_when_there_is_nothing_to_measure() -> None:
    depth, known = torch.rand(1, 4, 6) + 1, flags("###... ###... ###... ###...")
    assert seam_step(depth, known, known) is None  # no surface on the new side
    assert seam_step(depth, torch.ones_like(known), torch.ones_like(known)) is None


def test_seam_step_is_zero_where_the_border_is_as_rough_as_the_rest() -> None:
    depth = 2 + 0.1 * (torch.arange(64) % 2).expand(1, 64, 64)
    known = (torch.arange(64) < 32).expand(1, 64, 64)
    assert seam_step(depth, torch.ones_like(known), known) == pytest.approx(0, abs=1e-6)


def test_a_view_seen_again_from_its_own_camera_is_itself(look: Look) -> None:
    frame = seen_by(Camera.from_fov(60, 64, 48), look)
    seen = view_from(fuse_all([frame]), frame.camera)
    assert seen.known.all()
    assert torch.equal(seen.surface, frame.valid)
    torch.testing.assert_close(seen.image, frame.image, atol=1e-3, rtol=0)
    torch.testing.assert_close(seen.depth[seen.surface], frame.depth[seen.surface], atol=0, rtol=1e-4)


def test_the_sky_turns_with_the_camera_but_does_not_move_with_it(look: Look) -> None:
    frame = seen_by(Camera.from_fov(60, 64, 48), look)
    fused = fuse_all([frame])
    walked = view_from(fused, frame.camera.moved(turned(0, translation=(0, 0, 1.0))))
    assert not (walked.sky & frame.valid).any()
    turned_away = view_from(fused, frame.camera.moved(turned(10)))
    assert 0.1 < turned_away.sky.float().mean() < (~frame.valid).float().mean()


def test_only_new_pixels_add_triangles(garden: Scene) -> None:
    first = fuse_all(garden.frames[:1])
    nothing_new = replace(garden.frames[0], known=torch.ones(1, 40, 48, dtype=torch.bool))
    assert len(extend(first, nothing_new).surface.faces) == len(first.surface.faces)
    all_new = [replace(frame, known=torch.zeros_like(frame.known)) for frame in garden.frames]
    assert len(garden.mesh().faces) < 0.8 * len(fuse_all(all_new).surface.faces)


def test_old_and_new_meet_without_a_crack(look: Look) -> None:
    """Two fused half-views show, from close by, every pixel that the whole view shows."""
    frame = seen_by(Camera.from_fov(60, 64, 64), look)
    left = (torch.arange(64) < 30).expand(1, 64, 64)
    halves = [
        Frame(frame.image, frame.depth, frame.valid & left, ~left, frame.camera),
        Frame(frame.image, frame.depth, frame.valid, left, frame.camera),
    ]
    closer = frame.camera.resized(256, 256).moved(turned(0, translation=(0, 0, 0.4)))
    whole, joined = (view_from(fuse_all(frames), closer) for frames in ([frame], halves))
    assert torch.equal(joined.known, whole.known)
    both = joined.surface & whole.surface
    assert ((joined.depth - whole.depth).abs()[both] / whole.depth[both]).quantile(0.999) < 0.01


def test_uncertain_pixels_stay_holes_for_later_views_to_fill(look: Look) -> None:
    frame = seen_by(Camera.from_fov(60, 64, 48), look)
    doubtful = torch.zeros_like(frame.valid)
    doubtful[:, 30:40, 20:30] = True
    std = torch.where(doubtful, 0.5 * frame.depth, 0.05 * frame.depth)
    cut = replace(frame, certainty=certainty_of(frame.depth, std, max_spread=0.2))
    seen = view_from(fuse_all([cut]), frame.camera)
    assert torch.equal(seen.surface, frame.valid & ~doubtful)
    assert not (seen.sky & doubtful).any()  # unknown, not sky


def test_certainty_is_one_half_at_the_greatest_spread() -> None:
    depth = torch.tensor([1.0, 1.0, 10.0, 10.0])
    std = torch.tensor([0.0, 0.2, 2.0, 4.0])
    assert certainty_of(depth, std, max_spread=0.2).tolist() == pytest.approx([1, 0.5, 0.5, 0.2])


def test_seam_color_by_hand() -> None:
    row = torch.tensor([0.5, 0.52, 0.5, 0.6, 0.9])
    image = torch.stack([row, row, 0.5 + 0.0 * row])[:, None]  # the third channel does not change
    assert seam_color(image, flags("###..")) == pytest.approx(2 / 3 * (0.1 - 0.02), abs=1e-6)
    assert seam_color(image, flags("#####")) is None


def test_a_crack_gets_triangles_from_the_view_that_finds_it(look: Look) -> None:
    """Closed in the picture alone, it would open again for every other camera."""
    frame = seen_by(Camera.from_fov(60, 64, 64), look)
    column = (torch.arange(64) == 40).expand(1, 64, 64)
    cracked = replace(frame, known=column)  # nothing is added there, but for the reach of its neighbours
    cracked = replace(cracked, valid=frame.valid & ~column, known=frame.known)
    fused = Fused(extend(fuse_all([]), cracked).surface_blocks)  # and no sky in it
    seen = view_from(fused, frame.camera)
    assert seen.filled[0, 40:, 40].all()
    assert not seen.covered[seen.filled].any()
    mended = extend(fused, replace(frame, known=seen.covered))
    assert not view_from(mended, frame.camera).filled.any()
