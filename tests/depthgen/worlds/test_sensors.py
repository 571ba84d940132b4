"""Simulated sensors against closed forms: shadow widths, quantisation, the rows that scan lines meet."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from depthgen.geometry import Camera, pixel_rays
from depthgen.worlds.sensors import kinect, lidar, projector_shadow

FOCAL = 580.0  # px, that of a Kinect at 640 x 480
SHIFT = FOCAL * 0.075  # px of disparity times metres


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def wide(width: int = 200, height: int = 8, focal: float = FOCAL) -> Camera:
    K = torch.tensor([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1]])
    return Camera(K, torch.eye(4), width, height)


def plane(camera: Camera, metres: float) -> torch.Tensor:
    return torch.full((1, camera.height, camera.width), metres)


def light_grey(camera: Camera, value: float = 0.5) -> torch.Tensor:
    return torch.full((3, camera.height, camera.width), value)


def columns(shadow: torch.Tensor) -> list[int]:
    assert (shadow == shadow[:, :1]).all()  # every row alike
    return shadow[0, 0].nonzero()[:, 0].tolist()


@pytest.mark.parametrize(("near", "far"), [(1.0, 3.0), (1.0, 1.2), (2.0, 6.0), (0.8, 1000.0)])
def test_the_shadow_of_a_step_is_as_wide_as_its_disparity(near: float, far: float) -> None:
    depth = plane(wide(), far)
    depth[..., 120:] = near
    width = round(SHIFT * (1 / near - 1 / far))
    assert columns(projector_shadow(depth, wide())) == list(range(120 - width, 120))


def test_a_step_that_ends_to_the_right_casts_none() -> None:
    depth = plane(wide(), 3.0)
    depth[..., :120] = 1.0
    assert not projector_shadow(depth, wide()).any()


def test_past_a_thin_object_the_projector_reaches_the_wall() -> None:
    depth = plane(wide(), 3.0)
    depth[..., 120:126] = 1.0  # thinner than the 29 px of its shadow's shift
    assert columns(projector_shadow(depth, wide())) == list(range(120 - 29, 126 - 29))


def test_a_wall_at_an_angle_shadows_nothing() -> None:
    camera = wide()
    slope = pixel_rays(camera)[..., 0]
    depth = (2 / (1 + 1.0 * slope))[None]  # z = 2 - x: seen at 45 degrees, coming nearer to the right
    assert depth.min() > 0
    assert not projector_shadow(depth, camera).any()


def test_disparity_is_measured_in_eighths_of_a_pixel() -> None:
    camera = wide()
    depth, valid = kinect(plane(camera, 4.0), light_grey(camera), camera, seeded())
    steps = 8 * SHIFT / depth[valid]
    assert torch.allclose(steps, steps.round(), atol=1e-3)
    levels = depth[valid].unique()
    nearest = levels[(levels - 4).abs().argsort()[:2]].sort().values
    assert nearest.diff().item() == pytest.approx(16 / SHIFT / 8, rel=0.03)  # 4.6 cm


def test_the_error_grows_with_the_square_of_depth() -> None:
    camera = wide(400, 40)
    spread = {}
    for metres in (1.0, 2.0, 4.0, 8.0):
        depth, valid = kinect(plane(camera, metres), light_grey(camera), camera, seeded())
        spread[metres] = (depth[valid] - metres).square().mean().sqrt().item()
    step = 1 / SHIFT / 8
    for metres, error in spread.items():
        # noise of half a step, and a step's rounding: sqrt(1/4 + 1/12) of it
        assert error == pytest.approx(metres**2 * step * math.sqrt(1 / 3), rel=0.06)


def test_the_range_of_a_kinect() -> None:
    camera = wide()
    depth = plane(camera, 2.0)
    for column, metres in ((10, 0.4), (150, 11.0), (199, 1000.0)):
        depth[..., column] = metres
    measured, valid = kinect(depth, light_grey(camera), camera, seeded())
    assert not valid[..., [10, 150, 199]].any()
    assert valid[..., 100].all()
    assert (measured[~valid] == 0).all()
    assert measured[valid].min() > 1.9


def test_dark_and_shiny_surfaces_return_half() -> None:
    camera = wide(320, 240)
    depth = plane(camera, 2.0)
    for value, share in ((0.05, 0.5), (0.98, 0.5), (0.5, 1.0)):
        _, valid = kinect(depth, light_grey(camera, value), camera, seeded())
        assert valid.float().mean().item() == pytest.approx(share, abs=0.08)
    _, valid = kinect(depth, light_grey(camera, 0.05), camera, seeded())
    same = (valid[..., 1:] == valid[..., :-1]).float().mean()
    assert same > 0.9  # spots, not single pixels


def test_a_kinect_repeats_with_its_generator() -> None:
    camera = wide()
    image = torch.rand(3, 8, 200, generator=seeded())
    first, second, other = (kinect(plane(camera, 3.0), image, camera, seeded(s)) for s in (1, 1, 2))
    assert torch.equal(first[0], second[0])
    assert torch.equal(first[1], second[1])
    assert not torch.equal(first[0], other[0])


def scanned(camera: Camera, **options: object) -> torch.Tensor:
    """What is hit of a wall at 5 m that fills the view."""
    depth = plane(camera, 5.0)
    return lidar(depth, depth > 0, camera, seeded(), **{"dropout": 0.0, **options})[1][0]


def test_the_middle_column_is_hit_where_the_lines_say() -> None:
    camera = wide(101, 96, focal=100.0)
    hit = scanned(camera, lines=9, field=(4.0, -20.0))
    angles = [4.0 - 3.0 * line for line in range(9)]
    rows = {math.floor(48 - 100 * math.tan(math.radians(angle))) for angle in angles}
    assert set(hit[:, 50].nonzero()[:, 0].tolist()) == rows
    assert len(rows) == 9


def test_lines_of_a_scan_are_hyperbolas_in_the_picture() -> None:
    camera = wide(301, 96, focal=200.0)
    hit = scanned(camera, lines=1, field=(-8.0, -8.0))
    assert (hit.sum(0) >= 1).all()
    for column in (0, 40, 150, 260, 300):
        across = (column + 0.5 - 150.5) / 200
        row = 48 + 200 * math.tan(math.radians(8)) * math.sqrt(1 + across**2)
        assert abs(hit[:, column].nonzero().float().mean().item() + 0.5 - row) < 1


def test_beams_of_a_line_are_a_step_apart() -> None:
    camera = wide(801, 4, focal=800.0)
    hit = scanned(camera, lines=1, field=(0.0, 0.0), azimuth_step=1.0).any(0)
    expected = [math.floor(400.5 + 800 * math.tan(math.radians(step))) for step in range(-26, 27)]
    assert hit.nonzero()[:, 0].tolist() == expected


def test_a_small_picture_needs_few_lines() -> None:
    camera = Camera.from_fov(60, 64, 64)
    full, sparse = scanned(camera), scanned(camera, lines=5)
    # 32 - 55.4 tan(2 degrees) = 30.06 and 32 + 55.4 tan(24.8 degrees) = 57.6: every row between is hit
    assert full[:, 32].nonzero()[:, 0].tolist() == list(range(30, 58))
    assert 5 <= sparse[:, 32].sum() <= 6
    assert sparse.float().mean() < 0.1


def test_hits_keep_exact_depth_plus_noise_along_the_beam() -> None:
    camera = Camera.from_fov(90, 256, 256)
    depth = 4 + 3 * torch.rand(1, 256, 256, generator=seeded())
    measured, hit = lidar(depth, depth > 0, camera, seeded(), lines=200, field=(45.0, -45.0), dropout=0.0)
    assert (measured[~hit] == 0).all()
    ray = pixel_rays(camera).norm(dim=-1)[None]
    along = ((measured - depth) * ray)[hit]
    assert len(along) > 20000
    assert along.std().item() == pytest.approx(0.02, rel=0.03)
    corner = hit & (ray > 1.5)
    assert ((measured - depth) * ray)[corner].std().item() == pytest.approx(0.02, rel=0.1)


def test_nothing_returns_from_sky_and_from_too_far() -> None:
    camera = wide(64, 32, focal=60.0)
    depth = plane(camera, 20.0)
    depth[..., :10], depth[..., 10:20] = 130.0, 119.0
    valid = torch.ones_like(depth, dtype=torch.bool)
    valid[..., 40:] = False
    _, hit = lidar(depth, valid, camera, seeded(), lines=40, field=(15.0, -15.0), dropout=0.0)
    assert not hit[..., :10].any()
    assert not hit[..., 40:].any()
    assert hit[..., 20:40].any()
    # 119 m of depth are more than 120 m along a beam from 7.4 degrees off the axis on
    assert not hit[..., 10:18].any()


@settings(deadline=None, max_examples=10)
@given(st.floats(0, 1), st.integers(0, 2**31))
def test_dropout_is_the_share_of_lost_beams(dropout: float, seed: int) -> None:
    camera = wide(1200, 64, focal=700.0)  # finer than the beams: one pixel each
    depth = plane(camera, 5.0)
    options = {"lines": 8, "field": (2.0, -2.0)}
    everything = lidar(depth, depth > 0, camera, seeded(seed), dropout=0.0, **options)[1].sum().item()
    kept = lidar(depth, depth > 0, camera, seeded(seed), dropout=dropout, **options)[1].sum().item()
    spread = math.sqrt(everything * dropout * (1 - dropout))
    assert abs(kept - (1 - dropout) * everything) <= 5 * spread + 1e-6


def test_a_lidar_repeats_with_its_generator() -> None:
    camera = wide(64, 32, focal=60.0)
    depth = plane(camera, 9.0)
    first, second, other = (lidar(depth, depth > 0, camera, seeded(s)) for s in (1, 1, 2))
    assert torch.equal(first[0], second[0])
    assert not torch.equal(first[0], other[0])


def test_wrong_sizes_are_named() -> None:
    camera = wide()
    depth = torch.ones(1, 8, 100)
    with pytest.raises(ValueError, match=r"depth is \(1, 8, 100\).*\(1, 8, 200\)"):
        kinect(depth, light_grey(camera), camera, seeded())
    with pytest.raises(ValueError, match=r"image is \(3, 8, 100\)"):
        kinect(plane(camera, 1.0), torch.ones(3, 8, 100), camera, seeded())
    with pytest.raises(ValueError, match="valid is"):
        lidar(plane(camera, 1.0), depth > 0, camera, seeded())
    with pytest.raises(ValueError, match="lines 0"):
        lidar(plane(camera, 1.0), plane(camera, 1.0) > 0, camera, seeded(), lines=0)
