"""Tiny, randomly initialised pipelines of the foreign families, saved as their own libraries do it."""

import math
from pathlib import Path

import pytest
import torch

from depthgen import DepthEstimator
from depthgen.geometry import Camera

IMAGE = torch.rand(3, 48, 64, generator=torch.Generator().manual_seed(0))
DEPTH = torch.linspace(2, 5, 64).expand(1, 48, 64)
LEFT = (torch.arange(64) < 40).expand(1, 48, 64)


@pytest.fixture(scope="module")
def marigold(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from diffusers import AutoencoderKL, DDIMScheduler, MarigoldDepthPipeline, UNet2DConditionModel
    from transformers import BertTokenizer, CLIPTextConfig, CLIPTextModel

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("marigold")
    (folder / "vocab.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n")
    blocks = {"block_out_channels": (16, 16), "norm_num_groups": 8}
    unet = UNet2DConditionModel(
        in_channels=8,
        out_channels=4,
        layers_per_block=1,
        cross_attention_dim=16,
        attention_head_dim=4,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        **blocks,
    )
    vae = AutoencoderKL(
        latent_channels=4,
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        **blocks,
    )
    text = CLIPTextConfig(
        vocab_size=5, hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2
    )
    MarigoldDepthPipeline(
        unet=unet,
        vae=vae,
        scheduler=DDIMScheduler(prediction_type="v_prediction", steps_offset=1, clip_sample=False),
        text_encoder=CLIPTextModel(text),
        tokenizer=BertTokenizer(str(folder / "vocab.txt"), model_max_length=8),
        prediction_type="depth",
        default_denoising_steps=1,
        default_processing_resolution=0,
    ).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module", params=["relative", "metric"])
def depth_anything(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    from transformers import (
        DepthAnythingConfig,
        DepthAnythingForDepthEstimation,
        Dinov2Config,
        DPTImageProcessor,
    )

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp(request.param)
    backbone = Dinov2Config(
        hidden_size=16,
        num_hidden_layers=4,
        num_attention_heads=2,
        image_size=28,
        patch_size=14,
        out_features=["stage1", "stage2", "stage3", "stage4"],
        reshape_hidden_states=False,
        apply_layernorm=True,
    )
    config = DepthAnythingConfig(
        backbone_config=backbone,
        reassemble_hidden_size=16,
        neck_hidden_sizes=[8, 8, 8, 8],
        fusion_hidden_size=8,
        head_hidden_size=8,
        depth_estimation_type=request.param,
        max_depth=20,
    )
    DepthAnythingForDepthEstimation(config).save_pretrained(folder)
    DPTImageProcessor(
        size={"height": 42, "width": 56}, ensure_multiple_of=14, keep_aspect_ratio=True
    ).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module", params=[True, False], ids=["own field of view", "none"])
def depth_pro(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    from transformers import DepthProConfig, DepthProForDepthEstimation, Dinov2Config

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("depth-pro")
    encoder = Dinov2Config(
        hidden_size=16, num_hidden_layers=2, num_attention_heads=2, image_size=32, patch_size=4
    )
    config = DepthProConfig(
        patch_size=32,
        fusion_hidden_size=16,
        intermediate_hook_ids=[1, 0],
        intermediate_feature_dims=[8, 8],
        scaled_images_ratios=[0.5, 1.0],
        scaled_images_overlap_ratios=[0.0, 0.25],
        scaled_images_feature_dims=[8, 8],
        num_fov_head_layers=1,
        use_fov_model=request.param,
        image_model_config=encoder.to_dict(),
        patch_model_config=encoder.to_dict(),
        fov_model_config=encoder.to_dict(),
    )
    model = DepthProForDepthEstimation(config)
    with torch.no_grad():  # the heads of a fresh model are so near 0 that every depth would be clamped
        model.head.layers[-2].weight.mul_(0.01)
        model.head.layers[-2].bias.fill_(2.0)
        if request.param:
            model.fov_model.head.layers[-1].bias.fill_(50.0)
    model.save_pretrained(folder)
    return folder


def check(estimator: DepthEstimator) -> None:
    out = estimator.predict(IMAGE, samples=2, camera=Camera.from_fov(60, 64, 48))
    assert out.depth.shape == out.std.shape == (48, 64)
    assert torch.isfinite(out.depth).all()
    assert (out.depth > 0).all()
    completed = estimator.complete(IMAGE, DEPTH, LEFT)
    assert torch.equal(completed.depth[LEFT[0]], DEPTH[LEFT])
    assert completed.residual >= 0


def test_marigold(marigold: Path):
    check(DepthEstimator.from_pretrained(marigold, device="cpu"))


def test_depth_anything(depth_anything: Path):
    check(DepthEstimator.from_pretrained(depth_anything, device="cpu"))


def test_half_precision_in_a_folder_is_not_that_of_the_computation(depth_anything: Path, tmp_path: Path):
    from transformers import AutoImageProcessor, AutoModelForDepthEstimation

    AutoModelForDepthEstimation.from_pretrained(depth_anything).half().save_pretrained(tmp_path)
    AutoImageProcessor.from_pretrained(depth_anything).save_pretrained(tmp_path)
    estimator = DepthEstimator.from_pretrained(tmp_path, device="cpu")
    assert {p.dtype for p in estimator.sampler.model.parameters()} == {torch.float32}


def test_depth_pro(depth_pro: Path):
    check(DepthEstimator.from_pretrained(depth_pro, device="cpu"))


def test_depth_pro_takes_its_scale_from_the_camera_or_from_its_own_field_of_view(depth_pro: Path):
    estimator = DepthEstimator.from_pretrained(depth_pro, device="cpu")
    assert estimator.meaning == "metric"
    wide, long = (estimator.predict(IMAGE, camera=Camera.from_fov(fov, 64, 48)).depth for fov in (90, 40))
    ratio = math.tan(math.radians(45)) / math.tan(math.radians(20))
    torch.testing.assert_close(long, ratio * wide, rtol=1e-4, atol=0)
    short_side_60 = 2 * math.degrees(math.atan(math.tan(math.radians(30)) * 64 / 48))
    guess = own_fov(estimator) if estimator.sampler.model.config.use_fov_model else short_side_60
    same = estimator.predict(IMAGE, camera=Camera.from_fov(guess, 64, 48)).depth
    torch.testing.assert_close(estimator.predict(IMAGE).depth, same, rtol=1e-4, atol=0)


def own_fov(estimator: DepthEstimator) -> float:
    """What the model says of IMAGE, fed as the processor of its library would feed it."""
    square = torch.nn.functional.interpolate(IMAGE[None], size=(64, 64), mode="bilinear")
    with torch.no_grad():
        return float(estimator.sampler.model(pixel_values=(square - 0.5) / 0.5).field_of_view)


def test_families_say_what_their_numbers_mean(marigold: Path, depth_anything: Path):
    assert DepthEstimator.from_pretrained(marigold, device="cpu").meaning == "affine depth"
    expected = "metric" if "metric" in depth_anything.name else "affine disparity"
    assert DepthEstimator.from_pretrained(depth_anything, device="cpu").meaning == expected


def test_folders_without_a_model_are_named(tmp_path: Path):
    with pytest.raises(ValueError, match=tmp_path.name):
        DepthEstimator.from_pretrained(tmp_path)


def test_no_connection_is_one_clear_line(monkeypatch: pytest.MonkeyPatch):
    from huggingface_hub import HfApi

    def refuse(*_args: object, **_options: object) -> None:
        raise ConnectionError("no route")

    monkeypatch.setattr(HfApi, "model_info", refuse)
    with pytest.raises(ValueError, match="cannot be reached; give a local folder"):
        DepthEstimator.from_pretrained("someone/depth-model-that-is-not-cached")
