import torch
from torch.nn import functional as F

from depthgen.depth import downsample_depth, joint_bilateral_upsample


def lower(depth: torch.Tensor, image: torch.Tensor, side: int) -> tuple[torch.Tensor, torch.Tensor]:
    low, _ = downsample_depth(depth, torch.ones_like(depth, dtype=torch.bool), (side, side))
    return low, F.interpolate(image[None], size=(side, side), mode="area")[0]


def test_a_step_edge_stays_where_the_colours_change():
    near = torch.zeros(1, 64, 64, dtype=torch.bool)
    near[:, 9:50, 21:46] = True  # off the low-resolution grid
    depth = torch.where(near, 2.0, 10.0)
    noise = 0.02 * torch.rand(3, 64, 64, generator=torch.Generator().manual_seed(0))
    image = torch.where(near, 0.7, 0.3) + noise
    low, guide_low = lower(depth, image, 16)
    fine = joint_bilateral_upsample(low, guide_low, image)
    assert ((fine / depth).log().abs() < 0.02).all()
    between = (fine > 2.1) & (fine < 9.5)
    assert not between.any()  # nothing floats between the surfaces


def test_edges_without_colour_still_do_not_mix():
    depth = torch.full((1, 48, 48), 2.0)
    depth[:, :, 24:] = 12.0
    image = torch.full((3, 48, 48), 0.5)
    low, guide_low = lower(depth, image, 12)
    torch.testing.assert_close(joint_bilateral_upsample(low, guide_low, image), depth, rtol=1e-4, atol=0)


def test_a_slanted_plane_comes_back_exactly():
    y, x = torch.meshgrid(torch.arange(64) + 0.5, torch.arange(64) + 0.5, indexing="ij")
    disparity = (0.05 + 0.002 * y + 0.001 * x)[None]  # planes are affine in disparity
    image = torch.full((3, 64, 64), 0.5)
    guide_low = torch.full((3, 16, 16), 0.5)
    low = 1 / F.interpolate(disparity[None], size=(16, 16), mode="area")[0]
    error = (joint_bilateral_upsample(low, guide_low, image) * disparity).log().abs()
    assert error[:, 4:-4, 4:-4].max() < 1e-4
    assert error.max() < 0.1  # at the rim the depth keeps to the range of what was given


def test_the_same_size_is_left_alone():
    depth = torch.rand(1, 8, 8) + 1
    assert torch.equal(joint_bilateral_upsample(depth, torch.rand(3, 8, 8), torch.rand(3, 8, 8)), depth)


def test_downsampling_takes_depths_that_occur():
    depth = torch.tensor([[1.0, 1.0, 9.0, 9.0], [1.0, 8.0, 9.0, 0.0]])[None]
    valid = depth > 0
    low, kept = downsample_depth(depth, valid, (1, 2))
    assert low.tolist() == [[[1.0, 9.0]]]
    assert kept.all()


def test_downsampling_wants_its_share_of_valid_pixels():
    depth = torch.tensor([[3.0, 0.0, 5.0, 0.0], [0.0, 0.0, 5.0, 0.0]])[None]
    low, kept = downsample_depth(depth, depth > 0, (1, 2))
    assert kept.tolist() == [[[False, True]]]
    assert low.tolist() == [[[0.0, 5.0]]]
    low, kept = downsample_depth(depth, depth > 0, (1, 2), least=0.0)
    assert kept.all()
    assert low.tolist() == [[[3.0, 5.0]]]
