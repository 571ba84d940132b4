"""What weights a model consists of, as one hash, wherever it was loaded from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

DEPTH = 4  # EstimatorDepth.estimator.sampler.pipeline: so far down lie the networks of a foreign model


def fingerprint(model: Any) -> str:
    """ "sha256:..." over the weights of every network inside `model`; "no weights" when it has none.

    Looks into attributes, and into the components of diffusers pipelines; order and device do not matter.
    """
    digest, found = hashlib.sha256(), False
    for name, network in sorted(_networks(model, depth=DEPTH), key=lambda item: item[0]):
        for key, tensor in sorted(network.state_dict().items()):
            digest.update(f"{name}.{key} {tuple(tensor.shape)} {tensor.dtype}".encode())
            digest.update(tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().tobytes())
            found = True
    return f"sha256:{digest.hexdigest()[:16]}" if found else "no weights"


def _networks(value: Any, depth: int, name: str = "") -> Iterator[tuple[str, nn.Module]]:
    """(dotted name, network) of all networks at most `depth` attributes below `value`."""
    if isinstance(value, nn.Module):
        yield name, value
    elif depth:
        for key, inner in _parts(value).items():
            yield from _networks(inner, depth - 1, f"{name}.{key}")


def _parts(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return {str(key): inner for key, inner in value.items()}
    return getattr(value, "components", None) or getattr(value, "__dict__", {})
