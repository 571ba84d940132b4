from __future__ import annotations

from pathlib import Path

import pytest
import torch

from depthgen.packed_text import PackedEncoder, pack_encoder, unpack_encoder
from depthgen.text import TextEncoder

TEXTS = ["a red house by a lake at night", "two trees"]


@pytest.fixture(scope="module")
def encoder() -> TextEncoder:
    return TextEncoder.load()


@pytest.fixture(scope="module")
def unpacked(encoder: TextEncoder, tmp_path_factory: pytest.TempPathFactory) -> PackedEncoder:
    path = tmp_path_factory.mktemp("text") / "encoder.safetensors"
    pack_encoder(path, TEXTS, encoder)
    assert path.stat().st_size < 25e6
    return unpack_encoder(path)


def test_texts_of_packed_words_are_encoded_alike(encoder: TextEncoder, unpacked: PackedEncoder) -> None:
    captions = ["two red trees at night", ""]
    there, here = encoder(captions), unpacked(captions)
    assert torch.equal(there.valid, here.valid)
    torch.testing.assert_close(there.tokens, here.tokens, atol=0.01, rtol=0)


def test_other_words_are_named(unpacked: PackedEncoder) -> None:
    with pytest.warns(UserWarning, match="lacks zebra"):
        unpacked(["a zebra by a lake"])


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("hello")
    with pytest.raises(ValueError, match="no packed text encoder"):
        unpack_encoder(tmp_path / "text")
