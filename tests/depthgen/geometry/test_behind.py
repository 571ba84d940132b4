from __future__ import annotations

import pytest
import torch

from depthgen.geometry import Camera, behind, pixel_rays, turned

CAMERA = Camera.from_fov(60, 64, 48)
EVERYWHERE = torch.ones(1, 48, 64, dtype=torch.bool)
POST = (torch.arange(64) >= 28) & (torch.arange(64) < 38) & (torch.arange(48)[:, None] >= 10)


def post_before_a_wall(slant: float) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """A post at 2 m before the wall z = 6 + slant x: image, depth, and the wall's depth everywhere."""
    rays = pixel_rays(CAMERA)
    wall = 6 / (1 - slant * rays[..., 0])
    depth = torch.where(POST, 2.0, wall)
    image = torch.where(POST, torch.tensor([1.0, 0, 0])[:, None, None], 0.5)
    return image, depth[None], wall[None]


@pytest.mark.parametrize("slant", [0.0, 0.7, -0.7])
def test_a_plane_goes_on_behind_a_post(slant: float):
    image, depth, wall = post_before_a_wall(slant)
    layer = behind(image, depth, EVERYWHERE, CAMERA, margin=5)
    assert torch.equal(layer.hidden[0], POST)  # 5 pixels from either side meet
    torch.testing.assert_close(layer.depth[layer.hidden], wall[layer.hidden], rtol=1e-3, atol=0)
    torch.testing.assert_close(layer.image[:, POST], torch.full((3, int(POST.sum())), 0.5))


def test_no_farther_than_the_margin():
    image, depth, _ = post_before_a_wall(0.3)
    hidden = behind(image, depth, EVERYWHERE, CAMERA, margin=2).hidden[0]
    inner = POST.clone()
    inner[:12] = False
    inner[:, :30] = inner[:, 36:] = False
    assert torch.equal(hidden, POST & ~inner)


def test_nothing_is_hidden_where_nothing_ends(picture):
    camera = CAMERA.moved(turned(0, -60))  # the ground alone
    image, depth, valid = picture(camera)
    ground_only = valid & (depth < 2.5)
    assert not behind(image, depth, ground_only, camera, 8).hidden.any()


def test_what_is_imagined_lies_behind_what_is_seen(picture):
    image, depth, valid = picture(CAMERA)
    layer = behind(image, depth, valid, CAMERA, 8)
    assert layer.hidden.any()
    assert not (layer.hidden & ~valid).any()  # before the sky there is nothing to hide
    assert (layer.depth > depth)[layer.hidden].all()
    assert ((layer.depth == 0) == ~layer.hidden).all()


def test_the_layer_is_free_of_scale(picture):
    image, depth, valid = picture(CAMERA)
    one, hundred = (behind(image, scale * depth, valid, CAMERA, 6) for scale in (1.0, 100.0))
    assert torch.equal(one.hidden, hundred.hidden)
    torch.testing.assert_close(hundred.depth, 100 * one.depth, rtol=1e-4, atol=0)
