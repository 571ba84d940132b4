"""What evaluation costs an image beside the model, at NYU's size (480x640) and under NYU's protocol:
results/evaluation_overhead.json.

Frames in NYU's layout are written to a temporary folder and read, decoded, scored and ranked as
`depthgen-evaluate protocol=nyu` does it, on one thread, with a model that answers at once.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from record import hardware, save

from depthgen.depth import METRICS
from depthgen.depth_models import DepthSamples, KnownDepth, Meaning, SampleRequest
from depthgen.evaluation import EvaluateConfig, EvaluationData, Report, protocol, write_report
from depthgen.evaluation.cases import dataset_cases
from depthgen.evaluation.depth import score_depth, with_scenes
from depthgen.evaluation.prediction import Predictor
from depthgen.evaluation.protocols import DepthProtocol
from depthgen.geometry import Camera
from depthgen.images import to_pil
from depthgen.worlds import build_world, render

HEIGHT, WIDTH = 480, 640
DISTINCT, IMAGES = 6, 120
ANSWER = (240, 320)  # pixels of what the model returns


class Instant:
    """A depth model that takes no time."""

    def __init__(self, meaning: Meaning) -> None:
        self.meaning: Meaning = meaning
        self.depth = 1 + 5 * torch.rand(1, 1, *ANSWER, generator=torch.Generator().manual_seed(0))

    def sample(self, image: torch.Tensor, known: KnownDepth | None, request: SampleRequest) -> DepthSamples:
        return DepthSamples(self.depth, 80.0, 80.0)


def write_frames(root: Path) -> None:
    """Rendered rooms as JPEG and 16-bit PNG with a tenth of the depth missing, and the list of test frames."""
    (root / "room").mkdir()
    rng = np.random.default_rng(0)
    for i in range(DISTINCT):
        world = build_world(i, "kitchen")
        pose = world.camera(np.random.default_rng(i), 64).world_from_camera
        view = render([world], [Camera.from_fov(63, WIDTH, HEIGHT, pose)])
        to_pil(view.image[0].clamp(0, 1)).save(root / f"room/rgb_{i:05d}.jpg", quality=95)
        depth = (1000 * view.depth[0, 0].clamp(max=9.9)).round().numpy().astype(np.uint16)
        depth[rng.random((HEIGHT // 8, WIDTH // 8)).repeat(8, 0).repeat(8, 1) < 0.1] = 0
        Image.fromarray(depth).save(root / f"room/sync_depth_{i:05d}.png")
    names = [f"room/rgb_{i:05d}.jpg room/sync_depth_{i:05d}.png 518.8579" for i in range(DISTINCT)]
    lines = [names[i % DISTINCT] for i in range(IMAGES)]
    (root / "nyudepthv2_test_files_with_gt.txt").write_text("\n".join(lines) + "\n")


def measure(root: Path, meaning: Meaning) -> dict[str, float]:
    """Milliseconds an image from file to row, also of processor time, and seconds for the report at the end."""
    nyu = protocol("nyu")
    assert isinstance(nyu, DepthProtocol)
    config = EvaluateConfig(protocol="nyu", data=EvaluationData(str(root)))
    predictor = Predictor(Instant(meaning), config, nyu)
    start, start_cpu = time.perf_counter(), time.process_time()
    scores = score_depth({meaning: predictor}, dataset_cases(config, nyu), nyu)
    per_image = (time.perf_counter() - start - sum(predictor.seconds)) / IMAGES
    cpu_per_image = (time.process_time() - start_cpu) / IMAGES
    start = time.perf_counter()
    rows = with_scenes(scores.rows)
    report = Report("overhead", rows, tuple(METRICS), {}, "scene", examples=scores.examples())
    write_report(report, root / "report")
    return {
        "milliseconds_per_image": round(1000 * per_image, 2),
        "cpu_milliseconds_per_image": round(
            1000 * cpu_per_image, 2
        ),  # tells a busy machine from a slow program
        "report_seconds": round(time.perf_counter() - start, 2),
    }


def main() -> None:
    machine = hardware()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        write_frames(Path(folder))
        measure(Path(folder), "metric")  # warm up
        meanings: tuple[Meaning, ...] = ("metric", "affine depth", "affine disparity")
        figures = {meaning: measure(Path(folder), meaning) for meaning in meanings}
    save(
        "evaluation_overhead",
        {
            "hardware": machine,
            "threads": 1,
            "images": IMAGES,
            "size": [HEIGHT, WIDTH],
            "limit_milliseconds_per_image": 25,
            **figures,
        },
    )


if __name__ == "__main__":
    main()
