"""Mixed precision by measurement: whether bf16 helps depends on the machine, so it is timed, not guessed."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Literal

import torch
from torch import Tensor

Precision = Literal["auto", "no", "bf16", "fp16"]


def choose_precision(wanted: Precision, loss: Callable[[], Tensor], device: torch.device) -> str:
    """`wanted`, or for "auto" the faster of float32 ("no") and bf16 over a few forward and backward passes
    of `loss`.

    bf16 must win by a tenth, as it costs accuracy, and be there at all; gradients the probe leaves behind are
    the caller's to clear.
    """
    from accelerate.utils import is_bf16_available

    if wanted != "auto":
        return wanted
    if not is_bf16_available(ignore_tpu=True):
        return "no"
    return "bf16" if _seconds(loss, device, torch.bfloat16) < 0.9 * _seconds(loss, device, None) else "no"


def _seconds(
    loss: Callable[[], Tensor], device: torch.device, dtype: torch.dtype | None, repeats: int = 2
) -> float:
    """The fastest of `repeats` passes, after one that warms up."""
    context = torch.autocast(device.type, dtype) if dtype else nullcontext()
    taken = []
    for _ in range(1 + repeats):
        start = time.perf_counter()
        with context:
            value = loss()
        value.backward()
        value.item()  # waits for an accelerator
        taken.append(time.perf_counter() - start)
    return min(taken[1:])
