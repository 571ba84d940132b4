"""Names of models, and the loading of what a run needs before it writes anything."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from depthgen.geometry import Camera
from scene3d.backends.fingerprint import fingerprint
from scene3d.backends.protocols import DepthModel, Inpainter, Models, TextToImage
from scene3d.config import GenerateConfig

DIFFUSERS = "diffusers:"


@dataclass(frozen=True)
class Roles:
    """One model name for each role.

    text_to_image, inpainter: "builtin", "oracle", the .safetensors checkpoint of a completer, whose pictures
        the built-in upsampler enlarges, or a hub id or folder after "diffusers:".
    depth: "oracle", or any name or path that DepthEstimator.from_pretrained takes.
    """

    text_to_image: str
    inpainter: str
    depth: str


SETS = {
    "builtin": Roles("builtin", "builtin", "builtin"),
    "oracle": Roles("oracle", "oracle", "oracle"),
    "stable-diffusion": Roles(
        "diffusers:stable-diffusion-v1-5/stable-diffusion-v1-5",
        "diffusers:stable-diffusion-v1-5/stable-diffusion-inpainting",
        "depth-anything-v2-small",
    ),
}


def roles_of(config: GenerateConfig) -> Roles:
    """The set `config.models` with its replacements; ValueError that lists the known names otherwise.

    Loads nothing and asks no network.
    """
    from depthgen import DepthEstimator

    if config.models not in SETS:
        raise ValueError(f"unknown models {config.models!r}; known: {', '.join(SETS)}")
    chosen = {f.name: name for f in fields(Roles) if (name := getattr(config, f.name))}
    roles = replace(SETS[config.models], **chosen)
    for role in ("text_to_image", "inpainter"):
        name = getattr(roles, role)
        known = name in ("builtin", "oracle") or name.startswith(DIFFUSERS) or name.endswith(".safetensors")
        if not known:
            choices = "builtin, oracle, FILE.safetensors, diffusers:FOLDER-OR-HUB-ID"
            raise ValueError(f"unknown {role}={name!r}; known: {choices}")
    if roles.depth != "oracle":
        DepthEstimator.check_name(roles.depth, others=["oracle"])
    return roles


def located(config: GenerateConfig) -> GenerateConfig:
    """The settings with models that are files or folders here under their whole paths: a scene may be resumed
    from another folder."""
    return replace(config, **{f.name: _located(getattr(config, f.name)) for f in fields(Roles)})


def _located(name: str) -> str:
    prefix = DIFFUSERS if name.startswith(DIFFUSERS) else ""
    path = Path(name.removeprefix(prefix))
    if name in ("", "builtin", "oracle") or not path.exists():
        return name
    return f"{prefix}{path.absolute()}"


def load_models(config: GenerateConfig, prompt: str, camera: Camera, device: str) -> Models:
    """The three models of a run, ready on `device`.

    prompt, camera: the oracle's world and start depend on them. Raises ValueError for an unknown name and for
    weights that are missing or damaged; nothing is downloaded unless a hub id asks for it.
    """
    roles, loader = roles_of(config), _Loader(config, prompt, camera, device)
    models = {
        "text_to_image": loader.text_to_image(roles.text_to_image),
        "inpainter": loader.inpainter(roles.inpainter),
        "depth": loader.depth(roles.depth),
    }
    return Models(**models, hashes={r: f"{getattr(roles, r)} {fingerprint(m)}" for r, m in models.items()})


@dataclass
class _Loader:
    """Loads by name, and only once what serves two roles."""

    config: GenerateConfig
    prompt: str
    camera: Camera
    device: str
    completers: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def oracle(self) -> Any:
        from scene3d.backends.oracle import oracle_for

        return oracle_for(self.prompt, self.config.seed, self.camera, self.device)

    def text_to_image(self, name: str) -> TextToImage:
        """The painter of first views of this name, one of `roles_of`."""
        if not name.startswith(DIFFUSERS):
            return self.oracle if name == "oracle" else self._completer(name)
        from scene3d.backends.foreign import load_text_to_image

        return load_text_to_image(name.removeprefix(DIFFUSERS), self.device, self.config)

    def inpainter(self, name: str) -> Inpainter:
        """What fills the holes of pictures, of this name, one of `roles_of`."""
        if not name.startswith(DIFFUSERS):
            return self.oracle if name == "oracle" else self._completer(name)
        from scene3d.backends.foreign import load_inpainter

        return load_inpainter(name.removeprefix(DIFFUSERS), self.device, self.config)

    def depth(self, name: str) -> DepthModel:
        """The depth model of this name, one of `roles_of`, sampled and completed as configured."""
        if name == "oracle":
            return self.oracle
        from depthgen import DepthEstimator
        from scene3d.backends.builtin import EstimatorDepth

        estimator = DepthEstimator.from_pretrained(name, device=self.device)
        completion = self.config.completion or None
        return EstimatorDepth(estimator, self.config.depth_samples, self.config.depth_steps, completion)

    def _completer(self, name: str) -> Any:
        from depthgen import ImageCompleter
        from scene3d.backends.builtin import CompleterPictures

        if name not in self.completers:
            completer = ImageCompleter.from_pretrained(name, device=self.device, upsampler="builtin")
            self.completers[name] = CompleterPictures(
                completer, self.config.guidance, self.config.image_steps
            )
        return self.completers[name]
