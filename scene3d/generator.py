"""The loop: look at the scene from a new place, imagine what is missing, add it, commit it.

    for step in generate("a cabin by a lake", out="cabin"):
        print(step.view, step.entry.new_pixels)

Each step reads only what is committed (the picture already rounded to 8 bits) and draws from generators that
depend on (seed, view, stage), so a run that was killed and resumed writes the same bytes as one that was not.
"""

from __future__ import annotations

import hashlib
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from depthgen import from_plain, resolve_device
from depthgen.geometry import Camera
from scene3d import inputs, journal
from scene3d.backends import Depth, Models, Picture, load_models, located, roles_of
from scene3d.cameras import Route, route_of
from scene3d.config import GenerateConfig
from scene3d.frame import Frame, certainty_of, coarse, round_to_8_bits
from scene3d.fusion import Fused, View, extend, seam_color, seam_step, view_from
from scene3d.journal import Entry, Manifest
from scene3d.scene import Scene


@dataclass(frozen=True)
class SceneStep:
    """What a viewer or a progress bar learns of each committed view.

    view: its number, from 0. total: views in all. scene: the scene with this view. seconds: by stage.
    """

    view: int
    total: int
    scene: Scene
    seconds: dict[str, float]

    @property
    def frame(self) -> Frame:
        """The committed view."""
        return self.scene.frames[self.view]

    @property
    def entry(self) -> Entry:
        """Its figures in the journal: share of new pixels, residuals, seam steps."""
        return self.scene.manifest.journal[self.view]


Progress = Callable[[SceneStep], None]


@dataclass(frozen=True)
class _Run:
    """What stays the same over all views of a run."""

    config: GenerateConfig
    models: Models
    device: str


def generate_scene(
    prompt: str,
    *,
    out: str | Path,
    image: str | Path | None = None,
    then: Mapping[int, str] | None = None,
    progress: Progress | None = None,
    **settings: Any,
) -> Scene:
    """Make a scene in the folder `out` from words, or from the picture file `image` and words.

    then: other words from a view on, e.g. {4: "a forest edge", 8: "a lake"}.
    settings: fields of `GenerateConfig` (views=8, seed=0, models="builtin", trajectory="pan", size=256, ...),
    files as text or Path.
    progress: called after each committed view. Unusable input raises ValueError before anything is written.
    """
    given = {name: str(value) if isinstance(value, Path) else value for name, value in settings.items()}
    config = from_plain(GenerateConfig, given)
    for step in generate(prompt, out=out, image=image, then=then, config=config):
        if progress:
            progress(step)
    return step.scene


def resume_scene(folder: str | Path, *, device: str | None = None, progress: Progress | None = None) -> Scene:
    """Finish the scene in `folder` as it would have been finished without the interruption.

    device: another one than the scene was started on. Raises ValueError when the folder is no scene of ours.
    """
    for step in resume(folder, device=device):
        if progress:
            progress(step)
    return Scene.load(folder)


def generate(
    prompt: str,
    *,
    out: str | Path,
    image: str | Path | None = None,
    then: Mapping[int, str] | None = None,
    config: GenerateConfig | None = None,
) -> Iterator[SceneStep]:
    """The steps of a new scene, made as they are asked for; see `generate_scene`. Checks input at once."""
    config = located(config or GenerateConfig())
    roles_of(config)
    inputs.check_words(prompt)
    path, prompts = inputs.path_from_file(config)
    segments = inputs.segments({**prompts, **(then or {})}, config.views)
    root = inputs.new_folder(Path(out))
    picture = None if image is None else inputs.square_picture(Path(image), config.size)
    device = str(resolve_device(config.device))
    asked = Manifest(
        prompt=prompt,
        seed=config.seed,
        config=asdict(config),
        models={},
        environment=journal.environment(device),
        path=path,
        then=segments,
    )
    return _new_scene(root, asked, picture, config, device)


def _new_scene(
    root: Path, asked: Manifest, picture: Tensor | None, config: GenerateConfig, device: str
) -> Iterator[SceneStep]:
    models = load_models(config, asked.prompt, inputs.first_camera(config), device)
    inputs.new_folder(root)  # again: another run may have begun there while the models were loaded
    journal.start(root, replace(asked, models=models.hashes), picture)
    yield from _missing_views(Scene.open(root), _Run(config, models, device))


def resume(folder: str | Path, *, device: str | None = None) -> Iterator[SceneStep]:
    """The steps that the scene in `folder` still lacks, none if it is finished; see `resume_scene`."""
    scene = Scene.open(folder)
    config = inputs.recorded_config(scene.manifest)
    if len(scene.frames) >= config.views:
        return
    device = str(resolve_device(device or config.device))
    models = load_models(config, scene.prompt, inputs.first_camera(config), device)
    changes = journal.changes(scene.manifest, journal.environment(device), models.hashes)
    if changes:
        warnings.warn(f"resumed views may differ in detail, because {'; '.join(changes)}", stacklevel=2)
    yield from _missing_views(scene, _Run(config, models, device))


def _missing_views(scene: Scene, run: _Run) -> Iterator[SceneStep]:
    if not scene.frames:
        step = _first_view(scene, run)
        scene = step.scene
        yield step
    config = run.config
    route = route_of(scene.frames, config, scene.manifest.path)
    fused = scene.fused()
    while len(scene.frames) < config.views:
        step = _next_view(scene, fused, route, run)
        scene, route = step.scene, route.after(step.frame)
        fused = extend(fused, step.frame)
        yield step


def _first_view(scene: Scene, run: _Run) -> SceneStep:
    """View 0: the user's picture or one made from the prompt, and its depth."""
    camera, random, clock = inputs.first_camera(run.config), _Randomness(run.config.seed, 0), _Clock()
    with clock("image"):
        image = journal.read_input(scene.root, scene.manifest)
        if image is None:
            image = run.models.text_to_image.generate(scene.prompt, camera=camera, generator=random("image"))
    image = round_to_8_bits(image)
    with clock("depth"):
        depth = run.models.depth.predict(image, camera=camera, generator=random("depth"))
    unknown = torch.zeros_like(depth.valid)
    certainty = _certainty(depth, unknown, run.config)
    frame = Frame(image, depth.depth, depth.valid, unknown, camera, certainty, coarse(depth.reading))
    entry = Entry(view=0, new_pixels=1.0, uncertain=_uncertain(frame))
    return _committed(scene, frame, entry, clock, run)


def _next_view(scene: Scene, fused: Fused, route: Route, run: _Run) -> SceneStep:
    """A further view: what earlier views show of it stays, the rest is imagined."""
    view, clock = len(scene.frames), _Clock()
    random = _Randomness(run.config.seed, view)
    with clock("camera"):
        camera = route.next_camera()
    with clock("reproject"):
        seen = view_from(fused, camera, run.device)
    with clock("inpaint"):
        picture = _inpainted(seen, scene.manifest.prompt_of(view), camera, run, random("image"))
    image = round_to_8_bits(torch.where(seen.known, seen.image, picture.image))
    with clock("depth"):
        depth = _completed_depth(image, seen, camera, run, random("depth"))
    frame = Frame(
        image=image,
        depth=torch.where(seen.surface, seen.depth, depth.depth),
        valid=torch.where(seen.known, seen.surface, depth.valid),
        known=seen.covered,
        camera=camera,
        certainty=_certainty(depth, seen.known, run.config),
        reading=coarse(depth.reading),
    )
    entry = Entry(
        view=view,
        new_pixels=float((~seen.known).float().mean()),
        residual_image=picture.residual,
        residual_depth=depth.residual,
        seam_step=seam_step(frame.depth, frame.valid, seen.known),
        seam_color=seam_color(frame.image, seen.known),
        uncertain=_uncertain(frame),
    )
    return _committed(scene, frame, entry, clock, run)


def _inpainted(seen: View, prompt: str, camera: Camera, run: _Run, generator: torch.Generator) -> Picture:
    if seen.known.all():
        return Picture(seen.image, 0.0)
    return run.models.inpainter.inpaint(seen.image, seen.known, prompt, camera=camera, generator=generator)


def _completed_depth(
    image: Tensor, seen: View, camera: Camera, run: _Run, generator: torch.Generator
) -> Depth:
    if not seen.surface.any():  # nothing to agree with: a view of the sky alone, or of nowhere seen before
        return run.models.depth.predict(image, camera=camera, generator=generator)
    return run.models.depth.complete(image, seen.depth, seen.surface, camera=camera, generator=generator)


def _certainty(depth: Depth, known: Tensor, config: GenerateConfig) -> Tensor | None:
    """Of the new pixels by their spread; known ones were judged when they were new."""
    if depth.std is None:
        return None
    return certainty_of(depth.depth, depth.std.where(~known, 0.0), config.max_spread)


def _uncertain(frame: Frame) -> float | None:
    """Share of the new surface pixels that are too uncertain to be kept."""
    new = frame.valid & ~frame.known
    if frame.certainty is None or not new.any():
        return None
    return float((~frame.certain[new]).float().mean())


def _committed(scene: Scene, frame: Frame, entry: Entry, clock: _Clock, run: _Run) -> SceneStep:
    first = scene.manifest.environment.get("device")
    with clock("commit"):
        scene = scene.with_frame(frame, replace(entry, device=None if run.device == first else run.device))
    journal.record_costs(scene.root, entry.view, clock.seconds, _peak_memory_mib(run.device))
    return SceneStep(entry.view, run.config.views, scene, clock.seconds)


def _peak_memory_mib(device: str) -> float | None:
    """The most memory so far: of the GPU if one is used, else of the process; None where nobody counts it."""
    if device.startswith("cuda"):
        return round(torch.cuda.max_memory_allocated(device) / 2**20, 1)
    try:
        import resource
    except ImportError:  # Windows
        return None
    unit = 2**20 if sys.platform == "darwin" else 2**10  # bytes there, KiB here
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit, 1)


@dataclass(frozen=True)
class _Randomness:
    """Generators that depend on the run's seed, the view and the stage, and on nothing that ran before."""

    seed: int
    view: int

    def __call__(self, stage: str) -> torch.Generator:
        digest = hashlib.sha256(f"{self.seed}/{self.view}/{stage}".encode()).digest()
        return torch.Generator().manual_seed(int.from_bytes(digest[:7], "big"))


@dataclass
class _Clock:
    """Wall seconds by stage: `with clock("depth"): ...`."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds[stage] = round(time.perf_counter() - start, 3)
