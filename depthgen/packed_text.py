"""The text encoder in one small file, for machines that have no package of it.

Half precision, and of the vocabulary, half of all weights, only what some texts need.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path

import torch
from torch import Tensor

from depthgen.text import TextEncoder

TABLE = "embeddings.word_embeddings.weight"
FORMAT = "depthgen-text-1"


class PackedEncoder(TextEncoder):
    """A TextEncoder that knows the tokens of some texts only; others mean nothing to it, with a warning."""

    known: Tensor  # (V,) bool, of the whole vocabulary

    def tokens(self, captions: Sequence[str]) -> Tensor:
        """See `TextEncoder.tokens`."""
        tokens = super().tokens(captions)
        unknown = tokens[~self.known[tokens]]
        if len(unknown):
            words = ", ".join(self.tokenizer.convert_ids_to_tokens(unknown.unique().tolist()))
            warnings.warn(f"the packed text encoder lacks {words}: they are read as nothing", stacklevel=2)
        return tokens


def pack_encoder(path: Path, texts: Iterable[str], encoder: TextEncoder | None = None) -> None:
    """Write `encoder`, by default the packaged one, to `path`, with all tokens that `texts` hold."""
    from safetensors.torch import save_file

    encoder = encoder or TextEncoder.load()
    needed = {token for text in texts for token in encoder.tokenizer(text)["input_ids"]}
    rows = torch.tensor(sorted(needed | set(encoder.tokenizer.all_special_ids)))
    tensors = {name: value.half().contiguous() for name, value in encoder.network.state_dict().items()}
    tensors[TABLE] = tensors[TABLE][rows].contiguous()
    metadata = {
        "format": FORMAT,
        "config": json.dumps(encoder.network.config.to_dict(), default=str),
        "tokenizer": encoder.tokenizer.backend_tokenizer.to_str(),
    }
    save_file(tensors | {"rows": rows}, path, metadata)


def unpack_encoder(path: Path, device: torch.device | str = "cpu") -> PackedEncoder:
    """Load what `pack_encoder` wrote; ValueError for any other file."""
    from safetensors import SafetensorError, safe_open
    from tokenizers import Tokenizer
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
    except (SafetensorError, OSError) as error:
        raise ValueError(f"{path}: no packed text encoder ({error}); write one with pack_encoder") from error
    if metadata.get("format") != FORMAT:
        raise ValueError(f"{path}: no packed text encoder; write one with pack_encoder")
    network = BertModel(BertConfig(**json.loads(metadata["config"])), add_pooling_layer=False)
    rows = tensors.pop("rows")
    known = torch.zeros(network.config.vocab_size, dtype=torch.bool)
    known[rows] = True
    table = torch.zeros(len(known), network.config.hidden_size)
    table[rows] = tensors[TABLE].float()
    network.load_state_dict({name: value.float() for name, value in tensors.items()} | {TABLE: table})
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(metadata["tokenizer"]), pad_token="[PAD]"
    )
    encoder = PackedEncoder(tokenizer, network.to(device))
    encoder.known = known
    return encoder
