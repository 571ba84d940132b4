"""Samples a second that one worker reads of each data set, beside the bare decoding of the same bytes:
results/loaders.json. Target: at most 1.25 times its time.

The sets are written by the project's writers at the native sizes, with pictures of 1/f noise, which compress about
as photographs do. Bare decoding reads the same files with Pillow, zlib, h5py or pyarrow into arrays, and no more.
The projection of lidar points, which no decoder does, is a figure of its own, and taken off Waymo's time.
Small pictures suffer from fresh memory: where page faults are dear, MALLOC_MMAP_THRESHOLD_=1000000000 and
MALLOC_TRIM_THRESHOLD_=4000000000 in the environment show it.
"""

from __future__ import annotations

import argparse
import io
import struct
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from record import hardware, save

from depthgen.data.nyu import LABELLED, intrinsics
from depthgen.data.range_image import nearest_per_pixel
from depthgen.data.registry import open_dataset, open_images
from depthgen.data.sample import RGBD
from depthgen.data.scenenet import scenenet_camera
from depthgen.data.velodyne import Calibration, project_sweep
from depthgen.data.waymo import camera_points
from depthgen.data.writers import write_kitti, write_nyu_labelled, write_nyu_sync, write_scenenet
from depthgen.data.writers_images import write_image_folder, write_image_shards
from depthgen.data.writers_scannet import write_scannet
from depthgen.data.writers_waymo import write_waymo
from depthgen.geometry import Camera

TARGET, FRAMES, PASSES = 1.25, 8, 5
LIDAR = {"lidar": "LiDAR", "lidar_camera_projection": "LiDARCameraProjection", "lidar_pose": "LiDARPose"}


def picture(size: tuple[int, int], rng: np.random.Generator) -> torch.Tensor:
    """(3,H,W) in [0,1], of amplitudes that fall as 1/f, as in photographs."""
    frequency = np.hypot(np.fft.fftfreq(size[0])[:, None], np.fft.rfftfreq(size[1]))
    spectrum = np.fft.rfft2(rng.standard_normal((3, *size))) / np.maximum(frequency, 1 / max(size))
    noise = np.fft.irfft2(spectrum, size)
    return torch.from_numpy(0.5 + 0.18 * noise / noise.std()).clamp(0, 1).float()


def frames(
    size: tuple[int, int], K: torch.Tensor, depth_size: tuple[int, int] | None = None, count: int = FRAMES
) -> Iterator[RGBD]:
    """Pictures before a slope of 2 to 9 m with a tenth of holes."""
    rng = np.random.default_rng(0)
    for number in range(count):
        h, w = depth_size or size
        ramp = torch.linspace(2, 9, w).expand(1, h, w) + 0.01 * torch.from_numpy(
            rng.standard_normal((1, h, w))
        )
        holes = torch.from_numpy(rng.random((1, h, w)) < 0.1)
        depth = ramp.float().masked_fill(holes, 0)
        yield RGBD(picture(size, rng), depth, ~holes, f"{number}", K, torch.eye(4, dtype=torch.float64))


def decode(source: Path | bytes) -> np.ndarray:
    """Pillow's array of an encoded picture."""
    with Image.open(io.BytesIO(source) if isinstance(source, bytes) else source) as image:
        return np.asarray(image)


def bare_files(data: Any) -> Callable[[int], object]:
    return lambda i: [decode(path) for path in data.files(i)]


def bare_exported(root: Path) -> Callable[[int], object]:
    folder = next(root.glob("scene*"))
    return lambda i: (decode(folder / "color" / f"{i}.jpg"), decode(folder / "depth" / f"{i}.png"))


def bare_folder(root: Path) -> Callable[[int], object]:
    paths = sorted(root.rglob("*.JPEG"))
    return lambda i: decode(paths[i])


def bare_tar(root: Path) -> Callable[[int], object]:
    import tarfile

    (path,) = root.glob("*.tar")
    with tarfile.open(path) as tar:
        places = [(member.offset_data, member.size) for member in tar]

    def read(i: int) -> np.ndarray:
        with path.open("rb") as file:
            file.seek(places[i][0])
            return decode(file.read(places[i][1]))

    return read


def bare_sens(root: Path) -> Callable[[int], object]:
    (path,) = root.glob("*/*.sens")
    data, places = path.read_bytes(), []
    offset = 12 + struct.unpack_from("<Q", data, 4)[0] + 256 + 36
    while offset < len(data):
        color, depth = struct.unpack_from("<2Q", data, offset + 80)
        places.append((offset + 96, color, depth))
        offset += 96 + color + depth

    def read(i: int) -> tuple[np.ndarray, np.ndarray]:
        begin, color, depth = places[i]
        with path.open("rb") as file:
            file.seek(begin)
            jpeg, packed = file.read(color), file.read(depth)
        return decode(jpeg), np.frombuffer(zlib.decompress(packed), "<u2")

    return read


def bare_hdf5(root: Path) -> Callable[[int], object]:
    import h5py

    file = h5py.File(root / LABELLED)
    return lambda i: (file["images"][i], file["rawDepths"][i])


def bare_parquet(root: Path) -> Callable[[int], object]:
    """The picture and the three range images of a frame; the files hold a row a row group."""
    import pyarrow.parquet as pq

    folder = root / "training"

    def read(i: int) -> list[np.ndarray]:
        with pq.ParquetFile(folder / "camera_image" / "segment_0.parquet") as file:
            image = file.read_row_group(i, columns=["[CameraImageComponent].image"])
        arrays = [decode(image.column(0)[0].as_py())]
        for component, kind in LIDAR.items():
            values = f"[{kind}Component].range_image_return1.values"
            with pq.ParquetFile(folder / component / "segment_0.parquet") as file:
                arrays.append(
                    file.read_row_group(i, columns=[values]).column(0).chunk(0).flatten().to_numpy()
                )
        return arrays

    return read


def seconds(read: Callable[[int], object]) -> float:
    """Of one pass over the frames."""
    start = time.perf_counter()
    for index in range(FRAMES):
        read(index)
    return time.perf_counter() - start


def compare(
    reader: Callable[[int], object], bare: Callable[[int], object], projection: float = 0.0
) -> dict[str, Any]:
    """Passes of both in turn, so that a busy machine slows both; the fastest pass of each counts.

    projection: seconds a sample that are not compared.
    """
    seconds(reader), seconds(bare)  # warm up: files in memory, indices built
    taken = np.array([(seconds(reader), seconds(bare)) for _ in range(PASSES)])
    ours, theirs = (taken.min(axis=0) / FRAMES).tolist()
    return row_of(ours, theirs, projection)


def row_of(ours: float, theirs: float, projection: float) -> dict[str, Any]:
    """Seconds a sample of the reader, of bare decoding, and of the reader's projection of points."""
    ratio = (ours - projection) / theirs
    return {
        "samples_per_second_per_worker": round(1 / ours, 1),
        "bare_samples_per_second": round(1 / theirs, 1),
        "time_over_bare": round(ratio, 3),
        "within_target": ratio <= TARGET,
    }


def pinhole(size: tuple[int, int]) -> torch.Tensor:
    return Camera.from_fov(60, size[1], size[0]).K


def write_sets(root: Path) -> None:
    """Every set at its native sizes (height, width)."""
    vga, kitti, scannet, waymo = (480, 640), (375, 1242), (968, 1296), (1280, 1920)
    write_nyu_sync(root / "nyu", frames(vga, intrinsics()))
    write_nyu_labelled(root / "nyu_labelled", {s: frames(vga, intrinsics()) for s in ("train", "test")})
    compress(root / "nyu_labelled" / LABELLED)
    write_kitti(root / "kitti", frames(kitti, pinhole(kitti)))
    write_scenenet(root / "scenenet", frames((240, 320), scenenet_camera().K))
    for name, sens in (("scannet", True), ("scannet_exported", False)):
        write_scannet(root / name, frames(scannet, pinhole(scannet), (480, 640)), sens=sens)
    write_waymo(root / "waymo", frames(waymo, pinhole(waymo)), rows_per_group=1)
    write_image_folder(root / "imagenet", frames((375, 500), pinhole((375, 500))))
    write_image_shards(root / "imagenet_shards", frames((375, 500), pinhole((375, 500))))


def compress(path: Path) -> None:
    """Deflate the frames of a labelled NYU file, as those of the original are."""
    import h5py

    with h5py.File(path, "a") as file:
        for key in ("images", "rawDepths"):
            values = file[key][:]
            del file[key]
            file.create_dataset(key, data=values, chunks=(1, *values.shape[1:]), compression="gzip")


def loaders(root: Path) -> dict[str, tuple[Callable[[int], object], Callable[[int], object]]]:
    """(reader, bare decoding of its container) by data set."""
    listed = {name: open_dataset(name, root / name) for name in ("nyu", "kitti", "scenenet")}
    found: dict[str, Any] = {name: (data.__getitem__, bare_files(data)) for name, data in listed.items()}
    others = {
        "nyu_labelled": bare_hdf5,
        "scannet": bare_sens,
        "scannet_exported": bare_exported,
        "waymo": bare_parquet,
    }
    for name, bare in others.items():
        data = open_dataset(name.removesuffix("_exported"), root / name)
        found[name] = (data.__getitem__, bare(root / name))
    for name, bare in (("imagenet", bare_folder), ("imagenet_shards", bare_tar)):
        found[name] = (open_images("imagenet", root / name).__getitem__, bare(root / name))
    return found


def projections(root: Path) -> dict[str, float]:
    """Seconds a frame: Waymo's range images onto the front camera, a velodyne sweep onto KITTI's."""
    data: Any = open_dataset("waymo", root / "waymo")

    def depth_map(i: int) -> object:
        return nearest_per_pixel(*camera_points(*data.frames[i]), (1280, 1920))

    def range_images(i: int) -> list[object]:
        segment, moment, _ = data.frames[i]
        return [segment.range_images(component, moment) for component in LIDAR]

    waymo = min(seconds(depth_map) for _ in range(PASSES)) - min(seconds(range_images) for _ in range(PASSES))
    points = torch.randn(120_000, 4, generator=torch.Generator().manual_seed(0)) * 20
    axes = torch.tensor([[0, -1, 0, 0], [0, 0, -1, 0], [1, 0, 0, 0], [0, 0, 0, 1.0]], dtype=torch.float64)
    calibration = Calibration(torch.cat([pinhole((375, 1242)), torch.zeros(3, 1)], 1), axes)
    velodyne = min(seconds(lambda _: project_sweep(points, calibration, (375, 1242))) for _ in range(PASSES))
    return {"waymo": waymo / FRAMES, "velodyne_120k_points": velodyne / FRAMES}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dry-run", action="store_true", help="print the table and record nothing")
    arguments = parser.parse_args()
    torch.set_num_threads(1)  # as in a worker of the training loop
    machine = hardware()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_sets(root)
        projected = projections(root)
        sets = {n: compare(*pair, projected.get(n, 0.0)) for n, pair in loaders(root).items()}
    for name, row in sets.items():
        print(
            f"{name:18} {row['samples_per_second_per_worker']:8.1f} /s   {row['time_over_bare']:.2f} x bare"
        )
    milliseconds = {f"{name}_ms": round(1e3 * value, 2) for name, value in projected.items()}
    figures = {"hardware": machine, "target": TARGET, "data_sets": sets, "projection": milliseconds}
    print(milliseconds) if arguments.dry_run else save("loaders", figures)


if __name__ == "__main__":
    main()
