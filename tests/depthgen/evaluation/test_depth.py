import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from depthgen.data.sample import RGBD
from depthgen.depth import METRICS
from depthgen.evaluation import Report, table, write_report
from depthgen.evaluation.cases import Case, world_case
from depthgen.evaluation.depth import EXAMPLES, score_depth, with_scenes
from depthgen.evaluation.prediction import Prediction
from depthgen.evaluation.protocols import WORLDS
from depthgen.evaluation.samples import (
    DepthSample,
    evaluation_samples,
    kind_mean_depth,
    rendered,
    training_samples,
)
from depthgen.worlds import KINDS, build_world


def answering(depth: Callable[[RGBD], torch.Tensor]) -> Callable[[Case, torch.Tensor], Prediction]:
    return lambda case, counted: Prediction(depth(case.frame))


@pytest.fixture(scope="module")
def samples() -> list[DepthSample]:
    return list(rendered([build_world(seed, kind) for seed in range(2) for kind in ("lake", "office")], 16))


def test_averages_equal_a_plain_numpy_computation(samples: list[DepthSample], tmp_path: Path):
    def guess(sample: RGBD) -> torch.Tensor:
        return 1.3 * sample.depth + sample.image.mean(0, keepdim=True)

    scores = score_depth({"guess": answering(guess)}, map(world_case, samples), WORLDS)
    assert not scores.left_out
    report = Report("test", scores.rows, tuple(METRICS), {"count": len(samples)})
    write_report(report, tmp_path)
    written = json.loads((tmp_path / "report.json").read_text())["overall"]["guess"]

    rel, rms, delta1 = [], [], []
    for sample in samples:
        g = sample.depth.double().numpy().ravel()
        d = guess(world_case(sample).frame).double().numpy().ravel()
        use = sample.valid.numpy().ravel() & (g < 40)
        d, g = d[use], g[use]
        rel.append(np.mean(np.abs(d - g) / g))
        rms.append(np.sqrt(np.mean((d - g) ** 2)))
        delta1.append(np.mean(np.maximum(d / g, g / d) < 1.25))
    assert written["rel"]["mean"] == pytest.approx(np.mean(rel))
    assert written["rms"]["mean"] == pytest.approx(np.mean(rms))
    assert written["delta1"]["mean"] == pytest.approx(np.mean(delta1))

    with (tmp_path / "guess.csv").open() as file:
        lines = list(csv.DictReader(file))
    assert [float(line["rel"]) for line in lines] == pytest.approx(rel)
    text = table(report)
    assert all(word in text for word in ("lake", "office", "guess", "rel"))
    head, means, ends = text[text.index("all images") :].splitlines()[:3]
    assert len(head) == len(means) == len(ends)  # the last of many columns stands below its name


def test_the_truth_scores_perfectly_and_nonsense_is_clamped(samples: list[DepthSample]):
    models = {
        "truth": answering(lambda frame: frame.depth),
        "nonsense": answering(lambda frame: torch.full_like(frame.depth, torch.nan)),
    }
    rows = score_depth(models, map(world_case, samples), WORLDS).rows
    assert all(row["rel"] == 0 and row["delta1"] == 1 for row in rows["truth"])
    assert all(0.9 < row["rel"] < 1 for row in rows["nonsense"])


def test_images_without_a_pixel_that_counts_are_left_out(samples: list[DepthSample]):
    blank = samples[0]
    blank = DepthSample(blank.image, blank.depth, torch.zeros_like(blank.valid), blank.world, blank.camera)
    scores = score_depth({"truth": answering(lambda f: f.depth)}, [world_case(blank)], WORLDS)
    assert scores.rows == {"truth": []}
    assert scores.left_out == [str(blank.world.seed)]
    assert scores.examples() == ()


def test_the_baseline_is_the_geometric_mean_with_the_far_plane_for_sky(samples: list[DepthSample]):
    lakes = [s for s in samples if s.world.kind == "lake"]
    means = kind_mean_depth(iter(samples), far=40.0)
    assert set(means) == {"lake", "office"}
    filled = [torch.where(s.valid, s.depth, 40.0).clamp(max=40.0) for s in lakes]
    torch.testing.assert_close(means["lake"], (filled[0] * filled[1]).sqrt())


def test_evaluation_and_training_share_no_seed_and_both_show_every_kind():
    held_out = list(evaluation_samples(len(KINDS), 8))
    trained = list(training_samples(1, 8))
    assert {s.world.kind for s in held_out} == {s.world.kind for s in trained} == set(KINDS)
    assert min(s.world.seed for s in held_out) >= 2**32 > max(s.world.seed for s in trained)


@pytest.mark.parametrize("count", [1, 4, 6, 9])
def test_the_best_and_the_worst_images_are_kept_none_twice(count: int):
    errors = [0.5, 0.1, 0.9, 0.3, 0.7, 0.2, 0.8, 0.4, 0.6][:count]
    truth = torch.full((1, 2, 3), 4.0)
    cases = [
        Case(
            RGBD(torch.zeros(3, 2, 3), truth, truth > 0, f"room/{error}.png"), {"image": f"room/{error}.png"}
        )
        for error in errors
    ]
    wrong = answering(lambda frame: frame.depth * (1 + float(frame.name[5:-4])))
    scores = score_depth({"wrong": wrong, "right": answering(lambda f: f.depth)}, cases, WORLDS)
    kept = [example.rel for example in scores.examples()]
    ranked = sorted(errors)
    expected = ranked if count <= 2 * EXAMPLES else ranked[:EXAMPLES] + ranked[-EXAMPLES:]
    assert kept == pytest.approx(expected)
    assert set(scores.examples()[0].depths) == {"wrong", "right"}
    rows = with_scenes(scores.rows)["wrong"]
    assert list(rows[0])[:3] == ["image", "scene", "rel"]
    assert {row["scene"] for row in rows} == {"all"}
