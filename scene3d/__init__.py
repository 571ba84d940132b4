"""A sentence becomes a 3D scene.

from scene3d import generate_scene
scene = generate_scene("a cabin by a lake at sunset", out="cabin", views=8, seed=0)
scene.export("cabin.glb")
"""

from __future__ import annotations

import importlib
from typing import Any

_HOMES = {
    "GenerateConfig": "scene3d.config",
    "Scene": "scene3d.scene",
    "SceneStep": "scene3d.generator",
    "fork": "scene3d.history",
    "generate": "scene3d.generator",
    "generate_scene": "scene3d.generator",
    "resume_scene": "scene3d.generator",
    "undo": "scene3d.history",
}

__all__ = [  # resolved on first use, so that `import scene3d` costs nothing
    "GenerateConfig",
    "Scene",
    "SceneStep",
    "fork",
    "generate",
    "generate_scene",
    "resume_scene",
    "undo",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'scene3d' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
