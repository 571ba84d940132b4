import numpy as np
import pytest
import torch

from depthgen.data.registry import READERS, reader
from depthgen.evaluation.protocols import PROTOCOLS, WORLDS, Crop, DepthProtocol, protocol


def box(name: str, height: int, width: int) -> tuple[int, int, int, int]:
    """First and one past the last counted row and column of a depth map valid everywhere."""
    chosen = protocol(name)
    assert isinstance(chosen, DepthProtocol)
    valid = torch.ones(1, height, width, dtype=torch.bool)
    counted = chosen.counted(torch.full((1, height, width), 5.0), valid)[0]
    rows, columns = counted.any(1).nonzero(), counted.any(0).nonzero()
    assert int(counted.sum()) == len(rows) * len(columns)
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


def test_eigens_crop_of_nyu():
    assert box("nyu", 480, 640) == box("nyu_labelled", 480, 640) == (45, 471, 41, 601)
    with pytest.raises(ValueError, match="defined on depth maps of 480 x 640 pixels, not 240 x 320"):
        box("nyu", 240, 320)


@pytest.mark.parametrize(
    ("name", "size", "expected"),
    [
        ("kitti", (375, 1242), (153, 371, 44, 1197)),  # as printed in many evaluation scripts
        ("kitti", (370, 1226), (151, 366, 44, 1181)),
        ("kitti_kb_crop", (352, 1216), (143, 349, 43, 1172)),
        ("kitti_eigen_crop", (375, 1242), (124, 342, 44, 1197)),
    ],
)
def test_garg_and_eigen_crops_of_kitti(name: str, size: tuple[int, int], expected: tuple[int, ...]):
    assert box(name, *size) == expected


def test_crops_equal_the_usual_script():
    height, width = 376, 1241
    garg = np.array([0.40810811 * height, 0.99189189 * height, 0.03594771 * width, 0.96405229 * width])
    assert box("kitti", height, width) == tuple(garg.astype(np.int32))
    assert Crop((0.0, 1.0), (0.0, 1.0)).box(7, 9) == (0, 7, 0, 9)


@pytest.mark.parametrize(("name", "cap"), [("nyu", 10.0), ("kitti", 80.0), ("worlds", 40.0)])
def test_both_ends_of_the_range_are_excluded(name: str, cap: float):
    chosen = protocol(name)
    assert isinstance(chosen, DepthProtocol)
    truth = torch.full((1, 480, 640), 5.0)
    inside = truth[:, 240, 320:325]
    inside[:] = torch.tensor([1e-3, 2e-3, cap - 1e-3, cap, cap + 1])
    valid = torch.ones_like(truth, dtype=torch.bool)
    counted = chosen.counted(truth, valid)
    assert counted[0, 240, 320:325].tolist() == [False, True, True, False, False]
    assert not chosen.counted(truth, ~valid).any()


def test_predictions_are_clamped_and_what_is_no_number_too():
    nyu = protocol("nyu")
    assert isinstance(nyu, DepthProtocol)
    values = torch.tensor([torch.nan, torch.inf, -torch.inf, -2.0, 0.0, 3.0, 12.0])
    torch.testing.assert_close(nyu.clamped(values), torch.tensor([1e-3, 10.0, 1e-3, 1e-3, 1e-3, 3.0, 10.0]))
    assert WORLDS.clamped(torch.tensor(0.0)) == torch.tensor(0.1)


def test_every_data_protocol_reads_a_split_that_its_reader_has():
    chosen = [p for p in PROTOCOLS.values() if isinstance(p, DepthProtocol) and p.dataset]
    assert {p.dataset for p in chosen} == set(READERS)
    for p in chosen:
        assert p.dataset
        assert p.split in reader(p.dataset).splits, p.name


def test_unknown_protocols_are_refused_by_name():
    with pytest.raises(ValueError, match="no protocol 'kitty'; there are: worlds, prompts, held_out_words"):
        protocol("kitty")
