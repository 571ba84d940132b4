"""Every setting of a run, with its default; what the command line and KEY=VALUE may change."""

from __future__ import annotations

from dataclasses import dataclass

LIMITS = {
    "views": (1, 360),
    "seed": (0, 2**63 - 1),
    "size": (32, 2048),
    "hfov": (20, 120),
    "depth_samples": (1, 64),
    "max_spread": (0.01, 10),
    "guidance": (0, 100),
    "image_steps": (1, 1000),
    "depth_steps": (1, 1000),
}
LARGEST = 8192  # pixels along a side of what is drawn of a scene
CHOICES = {"surface": ("grid", "tsdf"), "texture": ("vertices", "atlas")}

TRAJECTORIES = {  # the named camera paths, for help texts; scene3d.cameras has the paths themselves
    "pan": "turn right, 18 degrees a view",
    "turn": "a full turn to the right; needs 9 views or more to overlap well",
    "orbit": "circle around what stands in the middle, up to 10 degrees a view",
    "dolly": "walk straight ahead, half of the way to the nearer things",
    "fly-through": "fly to the side that is open farthest",
    "spiral": "wind outwards, looking at the middle",
    "look-around": "a full turn that looks level, up and down; needs about 24 views",
    "zoom": "widen the field of view to half the focal length",
    "explore": "pick each view for what is still missing; covers most with fewest views",
}
COMPLETIONS = {  # ways to complete depth, for help texts; depthgen.completion has the ways themselves
    "read": "a network that reads known depth, its error carried on up to edges",
    "refine": "prediction, scaled, its error carried on up to edges, renoised and denoised twice",
    "guide": "sampling guided by known depth, its error carried on up to edges",
    "align": "prediction, scaled, its error carried on up to edges; for models that only predict",
    "replace": "known depth replaced in every step of the sampling",
    "resample": "the same, each step done ten times (RePaint)",
    "gradient": "sampling along the gradient of the error on known depth (WonderWorld)",
    "plain": "prediction as it is",
    "scale": "prediction, one scale; shift too for models that know depth up to both",
    "scale-shift-depth": "prediction, one scale and shift in depth",
    "scale-shift-disparity": "prediction, one scale and shift in disparity",
    "border": "scale-shift-depth, then the error of the hole's border interpolated (LucidDreamer)",
    "membrane": "scale, then its error carried on by Laplace's equation",
}
EXPLORE = "explore"  # the only path whose cameras depend on the views so far: one to make a scene by
SETTINGS = {  # what the fields of GenerateConfig mean, for help texts
    "views": "views in all",
    "seed": "decides every random choice",
    "size": "pixels along each side of the pictures",
    "models": "builtin, stable-diffusion or oracle; parts of it can be replaced:",
    "text_to_image": "  builtin, oracle, FILE.safetensors or diffusers:FOLDER-OR-HUB-ID",
    "inpainter": "  likewise",
    "depth": "  builtin, oracle, marigold, depth-anything-v2-small, depth-pro, FILE, FOLDER or HUB-ID",
    "trajectory": "a camera path, see above, or a JSON file of one",
    "collision_free": "keep cameras in the space that earlier views show to be free",
    "hfov": "field of view in degrees",
    "device": "auto, cpu, cuda, cuda:1, ...",
    "guidance": "how strongly pictures follow the words",
    "image_steps": "sampling steps of pictures",
    "depth_steps": "sampling steps of depth",
    "depth_samples": "depth maps that are drawn and averaged for each view",
    "completion": "a way to complete depth, see above; none: what suits the depth model best",
    "max_spread": "of several depth samples, std / depth from which on a pixel is no surface",
    "adjust": "make the depth of the views agree in the exports",
    "surface": "grid: each view's new pixels as triangles; tsdf: all views averaged, for rooms",
    "texture": "of scene.glb: vertices (a colour each) or atlas (put together from the pictures)",
}


@dataclass(frozen=True)
class GenerateConfig:
    """Settings of `generate_scene`. ValueError when a number is outside its `LIMITS`.

    views: in all, the first included. seed: decides every random choice. size: side of the pictures, pixels.
    models: a set of models (see scene3d.backends.registry). text_to_image, inpainter, depth: one model put in
        the place of the set's own, "" to keep it.
    trajectory: a name of `TRAJECTORIES` or a camera-path file. collision_free: keep its cameras in the space
        that earlier views show to be free. hfov: field of view, degrees.
    device: "auto", "cpu", "cuda", "cuda:1", ...
    guidance: strength with which pictures follow the prompt. image_steps, depth_steps: sampling steps. None:
        each model's own choice. depth_samples: depth maps drawn and averaged per view. completion: a name of
        `COMPLETIONS`, "" for the one that suits the depth model best.
    max_spread: relative spread of these (std / depth) beyond which a pixel is too uncertain to become
        surface; it stays a hole for later views to fill. Without effect for one sample.
    adjust: in fusion for the exports, correct the depth of all views so that they agree; see
        scene3d.adjustment. The views themselves are not changed by it.
    surface: of all that is made of the scene but its viewer, which shows the grid: "grid", each view's new
        pixels as triangles, or "tsdf", for rooms, all views averaged in a distance field. texture: of
        scene.glb: "vertices", a colour for each vertex, or "atlas", a texture put together from the pictures.
    """

    views: int = 8
    seed: int = 0
    size: int = 256
    models: str = "builtin"
    text_to_image: str = ""
    inpainter: str = ""
    depth: str = ""
    trajectory: str = "pan"
    collision_free: bool = True
    hfov: float = 60.0
    device: str = "auto"
    guidance: float | None = None
    image_steps: int | None = None
    depth_steps: int | None = None
    depth_samples: int = 1
    completion: str = ""
    max_spread: float = 0.2
    adjust: bool = True
    surface: str = "grid"
    texture: str = "vertices"

    def __post_init__(self) -> None:
        for name, (low, high) in LIMITS.items():
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise ValueError(f"{name}={value} is out of range; give {low} to {high}")
        if self.completion not in ("", *COMPLETIONS):
            raise ValueError(f"no completion {self.completion!r}; there are: {', '.join(COMPLETIONS)}")
        for name in CHOICES:
            check_choice(name, getattr(self, name))


def check_choice(name: str, value: str) -> None:
    """ValueError unless `value` is one of the CHOICES of a setting."""
    if value not in CHOICES[name]:
        raise ValueError(f"{name}={value} is not known; give one of {', '.join(CHOICES[name])}")
