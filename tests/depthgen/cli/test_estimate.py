import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from depthgen.cli.depth_files import SUFFIXES, assumed_camera, read_known, to_millimetres, write_outputs
from depthgen.cli.estimate import main
from depthgen.estimator import DepthPrediction

HEIGHT, WIDTH = 24, 32


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    pixels = np.random.default_rng(0).integers(0, 255, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, checkpoints: dict[str, Path], tmp_path: Path):
    """Run the command on the tiny model; returns the output folder."""

    def command(*arguments: object) -> Path:
        out = tmp_path / "out"
        words = ["--model", checkpoints["depth"], "--device", "cpu", "--out", out, *arguments]
        monkeypatch.setattr(sys, "argv", ["estimate-depth", *map(str, words)])
        main()
        return out

    return command


def test_all_outputs_agree_with_each_other(run, photo: Path, capsys):
    out = run(photo, "--samples", 2)
    assert "photo.png" in capsys.readouterr().out
    depth, std = np.load(out / "photo_depth.npy"), np.load(out / "photo_std.npy")
    assert depth.shape == std.shape == (HEIGHT, WIDTH)
    assert depth.dtype == np.float32
    valid = np.asarray(Image.open(out / "photo_valid.png")) == 255
    stored = np.asarray(Image.open(out / "photo_depth_mm.png")).astype(int)
    near = valid & (depth <= 65.535)
    assert np.abs(stored / 1000 - depth)[near].max() <= 0.00051
    assert (stored[~near] == 0).all()
    assert Image.open(out / "photo_preview.png").size == (WIDTH, HEIGHT)
    assert {path.name for path in out.iterdir()} == {f"photo{suffix}" for suffix in SUFFIXES}


def test_the_way_of_completion_is_heard_and_asks_for_known_depth(run, photo: Path, tmp_path: Path, capsys):
    known = np.zeros((HEIGHT, WIDTH), np.float32)
    known[:, :16] = np.linspace(2, 4, 16)
    np.save(tmp_path / "known.npy", known)
    ways = ("align", "scale-shift-depth")
    words = [("--known", tmp_path / "known.npy", "--completion", way) for way in ways]
    depths = [np.load(run(photo, *word) / "photo_depth.npy") for word in words]
    assert not np.array_equal(*depths)
    for bad, message in (
        (["--completion", "align"], "--known"),
        ([*words[0][:2], "--completion", "x", "--model", "none"], "no completion 'x'"),  # before it loads
    ):
        with pytest.raises(SystemExit):
            run(photo, *bad)
        assert message in capsys.readouterr().err


def test_sampler_and_reduction_are_heard(run, photo: Path):
    depths = [
        np.load(run(photo, "--samples", 3, "--steps", 2, *words) / "photo_depth.npy")
        for words in ([], ["--reduce", "median"], ["--sampler", "ancestral"])
    ]
    assert not np.array_equal(depths[0], depths[1])
    assert not np.array_equal(depths[0], depths[2])


def test_seed_and_field_of_view_are_heard(run, photo: Path):
    depths = [
        np.load(run(photo, *words) / "photo_depth.npy")
        for words in (["--seed", 1], ["--seed", 1], ["--seed", 2], ["--seed", 1, "--hfov", 90])
    ]
    assert np.array_equal(depths[0], depths[1])
    assert not np.array_equal(depths[0], depths[2])
    assert not np.array_equal(depths[0], depths[3])


def test_points_reproject_to_their_pixels(photo: Path, tmp_path: Path):
    import trimesh

    from depthgen.geometry import project
    from depthgen.images import read_image

    camera = assumed_camera(WIDTH, HEIGHT)
    depth = torch.rand(HEIGHT, WIDTH) + 1
    valid = torch.rand(HEIGHT, WIDTH) > 0.3
    write_outputs(tmp_path / "photo", read_image(photo), DepthPrediction(depth, None, valid), camera)
    cloud = trimesh.load(tmp_path / "photo_points.ply")
    uv, z = project(torch.tensor(np.asarray(cloud.vertices), dtype=torch.float32), camera)
    row, column = torch.nonzero(valid, as_tuple=True)
    torch.testing.assert_close(uv, torch.stack([column, row], -1) + 0.5, rtol=0, atol=1e-3)
    torch.testing.assert_close(z, depth[valid])
    pixels = np.asarray(Image.open(photo))[valid.numpy()]
    assert np.array_equal(np.asarray(cloud.colors)[:, :3], pixels)


@pytest.mark.parametrize("seed", [-1, 2**64 - 1])
def test_all_seeds_of_torch_are_taken(run, photo: Path, seed: int):
    assert (run(photo, "--seed", seed, "--steps", 1) / "photo_depth.npy").is_file()


def test_known_depth_is_kept_to_the_millimetre(run, photo: Path, tmp_path: Path, capsys):
    known = np.zeros((HEIGHT, WIDTH), np.uint16)
    known[4:20:4, 3:30:3] = 2345
    Image.fromarray(known).save(tmp_path / "lidar.png")
    out = run(photo, "--known", tmp_path / "lidar.png", "--steps", 2)
    depth = np.load(out / "photo_depth.npy")
    assert np.abs(depth[known > 0] - 2.345).max() < 1e-6
    assert "before it was put back" in capsys.readouterr().out


def test_beyond_the_16_bits_is_zero_and_counted():
    depth = torch.tensor([[1.0, 65.535, 65.6, 70.0, 70.0]])
    valid = torch.tensor([[True, True, True, True, False]])
    millimetres, lost = to_millimetres(depth, valid)
    assert millimetres.tolist() == [[1000, 65535, 0, 0, 0]]
    assert lost == 2


def test_the_camera_that_is_assumed_spans_60_degrees_over_the_shorter_side():
    wide, tall = assumed_camera(200, 100), assumed_camera(100, 200)
    assert tall.hfov_degrees == pytest.approx(60)
    assert wide.K[1, 1] == pytest.approx(float(tall.K[0, 0]))


def test_known_depth_in_metres(tmp_path: Path):
    np.save(tmp_path / "known.npy", np.array([[0, 2.5]]))
    depth, known = read_known(tmp_path / "known.npy", (1, 2))
    assert known.tolist() == [[[False, True]]]
    assert depth[known].tolist() == [2.5]


def test_a_truncated_picture_of_depth_is_named(tmp_path: Path):
    levels = np.random.default_rng(0).integers(0, 9999, (64, 64)).astype(np.uint16)
    Image.fromarray(levels).save(tmp_path / "known.png")
    whole = (tmp_path / "known.png").read_bytes()
    (tmp_path / "known.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"known\.png: not a depth file, or damaged"):
        read_known(tmp_path / "known.png", (64, 64))


@pytest.mark.parametrize("values", [[[np.nan, 1.0]], [[-1.0, 1.0]], [[1.0]], [["a", "b"]]])
def test_bad_known_depth_names_the_file(tmp_path: Path, values):
    np.save(tmp_path / "known.npy", np.array(values))
    with pytest.raises(ValueError, match=r"known\.npy"):
        read_known(tmp_path / "known.npy", (1, 2))


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["absent.png"], "absent.png: no such image"),
        (["{photo}", "--known", "{photo}"], "16-bit"),
        (["{photo}", "{photo}"], "overwrite"),
        (["{photo}", "--hfov", "200"], "hfov"),
        (["{photo}", "--seed", str(2**64)], "seed"),
        (["{photo}", "--known", "{out}/photo_depth.npy"], "photo_depth.npy would be overwritten"),
        (["{photo}", "--samples", "0"], "samples"),
        (["{photo}", "--known", "x.png", "--sampler", "heun"], "--known"),
        (["{photo}", "--model", "nonsense"], "nonsense"),
        (["{photo}", "--out", "/proc/nowhere"], "/proc/nowhere"),
        (["{photo}", "--out", "{photo}"], "photo.png is a file; give the name of a folder"),
        (["{photo}", "--out", "{photo}/depth"], "photo.png is a file; give the name of a folder"),
    ],
)
def test_bad_requests_end_with_one_line_and_status_2(
    run, photo: Path, tmp_path: Path, capsys, arguments, reason
):
    with pytest.raises(SystemExit) as exit_info:
        run(*(argument.format(photo=photo, out=tmp_path / "out") for argument in arguments))
    assert exit_info.value.code == 2
    message = capsys.readouterr().err
    assert reason in message
    assert message.count("\n") == 1
    assert not list(tmp_path.glob("out/*"))


def test_help_is_immediate():
    started = time.perf_counter()
    text = subprocess.run(
        [sys.executable, "-m", "depthgen.cli.estimate", "--help"], capture_output=True, text=True, check=True
    ).stdout
    assert time.perf_counter() - started < 1
    assert "millimetres" in text
    assert "examples:" in text
