import torch

from depthgen.nn.blocks import Attention, FourierFeatures, ResBlock, Upsample, masked_mean_of_tokens


def test_mean_of_tokens_by_hand():
    text = torch.tensor([[[1.0, 2.0], [3.0, 6.0], [torch.nan, 9.0]]])
    pooled = masked_mean_of_tokens(text, torch.tensor([[True, True, False]]))
    torch.testing.assert_close(pooled, torch.tensor([[2.0, 4.0]]))
    assert (masked_mean_of_tokens(text, torch.zeros(1, 3, dtype=torch.bool)) == 0).all()


def test_fourier_features_tell_noise_levels_apart():
    features = FourierFeatures(16)(torch.linspace(-20, 20, 401))
    distance = torch.cdist(features, features)
    assert distance[~torch.eye(401, dtype=torch.bool)].min() > 0.05


def test_residual_branches_start_as_nothing():
    x = torch.randn(2, 8, 4, 4)
    assert torch.equal(ResBlock(8, 8, embedding=6, groups=2)(x, torch.randn(2, 6)), x)
    assert torch.equal(Attention(8, heads=2, groups=2)(x), x)


def test_scale_and_shift_act_before_the_second_convolution():
    # shift alone, with an identity as second convolution and no shortcut input, must come out through swish
    block = ResBlock(4, 4, embedding=2, groups=2)
    with torch.no_grad():
        block.norm2.weight.zero_()
        block.scale_shift.bias[4:] = 1.5
        block.conv2.weight[:, :, 1, 1] = torch.eye(4)
    y = block(torch.zeros(1, 4, 3, 3), torch.zeros(1, 2))
    torch.testing.assert_close(y, torch.nn.functional.silu(torch.full_like(y, 1.5)))


def test_attention_commutes_with_moving_the_pixels():
    attention = Attention(8, heads=2, groups=2)
    torch.nn.init.normal_(attention.out.weight)
    x = torch.randn(1, 8, 4, 4)
    torch.testing.assert_close(attention(x.flip(3)), attention(x).flip(3))


def test_upsampling_starts_without_checkerboard():
    x = torch.randn(1, 4, 3, 5)
    y = Upsample(4, 2)(x)
    assert y.shape == (1, 2, 6, 10)
    torch.testing.assert_close(y[..., ::2, ::2], y[..., 1::2, 1::2])
