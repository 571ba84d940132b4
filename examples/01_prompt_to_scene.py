"""A sentence becomes a 3D scene, from Python: watch every view arrive, then export what you need.

python examples/01_prompt_to_scene.py "a village at sunset" --out village
"""

from __future__ import annotations

import argparse
from pathlib import Path

from scene3d import SceneStep, generate_scene


def tell(step: SceneStep) -> None:
    entry = step.entry
    print(f"view {entry.view + 1} of {step.total}: {entry.new_pixels:.0%} of its pixels are new")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("prompt")
    parser.add_argument("--out", type=Path, default=Path("scene"))
    parser.add_argument("--views", type=int, default=8)
    parser.add_argument("--size", type=int, default=256)
    options = parser.parse_args()
    scene = generate_scene(
        options.prompt, out=options.out, views=options.views, size=options.size, seed=0, progress=tell
    )
    scene.export(options.out / "scene.glb")  # metres, Y up; opens in Blender, Unity, a browser
    scene.export(options.out / "points.ply")
    print(f"{len(scene.adjusted().mesh().faces)} triangles of surface in {options.out / 'scene.glb'}")


if __name__ == "__main__":
    main()
