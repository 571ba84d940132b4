"""Sky masks from files, from a segmenter and by rule; the rule is measured on rendered worlds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from depthgen.depth.sky import SegmenterSky, sky_by_rule, sky_file
from depthgen.worlds import OUTDOOR_KINDS, build_world, lidar, render

NOWHERE = torch.zeros(1, 24, 32, dtype=torch.bool)


def colored(*color: float) -> torch.Tensor:
    return torch.tensor(color)[:, None, None].expand(3, 24, 32).clone()


def landscape() -> torch.Tensor:
    """Green ground below row 14, blue above, and a pond."""
    image = colored(0.1, 0.5, 0.1)
    image[:, :14] = torch.tensor([0.4, 0.6, 0.9])[:, None, None]
    image[:, 18:21, 5:12] = torch.tensor([0.4, 0.6, 0.9])[:, None, None]
    return image


def test_the_rule_takes_what_is_joined_to_the_top() -> None:
    sky = sky_by_rule(landscape(), NOWHERE)
    assert sky[:, :14].all()
    assert not sky[:, 14:].any()  # the pond is as blue, but no way leads up from it


def test_the_rule_asks_for_a_path_without_steps() -> None:
    image = landscape()
    image[:, 6] = torch.tensor([0.5, 0.7, 1.0])[:, None]  # a band, 0.1 brighter
    sky = sky_by_rule(image, NOWHERE)
    assert sky[:, :6].all()
    assert not sky[:, 6:].any()
    image[:, 6, 31] = image[:, 5, 31]  # one gap in the band
    assert sky_by_rule(image, NOWHERE)[:, 7:14].all()
    slow = colored(0.4, 0.6, 0.9) + torch.linspace(0, 0.1, 24)[None, :, None]  # as much in many small steps
    assert sky_by_rule(slow, NOWHERE).all()


def test_what_holds_little_of_the_top_border_is_a_roof() -> None:
    image = colored(0.1, 0.5, 0.1)
    image[:, :14, :6] = 0.9
    assert not sky_by_rule(image, NOWHERE).any()  # 6 of 32 columns
    image[:, :14, :7] = 0.9
    assert sky_by_rule(image, NOWHERE)[:, :14, :7].all()


def test_the_rule_goes_around_what_has_depth() -> None:
    valid = NOWHERE.clone()
    valid[:, 3:10, 8:20] = True
    sky = sky_by_rule(landscape(), valid)
    assert torch.equal(sky[:, :14], ~valid[:, :14])
    valid[:, 7] = True  # from border to border
    sky = sky_by_rule(landscape(), valid)
    assert not sky[:, 7:].any()
    assert sky[:, :3].all()


@pytest.mark.parametrize(
    ("color", "is_sky"),
    [
        ((0.7, 0.6, 0.5), True),  # bright
        ((0.12, 0.16, 0.3), True),  # a blue night
        ((0.3, 0.3, 0.2), False),
        ((0.02, 0.02, 0.04), False),  # bluish, but black
    ],
)
def test_the_rule_wants_bright_or_blue(color: tuple[float, float, float], is_sky: bool) -> None:
    assert sky_by_rule(colored(*color), NOWHERE).all() == is_sky
    assert sky_by_rule(colored(*color), NOWHERE).any() == is_sky


def test_the_rule_on_rendered_worlds(capsys: pytest.CaptureFixture[str]) -> None:
    """Seen by a LiDAR of five lines, as sparse as KITTI's."""
    worlds = [build_world(1000 + i, OUTDOOR_KINDS[i % len(OUTDOOR_KINDS)]) for i in range(24)]
    cameras = [world.camera(np.random.default_rng(world.seed), 64) for world in worlds]
    views, generator = render(worlds, cameras), torch.Generator().manual_seed(0)
    ious = []
    for image, depth, sky, camera in zip(views.image, views.depth, views.sky, cameras, strict=True):
        _, valid = lidar(depth, ~sky, camera, generator, lines=5)
        found = sky_by_rule(image, valid)
        assert not (found & valid).any()
        union = (found | sky).sum().item()
        ious.append((found & sky).sum().item() / union if union else 1.0)
    with capsys.disabled():
        print(f"\nsky by rule, 24 outdoor worlds: IoU mean {np.mean(ious):.3f}, median {np.median(ious):.3f}")
    assert np.mean(ious) > 0.66
    assert np.median(ious) > 0.8


def test_a_file_beside_the_picture(tmp_path: Path) -> None:
    mask = np.zeros((48, 64), np.uint8)  # twice the size of the image
    mask[:20, 30:] = 255
    Image.fromarray(mask).save(tmp_path / "0001_sky.png")
    valid = NOWHERE.clone()
    valid[:, 0] = True
    sky = sky_file(tmp_path / "0001.jpg")(landscape(), valid)
    expected = torch.zeros(1, 24, 32, dtype=torch.bool)
    expected[:, 1:10, 15:] = True
    assert torch.equal(sky, expected)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "I;16"])
def test_files_of_any_mode(tmp_path: Path, mode: str) -> None:
    mask = np.zeros((24, 32), np.uint16 if mode == "I;16" else np.uint8)
    mask[:5] = 65535 if mode == "I;16" else 255
    image = Image.fromarray(mask)
    (image if mode == "I;16" else image.convert(mode)).save(tmp_path / "a_sky.png")
    sky = sky_file(tmp_path / "a.png")(landscape(), NOWHERE)
    assert torch.equal(sky[0, :, 0], torch.arange(24) < 5)
    assert (sky == sky[..., :1]).all()


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"b_sky\.png: no such sky mask"):
        sky_file(tmp_path / "b.png")(landscape(), NOWHERE)
    (tmp_path / "c_sky.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    with pytest.raises(ValueError, match=r"c_sky\.png: not an image"):
        sky_file(tmp_path / "c.png")(landscape(), NOWHERE)


@pytest.fixture(scope="module")
def segmenter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny SegFormer with random weights, saved as the real ones are."""
    from transformers import SegformerConfig, SegformerForSemanticSegmentation, SegformerImageProcessor

    torch.manual_seed(0)
    config = SegformerConfig(
        num_encoder_blocks=2, depths=[1, 1], sr_ratios=[2, 1], hidden_sizes=[8, 16], patch_sizes=[3, 3],
        strides=[2, 2], num_attention_heads=[1, 2], mlp_ratios=[2, 2], decoder_hidden_size=16,
        id2label={0: "road", 1: "Sky", 2: "tree"}, label2id={"road": 0, "Sky": 1, "tree": 2},
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("segmenter")
    SegformerForSemanticSegmentation(config).save_pretrained(folder)
    SegformerImageProcessor(size={"height": 32, "width": 64}).save_pretrained(folder)
    return folder


def test_a_segmenter_finds_what_it_calls_sky(segmenter: Path) -> None:
    mask = SegmenterSky.from_pretrained(segmenter)
    image = torch.rand(3, 24, 32, generator=torch.Generator().manual_seed(1))
    middle = logits_by_hand(mask, image).flatten(1).median(1).values
    with torch.no_grad():  # so that the labels share the picture
        mask.model.decode_head.classifier.bias -= middle
    labels = logits_by_hand(mask, image).argmax(0)
    assert 0.05 < (labels == 1).float().mean() < 0.95
    assert torch.equal(mask(image, NOWHERE), (labels == 1)[None])
    valid = torch.rand(1, 24, 32) < 0.5
    assert torch.equal(mask(image, valid), (labels == 1)[None] & ~valid)


def test_a_segmenter_in_half_precision_computes_in_float32(segmenter: Path, tmp_path: Path) -> None:
    mask = SegmenterSky.from_pretrained(segmenter)
    mask.model.half().save_pretrained(tmp_path)
    mask.processor.save_pretrained(tmp_path)
    loaded = SegmenterSky.from_pretrained(tmp_path)
    assert {p.dtype for p in loaded.model.parameters()} == {torch.float32}


def logits_by_hand(mask: SegmenterSky, image: torch.Tensor) -> torch.Tensor:
    """(labels,H,W): resized and normalised without the processor."""
    picture = Image.fromarray((image * 255).round().byte().permute(1, 2, 0).numpy())
    resized = np.array(picture.resize((64, 32), Image.Resampling.BILINEAR), np.float32) / 255
    normalised = (resized - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    given = torch.from_numpy(normalised).permute(2, 0, 1).float()[None]
    with torch.no_grad():
        logits = mask.model(pixel_values=given).logits
    return torch.nn.functional.interpolate(logits, (24, 32), mode="bilinear")[0]


def test_a_segmenter_without_sky_is_refused(segmenter: Path) -> None:
    mask = SegmenterSky.from_pretrained(segmenter)
    mask.model.config.id2label = {0: "road", 1: "ceiling", 2: "tree"}
    with pytest.raises(ValueError, match="no label 'sky'; it has: road, ceiling, tree"):
        SegmenterSky(mask.model, mask.processor)


def test_shapes_must_agree() -> None:
    with pytest.raises(ValueError, match=r"image \(3, 24, 32\) and valid \(1, 24, 31\)"):
        sky_by_rule(landscape(), NOWHERE[..., :31])
