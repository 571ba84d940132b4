"""The loop with models that know the truth, so that whatever is wrong is the loop's own."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from torch import Tensor

from depthgen.geometry import Camera
from scene3d import generator
from scene3d.backends import Depth, Models, Picture
from scene3d.config import GenerateConfig
from scene3d.frame import round_to_8_bits
from scene3d.fusion import fuse_all, view_from
from scene3d.generator import generate, generate_scene, resume, resume_scene
from scene3d.journal import read_manifest
from scene3d.scene import Scene

Look = Callable[[Camera], tuple[Tensor, Tensor, Tensor]]


@dataclass(frozen=True)
class Truth:
    """All three models, by looking; `noise` is drawn from the generator and added to new colours."""

    look: Look
    noise: float = 0.0
    spread: float | None = None
    heard: list[str] = field(default_factory=list)  # the prompts of the views

    def generate(self, prompt: str, *, camera: Camera, generator: torch.Generator) -> Tensor:
        image = self.look(camera)[0]
        return image + self.noise * torch.randn(image.shape, generator=generator)

    def inpaint(
        self, image: Tensor, known: Tensor, prompt: str, *, camera: Camera, generator: torch.Generator
    ) -> Picture:
        self.heard.append(prompt)
        truth = self.generate(prompt, camera=camera, generator=generator)
        return Picture(truth, float((truth - image).abs()[known.expand_as(image)].mean()))

    def predict(self, image: Tensor, *, camera: Camera, generator: torch.Generator) -> Depth:
        depth, valid = self.look(camera)[1:]
        return Depth(depth, valid, std=self._std(depth, generator))

    def complete(
        self, image: Tensor, depth: Tensor, known: Tensor, *, camera: Camera, generator: torch.Generator
    ) -> Depth:
        truth, valid = self.look(camera)[1:]
        both = known & valid
        residual = float((truth[both] / depth[both]).log().abs().mean())
        return Depth(truth, valid, residual, self._std(truth, generator))

    def _std(self, depth: Tensor, generator: torch.Generator) -> Tensor | None:
        return (
            None
            if self.spread is None
            else self.spread * depth * torch.rand(depth.shape, generator=generator)
        )


@pytest.fixture(autouse=True)
def truthful(look: Look, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Put the truth in the place of the models, with as much noise and spread of depth as a test asks for."""

    def use(noise: float, spread: float | None = None) -> None:
        truth = Truth(look, noise, spread)
        models = Models(truth, truth, truth, {"text_to_image": "truth"})
        monkeypatch.setattr(generator, "load_models", lambda *_: models)

    use(0.0)
    return use


def files_under(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_with_true_models_every_view_is_the_truth(tmp_path: Path, look: Look) -> None:
    scene = generate_scene("a garden", out=tmp_path / "s", views=5, size=96)
    for view, (frame, entry) in enumerate(zip(scene.frames, scene.manifest.journal, strict=True)):
        image, depth, valid = look(frame.camera)
        new = ~view_from(fuse_all(scene.frames[:view]), frame.camera).known
        assert torch.equal(frame.image[:, new[0]], round_to_8_bits(image)[:, new[0]])
        assert (frame.valid == valid).float().mean() > 0.99
        both = frame.valid & valid
        error = (frame.depth - depth).abs()[both] / depth[both]
        assert error.median() < 1e-3
        assert (error < 0.02).float().mean() > 0.99
        assert (entry.residual_image or 0) < 0.02
        assert (entry.residual_depth or 0) < 0.003
        assert abs(entry.seam_step or 0) < 0.01
        assert abs(entry.seam_color or 0) < 0.02
        assert (entry.seam_color is None) == (entry.view == 0)


def test_the_default_path_turns_far_and_always_shows_something_new(tmp_path: Path) -> None:
    scene = generate_scene("a garden", out=tmp_path / "s", size=64)
    forward = [frame.camera.world_from_camera[:3, 2] for frame in scene.frames]
    turns = [torch.rad2deg(torch.arccos(a @ b)).item() for a, b in pairwise(forward)]
    assert len(scene.frames) == 8
    assert sum(turns) >= 120
    assert all(entry.new_pixels >= 0.15 for entry in scene.manifest.journal)


def test_known_pixels_are_kept_exactly(tmp_path: Path, truthful: Callable[[float], None]) -> None:
    truthful(0.1)  # the model strays from the known pixels, and says so
    scene = generate_scene("a garden", out=tmp_path / "s", views=3, size=64)
    last = scene.frames[-1]
    seen = view_from(fuse_all(scene.frames[:-1]), last.camera)
    assert torch.equal(seen.covered, last.known)
    assert torch.equal(round_to_8_bits(seen.image)[:, seen.known[0]], last.image[:, seen.known[0]])
    assert torch.equal(seen.depth[seen.surface], last.depth[seen.surface])
    # the mean of |N(0, 0.1)| is 0.08, and the known pixels carry noise of their own: up to sqrt(2) times that
    assert 0.08 < scene.manifest.journal[-1].residual_image < 0.115


def test_the_sky_stays_sky_and_out_of_the_mesh(tmp_path: Path, look: Look) -> None:
    scene = generate_scene("a garden", out=tmp_path / "s", views=3, size=64)
    sky = scene.frames[1].known & ~look(scene.frames[1].camera)[2]
    assert sky.float().mean() > 0.1
    assert not scene.frames[1].valid[sky].any()
    assert scene.mesh().vertices.norm(dim=1).max() < 60


def test_same_seed_same_bytes_other_seed_other_bytes(
    tmp_path: Path, truthful: Callable[[float], None]
) -> None:
    truthful(0.1)
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        generate_scene("a garden", out=tmp_path / name, views=3, size=48, seed=seed)
    a, b, c = (files_under(tmp_path / name / "views") for name in "abc")
    assert a == b
    assert a["0002/image.png"] != c["0002/image.png"]
    assert (tmp_path / "a/scene.json").read_bytes() == (tmp_path / "b/scene.json").read_bytes()


@pytest.mark.parametrize("stop_after", [0, 1, 2])
def test_interrupted_and_resumed_is_byte_identical(
    tmp_path: Path, truthful: Callable[[float], None], stop_after: int
) -> None:
    truthful(0.1)
    generate_scene("a garden", out=tmp_path / "whole", views=4, size=48)
    steps = generate("a garden", out=tmp_path / "cut", config=GenerateConfig(views=4, size=48))
    for _ in range(stop_after + 1):
        next(steps)
    steps.close()
    resume_scene(tmp_path / "cut")
    assert files_under(tmp_path / "cut/views") == files_under(tmp_path / "whole/views")
    assert (tmp_path / "cut/scene.json").read_bytes() == (tmp_path / "whole/scene.json").read_bytes()


def test_uncertain_depth_is_cut_counted_and_resumed_with_the_same_bytes(
    tmp_path: Path, truthful: Callable[..., None]
) -> None:
    truthful(0.1, spread=0.25)  # evenly up to 25 %: a fifth of the pixels is beyond the 20 % that are allowed
    whole = generate_scene("a garden", out=tmp_path / "whole", views=3, size=48)
    steps = generate("a garden", out=tmp_path / "cut", config=GenerateConfig(views=3, size=48))
    next(steps)
    steps.close()
    resume_scene(tmp_path / "cut")
    assert files_under(tmp_path / "cut").keys() == files_under(tmp_path / "whole").keys()
    assert files_under(tmp_path / "cut/views") == files_under(tmp_path / "whole/views")
    for frame, entry in zip(whole.frames, whole.manifest.journal, strict=True):
        assert entry.uncertain == pytest.approx(0.2, abs=0.05)
        assert frame.certain[frame.known].all()


def test_resuming_a_finished_scene_does_nothing(tmp_path: Path) -> None:
    generate_scene("a garden", out=tmp_path / "s", views=2, size=48)
    before = files_under(tmp_path / "s")
    assert len(resume_scene(tmp_path / "s").frames) == 2
    assert files_under(tmp_path / "s") == before


@pytest.mark.parametrize("failing", ["os.replace", "os.fsync"])
def test_a_crash_while_committing_leaves_a_scene_that_loads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    generate_scene("a garden", out=tmp_path / "whole", views=3, size=48)
    steps = generate("a garden", out=tmp_path / "cut", config=GenerateConfig(views=3, size=48))
    next(steps)
    with monkeypatch.context() as patch:
        patch.setattr(failing, _raise_power_cut)
        with pytest.raises(RuntimeError, match="power cut"):
            next(steps)
    assert len(Scene.load(tmp_path / "cut").frames) == 1
    resume_scene(tmp_path / "cut")
    assert files_under(tmp_path / "cut/views") == files_under(tmp_path / "whole/views")


def test_a_crash_between_the_view_and_the_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = generate("a garden", out=tmp_path / "s", config=GenerateConfig(views=2, size=48))
    next(steps)
    with monkeypatch.context() as patch:
        patch.setattr("scene3d.journal.write_manifest", _raise_power_cut)
        with pytest.raises(RuntimeError, match="power cut"):
            next(steps)
    assert (tmp_path / "s/views/0001").is_dir()  # renamed, but not yet listed: it does not count
    assert len(Scene.load(tmp_path / "s").frames) == 1
    assert len(resume_scene(tmp_path / "s").frames) == 2


@pytest.mark.parametrize("renames", [0, 1])
def test_a_crash_before_the_journal_leaves_a_folder_to_begin_in_again(
    tmp_path: Path, look: Look, monkeypatch: pytest.MonkeyPatch, renames: int
) -> None:
    from scene3d.frame import write_image

    write_image(look(Camera.from_fov(60, 32, 32))[0], tmp_path / "photo.png")
    given = {
        "image": tmp_path / "photo.png",
        "out": tmp_path / "s",
        "config": GenerateConfig(views=1, size=32),
    }
    left, rename = iter(range(renames)), os.replace
    with monkeypatch.context() as patch:
        patch.setattr(
            "os.replace",
            lambda *paths: rename(*paths) if next(left, None) is not None else _raise_power_cut(),
        )
        with pytest.raises(RuntimeError, match="power cut"):
            next(generate("a garden", **given))
    assert next(generate("a garden", **given)).view == 0


def test_a_scene_that_another_run_has_begun_meanwhile_is_not_written_over(tmp_path: Path) -> None:
    late = generate("a beach", out=tmp_path / "s", config=GenerateConfig(views=1, size=32))
    generate_scene("a village", out=tmp_path / "s", views=1, size=32)
    before = files_under(tmp_path / "s")
    with pytest.raises(ValueError, match="holds a scene"):
        next(late)
    assert files_under(tmp_path / "s") == before


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"views": 2.5}, "views is 2.5"),
        ({"adjust": "false"}, "adjust is 'false'"),
        ({"depth": None}, "depth is None"),
        ({"colour": 1}, "has no colour"),
        ({"then": {1.5: "x"}}, "no view 1.5"),
        ({"trajectory": Path("nowhere.json")}, "no camera path 'nowhere.json'"),
        ({"then": {1: None}}, "from view 1 on is None"),
        ({"prompt": None}, "the prompt is None"),
        ({"prompt": "a village \udcff"}, "no valid text"),
    ],
)
def test_what_is_of_no_use_is_refused_before_anything_is_written(
    tmp_path: Path, given: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        generate_scene(**{"prompt": "a garden", "out": tmp_path / "s", "views": 2} | given)
    assert not list(tmp_path.iterdir())


def test_a_view_made_on_another_device_says_so(tmp_path: Path) -> None:
    steps = generate("a garden", out=tmp_path / "s", config=GenerateConfig(views=2, size=32, device="cpu"))
    next(steps)
    with pytest.warns(UserWarning, match="device was cpu"):
        scene = resume_scene(tmp_path / "s", device="cpu:0")
    assert [entry.device for entry in scene.manifest.journal] == [None, "cpu:0"]


def _raise_power_cut(*arguments: object) -> None:
    raise RuntimeError("power cut")


def test_another_environment_is_warned_of(tmp_path: Path) -> None:
    steps = generate("a garden", out=tmp_path / "s", config=GenerateConfig(views=2, size=48))
    next(steps)
    path = tmp_path / "s/scene.json"
    path.write_text(path.read_text().replace(f'"torch": "{torch.__version__}"', '"torch": "1.0"'))
    with pytest.warns(UserWarning, match=r"torch was 1\.0"):
        list(resume(tmp_path / "s"))


def test_nothing_in_the_journal_depends_on_the_clock_and_timings_are_apart(tmp_path: Path) -> None:
    scene = generate_scene("a garden", out=tmp_path / "s", views=2, size=48)
    timings = json.loads((tmp_path / "s/timings.json").read_text())
    assert set(timings) == {"0000", "0001"}
    assert set(timings["0001"]) == {"camera", "reproject", "inpaint", "depth", "commit"}
    assert read_manifest(scene.root) == scene.manifest


def test_a_picture_of_the_users_is_view_zero(tmp_path: Path, look: Look) -> None:
    from scene3d.frame import read_image, write_image

    picture = round_to_8_bits(look(Camera.from_fov(60, 64, 64))[0])
    write_image(picture, tmp_path / "photo.png")
    scene = generate_scene("a garden", out=tmp_path / "s", image=tmp_path / "photo.png", views=1, size=64)
    assert torch.equal(scene.frames[0].image, picture)
    assert torch.equal(read_image(tmp_path / "s/input.png"), picture)


def test_other_words_from_a_view_on_are_kept_in_the_scene(
    tmp_path: Path, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    truth = Truth(look)
    monkeypatch.setattr(generator, "load_models", lambda *_: Models(truth, truth, truth, {}))
    then, config = {4: "a lake", 2: "a forest edge"}, GenerateConfig(views=5, size=32)
    steps = generate("a garden", out=tmp_path / "s", then=then, config=config)
    for _ in range(3):
        next(steps)
    steps.close()
    scene = resume_scene(tmp_path / "s")
    assert truth.heard == ["a garden", "a forest edge", "a forest edge", "a lake"]
    assert scene.manifest.then == ((2, "a forest edge"), (4, "a lake"))
    assert [scene.manifest.prompt_of(view) for view in (0, 1)] == ["a garden", "a garden"]


def test_a_path_file_is_kept_in_the_scene(tmp_path: Path) -> None:
    poses = [torch.eye(4).tolist(), Camera.from_fov(60, 8, 8).world_from_camera.tolist()]
    poses[1][0][3] = 0.2
    (tmp_path / "path.json").write_text(json.dumps(poses))
    config = GenerateConfig(views=2, size=48, trajectory=str(tmp_path / "path.json"))
    steps = generate("a garden", out=tmp_path / "s", config=config)
    next(steps)
    (tmp_path / "path.json").unlink()
    scene = resume_scene(tmp_path / "s")
    assert scene.frames[1].camera.position.tolist() == pytest.approx([0.2, 0, 0])
