"""Models behind the protocols; the networks here are tiny, random and built on the spot."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from depthgen import worlds
from depthgen.checkpoint import save_checkpoint
from depthgen.completer import Completion
from depthgen.geometry import Camera, turned
from depthgen.model import DiffusionModel, ModelConfig
from depthgen.nn.unet import UNetConfig
from scene3d.backends import load_models, located, roles_of
from scene3d.backends.builtin import CompleterPictures
from scene3d.backends.fingerprint import fingerprint
from scene3d.backends.oracle import oracle_for
from scene3d.config import GenerateConfig
from scene3d.generator import generate, generate_scene, resume_scene

CAMERA = Camera.from_fov(60, 32, 32)
QUICK = {"models": "oracle", "views": 2, "size": 32}
UNET = UNetConfig(channels=(16, 16), blocks=(1, 1), attention=(False, True))


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Settings that put untrained networks in the place of the built-in ones."""
    folder = tmp_path_factory.mktemp("checkpoints")
    torch.manual_seed(0)
    completer = ModelConfig(task="completion", unet=UNET, resolution=16, text=True)
    save_checkpoint(folder / "completer.safetensors", DiffusionModel(completer))
    save_checkpoint(folder / "depth.safetensors", DiffusionModel(ModelConfig(unet=UNET, resolution=16)))
    pictures, depth = str(folder / "completer.safetensors"), str(folder / "depth.safetensors")
    return {"text_to_image": pictures, "inpainter": pictures, "depth": depth}


def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_our_own_networks_keep_the_protocols(checkpoints: dict[str, str]) -> None:
    models = load_models(GenerateConfig(**checkpoints, image_steps=2), "a hut", CAMERA, "cpu")
    assert models.text_to_image is models.inpainter  # loaded once
    image = models.text_to_image.generate("a hut", camera=CAMERA, generator=seeded())
    assert image.shape == (3, 32, 32)
    assert 0 <= image.min() <= image.max() <= 1
    known = (torch.arange(32) < 16).expand(1, 32, 32)
    picture = models.inpainter.inpaint(1 - image, known, "a hut", camera=CAMERA, generator=seeded())
    assert picture.image.shape == image.shape
    assert picture.residual > 0
    depth = models.depth.predict(image, camera=CAMERA, generator=seeded())
    assert depth.depth.shape == depth.valid.shape == (1, 32, 32)
    assert depth.residual is None
    completed = models.depth.complete(
        image, torch.full_like(depth.depth, 3.0), known, camera=CAMERA, generator=seeded()
    )
    assert (completed.depth[known] == 3).all()
    assert completed.residual > 0


class Recorder:
    """A completer that notes what it is asked for."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    def generate(self, prompt: str, **given: Any) -> torch.Tensor:
        self.asked.append(given)
        return torch.zeros(3, 32, 32)

    def complete(self, image: torch.Tensor, known: torch.Tensor, prompt: str, **given: Any) -> Completion:
        self.asked.append(given)
        return Completion(image, 0.0)


def test_pictures_are_asked_for_with_the_cameras_angle_and_the_settings() -> None:
    recorder, camera = Recorder(), Camera.from_fov(80, 32, 32)
    pictures = CompleterPictures(recorder, guidance=5.0, steps=7)  # type: ignore[arg-type]
    pictures.generate("a hut", camera=camera, generator=seeded())
    known = torch.zeros(1, 32, 32, dtype=torch.bool)
    pictures.inpaint(torch.zeros(3, 32, 32), known, "a hut", camera=camera, generator=seeded())
    for asked in recorder.asked:
        assert asked["fov"] == pytest.approx(80)
        assert (asked["guidance"], asked["steps"]) == (5.0, 7)


def test_pictures_of_ones_own_completer_are_enlarged_by_the_built_in_upsampler(
    checkpoints: dict[str, str],
) -> None:
    models = load_models(GenerateConfig(**checkpoints), "a hut", CAMERA, "cpu")
    assert isinstance(models.text_to_image, CompleterPictures)
    assert models.text_to_image.completer.upsampler is not None


def test_a_whole_scene_from_networks_is_the_same_twice(tmp_path: Path, checkpoints: dict[str, str]) -> None:
    for name in "ab":
        out = tmp_path / name
        generate_scene("a hut", out=out, views=3, size=32, image_steps=2, depth_steps=2, **checkpoints)
    for file in sorted((tmp_path / "a/views").rglob("*.*")):
        assert file.read_bytes() == (tmp_path / "b" / file.relative_to(tmp_path / "a")).read_bytes()


def test_a_scene_is_resumed_from_another_folder_than_it_was_begun_in(
    tmp_path: Path, checkpoints: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(checkpoints["depth"]).parent
    monkeypatch.chdir(folder)
    next(generate("a hut", out=tmp_path / "s", config=GenerateConfig(depth="depth.safetensors", **QUICK)))
    monkeypatch.chdir(tmp_path)
    assert len(resume_scene("s").frames) == 2


def test_models_that_are_here_are_located_and_others_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("sd", "builtin"):
        (tmp_path / name).mkdir()
    found = located(GenerateConfig(text_to_image="diffusers:sd", inpainter="builtin", depth="marigold"))
    assert found.text_to_image == f"diffusers:{tmp_path / 'sd'}"
    assert (found.inpainter, found.depth) == ("builtin", "marigold")


def test_the_way_of_completion_is_a_setting_and_all_ways_are_described(checkpoints: dict[str, str]) -> None:
    from depthgen.completion import METHODS
    from scene3d.config import COMPLETIONS

    assert list(COMPLETIONS) == list(METHODS)
    depth = checkpoints["depth"]
    for config in (GenerateConfig(models="oracle", depth=depth, completion=way) for way in ("", "membrane")):
        loaded = load_models(config, "a hut", CAMERA, "cpu").depth
        assert loaded.completion == (config.completion or None)
    with pytest.raises(ValueError, match="no completion 'magic'; there are: read, refine"):
        GenerateConfig(completion="magic")


def test_the_fingerprint_follows_the_weights() -> None:
    class Holder:
        def __init__(self, network: torch.nn.Module) -> None:
            self.inner = {"network": network}

    torch.manual_seed(0)
    network = torch.nn.Linear(3, 2)
    first = fingerprint(Holder(network))
    assert fingerprint(Holder(network)) == first
    with torch.no_grad():
        network.bias[1] += 1
    assert fingerprint(Holder(network)) != first
    pipeline = SimpleNamespace(components={"unet": network})  # as a foreign depth model holds it
    foreign = SimpleNamespace(estimator=SimpleNamespace(sampler=SimpleNamespace(pipeline=pipeline)))
    assert fingerprint(foreign) != "no weights"
    assert fingerprint(object()) == "no weights"


def test_unknown_models_are_answered_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="builtin, oracle, stable-diffusion"):
        roles_of(GenerateConfig(models="dall-e"))
    with pytest.raises(ValueError, match="inpainter='magic'; known: builtin, oracle"):
        roles_of(GenerateConfig(inpainter="magic"))
    with pytest.raises(ValueError, match="no depth model 'magic'"):
        load_models(GenerateConfig(models="oracle", depth="magic"), "a hut", CAMERA, "cpu")


def test_the_oracle_shows_the_named_kind_of_place_from_any_camera() -> None:
    oracle = oracle_for("a Kitchen at night", seed=3, camera=CAMERA)
    assert oracle.world.kind == "kitchen"
    camera = CAMERA.moved(turned(40, translation=(0.1, 0, 0)))
    image = oracle.generate("", camera=camera, generator=seeded())
    placed = camera.moved(oracle.start.world_from_camera @ camera.world_from_camera)
    truth = worlds.render([oracle.world], [placed])
    assert torch.equal(image, truth.image[0])
    depth = oracle.complete(image, truth.depth[0], ~truth.sky[0], camera=camera, generator=seeded())
    assert depth.residual == 0
    assert torch.equal(depth.valid, ~truth.sky[0])


@pytest.mark.parametrize("prompt", ["a living room", "a village"])
def test_with_the_oracle_the_scene_is_the_world(tmp_path: Path, prompt: str) -> None:
    scene = generate_scene(prompt, out=tmp_path / "s", models="oracle", views=3, size=96, seed=1)
    oracle = oracle_for(prompt, 1, scene.frames[0].camera)
    for frame, entry in zip(scene.frames[1:], scene.manifest.journal[1:], strict=True):
        truth = oracle.predict(frame.image, camera=frame.camera, generator=seeded())
        both = frame.valid & truth.valid
        error = ((frame.depth - truth.depth).abs() / truth.depth)[both]
        assert (frame.valid == truth.valid).float().mean() > 0.97
        assert error.median() < 0.002
        assert (error < 0.05).float().mean() > 0.95
        assert entry.residual_image < 0.03
        assert entry.residual_depth < 0.03
        assert abs(entry.seam_step) < 0.02
        assert entry.new_pixels > 0.15
