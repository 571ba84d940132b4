"""Run by test_processes.py under torchrun: trains on numbered points, notes which of them each rank saw.

arguments: run folder, number of steps, file prefix for the notes and the weights
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from depthgen.training import TrainConfig, fit

LENGTH = 24
CONFIG = TrainConfig(
    batch_size=3,
    learning_rate=0.05,
    warmup_steps=1,
    decay="constant",
    ema_decay=0.5,
    precision="no",
    log_every=1,
    checkpoint_every=2,
    device="cpu",
)


class Numbers(torch.utils.data.Dataset):
    """Sample i is the number i and the vector (sin i, cos i)."""

    def __len__(self) -> int:
        return LENGTH

    def __getitem__(self, index: int) -> dict[str, Any]:
        angle = torch.tensor(float(index))
        return {"index": torch.tensor(index), "x": torch.stack([angle.sin(), angle.cos()])}


def main() -> None:
    folder, steps, prefix = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    seen: list[list[int]] = []

    def loss(model: nn.Module, batch: Any, generator: torch.Generator) -> Tensor:
        if isinstance(model, DistributedDataParallel):  # not while operations are counted, on the bare model
            seen.append(batch["index"].tolist())
        noise = torch.randn(len(batch["x"]), generator=generator)
        return (model(batch["x"])[:, 0] - batch["x"].sum(1) + 0.1 * noise).square().mean()

    torch.manual_seed(0)
    config = TrainConfig(**{**CONFIG.__dict__, "steps": steps})
    model, facts = fit(nn.Linear(2, 1), loss, Numbers(), config, folder)
    assert facts["processes"] == int(os.environ["WORLD_SIZE"])
    rank = os.environ["RANK"]
    Path(f"{prefix}-seen-{rank}.json").write_text(json.dumps(seen))
    torch.save(model.state_dict(), f"{prefix}-weights-{rank}.pt")


if __name__ == "__main__":
    main()
