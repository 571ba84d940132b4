"""Views of a known world with known errors, so that what comes back can be compared with the truth."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from depthgen.geometry import Camera, turned
from scene3d.adjustment import Adjustment, Correction, adjusted, closing_error, drift, solve, unadjusted
from scene3d.adjustment.detail import detailed
from scene3d.adjustment.overlap import SAMPLES, Link, Samples, links, mean_disagreement
from scene3d.adjustment.solve import (
    NOISE,
    READING,
    READING_WIDTH,
    Level,
    _corrections,
    _cost,
    _of_overlaps,
    _of_readings,
    _step,
    _weights,
    _width,
)
from scene3d.backends.oracle import oracle_for
from scene3d.cameras import cameras_from
from scene3d.frame import Frame, coarse
from scene3d.fusion import extend, fuse_all, view_from
from scene3d.scene import Scene

SIZE = 48
Look = Callable[[Camera], tuple[Tensor, Tensor, Tensor]]


def all_new(image: Tensor, depth: Tensor, valid: Tensor, camera: Camera) -> Frame:
    return Frame(image, depth.where(valid, 1.0), valid, torch.zeros_like(valid), camera)


def erring(frames: list[Frame], seed: int = 1) -> list[Frame]:
    """All views but the first scaled (5 %), shifted (2 %) and bent (3 %) at random."""
    random = torch.Generator().manual_seed(seed)

    def error(frame: Frame) -> Correction:
        scale, shift = torch.randn(2, generator=random, dtype=torch.float64)
        bend = torch.randn(4, 4, generator=random, dtype=torch.float64)
        return Correction(0.02 * float(shift * frame.depth[frame.valid].median()), 0.05 * scale + 0.03 * bend)

    errors = (Correction.none(), *map(error, frames[1:]))
    return list(adjusted(frames, Adjustment(errors)))


def worst_mean_error(frames: list[Frame], truth: list[Frame]) -> float:
    """Of all views, the greatest mean relative error of depth."""
    pairs = zip(frames, truth, strict=True)
    return max(float((a.depth / b.depth - 1).abs()[b.valid].mean()) for a, b in pairs)


@pytest.fixture(scope="module")
def room() -> list[Frame]:
    """Five views of a room, 10 degrees apart and from different places."""
    camera = Camera.from_fov(60, SIZE, SIZE)
    oracle = oracle_for("an office", 3, camera)
    cameras = [camera.moved(turned(10 * i, translation=(0.05 * i, 0, 0.02 * i))) for i in range(5)]
    return [all_new(*oracle._render(view), view) for view in cameras]


def test_known_errors_of_scale_shift_and_field_are_found(room: list[Frame]) -> None:
    wrong = erring(room)
    found = solve(wrong)
    assert worst_mean_error(wrong, room) > 0.04
    assert worst_mean_error(list(adjusted(wrong, found)), room) < 0.005
    assert found.after < 0.1 * found.before


def test_steps_that_lead_away_are_shortened(room: list[Frame]) -> None:
    """Half the depth and a metre more is so far off that whole Gauss-Newton steps part the views."""
    wrong = [*room[:4], replace(room[4], depth=0.5 * room[4].depth + 1)]
    found = solve(wrong)
    assert worst_mean_error(wrong, room) > 0.13
    assert worst_mean_error(list(adjusted(wrong, found)), room) < 0.04
    assert found.after < 0.03 * found.before


def test_views_without_errors_are_left_alone(room: list[Frame]) -> None:
    found = solve(room)
    assert worst_mean_error(list(adjusted(room, found)), room) == 0
    assert found.after == found.before < 1e-3


def test_errors_that_no_correction_mends_are_left_alone_and_told(room: list[Frame]) -> None:
    """Noise: what is fitted to some pixels of it says nothing of those between."""
    random = torch.Generator().manual_seed(0)
    noisy = [
        replace(frame, depth=frame.depth * (1 + 0.01 * torch.randn(frame.depth.shape, generator=random)))
        for frame in room
    ]
    found = solve(noisy)
    assert found.after == found.before == unadjusted(noisy).before > 0.005
    assert worst_mean_error(list(adjusted(noisy, found)), noisy) == 0


def test_the_first_view_is_never_changed(room: list[Frame]) -> None:
    wrong = erring(room)
    assert torch.equal(adjusted(wrong, solve(wrong))[0].depth, room[0].depth)


def test_views_that_share_nothing_are_left_alone(look: Look) -> None:
    cameras = [Camera.from_fov(40, 32, 32, turned(yaw)) for yaw in (-45, 45)]
    frames = [all_new(*look(camera), camera) for camera in cameras]
    frames[1] = replace(frames[1], depth=1.3 * frames[1].depth)
    found = solve(frames)
    assert (found.before, found.corrections[1].shift, found.corrections[1].scale) == (None, 0, 1)


def test_a_sky_has_no_depth_to_adjust() -> None:
    nothing = torch.zeros(1, 16, 16, dtype=torch.bool)
    sky = all_new(torch.zeros(3, 16, 16), torch.ones(1, 16, 16), nothing, Camera.from_fov(60, 16, 16))
    assert solve([sky, sky]).before is None
    assert closing_error([sky, sky]) is None
    assert drift([sky], [sky]) == [None]


LEVEL = Level(5, steps=1, scale=0.1, field=0.1)
EVERY_PAIR = [(i, j) for i in range(3) for j in range(3) if i != j]


@pytest.fixture(scope="module")
def three(room: list[Frame]) -> list[Samples]:
    return [Samples.of(frame) for frame in erring(room)[:3]]


def some_unknowns() -> np.ndarray:
    return 0.02 * np.random.default_rng(0).normal(size=(3, LEVEL.unknowns))


def links_at(theta: np.ndarray, samples: list[Samples]) -> list[Link]:
    return list(links(samples, _corrections(theta, samples), EVERY_PAIR))


def test_the_jacobian_is_that_of_finite_differences(three: list[Samples]) -> None:
    def residuals(theta: np.ndarray) -> np.ndarray:
        """Of every sample of every pair, NaN where it does not count."""
        found = np.full((3, 3, SAMPLES**2), np.nan)
        for i, j, overlap in links_at(theta, three):
            found[i, j, overlap.index] = overlap.residual
        return found

    theta, step = some_unknowns(), 1e-4
    found = links_at(theta, three)
    jacobian = _of_overlaps(LEVEL, theta, found, three, 0.1)[0].toarray()
    shown = np.concatenate([(3 * i + j) * SAMPLES**2 + overlap.index.numpy() for i, j, overlap in found])
    for unknown in range(theta.size):
        moved = np.zeros(theta.size)
        moved[unknown] = step
        ahead, behind = (residuals(theta + sign * moved.reshape(theta.shape)) for sign in (1, -1))
        expected = ((ahead - behind) / (2 * step)).ravel()[shown]
        wrong = np.abs(jacobian[:, unknown] - expected)
        # a sample that crosses into another pixel of the other view meets another slope there
        assert np.nanquantile(wrong, 0.95) < 2e-3 + 0.02 * np.nanmax(np.abs(expected))


@pytest.fixture(scope="module")
def read(room: list[Frame]) -> list[Samples]:
    """The same views, of which all but the second were read 5 % too near."""
    pairs = zip(erring(room)[:3], room[:3], strict=True)
    frames = [replace(view, reading=0.95 * true.depth) for view, true in pairs]
    frames[1] = replace(frames[1], reading=None)
    return [Samples.of(frame) for frame in frames]


def test_what_readings_ask_is_by_hand_and_by_finite_differences(
    read: list[Samples], room: list[Frame]
) -> None:
    theta, step = some_unknowns(), 1e-5
    jacobian, residual, weight = _of_readings(LEVEL, theta, read)
    corrections, expected = _corrections(theta, read), []
    for i in (0, 2):
        column, row = read[i].position.long().unbind(-1)
        depth = corrections[i].of(read[i].depth, read[i].position, room[i].camera)
        expected.append((depth / (0.95 * room[i].depth[0, row, column])).log())
    torch.testing.assert_close(residual, torch.cat(expected), atol=1e-6, rtol=0)
    counts = torch.tensor([len(read[i].depth) for i in (0, 2)])
    assert (weight <= 1 / (READING**2 * counts.repeat_interleave(counts))).all()
    for unknown in range(theta.size):
        moved = np.zeros(theta.size)
        moved[unknown] = step
        ahead, behind = (
            _of_readings(LEVEL, theta + sign * moved.reshape(theta.shape), read)[1] for sign in (1, -1)
        )
        slope = ((ahead - behind) / (2 * step)).numpy()
        np.testing.assert_allclose(jacobian[:, [unknown]].toarray().ravel(), slope, atol=1e-6)


def test_a_step_solves_the_dense_normal_equations(
    read: list[Samples], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(_step.__globals__, "PRECISION", 1e-10)  # the module bears a function's name
    theta = some_unknowns()
    found = links_at(theta, read)
    systems = _of_overlaps(LEVEL, theta, found, read, 0.1), _of_readings(LEVEL, theta, read)
    jacobian = np.concatenate([derivatives.toarray() for derivatives, _, _ in systems])
    residual, weight = (np.concatenate([system[k].numpy() for system in systems]) for k in (1, 2))
    prior = np.kron(np.eye(3), LEVEL.prior())
    normal = jacobian.T @ (weight[:, None] * jacobian) + prior
    gradient = jacobian.T @ (weight * residual) + prior @ theta.ravel()
    free = slice(LEVEL.unknowns, None)  # the first view stays as it is
    expected = np.linalg.solve(normal[free, free], -gradient[free])
    step = _step(LEVEL, theta, np.zeros_like(theta), found, read, 0.1)
    assert not step[0].any()
    np.testing.assert_allclose(step.ravel()[free], expected, atol=1e-6)


def test_residuals_that_err_together_weigh_no_more_when_there_are_more_of_them() -> None:
    few, many = (_weights(torch.full((n,), 1e-4).double(), READING_WIDTH, NOISE) for n in (10, 1000))
    assert float(few.sum()) == pytest.approx(float(many.sum()))
    assert float(few.sum()) == pytest.approx(1 / NOISE**2, rel=1e-4)
    outlier = _weights(torch.tensor([0.0, 0.0, 1.0]).double(), 0.1, NOISE)
    assert float(outlier[2] / outlier[0]) == pytest.approx(1 / 101)


def test_weights_are_those_under_which_squares_fall_as_the_cost_does() -> None:
    step = torch.tensor([1e-5, 0, 0]).double()
    residual = torch.tensor([0.03, -0.1, 0.4]).double()
    width = _width(residual, 0.01)
    assert width == pytest.approx(0.4)  # four times the median
    slope = (_cost(residual + step, width, NOISE) - _cost(residual - step, width, NOISE)) / 2e-5
    assert slope == pytest.approx(2 * 0.03 * float(_weights(residual, 0.01, NOISE)[0]), rel=1e-6)


def drifted_turn(views: int, total: float) -> tuple[list[Frame], list[Frame]]:
    """A full turn in a room as the loop makes it, its scale drifting by `total` in all, and the truth.

    The first view is withheld as a condition for those that look at it again.
    """
    camera = Camera.from_fov(60, SIZE, SIZE)
    oracle = oracle_for("a living room", 0, camera)
    first = all_new(*oracle._render(camera), camera)
    truth = [all_new(*oracle._render(c), c) for c in cameras_from(first, "turn", views)]
    made, fused, without_first = [first], fuse_all([first]), fuse_all(())
    for view, true in enumerate(truth[1:], start=1):
        closing = view > views / 2 and float(true.camera.world_from_camera[2, 2]) > 0.3
        seen = view_from(without_first if closing else fused, true.camera)
        depth = torch.where(seen.surface, seen.depth, true.depth * math.exp(total * view / (views - 1)))
        made.append(replace(true, depth=depth, known=seen.known))
        fused, without_first = extend(fused, made[-1]), extend(without_first, made[-1])
    return made, truth


@pytest.mark.parametrize(("total", "left"), [(0.1, 0.01), (-1.4, 0.015)])  # a tenth; a factor of four
def test_a_drifting_full_turn_of_a_room_closes(total: float, left: float) -> None:
    made, truth = drifted_turn(16, total)
    closed = adjusted(made, solve(made))
    assert closing_error(made) > 0.8 * abs(math.expm1(total))
    assert closing_error(closed) < left
    assert max(abs(scale - 1) for scale in drift(closed, truth)) < max(
        abs(scale - 1) for scale in drift(made, truth)
    )


def test_readings_hold_the_scale_that_overlaps_leave_to_chance() -> None:
    """Read 5 % wrong in each picture, which is less than the scale drifts by."""
    made, truth = drifted_turn(16, 0.4)
    error = 0.05 * torch.randn(16, generator=torch.Generator().manual_seed(0))
    read = [replace(m, reading=coarse(t.depth * e.exp())) for m, t, e in zip(made, truth, error, strict=True)]
    alone, held = (adjusted(frames, solve(frames)) for frames in (made, read))
    assert worst_mean_error(list(held), truth) < 0.6 * worst_mean_error(list(alone), truth)
    assert closing_error(held) < 0.01


def uncorrected(frames: list[Frame]) -> tuple[list[Samples], list[Correction], list[tuple[int, int]]]:
    """What `links` and `detailed` take: samples, no corrections yet, and all pairs of views."""
    pairs = [(i, j) for j in range(len(frames)) for i in range(len(frames)) if i != j]
    return [Samples.of(frame) for frame in frames], [Correction.none()] * len(frames), pairs


def test_detail_takes_up_what_is_narrower_than_a_spline(room: list[Frame]) -> None:
    """A ridge of 2 % along a column of the second view."""
    ridge = torch.ones(SIZE)
    ridge[SIZE // 2 - 2 : SIZE // 2 + 2] = 1.02
    wrong = [room[0], replace(room[1], depth=room[1].depth * ridge), *room[2:]]
    samples, start, pairs = uncorrected(wrong)
    found = detailed(samples, start, pairs)
    assert found[0].detail is None
    left, before = (mean_disagreement(list(links(samples, c, pairs))) for c in (found, start))
    assert left < 0.8 * before
    after = adjusted(wrong, Adjustment(tuple(found)))
    columns = slice(SIZE // 2 - 1, SIZE // 2 + 1)
    error = [
        float((frames[1].depth / room[1].depth - 1)[..., columns][room[1].valid[..., columns]].mean())
        for frames in (wrong, after)
    ]
    assert error[0] == pytest.approx(0.02, abs=1e-4)
    assert abs(error[1]) < 0.5 * error[0]
    beside = (after[1].depth / room[1].depth - 1).abs()[..., : SIZE // 4][room[1].valid[..., : SIZE // 4]]
    assert float(beside.mean()) < 0.003


def test_detail_carries_no_rounding_between_views_that_agree(room: list[Frame]) -> None:
    assert [correction.detail for correction in detailed(*uncorrected(room))] == [None] * 5


def test_a_full_turn_with_true_depth_closes_by_itself() -> None:
    made, _ = drifted_turn(16, 0.0)
    assert closing_error(made) < 0.003


def test_closing_error_by_hand(look: Look) -> None:
    camera = Camera.from_fov(60, 48, 40)
    frame = all_new(*look(camera), camera)
    assert closing_error([frame, frame]) < 1e-4
    assert closing_error([frame, replace(frame, depth=1.05 * frame.depth)]) == pytest.approx(0.05, abs=1e-3)


def test_drift_is_the_median_ratio(room: list[Frame]) -> None:
    half = replace(room[1], depth=0.5 * room[1].depth)
    assert drift([room[0], half], room[:2]) == pytest.approx([1, 0.5])


def test_the_corrections_are_kept_beside_the_views_and_made_anew_when_these_change(
    garden: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {p: p.read_bytes() for p in garden.root.rglob("*") if p.is_file()}
    garden.adjusted()
    written = json.loads((garden.root / "adjustment.json").read_text())
    assert [(view["scale"], view["detail"]) for view in written["views"]] == [(1, None)] * 3
    assert {p: p.read_bytes() for p in files} == files  # the journal is untouched
    written["views"][2] |= {"shift_metres": 0.25, "detail": [[0.0, 0.0], [0.0, 0.0]]}
    (garden.root / "adjustment.json").write_text(json.dumps(written))
    again = Scene.load(garden.root)  # a scene that is open keeps what it has read
    moved = again.adjusted().frames[2].depth - again.frames[2].depth
    assert moved[again.frames[2].valid].mean() == pytest.approx(0.25, abs=1e-5)  # read, not solved
    assert torch.equal(again.adjusted().adjusted().frames[2].depth, again.adjusted().frames[2].depth)
    (garden.root / "adjustment.json").write_text(json.dumps(written | {"solved_from": "other views"}))
    again = Scene.load(garden.root)
    assert torch.equal(again.adjusted().frames[2].depth, again.frames[2].depth)  # solved anew
    (garden.root / "adjustment.json").write_text("{")
    again = Scene.load(garden.root)
    assert torch.equal(again.adjusted().frames[2].depth, again.frames[2].depth)


def test_adjustment_can_be_switched_off_and_needs_no_writable_folder(
    garden: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    off = replace(garden, manifest=replace(garden.manifest, config={"adjust": False}))
    assert off.adjustment().after == off.adjustment().before < 1e-3
    assert torch.equal(off.adjusted().frames[2].depth, off.frames[2].depth)
    assert not (garden.root / "adjustment.json").exists()

    def refuse(*_: object) -> None:
        raise PermissionError("read-only")

    monkeypatch.setattr("scene3d.adjustment.stored.replace_file", refuse)
    garden.export(tmp_path / "points.ply")
    assert not (garden.root / "adjustment.json").exists()
