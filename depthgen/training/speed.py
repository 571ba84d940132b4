"""How fast a run is beside what its device could do: model-FLOP utilisation."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

DTYPES = {"no": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


def training_flops(loss: Callable[[], Tensor]) -> int:
    """Floating-point operations of one forward and backward pass: three times those of the forward pass.

    That is the usual count of "model FLOPs"; what activation checkpointing computes again is not in it, and
    what runs without gradient, such as the unrolled step, counts once.
    """
    counter = _Counter()
    with counter:
        loss()
    return counter.flops


class _Counter(TorchDispatchMode):
    """Sums what torch knows of the operations it sees, thrice where a backward pass will follow."""

    flops = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        from torch.utils.flop_counter import flop_registry

        result = func(*args, **(kwargs or {}))
        count = flop_registry.get(func._overloadpacket)
        if count is not None:
            passes = 3 if torch.is_grad_enabled() else 1
            self.flops += passes * count(*args, **(kwargs or {}), out_val=result)
        return result


@cache
def matmul_rate(device: torch.device, precision: str, seconds: float = 0.1) -> float:
    """Floating-point operations a second of a large matrix product: the yardstick of utilisation.

    Measured, once a process: data sheets know no CPU of a shared machine, and promise more than any kernel
    reaches.
    """
    side = 8192 if device.type == "cuda" else 2048
    a = torch.ones(side, side, device=device, dtype=DTYPES[precision])
    (a @ a)[0, 0].item()  # warms up, and waits
    count, started = 0, time.perf_counter()
    while time.perf_counter() - started < seconds:
        (a @ a)[0, 0].item()
        count += 1
    return 2 * side**3 * count / (time.perf_counter() - started)
