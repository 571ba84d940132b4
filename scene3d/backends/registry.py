"""Names of models, and the loading of what a run needs before it writes anything."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

from depthgen.geometry import Camera
from scene3d.backends.fingerprint import fingerprint
from scene3d.backends.protocols import DepthModel, Inpainter, Models, TextToImage
from scene3d.config import GenerateConfig

DIFFUSERS = "diffusers:"


@dataclass(frozen=True)
class Roles:
    """One model name for each role.

    text_to_image, inpainter: "builtin", "oracle", or "diffusers:" with a hub id or folder.
    depth: "oracle", or any name or folder that DepthEstimator.from_pretrained takes.
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
    """The set `config.models` with its replacements; ValueError that lists the known names otherwise."""
    if config.models not in SETS:
        raise ValueError(f"unknown models {config.models!r}; known: {', '.join(SETS)}")
    chosen = {f.name: name for f in fields(Roles) if (name := getattr(config, f.name))}
    roles = replace(SETS[config.models], **chosen)
    for role in ("text_to_image", "inpainter"):
        name = getattr(roles, role)
        if name not in ("builtin", "oracle") and not name.startswith(DIFFUSERS):
            raise ValueError(f"unknown {role}={name!r}; known: builtin, oracle, diffusers:HUB-ID-OR-FOLDER")
    return roles


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
    """Loads by name, and what serves two roles only once."""

    config: GenerateConfig
    prompt: str
    camera: Camera
    device: str

    @cached_property
    def oracle(self) -> Any:
        from scene3d.backends.oracle import oracle_for

        return oracle_for(self.prompt, self.config.seed, self.camera, self.device)

    @cached_property
    def completer(self) -> Any:
        from depthgen import ImageCompleter
        from scene3d.backends.builtin import CompleterPictures

        completer = ImageCompleter.from_pretrained("builtin", device=self.device)
        return CompleterPictures(completer, self.config.guidance, self.config.image_steps)

    def text_to_image(self, name: str) -> TextToImage:
        from scene3d.backends import foreign

        if not name.startswith(DIFFUSERS):
            return self.oracle if name == "oracle" else self.completer
        return foreign.load_text_to_image(name.removeprefix(DIFFUSERS), self.device, self.config)

    def inpainter(self, name: str) -> Inpainter:
        from scene3d.backends import foreign

        if not name.startswith(DIFFUSERS):
            return self.oracle if name == "oracle" else self.completer
        return foreign.load_inpainter(name.removeprefix(DIFFUSERS), self.device, self.config)

    def depth(self, name: str) -> DepthModel:
        from depthgen import DepthEstimator
        from scene3d.backends.builtin import EstimatorDepth

        if name == "oracle":
            return self.oracle
        estimator = DepthEstimator.from_pretrained(name, device=self.device)
        return EstimatorDepth(estimator, self.config.depth_samples, self.config.depth_steps)
