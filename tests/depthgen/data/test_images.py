"""Pictures for pre-training: folders and tar shards, any kind of file, an order that resuming can trust."""

from __future__ import annotations

import io
import json
import struct
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from depthgen.data.images import ImageNet, ImageShards, Places365
from depthgen.data.registry import open_images
from depthgen.data.sample import RGBD, BrokenSample
from depthgen.data.shards import index_path, members
from depthgen.data.writers_images import write_image_folder, write_image_shards
from depthgen.training.sampler import PermutedBatches


def encoded(image: Image.Image, kind: str = "JPEG") -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


def grey(level: int) -> bytes:
    return encoded(Image.new("RGB", (8, 6), (level,) * 3))


def ustar(entries: dict[str, bytes]) -> bytes:
    """A tar file from the format's description: 512-byte header, content padded to 512, two empty blocks."""
    out = b""
    for name, data in entries.items():
        fields = (
            name.encode(),
            b"0000644\0",
            b"0000000\0",
            b"0000000\0",
            b"%011o\0" % len(data),
            b"0" * 11 + b"\0",
        )
        header = struct.pack("100s8s8s8s12s12s", *fields) + b" " * 8 + b"0" + bytes(100) + b"ustar\x0000"
        header = header.ljust(512, b"\0")
        header = header[:148] + b"%06o\0 " % sum(header) + header[156:]
        out += header + data + bytes(-len(data) % 512)
    return out + bytes(1024)


def level(data: ImageNet, index: int) -> int:
    return round(data[index][0].mean().item() * 255)


def test_folders_are_read_however_deep_in_the_order_of_their_names(tmp_path: Path) -> None:
    files = ["n02/b.JPEG", "n01/x/c.jpg", "n01/z.jpeg", "a.png", "n01/notes.txt", "n01/._z.jpeg"]
    for number, name in enumerate(files):
        (tmp_path / "train" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "train" / name).write_bytes(grey(10 * number))
    data = open_images("imagenet", tmp_path)
    assert [data[i][1] for i in range(len(data))] == ["a.png", "n01/z.jpeg", "n01/x/c.jpg", "n02/b.JPEG"]
    assert [level(data, i) for i in range(4)] == pytest.approx([30, 20, 10, 0], abs=1)
    assert data[0][0].shape == (3, 6, 8)


@pytest.mark.parametrize("mode", ["L", "CMYK", "P", "RGBA", "1", "LA"])
def test_every_mode_becomes_colour(tmp_path: Path, mode: str) -> None:
    picture = Image.new("RGB", (8, 6), (255, 0, 0) if mode in ("CMYK", "P", "RGBA") else (255, 255, 255))
    kind = "JPEG" if mode in ("L", "CMYK") else "PNG"
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "x.JPEG").write_bytes(encoded(picture.convert(mode), kind))
    image, _ = ImageNet(tmp_path)[0]
    expected = torch.tensor([1.0, 0, 0] if mode in ("CMYK", "P", "RGBA") else [1.0, 1, 1])
    torch.testing.assert_close(image, expected[:, None, None].expand(3, 6, 8), atol=0.02, rtol=0)


def test_damaged_pictures_are_named(tmp_path: Path) -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8))
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "cut.JPEG").write_bytes(encoded(noise)[:-900])
    (tmp_path / "train" / "page.jpg").write_bytes(b"<html>")
    data = ImageNet(tmp_path)
    for index, name in enumerate(("cut.JPEG", "page.jpg")):
        with pytest.raises(BrokenSample, match=name):
            data[index]


def shard_set(root: Path, counts: tuple[int, ...] = (3, 1, 4)) -> Path:
    """Picture i of all shards is grey of level 10 i; labels lie between the pictures."""
    number = 0
    for shard, count in enumerate(counts):
        entries = {}
        for _ in range(count):
            entries |= {f"{number:04d}.cls": b"7", f"{number:04d}.jpg": grey(10 * number)}
            number += 1
        (root / f"imagenet-train-{shard}.tar").write_bytes(ustar(entries))
    return root


def test_shards_are_read_in_any_order(tmp_path: Path) -> None:
    data = open_images("imagenet", shard_set(tmp_path))
    assert len(data) == 8
    for index in (7, 0, 3, 4, 2, 7):
        assert level(data, index) == pytest.approx(10 * index, abs=1)
    assert data[3][1] == "imagenet-train-1.tar/0003.jpg"
    with pytest.raises(IndexError):
        data[8]


def test_an_archive_of_archives_gives_way_to_what_was_unpacked_beside_it(tmp_path: Path) -> None:
    """As ImageNet comes, and as others ask for it to stay."""
    (tmp_path / "ILSVRC2012_img_train.tar").write_bytes(ustar({"n01.tar": ustar({"a.JPEG": grey(0)})}))
    with pytest.raises(ValueError, match="no pictures"):
        ImageNet(tmp_path)
    (tmp_path / "train" / "n01").mkdir(parents=True)
    (tmp_path / "train" / "n01" / "a.JPEG").write_bytes(grey(70))
    assert level(ImageNet(tmp_path), 0) == pytest.approx(70, abs=1)
    assert ImageNet.doctor(tmp_path).healthy


def test_a_resumed_run_sees_what_the_whole_run_would_have_seen(tmp_path: Path) -> None:
    shard_set(tmp_path)

    def seen(start: int, rank: int) -> list[str]:
        data = open_images("imagenet", tmp_path)  # a new process opens anew
        batches = PermutedBatches(len(data), 2, seed=5, stop=6, start=start, rank=rank, ranks=2)
        return [data[i][1] for batch in batches for i in batch]

    whole = seen(0, 0), seen(0, 1)
    assert (seen(3, 0), seen(3, 1)) == (whole[0][6:], whole[1][6:])
    epoch = whole[0][:4] + whole[1][:4]  # 8 pictures: two steps of two ranks
    assert len(set(epoch)) == 8


def test_the_index_beside_a_shard_is_used_until_the_shard_changes(tmp_path: Path) -> None:
    shard = shard_set(tmp_path, (2,)) / "imagenet-train-0.tar"
    found = members(shard)
    with tarfile.open(shard) as tar:
        assert found == [(m.name, m.offset_data, m.size) for m in tar.getmembers()]
    stored = json.loads(index_path(shard).read_text())
    stored["members"] = stored["members"][1:2]
    index_path(shard).write_text(json.dumps(stored))
    assert members(shard) == found[1:2]  # taken from the file
    shard.write_bytes(ustar({"new.jpg": grey(3), "more.jpg": grey(4), "most.jpg": grey(5)}))
    assert [name for name, _, _ in members(shard)] == ["new.jpg", "more.jpg", "most.jpg"]
    index_path(shard).write_text('{"stamp": [')
    assert len(members(shard)) == 3


def test_an_index_that_cannot_be_kept_does_no_harm(tmp_path: Path) -> None:
    shard = shard_set(tmp_path, (2,)) / "imagenet-train-0.tar"
    index_path(shard).mkdir()  # so that no file can take its place, whoever runs this
    assert len(ImageShards([shard])) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == [shard.name, index_path(shard).name]


def test_a_bad_shard_is_left_out_and_told(tmp_path: Path) -> None:
    bad = shard_set(tmp_path, (3, 2)) / "imagenet-train-0.tar"
    bad.write_bytes(b"no tar" * 200)
    told: list[BrokenSample] = []
    pictures = open_images("imagenet", tmp_path, leave_out=told.append)
    assert len(pictures) == 2
    assert [error.path for error in told] == [str(bad)]


def test_bad_shards_are_named(tmp_path: Path) -> None:
    shard = shard_set(tmp_path, (3,)) / "imagenet-train-0.tar"
    whole = shard.read_bytes()
    for data in (whole[: len(whole) - 1024 - 600], b"no tar" * 200):
        shard.write_bytes(data)
        with pytest.raises(BrokenSample, match=r"imagenet-train-0\.tar"):
            ImageNet(tmp_path)
        assert not ImageNet.doctor(tmp_path).healthy
    shard.write_bytes(whole)
    data = ImageNet(tmp_path)
    shard.write_bytes(whole[:700])
    with pytest.raises(BrokenSample, match=r"0002\.jpg.*ends within it"):
        data[2]
    shard.unlink()
    with pytest.raises(BrokenSample, match="cannot be read"):
        data[2]


def test_places_are_found_as_the_archives_unpack(tmp_path: Path) -> None:
    for name in ("data_256/a/airfield/1.jpg", "data_256/b/bar/2.jpg", "val_256/3.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(grey(9))
    assert [Places365(tmp_path)[i][1] for i in range(2)] == ["a/airfield/1.jpg", "b/bar/2.jpg"]
    diagnosis = Places365.doctor(tmp_path)
    assert diagnosis.healthy
    assert diagnosis.counts == {"train": 2, "val": 1}
    assert not Places365.doctor(tmp_path / "absent").healthy
    with pytest.raises(ValueError, match=r"no pictures in train/ or \*train\*\.tar"):
        ImageNet(tmp_path)


@pytest.mark.parametrize("write", [write_image_folder, write_image_shards])
def test_what_the_writers_write_comes_back(tmp_path: Path, write) -> None:
    unknown = torch.zeros(1, 6, 8)
    samples = [RGBD(torch.full((3, 6, 8), i / 10), unknown, unknown > 0, "") for i in range(5)]
    write(tmp_path, samples, **({"per_shard": 2} if write is write_image_shards else {"classes": 5}))
    data = open_images("imagenet", tmp_path)
    for i in range(5):
        torch.testing.assert_close(data[i][0], samples[i].image, atol=0.01, rtol=0)
