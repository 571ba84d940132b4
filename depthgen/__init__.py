"""Learn, run and measure diffusion models of depth, on worlds that come with the package."""

from __future__ import annotations

import importlib
from typing import Any

_HOMES = {
    "DepthEstimator": "depthgen.estimator",
    "DepthPrediction": "depthgen.estimator",
    "ImageCompleter": "depthgen.completer",
    "Completion": "depthgen.completer",
    "composited": "depthgen.completer",
    "from_plain": "depthgen.plain",
    "hub_has": "depthgen.foreign",
    "read_image": "depthgen.images",
    "resize": "depthgen.images",
    "resolve_device": "depthgen.devices",
}
_PACKAGES = ("depth", "evaluation", "geometry", "worlds")

__all__ = [  # resolved on first use, so that `import depthgen` costs nothing
    "Completion",
    "DepthEstimator",
    "DepthPrediction",
    "ImageCompleter",
    "composited",
    "depth",
    "evaluation",
    "from_plain",
    "geometry",
    "hub_has",
    "read_image",
    "resize",
    "resolve_device",
    "worlds",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    if name in _PACKAGES:
        return importlib.import_module(f"depthgen.{name}")
    raise AttributeError(f"module 'depthgen' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
