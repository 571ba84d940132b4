"""Diffusers pipelines in their plain form: tiny, random, saved to a folder and loaded from it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from depthgen import composited
from depthgen.geometry import Camera
from scene3d.backends import foreign, load_models
from scene3d.backends.foreign import DiffusersInpainter, load_text_to_image, native_size
from scene3d.config import GenerateConfig
from scene3d.generator import generate_scene

CAMERA = Camera.from_fov(60, 48, 48)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Saved pipelines: text-to-image and inpainting, a few thousand parameters each."""
    from diffusers import StableDiffusionInpaintPipeline, StableDiffusionPipeline

    root = tmp_path_factory.mktemp("pipelines")
    StableDiffusionPipeline(**parts(latents=4)).save_pretrained(root / "text-to-image")
    StableDiffusionInpaintPipeline(**parts(latents=9)).save_pretrained(root / "inpaint")
    return root


def parts(latents: int) -> dict:
    """The components of a latent diffusion pipeline for 32 px pictures; inpainting has 9 latent channels."""
    from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel

    torch.manual_seed(0)
    blocks = {"block_out_channels": (32, 64), "norm_num_groups": 8, "layers_per_block": 1}
    unet = UNet2DConditionModel(
        sample_size=16,
        in_channels=latents,
        out_channels=4,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=32,
        **blocks,
    )
    vae = AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        latent_channels=4,
        **blocks,
    )
    sizes = {"num_hidden_layers": 1, "num_attention_heads": 4, "max_position_embeddings": 77}
    text = CLIPTextConfig(vocab_size=1000, hidden_size=32, intermediate_size=37, **sizes)
    return {
        "vae": vae,
        "unet": unet,
        "text_encoder": CLIPTextModel(text),
        "tokenizer": tokenizer(),
        "scheduler": DDIMScheduler(clip_sample=False, steps_offset=1),
        "safety_checker": None,
        "feature_extractor": None,
    }


def tokenizer() -> object:
    """A CLIP tokenizer that knows single letters."""
    from transformers import CLIPTokenizer

    letters = "abcdefghijklmnopqrstuvwxyz"
    words = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    return CLIPTokenizer(vocab={word: i for i, word in enumerate(words)}, merges=[], model_max_length=77)


def settings(folder: Path) -> dict:
    return {
        "text_to_image": f"diffusers:{folder / 'text-to-image'}",
        "inpainter": f"diffusers:{folder / 'inpaint'}",
        "depth": "oracle",
        "image_steps": 2,
        "size": 48,
    }


def test_pipelines_run_at_their_own_size_and_answer_at_ours(folder: Path) -> None:
    models = load_models(GenerateConfig(**settings(folder)), "a hut", CAMERA, "cpu")
    assert native_size(models.text_to_image.pipeline) == 32
    image = models.text_to_image.generate("a hut", camera=CAMERA, generator=torch.Generator().manual_seed(0))
    again = models.text_to_image.generate("a hut", camera=CAMERA, generator=torch.Generator().manual_seed(0))
    assert image.shape == (3, 48, 48)
    assert torch.equal(image, again)
    assert 0 <= image.min() < image.max() <= 1


def test_the_drift_of_an_inpainting_pipeline_is_measured_and_undone(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = []
    spy = lambda picture, *rest: (drawn.append(picture), composited(picture, *rest))[1]  # noqa: E731
    monkeypatch.setattr(foreign, "composited", spy)
    models = load_models(GenerateConfig(**settings(folder)), "a hut", CAMERA, "cpu")
    image, known = torch.rand(3, 48, 48), (torch.arange(48) < 24).expand(1, 48, 48)
    generator = torch.Generator().manual_seed(0)
    picture = models.inpainter.inpaint(image, known, "a hut", camera=CAMERA, generator=generator)
    assert picture.image.shape == image.shape
    assert torch.equal(picture.image[..., :24], image[..., :24])
    assert picture.residual == pytest.approx((drawn[0] - image)[..., :24].abs().mean().item())


@pytest.mark.parametrize("side", [32, 48, 80])
def test_a_pipeline_is_handed_nothing_of_the_hole_as_known(side: int) -> None:
    """A grey picture with a black hole is grey wherever the pipeline may keep it."""
    handed = {}

    class Pipeline:
        unet, vae_scale_factor = SimpleNamespace(config=SimpleNamespace(sample_size=side)), 1

        def __call__(self, prompt: str, **given: torch.Tensor) -> SimpleNamespace:
            handed.update(given)
            return SimpleNamespace(images=given["image"].permute(0, 2, 3, 1).numpy())

    known = torch.ones(1, 48, 48, dtype=torch.bool)
    known[:, 10:21, 13:30] = False
    image = torch.full((3, 48, 48), 0.8) * known
    generator = torch.Generator()
    DiffusersInpainter(Pipeline()).inpaint(image, known, "a hut", camera=CAMERA, generator=generator)
    hole = handed["mask_image"][0] > 0
    assert handed["image"][0][:, ~hole[0]].sub(0.8).abs().max() < 1e-3
    assert 0 < hole.float().mean() < 2 * (~known).float().mean()


def test_a_scene_from_pipelines_keeps_known_pixels_and_records_the_weights(
    tmp_path: Path, folder: Path
) -> None:
    scene = generate_scene("a village", out=tmp_path / "s", views=2, **settings(folder))
    assert scene.manifest.journal[1].residual_image > 0
    assert "sha256:" in scene.manifest.models["inpainter"]


def test_a_pipeline_that_cannot_be_had_is_one_line(tmp_path: Path) -> None:
    config = GenerateConfig(models="oracle", text_to_image=f"diffusers:{tmp_path / 'none'}")
    with pytest.raises(ValueError, match="diffusers cannot load") as caught:
        load_models(config, "a hut", CAMERA, "cpu")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("answers", [True, False])
def test_a_hub_that_does_not_answer_is_not_waited_for(answers: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    from diffusers.pipelines.auto_pipeline import AutoPipelineForText2Image

    asked: list[bool] = []

    def from_pretrained(source: str, *, local_files_only: bool, **_: object) -> None:
        asked.append(local_files_only)
        raise OSError(f"no {source}")

    monkeypatch.setattr("scene3d.backends.foreign.hub_has", lambda hub_id: answers)
    monkeypatch.setattr(AutoPipelineForText2Image, "from_pretrained", from_pretrained)
    message = "no owner/name" if answers else "not on this machine"
    with pytest.raises(ValueError, match=f"cannot load 'owner/name': .*{message}"):
        load_text_to_image("owner/name", "cpu", GenerateConfig())
    assert asked == [not answers]
