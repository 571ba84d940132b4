"""A scene: the views generated so far, and what can be made of them.

    scene = Scene.load("cabin")
    scene.export("cabin.glb")

It is a value: a further view makes another scene. What is made of its views is made once and kept with them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from depthgen.geometry import EMPTY_MESH, Mesh, merge_meshes
from scene3d.config import CHOICES, check_choice
from scene3d.frame import Frame
from scene3d.fusion import Fused, background_layers, fuse_all, tidied, tsdf_mesh
from scene3d.journal import Entry, Manifest, SceneFolderError, commit_view, read_manifest, read_view

if TYPE_CHECKING:
    from scene3d.adjustment import Adjustment

__all__ = ["Frame", "Scene"]


@dataclass(frozen=True, eq=False)
class Scene:
    """A prompt, its views and their folder.

    The scene's frame is the first camera's: metres, x right, y down, z forward.
    manifest: the contents of scene.json (settings, models, journal with figures for every view).
    """

    prompt: str
    frames: tuple[Frame, ...]
    root: Path
    manifest: Manifest

    @staticmethod
    def load(folder: str | Path) -> Scene:
        """Read a scene folder; ValueError when it is not one of ours, is damaged, or has no view yet."""
        scene = Scene.open(folder)
        if not scene.frames:
            raise SceneFolderError(f"{folder} has no view yet; finish it with --resume {folder}")
        return scene

    @staticmethod
    def open(folder: str | Path) -> Scene:
        """Read a scene folder that may have been interrupted before its first view."""
        root = Path(folder)
        manifest = read_manifest(root)
        frames = tuple(read_view(root, entry) for entry in manifest.journal)
        return Scene(manifest.prompt, frames, root, manifest)

    def with_frame(self, frame: Frame, entry: Entry) -> Scene:
        """Commit a view to the folder; returns the scene that includes it, as read back from the disk."""
        manifest = commit_view(self.root, self.manifest, frame, entry)
        committed = read_view(self.root, manifest.journal[-1])
        return replace(self, frames=(*self.frames, committed), manifest=manifest)

    def adjusted(self) -> Scene:
        """The scene with the depth of its views corrected so that they agree; see `scene3d.adjustment`.

        For fusion and export: the views on disk stay as they are. What is adjusted stays as it is.
        """
        return self._adjusted if self._adjusts else self

    @cached_property
    def _adjusted(self) -> Scene:
        from scene3d.adjustment import adjusted

        settled = replace(self.manifest, config={**self.manifest.config, "adjust": False})
        return replace(self, frames=adjusted(self.frames, self.adjustment()), manifest=settled)

    @property
    def _adjusts(self) -> bool:
        return self.manifest.config.get("adjust", True)

    def adjustment(self) -> Adjustment:
        """The corrections of `adjusted`, solved once and kept in the folder; none with adjust=false."""
        return self._adjustment

    @cached_property
    def _adjustment(self) -> Adjustment:
        from scene3d.adjustment import stored_adjustment, unadjusted

        if not self._adjusts:
            return unadjusted(self.frames)
        return stored_adjustment(self.root, self.manifest, self.frames)

    def fused(self) -> Fused:
        """All views as one surface (metres) and one sky (directions)."""
        return fuse_all(self.frames)

    def mesh(self) -> Mesh:
        """The surface of all views in metres, in the scene's frame, without floaters and without the sky.

        The setting `surface` decides how it is made: see `GenerateConfig`.
        """
        return self._mesh

    @cached_property
    def _mesh(self) -> Mesh:
        if self.setting("surface") == "tsdf":
            return tsdf_mesh(self.frames)
        return fuse_all(map(tidied, self.frames)).surface

    def setting(self, name: str) -> str:
        """How the scene is to be exported: what its settings say of one of the `CHOICES`."""
        return self.manifest.config.get(name, CHOICES[name][0])

    def background(self) -> Mesh:
        """What may lie behind the silhouettes of the surface, in metres: imagined, and no part of it."""
        return merge_meshes([EMPTY_MESH, *self.background_layers])

    @cached_property
    def background_layers(self) -> list[Mesh]:
        """What each view gives to the `background`."""
        return background_layers(self.frames)

    def export(self, path: str | Path, *, surface: str | None = None, texture: str | None = None) -> Path:
        """Write the scene to a file; the suffix (.glb, .ply, .mp4, .html, ...) decides the format.

        surface, texture: other ones than the scene's settings say; see `GenerateConfig`.
        """
        from scene3d.export import export

        given = {"surface": surface, "texture": texture}
        others = {name: value for name, value in given.items() if value is not None}
        for name, value in others.items():
            check_choice(name, value)
        manifest = replace(self.manifest, config={**self.manifest.config, **others})
        scene = (
            replace(self, manifest=manifest) if others else self
        )  # with what was made of its views already
        return export(scene, Path(path))
