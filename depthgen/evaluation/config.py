"""What can be asked of an evaluation."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import get_args

from depthgen.depth import Reduce
from depthgen.depth_models import SAMPLERS

CHOICES = {
    "align": ("auto", "none", "depth", "disparity"),
    "multisample": get_args(Reduce),
    "sampler": tuple(SAMPLERS),
}
WORLD_COUNT = 256


@dataclass(frozen=True)
class EvaluationData:
    """Where the pictures of a data set's protocol lie."""

    root: str | None = None  # its folder
    split: str | None = None  # None: the protocol's
    skip_broken: bool = False  # leave broken files out, count and list them, instead of stopping


@dataclass(frozen=True)
class EvaluateConfig:
    """What to evaluate. Fields that a protocol does not need are ignored by it."""

    protocol: str = "worlds"  # prompts: pictures from words, judged; all others: depth
    # Names that DepthEstimator (prompts: ImageCompleter).from_pretrained takes; several share one table.
    checkpoint: str | tuple[str, ...] = "builtin"
    data: EvaluationData = field(default_factory=EvaluationData)
    judge: str = "builtin"  # of protocol prompts
    count: int | None = None  # images; None: 256 worlds, or the whole split
    samples: int = 1  # depth: drawn an image
    multisample: str = "mean"  # or median, mode: how they become one depth
    sampler: str = "ddim"  # of our own models; dpm++, heun, ancestral
    steps: int | None = None  # of the sampler; None: its own default
    flip: bool = False  # average with the mirrored picture's mirrored depth
    align: str = "auto"  # none, depth, disparity; auto: what an affine-invariant model needs, no metric one
    camera: bool = True  # tell the models the data set's intrinsics
    guidance: float | None = None  # of protocol prompts; None: the model's own
    baseline_worlds: int = 32  # training worlds a kind for the mean depth map
    seed: int = 0  # of the samplers' noise
    device: str = "auto"
    out: str = "runs/evaluate"

    def __post_init__(self) -> None:
        if self.count is not None and self.count < 1:
            raise ValueError(f"count must be at least 1, got {self.count}")
        if self.baseline_worlds < 1:
            raise ValueError(f"baseline_worlds must be at least 1, got {self.baseline_worlds}")
        if self.steps is not None and self.steps < 1:
            raise ValueError(f"steps must be at least 1, got {self.steps}")
        for key, choices in CHOICES.items():
            if getattr(self, key) not in choices:
                raise ValueError(f"no {key}={getattr(self, key)}; there are: {', '.join(choices)}")
        if not self.checkpoints or len(set(self.checkpoints)) < len(self.checkpoints):
            raise ValueError("checkpoint must name at least one model, and each only once")

    @property
    def checkpoints(self) -> tuple[str, ...]:
        """The models, one or several."""
        return (self.checkpoint,) if isinstance(self.checkpoint, str) else self.checkpoint

    @property
    def worlds(self) -> int:
        """How many evaluation worlds to take."""
        return WORLD_COUNT if self.count is None else self.count
