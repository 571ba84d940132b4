import math

import pytest
import torch

from depthgen.nn.unet import EfficientUNet, UNetConfig, fov_features

TINY = UNetConfig(
    in_channels=2, channels=(16, 32), blocks=(1, 2), attention=(False, True), heads=2, groups=4, text_width=6
)


@pytest.fixture
def net():
    """A tiny text-conditioned network away from its zero initialisation, at which it answers nothing."""
    torch.manual_seed(0)
    net = EfficientUNet(TINY)
    for parameter in net.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return net


def inputs(batch=2, height=8, width=12, tokens=5):
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(batch, 2, height, width, generator=generator)
    text = torch.randn(batch, tokens, 6, generator=generator)
    return x, torch.randn(batch, generator=generator) * 5, text, torch.ones(batch, tokens, dtype=torch.bool)


@pytest.mark.parametrize(("height", "width"), [(4, 4), (8, 12), (16, 4)])
def test_any_multiple_of_the_factor_keeps_its_size(net, height, width):
    assert net.config.factor == 4
    assert net(*inputs(height=height, width=width)).shape == (2, 1, height, width)


@pytest.mark.parametrize(("height", "width"), [(8, 10), (6, 8)])
def test_a_side_that_is_no_multiple_is_refused(net, height, width):
    with pytest.raises(ValueError, match=f"{height} x {width}, but both sides must be multiples of 4"):
        net(*inputs(height=height, width=width))


def test_a_new_network_answers_nothing():
    assert (EfficientUNet(TINY)(*inputs()) == 0).all()


def test_padding_tokens_do_not_matter(net):
    x, log_snr, text, valid = inputs()
    valid[:, 3:] = False
    padded_otherwise = text.clone()
    padded_otherwise[:, 3:] = torch.nan
    first = net(x, log_snr, text, valid)
    torch.testing.assert_close(net(x, log_snr, padded_otherwise, valid), first)
    torch.testing.assert_close(net(x, log_snr, text[:, :3], valid[:, :3]), first)


def test_valid_tokens_and_noise_level_and_every_input_channel_matter(net):
    x, log_snr, text, valid = inputs()
    first = net(x, log_snr, text, valid)
    other_text, other_x = text.clone(), x.clone()
    other_text[:, 0] *= -1
    other_x[:, 1] += 1
    for changed in (
        net(x, log_snr + 1, text, valid),
        net(x, log_snr, other_text, valid),
        net(other_x, *inputs()[1:]),
    ):
        assert (changed - first).abs().max() > 1e-3


def test_cross_attention_reads_the_tokens_one_by_one(net):
    # swapping the words of two tokens keeps their mean: only attention could tell, and it has no order either
    x, log_snr, text, valid = inputs()
    torch.testing.assert_close(net(x, log_snr, text.flip(1), valid), net(x, log_snr, text, valid))
    same_mean = text.mean(1, keepdim=True).expand_as(text)
    assert (net(x, log_snr, same_mean, valid) - net(x, log_snr, text, valid)).abs().max() > 1e-3


def test_no_valid_token_is_defined(net):
    x, log_snr, text, valid = inputs()
    assert net(x, log_snr, text, torch.zeros_like(valid)).isfinite().all()


def test_batch_entries_do_not_meet(net):
    x, log_snr, text, valid = inputs(batch=3)
    together = net(x, log_snr, text, valid)
    alone = torch.cat([net(*(v[i : i + 1] for v in (x, log_snr, text, valid))) for i in range(3)])
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-5)


def test_gradient_reaches_every_parameter(net):
    net(*inputs()).square().sum().backward()
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.abs().max() > 0, name


def test_output_sees_the_whole_picture_and_each_pixel_itself(net):
    x, *rest = inputs(batch=1, height=16, width=16)
    x.requires_grad_()
    (seen,) = torch.autograd.grad(net(x, *rest)[0, 0, 0, 0], x)
    assert (seen[0].abs().sum(0) > 0).all()
    assert seen[0, :, 0, 0].abs().max() > seen[0, :, -1, -1].abs().max()


def test_mixed_precision_stays_near_full_precision(net):
    full = net(*inputs())
    with torch.autocast("cpu", torch.bfloat16):
        half = net(*(inputs()))
    assert (half.float() - full).abs().max() < 0.05 * full.abs().max()


def test_text_must_come_exactly_when_the_network_reads_it(net):
    x, log_snr, text, valid = inputs()
    with pytest.raises(ValueError, match="expects text and text_valid"):
        net(x, log_snr)
    mute = EfficientUNet(UNetConfig(in_channels=2, channels=(16,), blocks=(1,), attention=(True,)))
    assert mute(x, log_snr).shape == (2, 1, 8, 12)
    with pytest.raises(ValueError, match="expects no text"):
        mute(x, log_snr, text, valid)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"blocks": (1, 2)}, "one entry for each level"),
        ({"channels": (48, 96, 100)}, "multiples of 2 \\* groups = 16"),
        ({"heads": 5}, "and of heads = 5"),
    ],
)
def test_an_impossible_shape_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        UNetConfig(**wrong)


def test_parameters_sit_at_the_low_resolutions():
    net = EfficientUNet(UNetConfig())
    sizes = [sum(p.numel() for p in level.parameters()) for level in net.encoders]
    assert sizes == sorted(sizes)
    assert 6e6 < sum(p.numel() for p in net.parameters()) < 8e6


def test_fields_of_view_by_hand() -> None:
    features = fov_features(torch.tensor([60.0, 0.0, 90.0]))
    assert features.tolist()[0] == pytest.approx([0, 1], abs=1e-6)
    assert features.tolist()[1] == [0, 0]
    assert features.tolist()[2] == pytest.approx([math.log(math.tan(math.radians(30))), 1])  # less magnified


def test_a_network_listens_to_the_field_of_view_once_trained() -> None:
    torch.manual_seed(0)
    net = EfficientUNet(
        UNetConfig(channels=(16, 16), blocks=(1, 1), attention=(False, False), field_of_view=True)
    )
    for parameter in net.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    x, level = torch.randn(2, 4, 8, 8), torch.zeros(2)
    known = net(x, level, fov=torch.tensor([60.0, 30.0]))
    assert not torch.allclose(known, net(x, level))
    assert torch.equal(net(x, level), net(x, level, fov=torch.zeros(2)))  # 0: not known


def test_recomputing_activations_changes_no_gradient() -> None:
    torch.manual_seed(0)
    net = EfficientUNet(UNetConfig(channels=(16, 16), blocks=(1, 1), attention=(False, True)))
    for parameter in net.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    gradients = []
    for net.recompute in (False, True):
        net.zero_grad()
        net(torch.ones(1, 4, 8, 8), torch.zeros(1)).square().sum().backward()
        gradients.append([parameter.grad.clone() for parameter in net.parameters()])  # type: ignore[union-attr]
    assert all(torch.allclose(a, b) for a, b in zip(*gradients, strict=True))
