"""Where geometry is computed."""

from __future__ import annotations

import torch


def exact_device(device: torch.device | str) -> torch.device:
    """`device`, or the CPU in the place of MPS, which has no float64."""
    device = torch.device(device)
    return torch.device("cpu") if device.type == "mps" else device
