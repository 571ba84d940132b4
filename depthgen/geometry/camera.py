"""One pinhole camera, and the maps between its pixels and the world.

Pixel centres lie at integer + 0.5: the pixel in row i and column j sees the image point (j + 0.5, i + 0.5).
Depth is planar z (metres along the optical axis), not the length of the ray.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from depthgen.geometry import se3

RIGID_TOLERANCE = 1e-4  # camera files often carry only five or six digits


@dataclass(frozen=True, eq=False)
class Camera:
    """A pinhole camera with OpenCV axes (x right, y down, z forward). Tensors become float64 on the CPU.

    K                  (3,3) intrinsics in pixels, last row (0, 0, 1), focal lengths > 0
    world_from_camera  (4,4) rigid pose, metres
    width, height      image size in pixels

    Raises ValueError when a value is not finite, K singular, the pose not rigid or the size not positive.
    """

    K: Tensor
    world_from_camera: Tensor
    width: int
    height: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "K", _matrix(self.K, 3, "K"))
        object.__setattr__(self, "world_from_camera", _matrix(self.world_from_camera, 4, "world_from_camera"))
        _check_size(self.width, self.height)
        _check_intrinsics(self.K)
        _check_rigid(self.world_from_camera)

    @staticmethod
    def from_fov(
        hfov_degrees: float, width: int, height: int, world_from_camera: Tensor | None = None
    ) -> Camera:
        """Camera with square pixels, centred principal point, horizontal field of view in (0, 180) degrees.

        The pose defaults to the identity. Raises ValueError for a field of view outside the range.
        """
        if not 0 < hfov_degrees < 180:
            raise ValueError(f"camera: field of view is {hfov_degrees}; give degrees between 0 and 180")
        _check_size(width, height)
        focal = width / 2 / math.tan(math.radians(hfov_degrees) / 2)
        K = torch.tensor([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1]], dtype=torch.float64)
        pose = torch.eye(4, dtype=torch.float64) if world_from_camera is None else world_from_camera
        return Camera(K, pose, width, height)

    @property
    def camera_from_world(self) -> Tensor:
        """(4,4) float64 inverse of the pose."""
        return se3.inverse(self.world_from_camera)

    @property
    def position(self) -> Tensor:
        """(3,) float64 centre of projection in the world, metres."""
        return self.world_from_camera[:3, 3]

    @property
    def hfov_degrees(self) -> float:
        """Angle between the left and the right image border, in degrees."""
        return _angle(self.K[0, 0].item(), self.K[0, 2].item(), self.width)

    @property
    def vfov_degrees(self) -> float:
        """Angle between the upper and the lower image border, in degrees."""
        return _angle(self.K[1, 1].item(), self.K[1, 2].item(), self.height)

    @property
    def fov_degrees(self) -> float:
        """Angle over the picture's shorter side, in degrees: what tells a network that fits that side how far
        away things are."""
        return self.hfov_degrees if self.width < self.height else self.vfov_degrees

    def resized(self, width: int, height: int) -> Camera:
        """The same view sampled with another number of pixels (K scaled per axis)."""
        _check_size(width, height)
        scale = torch.tensor([width / self.width, height / self.height, 1], dtype=torch.float64)
        return replace(self, K=scale[:, None] * self.K, width=width, height=height)

    def moved(self, world_from_camera: Tensor) -> Camera:
        """The same camera at another (4,4) pose."""
        return replace(self, world_from_camera=world_from_camera)

    def at(self, position: Tensor) -> Camera:
        """The same camera, its direction kept, at another position (3,), metres."""
        pose = self.world_from_camera.clone()
        pose[:3, 3] = position
        return self.moved(pose)

    def zoomed(self, factor: float) -> Camera:
        """The same camera with `factor` times the focal length: things appear that many times larger."""
        K = self.K.clone()
        K[:2, :2] *= factor
        return replace(self, K=K)

    def to_json(self) -> dict:
        """Plain numbers that `from_json` reads back exactly."""
        return {
            "width": self.width,
            "height": self.height,
            "K": self.K.tolist(),
            "world_from_camera": self.world_from_camera.tolist(),
        }

    @staticmethod
    def from_json(data: dict) -> Camera:
        """Camera from what `to_json` returned. Raises ValueError that names the missing or bad entry."""
        if not isinstance(data, dict):
            raise ValueError(f"camera: expected a JSON object, got {type(data).__name__}")
        missing = [key for key in ("width", "height", "K", "world_from_camera") if key not in data]
        if missing:
            raise ValueError(f"camera: missing {', '.join(missing)}; write the file with Camera.to_json")
        return Camera(data["K"], data["world_from_camera"], data["width"], data["height"])


def magnification(camera: Camera, fov_degrees: float) -> float:
    """How many times larger things appear than to a camera of `fov_degrees` over the picture's shorter side.

    The same picture shows things that many times farther away than that camera's would: a network that knows
    one camera alone sees depth divided by this (the canonical camera of Metric3D, arXiv 2307.10984).
    """
    shorter = min(camera.width, camera.height)
    return camera.K[1, 1].item() / (shorter / 2 / math.tan(math.radians(fov_degrees) / 2))


def _angle(focal: float, centre: float, length: int) -> float:
    return math.degrees(math.atan(centre / focal) + math.atan((length - centre) / focal))


def _matrix(values: Tensor, size: int, name: str) -> Tensor:
    try:
        values = values.detach().cpu() if isinstance(values, Tensor) else values
        matrix = torch.as_tensor(values, dtype=torch.float64).clone()
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError(f"camera: {name} is not a matrix of numbers; give {size}x{size} numbers") from error
    if matrix.shape != (size, size):
        raise ValueError(f"camera: {name} has shape {tuple(matrix.shape)}; give {size}x{size} numbers")
    if not torch.isfinite(matrix).all():
        raise ValueError(f"camera: {name} holds NaN or infinity; give finite numbers")
    return matrix


def _check_size(width: int, height: int) -> None:
    for name, value in (("width", width), ("height", height)):
        if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
            raise ValueError(f"camera: {name} is {value!r}; give a positive whole number of pixels")


def _check_intrinsics(K: Tensor) -> None:
    if K[2].tolist() != [0, 0, 1] or K[1, 0] != 0:
        raise ValueError("camera: K must be upper triangular with last row (0, 0, 1)")
    if K[0, 0] <= 0 or K[1, 1] <= 0:
        raise ValueError(
            f"camera: K is singular or mirrored (focal lengths {K[0, 0]:g} and {K[1, 1]:g}); "
            "give positive focal lengths in pixels"
        )


def _check_rigid(pose: Tensor) -> None:
    rotation = pose[:3, :3]
    orthonormal = torch.allclose(rotation @ rotation.T, torch.eye(3, dtype=pose.dtype), atol=RIGID_TOLERANCE)
    if not orthonormal or torch.linalg.det(rotation) < 0 or pose[3].tolist() != [0, 0, 0, 1]:
        raise ValueError(
            "camera: world_from_camera is not a rigid transform; give a rotation and a "
            "translation in metres over the last row (0, 0, 0, 1)"
        )


def pixel_rays(camera: Camera, device: torch.device | str | None = None) -> Tensor:
    """(H,W,3) float32 directions through the pixel centres in the camera's frame, scaled to z = 1."""
    return rays_through(*_pixel_centres(camera), camera).to(device, torch.float32)


def rays_through(u: Tensor, v: Tensor, camera: Camera) -> Tensor:
    """Camera-frame directions (...,3) with z = 1 through the image points (u, v), each (...,) in pixels."""
    points = torch.stack([u, v, torch.ones_like(u)], dim=-1)
    return points @ torch.linalg.inv(camera.K).to(points).T


def _pixel_centres(camera: Camera) -> tuple[Tensor, Tensor]:
    v, u = torch.meshgrid(
        torch.arange(camera.height, dtype=torch.float64) + 0.5,
        torch.arange(camera.width, dtype=torch.float64) + 0.5,
        indexing="ij",
    )
    return u, v


def to_world(points: Tensor, camera: Camera) -> Tensor:
    """World coordinates (...,3) of points (...,3) given in the camera's frame, both in metres."""
    pose = camera.world_from_camera.to(points)
    return points @ pose[:3, :3].T + pose[:3, 3]


def unproject(depth: Tensor, camera: Camera) -> Tensor:
    """World points (H,W,3) seen at planar `depth` (1,H,W) or (H,W), both metres, in its device and dtype.

    Raises ValueError when the depth map is not of the camera's size.
    """
    if depth.shape not in ((1, camera.height, camera.width), (camera.height, camera.width)):
        raise ValueError(
            f"unproject: depth of shape {tuple(depth.shape)} does not fit a camera of "
            f"{camera.width}x{camera.height} pixels; resize one of them"
        )
    rays = rays_through(*_pixel_centres(camera), camera).to(depth)
    return to_world(rays * depth.reshape(*rays.shape[:2], 1), camera)


def project(points: Tensor, camera: Camera) -> tuple[Tensor, Tensor]:
    """Image points (...,2) in pixels and planar depth z (...,) in metres of world `points` (...,3).

    Pixel (i, j) covers u in [j, j + 1), v in [i, i + 1). Image points mean something only where z > 0.
    """
    pose = camera.camera_from_world.to(points)
    q = (points @ pose[:3, :3].T + pose[:3, 3]) @ camera.K.to(points).T
    z = q[..., 2]
    tiny = torch.finfo(z.dtype).tiny
    return q[..., :2] / z.where(z != 0, tiny).unsqueeze(-1), z


def pixels_at(points: Tensor, camera: Camera) -> tuple[Tensor, Tensor, Tensor]:
    """Where world points (...,3), metres, fall into a camera's picture.

    Returns inside (...) bool, whether they do; the flat number (...) int64 of the pixel, 0 outside; and the
    planar depth (...) in metres.
    """
    position, z = project(points, camera)
    size = torch.tensor([camera.width, camera.height]).to(position)
    inside = (z > 0) & (position >= 0).all(-1) & (position < size).all(-1)
    column, row = position.where(inside.unsqueeze(-1), 0.0).long().unbind(-1)
    return inside, row * camera.width + column, z
