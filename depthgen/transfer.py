"""Start a depth network from one that was pre-trained on pictures, and account for every tensor.

After the paper (arXiv 2302.14816, facts of section 1.1): the first and the last convolution are made anew,
because the channels change (6 -> 3 becomes 4 -> 1), attention to text is left out, all else is carried over.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from depthgen.model import DiffusionModel

REMADE = ("net.stem", "net.out")  # the layers that may differ in shape
MUST_AGREE = ("groups", "heads")  # settings that no tensor's shape tells


@dataclass(frozen=True)
class Account:
    """What became of one tensor. outcome begins with "copied", "new" or "dropped"; values: its size."""

    name: str
    outcome: str
    values: int

    @property
    def group(self) -> str:
        """The part of the network, such as "net.encoders"."""
        return ".".join(self.name.split(".")[:2])

    @property
    def kind(self) -> str:
        """ "copied", "new" or "dropped"."""
        return self.outcome.split()[0]


@dataclass(frozen=True)
class TransferReport:
    """Every tensor of the target in its order, then those of the source that the target has no place for."""

    accounts: tuple[Account, ...]

    def names(self, kind: str) -> tuple[str, ...]:
        """The tensors that were "copied", are "new" or were "dropped"."""
        return tuple(account.name for account in self.accounts if account.kind == kind)

    def summary(self) -> str:
        """One line for the whole, one for each part of the network."""
        groups = dict.fromkeys(account.group for account in self.accounts)
        lines = [f"{group}: {_tally(a for a in self.accounts if a.group == group)}" for group in groups]
        return "\n".join([f"carried over: {_tally(self.accounts)}", *("  " + line for line in lines)])

    def __str__(self) -> str:
        width = max(len(account.name) for account in self.accounts)
        return "\n".join([self.summary(), "", *(f"{a.name:{width}}  {a.outcome}" for a in self.accounts)])


def transfer(source: DiffusionModel, target: DiffusionModel) -> TransferReport:
    """Copy into `target`, in place, each layer that `source` has in the same shape; the report says which.

    A layer is carried whole or not at all; what is new keeps the values that the target was built with.
    Raises ValueError, before anything is copied, when the networks have different widths, heads or groups:
    only the first and the last convolution may differ in shape.
    """
    _require_alike(source, target)
    ours, theirs = target.state_dict(), source.state_dict()
    remade = {layer for layer in REMADE if any(ours[n].shape != theirs[n].shape for n in _of(layer, ours))}
    accounts = [Account(name, _outcome(name, ours, theirs, remade), ours[name].numel()) for name in ours]
    with torch.no_grad():
        for account in accounts:
            if account.kind == "copied":
                ours[account.name].copy_(theirs[account.name])  # state_dict shares the target's memory
    dropped = [
        Account(name, "dropped (not in the target)", value.numel())
        for name, value in theirs.items()
        if name not in ours
    ]
    return TransferReport((*accounts, *dropped))


def _outcome(name: str, ours: dict[str, Tensor], theirs: dict[str, Tensor], remade: set[str]) -> str:
    if name not in theirs:
        return "new (not in the source)"
    shape, was = tuple(ours[name].shape), tuple(theirs[name].shape)
    if shape != was:
        return f"new (shape {shape} was {was})"
    return "new (its layer is made anew)" if _layer(name) in remade else "copied"


def _require_alike(source: DiffusionModel, target: DiffusionModel) -> None:
    for setting in MUST_AGREE:
        was, now = getattr(source.config.unet, setting), getattr(target.config.unet, setting)
        if was != now:
            raise ValueError(
                f"transfer: the source has {setting} {was}, the target {now}; give the target {was}"
            )
    ours, theirs = target.state_dict(), source.state_dict()
    differ = [
        f"{name} {tuple(ours[name].shape)} was {tuple(theirs[name].shape)}"
        for name in ours
        if name in theirs and _layer(name) not in REMADE and ours[name].shape != theirs[name].shape
    ]
    if differ:
        raise ValueError(
            f"transfer: {len(differ)} tensors differ in shape, such as {differ[0]}; give the target the "
            f"channels {source.config.unet.channels}, blocks {source.config.unet.blocks} of the source"
        )


def _of(layer: str, tensors: Iterable[str]) -> list[str]:
    return [name for name in tensors if _layer(name) == layer]


def _layer(name: str) -> str:
    return name.rpartition(".")[0]


def _tally(accounts: Iterable[Account]) -> str:
    """Such as "12 copied (3,400 values), 2 new (90 values)"."""
    tensors: Counter[str] = Counter()
    values: Counter[str] = Counter()
    for account in accounts:
        tensors[account.kind] += 1
        values[account.kind] += account.values
    return ", ".join(f"{tensors[kind]} {kind} ({values[kind]:,} values)" for kind in tensors)
