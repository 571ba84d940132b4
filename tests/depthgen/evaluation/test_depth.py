import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from depthgen.depth import METRICS
from depthgen.evaluation import Report, table, write_report
from depthgen.evaluation.depth import score_depth
from depthgen.evaluation.protocols import WORLDS, protocol
from depthgen.evaluation.samples import (
    DepthSample,
    evaluation_samples,
    kind_mean_depth,
    rendered,
    training_samples,
)
from depthgen.worlds import KINDS, build_world


@pytest.fixture(scope="module")
def samples() -> list[DepthSample]:
    return list(rendered([build_world(seed, kind) for seed in range(2) for kind in ("lake", "office")], 16))


def test_averages_equal_a_plain_numpy_computation(samples: list[DepthSample], tmp_path: Path):
    def guess(sample: DepthSample) -> torch.Tensor:
        return 1.3 * sample.depth + sample.image.mean(0, keepdim=True)

    rows, skipped = score_depth({"guess": guess}, samples, WORLDS)
    assert not skipped
    report = Report("test", rows, tuple(METRICS), {"count": len(samples)})
    write_report(report, tmp_path)
    written = json.loads((tmp_path / "report.json").read_text())["overall"]["guess"]

    rel, rms, delta1 = [], [], []
    for sample in samples:
        g = sample.depth.double().numpy().ravel()
        d = guess(sample).double().numpy().ravel()
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


def test_the_truth_scores_perfectly_and_nonsense_is_clamped(samples: list[DepthSample]):
    models = {"truth": lambda s: s.depth, "nonsense": lambda s: torch.full_like(s.depth, torch.nan)}
    rows, _ = score_depth(models, samples, WORLDS)
    assert all(row["rel"] == 0 and row["delta1"] == 1 for row in rows["truth"])
    assert all(0.9 < row["rel"] < 1 for row in rows["nonsense"])


def test_sky_and_far_pixels_do_not_count_and_images_without_others_are_left_out(samples: list[DepthSample]):
    truth = torch.tensor([[[5.0, 39.0, 40.0, 7.0]]])
    valid = torch.tensor([[[True, True, True, False]]])
    assert WORLDS.counted(truth, valid).tolist() == [[[True, True, False, False]]]
    blank = samples[0]
    blank = DepthSample(blank.image, blank.depth, torch.zeros_like(blank.valid), blank.world, blank.camera)
    rows, skipped = score_depth({"truth": lambda s: s.depth}, [blank], WORLDS)
    assert rows == {"truth": []}
    assert skipped == [str(blank.world.seed)]


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


def test_unknown_protocols_are_refused_by_name():
    with pytest.raises(ValueError, match="worlds"):
        protocol("kitty")
