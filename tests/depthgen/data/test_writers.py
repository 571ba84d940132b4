"""What the writers write, seen by the real readers and by plain Pillow and h5py."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from PIL import Image
from scipy.io import loadmat

from depthgen.data.kitti import Kitti
from depthgen.data.nyu import NyuLabelled, NyuSync
from depthgen.data.sample import RGBD
from depthgen.data.scenenet import SceneNet, scenenet_camera
from depthgen.data.writers import write_kitti, write_nyu_labelled, write_nyu_sync, write_scenenet

HEIGHT, WIDTH = 24, 32


def frame(seed: int) -> RGBD:
    """Smooth colours, depths of 1 to 9 m, and the first row not valid though it holds numbers."""
    generator = torch.Generator().manual_seed(seed)
    color = torch.rand(3, 1, 1, generator=generator).expand(3, HEIGHT, WIDTH).contiguous()
    depth = 1 + 8 * torch.rand(1, HEIGHT, WIDTH, generator=generator)
    valid = torch.ones(1, HEIGHT, WIDTH, dtype=torch.bool)
    valid[:, 0] = False
    return RGBD(color, depth, valid, f"frame {seed}", scenenet_camera(WIDTH, HEIGHT).K)


FRAMES = [frame(seed) for seed in range(3)]


def assert_same(read: RGBD, written: RGBD, half_step: float) -> None:
    assert torch.equal(read.valid, written.valid)
    assert (read.depth - written.depth)[written.valid].abs().max() <= half_step + 1e-6
    assert (read.depth[~written.valid] == 0).all()
    assert (read.image - written.image).abs().max() < 0.02  # JPEG


@pytest.mark.parametrize("split", ["train", "test"])
def test_nyu_sync(tmp_path: Path, split: str) -> None:
    assert write_nyu_sync(tmp_path, FRAMES, split) == 3
    data = NyuSync(tmp_path, split)
    for i, written in enumerate(FRAMES):
        assert_same(data[i], written, 0.0005)
    with Image.open(data.files(1)[1]) as depth:
        assert depth.format == "PNG"
        assert depth.getpixel((5, 7)) == round(1000 * FRAMES[1].depth[0, 7, 5].item())


def test_nyu_labelled(tmp_path: Path) -> None:
    assert write_nyu_labelled(tmp_path, {"train": FRAMES[:1], "test": FRAMES[1:]}) == 3
    for i, written in enumerate(FRAMES[1:]):
        assert_same(NyuLabelled(tmp_path, "test")[i], written, 0)
    assert_same(NyuLabelled(tmp_path)[0], FRAMES[0], 0)
    splits = loadmat(tmp_path / "splits.mat")
    assert splits["trainNdxs"].tolist() == [[1]]
    assert splits["testNdxs"].tolist() == [[2], [3]]
    with h5py.File(tmp_path / "nyu_depth_v2_labeled.mat") as file:
        assert file["images"].shape == (3, 3, WIDTH, HEIGHT)  # type: ignore[union-attr]
        metres = file["rawDepths"][2, 5, 7]  # type: ignore[index]
    assert metres == FRAMES[2].depth[0, 7, 5]


def test_kitti(tmp_path: Path) -> None:
    write_kitti(tmp_path, FRAMES)
    write_kitti(tmp_path, FRAMES[1:], "test")
    assert Kitti.doctor(tmp_path).healthy
    assert Kitti.doctor(tmp_path).counts == {"train": 3, "test": 2}
    for i, written in enumerate(FRAMES):
        read = Kitti(tmp_path)[i]
        assert_same(read, written, 1 / 512)
        torch.testing.assert_close(read.K, written.K)
    assert_same(Kitti(tmp_path, "test")[0], FRAMES[1], 1 / 512)


def test_scenenet(tmp_path: Path) -> None:
    write_scenenet(tmp_path, FRAMES, "val")
    data = SceneNet(tmp_path, "val")
    for i, written in enumerate(FRAMES):
        assert_same(data[i], written, 0.0005)
    assert data[2].name == "val/0/0/photo/50.jpg"
    K = FRAMES[0].K
    assert K is not None
    ray = torch.linalg.inv(K) @ torch.tensor([5.5, 7.5, 1], dtype=torch.float64)
    with Image.open(data.files(0)[1]) as depth:
        assert depth.getpixel((5, 7)) == round(1000 * FRAMES[0].depth[0, 7, 5].item() * ray.norm().item())


def test_what_does_not_fit_is_not_valid(tmp_path: Path) -> None:
    far = replace(FRAMES[0], depth=torch.full((1, HEIGHT, WIDTH), 65.6))
    far.depth[0, 1, 1] = 65.5
    write_nyu_sync(tmp_path, [far])
    sample = NyuSync(tmp_path)[0]
    assert sample.valid.nonzero().tolist() == [[0, 1, 1]]


def test_complaints(tmp_path: Path) -> None:
    for write in (write_nyu_sync, write_kitti, write_scenenet):
        with pytest.raises(ValueError, match="no frames"):
            write(tmp_path, [])
    with pytest.raises(ValueError, match="no frames"):
        write_nyu_labelled(tmp_path, {"train": []})
    small = replace(FRAMES[0], image=torch.zeros(3, 4, 4))
    for write in (write_nyu_sync, write_kitti, write_scenenet):
        with pytest.raises(ValueError, match=r"frame 0: .*one size"):
            write(tmp_path, [small])
    without = replace(FRAMES[1], K=None)
    other = replace(FRAMES[1], K=torch.eye(3, dtype=torch.float64))
    with pytest.raises(ValueError, match=r"frame 1.*one camera"):
        write_kitti(tmp_path, [FRAMES[0], without])
    for wrong in (without, other):
        with pytest.raises(ValueError, match=r"frame 1.*one camera"):
            write_scenenet(tmp_path, [wrong])
    half = RGBD(torch.zeros(3, 4, 4), torch.ones(1, 4, 4), torch.ones(1, 4, 4, dtype=torch.bool), "half")
    with pytest.raises(ValueError, match="one size"):
        write_nyu_labelled(tmp_path, {"train": [FRAMES[0], half]})


def test_labelled_values_are_floats_of_the_file(tmp_path: Path) -> None:
    write_nyu_labelled(tmp_path, {"train": FRAMES})
    assert np.isclose(NyuLabelled(tmp_path)[1].image[0, 0, 0].item(), FRAMES[1].image[0, 0, 0], atol=1 / 500)
