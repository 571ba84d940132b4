"""Weights from one network to another: what is copied, what is not, and that nothing goes unsaid."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from depthgen.model import DiffusionModel, ModelConfig
from depthgen.nn.unet import UNetConfig
from depthgen.transfer import TransferReport, transfer

TINY = UNetConfig(channels=(8, 16), blocks=(1, 1), attention=(False, True), heads=2, groups=4)


def network(
    task: str, unet: UNetConfig = TINY, text: bool = False, seed: int = 0, known_depth: bool = False
) -> DiffusionModel:
    """A network with no two tensors alike."""
    torch.manual_seed(seed)
    model = DiffusionModel(ModelConfig(task=task, unet=unet, text=text, known_depth=known_depth))
    with torch.no_grad():
        for weight in model.parameters():
            weight.normal_()
    return model


def values(model: DiffusionModel) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in model.state_dict().items()}


def outcomes(report: TransferReport) -> dict[str, str]:
    return {account.name: account.outcome for account in report.accounts}


def test_from_palette_to_depth_only_the_ends_are_new() -> None:
    source, target = network("palette", seed=1), network("depth", seed=2)
    given, before = values(source), values(target)
    report = transfer(source, target)
    after = values(target)
    ends = {"net.stem.weight", "net.stem.bias", "net.out.weight", "net.out.bias"}
    assert set(report.names("new")) == ends
    assert set(report.names("copied")) == after.keys() - ends
    assert report.names("dropped") == ()
    for name, value in after.items():
        assert torch.equal(value, before[name] if name in ends else given[name]), name
    assert outcomes(report)["net.stem.weight"] == "new (shape (4, 4, 3, 3) was (4, 6, 3, 3))"
    assert outcomes(report)["net.stem.bias"] == "new (its layer is made anew)"
    assert outcomes(report)["net.out.bias"] == "new (shape (1,) was (3,))"
    assert all(torch.equal(value, given[name]) for name, value in source.state_dict().items())


def test_the_networks_share_no_memory_afterwards() -> None:
    source, target = network("palette", seed=1), network("depth", seed=2)
    transfer(source, target)
    with torch.no_grad():
        source.net.downs[0].weight.zero_()
    assert target.net.downs[0].weight.abs().sum() > 0


def test_attention_to_text_is_dropped() -> None:
    source, target = network("completion", text=True, seed=1), network("depth", seed=2)
    report = transfer(source, target)
    dropped = report.names("dropped")
    assert dropped
    assert all(".reading." in name or name.startswith("net.embed_text.") for name in dropped)
    copied = report.names("copied")
    assert any(".attention." in name for name in copied)
    assert not any(".reading." in name for name in copied)


def test_a_depth_model_learns_to_read_known_depth_from_where_it_stood() -> None:
    source, target = network("depth", seed=1), network("depth", seed=2, known_depth=True)
    transfer(source, target)
    z, t, image = torch.randn(1, 1, 16, 16), torch.tensor([0.5]), torch.randn(1, 3, 16, 16)
    told = torch.cat([image, torch.randn(1, 2, 16, 16)], dim=1)
    torch.testing.assert_close(target(z, t, told), source(z, t, image))


def test_equal_shapes_of_other_channels_are_not_carried() -> None:
    """A Palette network reads two pictures, one told of known depth a picture, two maps and its own."""
    source, target = network("palette", seed=1), network("depth", seed=2, known_depth=True)
    assert source.net.stem.weight.shape == target.net.stem.weight.shape
    before = values(target)
    assert outcomes(transfer(source, target))["net.stem.weight"] == "new (its layer is made anew)"
    assert torch.equal(target.net.stem.weight, before["net.stem.weight"])


GROWN = replace(TINY, channels=(8, 8, 16, 16), blocks=(1, 1, 1, 2), attention=(False,) * 3 + (True,))
INNER = replace(TINY, channels=(16, 16), blocks=(1, 2))


def test_a_network_grows_levels_around_those_of_another() -> None:
    inner, grown = replace(INNER, embedding=32), replace(GROWN, embedding=32)
    source, target = network("depth", inner, seed=1), network("depth", grown, seed=2)
    given, before = values(source), values(target)
    report = transfer(source, target, shift_levels=2)
    after = values(target)
    assert torch.equal(after["net.downs.2.weight"], given["net.downs.0.weight"])
    assert torch.equal(after["net.ups.3.conv.weight"], given["net.ups.1.conv.weight"])
    name = "net.decoders.{}.blocks.1.conv1.weight"
    assert torch.equal(after[name.format(3)], given[name.format(1)])
    copied = set(report.names("copied"))
    inner_levels = {
        n
        for n in after
        if n.split(".")[1] in ("downs", "encoders", "decoders", "ups") and n.split(".")[2] in "23"
    }
    assert copied == inner_levels | {n for n in after if n.startswith("net.embed_noise")}
    for untouched in after.keys() - copied:
        assert torch.equal(after[untouched], before[untouched]), untouched
    assert report.names("dropped") == ()


def test_a_network_of_larger_pictures_is_told_what_a_longer_lens_was() -> None:
    unet = replace(TINY, field_of_view=True)
    source = network("depth", unet)
    target = DiffusionModel(replace(source.config, resolution=96))
    transfer(source, target)
    z, condition, t = torch.randn(2, 1, 16, 16), torch.randn(2, 3, 16, 16), torch.tensor([0.3, 0.9])
    wide = torch.tensor([50.0, 80.0])
    longer = 2 * torch.atan(torch.tan(torch.deg2rad(wide) / 2) * 64 / 96)  # as many pixels a metre
    told = source(z, t, condition, fov=torch.rad2deg(longer))
    torch.testing.assert_close(target(z, t, condition, fov=wide), told, rtol=1e-4, atol=1e-4)
    assert not torch.allclose(source(z, t, condition, fov=wide), told, rtol=1e-2)
    unknown = torch.zeros(2)
    assert torch.equal(target(z, t, condition, fov=unknown), source(z, t, condition, fov=unknown))


def test_grown_networks_must_agree_inside() -> None:
    source, target = network("depth", INNER), network("depth", GROWN)  # embeddings of 64 and 32
    with pytest.raises(ValueError, match="embedding 64 of the source"):
        transfer(source, target, shift_levels=2)


CASES = [
    ("palette", False, "depth", False),
    ("completion", True, "depth", False),
    ("palette", False, "completion", True),
    ("palette", False, "palette", False),
]


@pytest.mark.parametrize(("was", "read", "becomes", "reads"), CASES)
def test_every_tensor_of_both_is_named_once(was: str, read: bool, becomes: str, reads: bool) -> None:
    source, target = network(was, text=read), network(becomes, text=reads, seed=1)
    report = transfer(source, target)
    names = [account.name for account in report.accounts]
    assert len(names) == len(set(names))
    assert set(names) == source.state_dict().keys() | target.state_dict().keys()
    for name, outcome in outcomes(report).items():
        in_source, in_target = name in source.state_dict(), name in target.state_dict()
        assert (outcome == "new (not in the source)") == (not in_source)
        assert (outcome == "dropped (not in the target)") == (not in_target)
    assert sum(a.values for a in report.accounts if a.kind != "dropped") == sum(
        value.numel() for value in target.state_dict().values()
    )


def test_a_deeper_target_says_what_is_new() -> None:
    source, target = network("palette"), network("depth", replace(TINY, attention=(True, True)), seed=1)
    before = values(target)
    report = transfer(source, target)
    added = [name for name, outcome in outcomes(report).items() if outcome == "new (not in the source)"]
    assert added
    assert all(".0.attention." in name for name in added)
    assert all(torch.equal(target.state_dict()[name], before[name]) for name in added)


def test_the_same_task_carries_everything() -> None:
    source, target = network("depth", seed=1), network("depth", seed=2)
    transfer(source, target)
    z, t, image = torch.randn(1, 1, 16, 16), torch.tensor([0.5]), torch.randn(1, 3, 16, 16)
    assert torch.equal(source(z, t, image), target(z, t, image))


@pytest.mark.parametrize(
    ("unet", "message"),
    [
        (
            replace(TINY, channels=(16, 16)),
            r"net\.\S+ \(.*\) was \(.*\); give the target the channels \(8, 16\)",
        ),
        (replace(TINY, heads=4), "heads 2, the target 4; give the target 2"),
        (replace(TINY, groups=2), "groups 4, the target 2"),
    ],
)
def test_networks_that_do_not_fit_are_refused_before_a_copy(unet: UNetConfig, message: str) -> None:
    source, target = network("palette", seed=1), network("depth", unet, seed=2)
    before = values(target)
    with pytest.raises(ValueError, match=message):
        transfer(source, target)
    assert all(torch.equal(value, before[name]) for name, value in target.state_dict().items())


def test_the_report_can_be_read() -> None:
    source, target = network("completion", text=True), network("depth")
    report = transfer(source, target)
    text = str(report)
    for name, outcome in outcomes(report).items():
        assert any(line.split() == [name, *outcome.split()] for line in text.splitlines()), name
    first, *groups = report.summary().splitlines()
    total = sum(
        value.numel() for name, value in target.state_dict().items() if name in report.names("copied")
    )
    assert f"{len(report.names('copied'))} copied ({total:,} values)" in first
    stem = next(line for line in groups if line.strip().startswith("net.stem:"))
    assert stem.strip() == f"net.stem: 2 new ({4 * 4 * 9 + 4} values)"
    assert len(groups) == len({name.split(".")[1] for name in outcomes(report)})
