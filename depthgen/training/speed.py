"""How fast a run is beside what its device could do: model-FLOP utilisation."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from torch import Tensor

DTYPES = {"no": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


def training_flops(loss: Callable[[], Tensor]) -> int:
    """Floating-point operations of one forward and backward pass: three times those of the forward pass.

    That is the usual count of "model FLOPs"; what activation checkpointing computes again is not in it.
    """
    from torch.utils.flop_counter import FlopCounterMode

    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        loss()
    return 3 * counter.get_total_flops()


def matmul_rate(device: torch.device, precision: str, seconds: float = 0.1) -> float:
    """Floating-point operations a second of a large matrix product: the yardstick of utilisation.

    Measured, as data sheets know no CPU of a shared machine and promise more than any kernel reaches.
    """
    side = 8192 if device.type == "cuda" else 2048
    a = torch.ones(side, side, device=device, dtype=DTYPES[precision])
    (a @ a)[0, 0].item()  # warms up, and waits
    count, started = 0, time.perf_counter()
    while time.perf_counter() - started < seconds:
        (a @ a)[0, 0].item()
        count += 1
    return 2 * side**3 * count / (time.perf_counter() - started)
