"""What real depth sensors would have measured of an exact depth map: a Kinect and a spinning LiDAR.

For ablations: the same pictures with the holes and the noise of an indoor or an outdoor data set. Both models
are simple and say in their docstrings where a number is from; "chosen" means it is only plausible.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from depthgen.geometry import Camera, pixel_rays

# Kinect v1
# Metres from the infrared camera to the projector, which stands on its +x side (OpenNI: 7.5 cm).
BASELINE = 0.075
# Pixels of the sensor's own 640 x 480 picture (Khoshelham & Elberink 2012: 585; OpenNI: 575).
SENSOR_FOCAL = 580.0
DISPARITY_STEP = 1 / 8  # px of that picture (Khoshelham & Elberink 2012; ROS kinect_calibration/technical)
DISPARITY_NOISE = 0.5 * DISPARITY_STEP  # standard deviation before rounding (Khoshelham & Elberink 2012)
KINECT_RANGE = (0.5, 10.0)  # metres (10: the range of NYU Depth v2)
DARK, SHINY = 0.2, 0.9  # luma below and above which a surface may return nothing; chosen
MATERIAL_LOSS = 0.5  # share of dark and shiny surfaces that is lost; chosen
BLOB = 1 / 40  # size of the lost spots as a share of the picture's width; chosen

# Velodyne HDL-64E as in KITTI (Geiger et al. 2013): 64 beams, 26.8 degrees, 0.09 degrees, 2 cm, 120 m
LIDAR_FIELD = (2.0, -24.8)  # degrees of elevation of the first and the last line (data sheet)
AZIMUTH_STEP = 0.09  # degrees
LIDAR_DROPOUT = 0.1  # share of beams without a return; chosen
LIDAR_NOISE = 0.02  # metres, standard deviation along the beam
LIDAR_RANGE = 120.0  # metres along the beam


def kinect(depth: Tensor, image: Tensor, camera: Camera, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Depth (1,H,W) in metres, 0 where not valid, and valid (1,H,W) bool, as a Kinect has them.

    depth (1,H,W) exact planar z in metres, everywhere > 0 (sky as SKY_DEPTH); image (3,H,W) in [0,1].
    Not valid are: surfaces that the projector does not reach (`projector_shadow`); random spots of surfaces
    that are too dark or too shiny; what lies outside KINECT_RANGE. The rest is disparity with noise, rounded
    to DISPARITY_STEP of the sensor's own picture, so that the error of depth grows with its square: the steps
    are z^2 / (SENSOR_FOCAL * BASELINE) * DISPARITY_STEP, 4.6 cm at 4 m.
    Raises ValueError on wrong shapes.
    """
    _require_shape(depth, (1, camera.height, camera.width), "depth")
    _require_shape(image, (3, camera.height, camera.width), "image")
    scale = SENSOR_FOCAL * BASELINE
    noise = DISPARITY_NOISE * _normal(depth.shape, generator, depth)
    steps = ((scale / depth + noise) / DISPARITY_STEP).round().clamp(min=1)
    measured = scale / (steps * DISPARITY_STEP)
    near, far = KINECT_RANGE
    in_range = (measured >= near) & (measured <= far)
    valid = in_range & ~projector_shadow(depth, camera) & ~_lost_spots(image, generator)
    return measured * valid, valid


def projector_shadow(depth: Tensor, camera: Camera) -> Tensor:
    """Pixels (1,H,W) bool of exact depth (1,H,W) that the projector, BASELINE to the right, does not reach.

    To the left of a nearer surface lies a band of focal * BASELINE * (1 / z_near - 1 / z_far) pixels, or what
    of it a thin object covers. A pixel's surface is taken as facing the camera: it is dark when that of
    another pixel of its row, nearer and further to the right, covers the same column of the projector to
    half a pixel. So a surface that turns away from the projector until its pattern is squeezed to less than
    half is dark, too.
    """
    disparity = camera.K[0, 0].item() * BASELINE / depth
    shadow = torch.zeros_like(depth, dtype=torch.bool)
    reach = min(camera.width - 1, math.ceil(disparity.max().item()))
    for shift in range(1, reach + 1):
        step = disparity[..., shift:] - disparity[..., :-shift]
        shadow[..., :-shift] |= (step - shift).abs() <= 0.5
    return shadow


def lidar(
    depth: Tensor,
    valid: Tensor,
    camera: Camera,
    generator: torch.Generator,
    lines: int = 64,
    field: tuple[float, float] = LIDAR_FIELD,
    azimuth_step: float = AZIMUTH_STEP,
    dropout: float = LIDAR_DROPOUT,
) -> tuple[Tensor, Tensor]:
    """Sparse depth (1,H,W) in metres, 0 where not valid, and valid (1,H,W) bool, as a LiDAR has them.

    depth (1,H,W) exact planar z in metres where valid (1,H,W) bool; other pixels return nothing, as sky.
    lines: laser beams, evenly spread in elevation over `field`, the degrees of the first and the last above
    the camera's x-z plane; each is fired every `azimuth_step` degrees; a share `dropout` of shots is lost.
    A pixel is hit when a beam passes through it, and keeps its own exact depth plus noise along the beam. The
    sensor stands at the camera's centre, upright with it, so it sees what the camera sees.

    Where lines are closer than rows, every row of the field is hit: on a picture of 64 px and 60 degrees the
    default field spans 28 rows, so 64 lines cover them all, and 5 are as sparse as 64 are on KITTI (about
    every sixth row).
    Raises ValueError on wrong shapes or fewer than one line.
    """
    for name, value in (("depth", depth), ("valid", valid)):
        _require_shape(value, (1, camera.height, camera.width), name)
    if lines < 1 or azimuth_step <= 0 or not 0 <= dropout <= 1:
        raise ValueError(f"lidar: got lines {lines}, azimuth_step {azimuth_step}, dropout {dropout}")
    hit = _pixels_hit(_beams(camera, lines, field, azimuth_step), camera, dropout, generator).to(valid.device)
    ray = pixel_rays(camera).norm(dim=-1).to(depth)[None]  # metres along the beam for a metre of depth
    measured = depth + LIDAR_NOISE / ray * _normal(depth.shape, generator, depth)
    returned = hit & valid & (depth * ray <= LIDAR_RANGE) & (measured > 0)
    return torch.where(returned, measured, 0), returned


def _beams(camera: Camera, lines: int, field: tuple[float, float], azimuth_step: float) -> Tensor:
    """Directions (lines * azimuths, 3) in the camera's frame whose azimuths lie in its picture."""
    focal, centre = camera.K[0, 0].item(), camera.K[0, 2].item()
    half = math.degrees(math.atan(max(centre, camera.width - centre) / focal))
    count = math.floor(half / azimuth_step)
    azimuth = torch.deg2rad(torch.arange(-count, count + 1, dtype=torch.float64) * azimuth_step)
    elevation = torch.deg2rad(torch.linspace(*field, lines, dtype=torch.float64))
    elevation, azimuth = torch.meshgrid(elevation, azimuth, indexing="ij")
    level = elevation.cos()
    return torch.stack([level * azimuth.sin(), -elevation.sin(), level * azimuth.cos()], dim=-1).flatten(0, 1)


def _pixels_hit(beams: Tensor, camera: Camera, dropout: float, generator: torch.Generator) -> Tensor:
    """Pixels (1,H,W) bool through which one of the beams (N,3) passes that are not lost."""
    kept = torch.rand(len(beams), generator=generator, device=generator.device).cpu() >= dropout
    image_points = beams[kept] @ camera.K.T
    u, v = (image_points[:, :2] / image_points[:, 2:]).floor().long().T
    inside = (u >= 0) & (u < camera.width) & (v >= 0) & (v < camera.height)
    hit = torch.zeros(1, camera.height, camera.width, dtype=torch.bool)
    hit[0, v[inside], u[inside]] = True
    return hit


def _lost_spots(image: Tensor, generator: torch.Generator) -> Tensor:
    """(1,H,W) bool: random blobs of a share MATERIAL_LOSS of the dark and the shiny surfaces."""
    luma = (image * image.new_tensor([0.299, 0.587, 0.114])[:, None, None]).sum(0, keepdim=True)
    suspect = (luma < DARK) | (luma > SHINY)
    sigma = max(1.0, BLOB * image.shape[2])
    field = _smooth(_normal((1, *image.shape[1:]), generator, image), sigma)
    # the field is N(0, 1) at every pixel, so that this quantile takes the right share
    return suspect & (torch.special.ndtr(field) < MATERIAL_LOSS)


def _smooth(noise: Tensor, sigma: float) -> Tensor:
    """N(0,1) noise (1,H,W) blurred over about sigma pixels, still N(0,1): the kernel's squares sum to 1."""
    radius = min(math.ceil(3 * sigma), (min(noise.shape[1:]) - 1) // 2)
    offsets = torch.arange(-radius, radius + 1, device=noise.device, dtype=noise.dtype)
    kernel = (-0.5 * (offsets / sigma) ** 2).exp()
    kernel = kernel / kernel.norm()
    padded = F.pad(noise[None], (radius, radius, radius, radius), mode="circular")
    return F.conv2d(F.conv2d(padded, kernel[None, None, None]), kernel[None, None, :, None])[0]


def _normal(shape: torch.Size | tuple[int, ...], generator: torch.Generator, like: Tensor) -> Tensor:
    return torch.randn(shape, generator=generator, device=generator.device).to(like)


def _require_shape(value: Tensor, shape: tuple[int, int, int], name: str) -> None:
    if value.shape != shape:
        raise ValueError(f"sensor: {name} is {tuple(value.shape)}, but the camera's size asks for {shape}")
