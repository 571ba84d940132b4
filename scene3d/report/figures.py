"""The figures of a scene, from its journal and from looking at what it became."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import torch

from depthgen import resolve_device
from depthgen.geometry import Camera
from scene3d.adjustment import drift
from scene3d.backends import roles_of
from scene3d.backends.oracle import Oracle, oracle_for
from scene3d.cameras import distance_ahead, smooth_path
from scene3d.frame import Frame, round_to_8_bits
from scene3d.fusion import Fused, extend, fuse_all, view_from
from scene3d.inputs import first_camera, recorded_config
from scene3d.journal import Entry, read_costs
from scene3d.report.triangles import Triangles, count_triangles

if TYPE_CHECKING:
    from scene3d.scene import Scene

AROUND, FEWER_PIXELS = 24, 96  # places from which coverage is measured, and the size of the pictures there
ASIDE = 0.1  # of the distance ahead: how far beside the path they lie


@dataclass(frozen=True)
class ViewFigures:
    """Of one view. prompt, entry: its words and its journal (see `journal.Entry`).

    known_kept: share of the known pixels whose colour and depth are exactly what earlier views show; None for
        the first view, and where the device that drew them is not at hand.
    scale: factor of the global adjustment; drift: depth over true depth, if models of the oracle know it.
    seconds: by stage. peak_memory_mib: of the process until then, None if not noted.
    """

    prompt: str
    entry: Entry
    known_kept: float | None
    triangles: Triangles
    scale: float
    drift: float | None
    seconds: dict[str, float]
    peak_memory_mib: float | None


@dataclass(frozen=True)
class SceneFigures:
    """Of a scene. views: in order.

    coverage, least_coverage: share of a picture that shows surface or sky, on average and at worst, from
        places on the path between the views and a step beside it; the rest of it is holes.
    disagreement: mean |log| of the ratio of two views' depths where both see a surface, (before, after) the
        adjustment; None without overlaps.
    """

    prompt: str
    views: tuple[ViewFigures, ...]
    coverage: float
    least_coverage: float
    disagreement: tuple[float | None, float | None]

    def over_views(self, name: str) -> list[float]:
        """One figure of the journal, or of the views, of every view that has it."""
        holders = ((view.entry if hasattr(view.entry, name) else view) for view in self.views)
        return [value for holder in holders if (value := getattr(holder, name)) is not None]

    @property
    def seam_step(self) -> float | None:
        """The median over the views of |seam step|; None if no view has one."""
        steps = [abs(step) for step in self.over_views("seam_step")]
        return statistics.median(steps) if steps else None

    def as_json(self) -> dict[str, Any]:
        """Plain numbers for report.json: totals first, then one entry a view."""
        totals = {
            "coverage": self.coverage,
            "least_coverage": self.least_coverage,
            "hole_area": 1 - self.coverage,
            "seam_step_median": self.seam_step,
            "disagreement_before": self.disagreement[0],
            "disagreement_after": self.disagreement[1],
            "seconds": sum(sum(view.seconds.values()) for view in self.views),
            "triangles": _summed([view.triangles for view in self.views]),
        }
        return {"prompt": self.prompt, "totals": totals, "views": [_flat(view) for view in self.views]}


def measure(scene: Scene) -> SceneFigures:
    """Measure a scene with at least one view; takes about as long as drawing it once from every view."""
    adjustment = scene.adjustment()
    seconds, memory = read_costs(scene.root)
    drifts = _drifts(scene)
    views = tuple(
        ViewFigures(
            prompt=scene.manifest.prompt_of(entry.view),
            entry=entry,
            known_kept=kept,
            triangles=triangles,
            scale=adjustment.corrections[entry.view].scale,
            drift=drifts[entry.view],
            seconds=seconds.get(f"{entry.view:04d}", {}),
            peak_memory_mib=memory.get(f"{entry.view:04d}"),
        )
        for entry, (kept, triangles) in zip(scene.manifest.journal, _replayed(scene), strict=False)
    )
    seen = _coverage_around(scene.adjusted().frames)
    coverage = sum(seen) / len(seen)
    return SceneFigures(scene.prompt, views, coverage, min(seen), (adjustment.before, adjustment.after))


def _replayed(scene: Scene) -> Iterator[tuple[float | None, Triangles]]:
    """For each view, how far it kept what earlier views show, and its triangles, by fusing them again."""
    first = scene.manifest.environment.get("device", "cpu")
    fused = fuse_all(())
    for frame, entry in zip(scene.frames, scene.manifest.journal, strict=True):
        device = entry.device or first  # another one may round otherwise
        kept = _known_kept(fused, frame, device) if entry.view and _is_here(device) else None
        longer = extend(fused, frame)
        faces = longer.surface_blocks.face_count - fused.surface_blocks.face_count
        fused = longer
        yield kept, count_triangles(frame, faces)


def _is_here(device: str) -> bool:
    try:
        resolve_device(device)
    except ValueError:
        return False
    return True


def _known_kept(fused: Fused, frame: Frame, device: str) -> float | None:
    """Share of what `fused` shows that the view has in the same colour and depth; None if that is nothing."""
    seen = view_from(fused, frame.camera, device)
    same = (round_to_8_bits(seen.image) == frame.image).all(0, keepdim=True)
    same &= (seen.depth == frame.depth) | ~seen.surface
    return float(same[seen.known].float().mean()) if seen.known.any() else None


def _coverage_around(frames: Sequence[Frame]) -> list[float]:
    """Share of the picture that is known from each of the places around the path."""
    fused = fuse_all(frames)
    return [float(view_from(fused, camera).known.float().mean()) for camera in cameras_around(frames)]


def cameras_around(frames: Sequence[Frame]) -> list[Camera]:
    """Cameras along the path of the views, in turn on it, a step to its left and a step to its right."""
    cameras = [frame.camera for frame in frames]
    cameras = smooth_path(cameras, AROUND) if len(cameras) > 1 else 3 * cameras
    step = ASIDE * distance_ahead(frames[0])
    return [_aside(_smaller(camera), (i % 3 - 1) * step) for i, camera in enumerate(cameras)]


def _smaller(camera: Camera) -> Camera:
    shrink = min(1.0, FEWER_PIXELS / max(camera.width, camera.height))
    return camera.resized(*(max(1, round(shrink * side)) for side in (camera.width, camera.height)))


def _aside(camera: Camera, metres: float) -> Camera:
    return camera.at(camera.position + metres * camera.world_from_camera[:3, 0])


def _drifts(scene: Scene) -> list[float | None]:
    """Scale of each view's depth over the truth, if the pictures are the oracle's; else None for each."""
    try:
        config = recorded_config(scene.manifest)
        roles = roles_of(config)
    except ValueError:  # settings of another version: nothing is known of its models
        return [None] * len(scene.frames)
    if (roles.text_to_image, roles.inpainter) != ("oracle", "oracle") or scene.manifest.input is not None:
        return [None] * len(scene.frames)
    oracle = oracle_for(scene.prompt, scene.manifest.seed, first_camera(config))
    return drift(scene.frames, [_true(frame, oracle) for frame in scene.frames])


def _true(frame: Frame, oracle: Oracle) -> Frame:
    depth = oracle.predict(frame.image, camera=frame.camera, generator=torch.Generator())
    return replace(frame, depth=depth.depth, valid=depth.valid)


def _summed(counts: Sequence[Triangles]) -> dict[str, int]:
    return {name: sum(getattr(count, name) for count in counts) for name in asdict(counts[0])}


def _flat(view: ViewFigures) -> dict[str, Any]:
    """One level of names, without the hashes of the files."""
    values = asdict(view)
    return {key: value for key, value in values.pop("entry").items() if key != "files"} | values
