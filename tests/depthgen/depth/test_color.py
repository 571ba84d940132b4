import torch

from depthgen.depth import colorize


def test_near_is_red_far_is_violet_and_invalid_is_grey():
    depth = torch.tensor([[1.0, 10.0, 100.0, 0.0]])
    colors = colorize(depth, depth > 0, near=1.0, far=100.0)
    assert colors.dtype == torch.uint8
    assert colors[0, 0].tolist() == [158, 1, 66]
    assert colors[0, 1].tolist() == [255, 255, 191]  # the geometric mean is the middle of the table
    assert colors[0, 2].tolist() == [94, 79, 162]
    assert colors[0, 3].tolist() == [40, 40, 48]


def test_all_invalid_and_constant_maps_have_colours():
    flat = torch.full((3, 4), 2.0)
    assert colorize(flat, torch.zeros(3, 4, dtype=torch.bool)).unique().tolist() == [40, 48]
    assert len(colorize(flat, torch.ones(3, 4, dtype=torch.bool)).flatten(0, 1).unique(dim=0)) == 1


def test_ends_at_nought_have_colours():
    depth = torch.tensor([[0.0, 1.0, 2.0]])
    assert torch.equal(
        colorize(depth, torch.ones_like(depth, dtype=torch.bool), near=0.0, far=2.0)[0, [0, 2]],
        torch.tensor([[158, 1, 66], [94, 79, 162]], dtype=torch.uint8),
    )
