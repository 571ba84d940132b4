"""Camera paths as JSON files, in nerfstudio's two layouts and as a plain list of matrices.

`transforms.json`    {"fl_x", "w", ..., "frames": [{"transform_matrix", "prompt"}]}: one frame, one view
`camera_path.json`   {"render_height", ..., "keyframes": [{"matrix", "fov"}], "camera_path":
                     [{"camera_to_world", "fov"}]}: the frames of a film, and the few it was drawn through

A `prompt` holds from its frame on. Distortion of lenses is not modelled. Both have OpenGL camera axes (x
right, y up, looking along -z), as all our exports; the matrices of a plain list have the scene's own (x
right, y down, z forward). nerfstudio keeps lengths and axes as they are when it trains with
`--orientation-method none --center-method none --auto-scale-poses False`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from depthgen.geometry import Camera, inverse, orthonormal
from scene3d.axes import exported_pose
from scene3d.files import replacing

_UNKNOWN_LENS = 60.0  # degrees, of a camera whose file does not say; see `CameraPath.has_lens`
_LENSES = (  # of either layout; the second is instant-ngp's
    ("w", "h", "fl_x"),
    ("w", "h", "camera_angle_x"),
    ("render_width", "render_height", "fov"),
)
_PERSPECTIVE = ("OPENCV", "PINHOLE", "SIMPLE_PINHOLE", "RADIAL", "SIMPLE_RADIAL", "FULL_OPENCV")

_ROUNDING = 1e-3  # of the entries of a pose

Kind = Literal["views", "film", "keyframes"]


@dataclass(frozen=True)
class CameraPath:
    """What a path file says.

    cameras: in the scene's frame. kind: whether they are views for themselves, all pictures of a film, or the
        keyframes of one. has_lens: whether size and intrinsics are the file's (poses alone if not).
    prompts: number of a camera -> the words from there on.
    """

    cameras: tuple[Camera, ...]
    kind: Kind
    has_lens: bool
    prompts: dict[int, str]

    def views(self, first: Camera, count: int) -> tuple[list[Camera], dict[int, str]]:
        """`count` cameras of which the first is `first`, at the origin, and the prompts of the others.

        Frames are taken in turn, a film at equal distances. Where the focal length changes along the path, it
        changes by the same factor here. ValueError when there are too few frames.
        """
        if count > len(self.cameras):
            raise ValueError(f"{len(self.cameras)} poses are too few for {count} views")
        last = len(self.cameras) - 1 if self.kind == "film" else count - 1
        chosen = [round(i * last / max(1, count - 1)) for i in range(count)]
        start = self.cameras[0]
        origin_from_world = inverse(start.world_from_camera)
        cameras = [
            first.moved(origin_from_world @ camera.world_from_camera).zoomed(_focal(camera) / _focal(start))
            for camera in (self.cameras[index] for index in chosen)
        ]
        return cameras, {view: words for view in range(1, count) if (words := self._begun(chosen, view))}

    def _begun(self, chosen: list[int], view: int) -> str | None:
        """The words that begin to hold between the frames of the view before and of this one."""
        begun = [frame for frame in self.prompts if chosen[view - 1] < frame <= chosen[view]]
        return self.prompts[max(begun)] if begun else None


def read_path(file: Path) -> CameraPath:
    """The cameras in a JSON file of any of the three layouts.

    ValueError names the file, and the pose that cannot be used.
    """
    if not file.is_file():
        raise ValueError(f"{file}: no such camera path")
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"{file} is not JSON ({error}); give a nerfstudio camera path") from error
    try:
        layout = _layout_of(data)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(
            f"{file} is not a camera path ({_reason(error)}); "
            "give a list of 4x4 matrices, or nerfstudio's camera_path or frames"
        ) from error
    if not layout.entries:
        raise ValueError(f"{file} holds no camera pose")
    cameras = tuple(_camera(entry, layout, f"{file}, pose {i}") for i, entry in enumerate(layout.entries))
    prompts = {i: str(entry["prompt"]) for i, entry in enumerate(layout.entries) if entry.get("prompt")}
    return CameraPath(cameras, layout.kind, layout.has_lens, prompts)


def _reason(error: Exception) -> str:
    return f"it has no {error}" if isinstance(error, KeyError) else str(error)


@dataclass(frozen=True)
class _Layout:
    """A file's entries, one a camera; where their matrices stand; what holds for all of them."""

    entries: list[dict[str, Any]]
    matrix: str
    shared: dict[str, Any]
    kind: Kind
    is_opengl: bool = True

    @property
    def has_lens(self) -> bool:
        """Whether the file says how its first camera sees."""
        return _lens_keys(self.shared | self.entries[0]) is not None


def _layout_of(data: Any) -> _Layout:
    if isinstance(data, list):
        return _Layout([{"pose": pose} for pose in data], "pose", {}, "views", is_opengl=False)
    if "frames" in data:
        return _Layout([dict(frame) for frame in data["frames"]], "transform_matrix", data, "views")
    if data.get("camera_type", "perspective") != "perspective":
        raise ValueError(f"its cameras are {data['camera_type']}, not perspective")
    if data.get("camera_path"):
        return _Layout([dict(camera) for camera in data["camera_path"]], "camera_to_world", data, "film")
    return _Layout([dict(key) for key in data["keyframes"]], "matrix", data, "keyframes")


def _camera(entry: dict[str, Any], layout: _Layout, where: str) -> Camera:
    """One entry as a camera, if a camera can stand there (finite, invertible, rigid)."""
    try:
        pose = torch.tensor(entry[layout.matrix], dtype=torch.float64)
        if pose.numel() != 16:
            raise ValueError(f"its matrix has {pose.numel()} numbers, not 4 x 4")
        pose = pose.reshape(4, 4)
        pose = exported_pose(pose) if layout.is_opengl else pose
        given = layout.shared | entry
        model = given.get("camera_model") or "OPENCV"
        if layout.has_lens and model not in _PERSPECTIVE:  # poses alone serve whatever the lens
            raise ValueError(f"its camera is {model}, not perspective")
        return _lens(given, layout.has_lens).moved(_unrounded(pose))
    except KeyError as error:
        raise ValueError(f"{where}: it has no {error}") from error
    except (ArithmeticError, TypeError, ValueError) as error:
        raise ValueError(f"{where}: {error}") from error


def _unrounded(pose: Tensor) -> Tensor:
    """The rigid pose (4,4) that was written with few digits; anything else as it is."""
    if not pose.isfinite().all():
        return pose
    rigid = orthonormal(pose)
    return rigid if (rigid - pose).abs().max() < _ROUNDING else pose


def _lens_keys(given: dict[str, Any]) -> tuple[str, ...] | None:
    """The names under which size and field of view stand; None if they do not."""
    return next((keys for keys in _LENSES if set(keys) <= given.keys()), None)


def _lens(given: dict[str, Any], expected: bool) -> Camera:
    """Size and intrinsics at the origin; any, if the file is not expected to say them."""
    keys = _lens_keys(given)
    if not expected:
        return Camera.from_fov(_UNKNOWN_LENS, 1, 1)
    if keys in _LENSES[:2]:
        width, height = _sides(given["w"], given["h"])
        fx = float(given["fl_x"]) if "fl_x" in given else width / 2 / math.tan(given["camera_angle_x"] / 2)
        fy, cx, cy = (given.get(k, v) for k, v in (("fl_y", fx), ("cx", width / 2), ("cy", height / 2)))
        K = torch.tensor([[fx, 0, cx], [0, fy, cy], [0, 0, 1]], dtype=torch.float64)
        return Camera(K, torch.eye(4, dtype=torch.float64), width, height)
    if keys == _LENSES[2]:
        width, height = _sides(given["render_width"], given["render_height"])
        return Camera.from_fov(_hfov(float(given["fov"]), width, height), width, height)
    raise ValueError("it has no intrinsics, but the first has")


def _sides(width: Any, height: Any) -> tuple[int, int]:
    width, height = int(width), int(height)
    if min(width, height) < 1:
        raise ValueError(f"its picture has {width} x {height} pixels")
    return width, height


def _hfov(vfov_degrees: float, width: int, height: int) -> float:
    """Horizontal field of view, degrees, of square pixels; nerfstudio's `fov` is the vertical one."""
    return 2 * math.degrees(math.atan(math.tan(math.radians(vfov_degrees) / 2) * width / height))


def _focal(camera: Camera) -> float:
    """Focal length in picture heights."""
    return camera.K[1, 1].item() / camera.height


def transforms_of(cameras: Sequence[Camera], prompts: dict[int, str] | None = None) -> dict[str, Any]:
    """The document of a transforms.json; intrinsics that all cameras share stand at its top as well."""
    document: dict[str, Any] = {"camera_model": "OPENCV"}
    if all(_intrinsics(camera) == _intrinsics(cameras[0]) for camera in cameras):
        document |= _intrinsics(cameras[0])  # where most programs look for them
    document["frames"] = [
        _intrinsics(camera)
        | {"transform_matrix": exported_pose(camera.world_from_camera).tolist()}
        | ({"prompt": prompts[i]} if prompts and i in prompts else {})
        for i, camera in enumerate(cameras)
    ]
    return document


def _intrinsics(camera: Camera) -> dict[str, float]:
    """Size and intrinsics in pixels (centres at + 0.5) under nerfstudio's names."""
    fx, fy, cx, cy = (camera.K[i].item() for i in ((0, 0), (1, 1), (0, 2), (1, 2)))
    return {"w": camera.width, "h": camera.height, "fl_x": fx, "fl_y": fy, "cx": cx, "cy": cy}


def camera_path_of(
    film: Sequence[Camera], keyframes: Sequence[Camera], frames_per_second: int = 24
) -> dict[str, Any]:
    """The document of a camera_path.json: every picture of a film, and the cameras it was drawn through."""
    first = film[0]
    return {
        "camera_type": "perspective",
        "render_height": first.height,
        "render_width": first.width,
        "fps": frames_per_second,
        "seconds": len(film) / frames_per_second,
        "is_cycle": False,
        "smoothness_value": 0.0,
        "default_fov": first.vfov_degrees,
        "default_transition_sec": len(film) / frames_per_second / max(1, len(keyframes) - 1),
        "keyframes": [
            {"matrix": _flat(camera), **_view(camera), "override_transition_enabled": False}
            for camera in keyframes
        ],
        "camera_path": [{"camera_to_world": _flat(camera), **_view(camera)} for camera in film],
    }


def _flat(camera: Camera) -> list[float]:
    """The pose in OpenGL axes, row by row."""
    return exported_pose(camera.world_from_camera).flatten().tolist()


def _view(camera: Camera) -> dict[str, float]:
    return {"fov": camera.vfov_degrees, "aspect": camera.width / camera.height}


def write_json(document: dict[str, Any], path: Path) -> Path:
    """Write a document, whole or not at all."""
    with replacing(path) as aside:
        aside.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return path
