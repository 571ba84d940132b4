"""Start a depth network from one that was pre-trained on pictures, and account for every tensor.

After the paper (arXiv 2302.14816, facts of section 1.1): the first and the last convolution are made anew,
because the channels change (6 -> 3 becomes 4 -> 1), attention to text is left out, all else is carried over.

A network of more levels can start from one that was trained on smaller pictures: its inner levels, which work
at the same sizes, are carried over, its outer ones are new. One of as many levels looks at larger pictures
through the same filters, to which all things are as large as through a longer lens: it starts with that told.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from depthgen.model import CHANNELS, DiffusionModel

REMADE = ("net.stem", "net.out")  # the layers that may differ in shape
FIELD_OF_VIEW = "net.embed_fov.weight"  # (E, 2), see `depthgen.nn.unet.fov_features`
OUTERMOST = ("net.out_norm", "net.out_scale_shift")  # these too, where levels are added around the source's
LEVELS = ("downs", "encoders", "decoders", "ups")
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


def transfer(source: DiffusionModel, target: DiffusionModel, shift_levels: int = 0) -> TransferReport:
    """Copy into `target`, in place, each layer that `source` has in the same shape; the report says which.

    A layer is carried whole or not at all; what is new keeps the values that the target was built with. The
    first and the last convolution are new where the networks read or write other channels, but for depth
    models of which only the target reads known depth: that begins with weight zero. shift_levels: how
    many levels the target has around those of the source, whose level k becomes its level k + shift_levels;
    the report names tensors as the target does. A field of view then means the same size of things in the
    target's pixels. Raises ValueError, before anything is copied, when the networks have different widths,
    heads or groups: only the layers at full size may differ in shape.
    """
    magnified = math.log(target.config.resolution / (source.config.resolution * 2**shift_levels))
    theirs = _refocused(_shifted(_widened(source, target), shift_levels), magnified)
    ours = target.state_dict()
    may_differ = REMADE + (OUTERMOST if shift_levels else ())
    _require_alike(source, target, ours, theirs, may_differ)
    remade = set(may_differ)
    if shift_levels == 0 and _same_channels(source, target):
        remade = set()
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


def _same_channels(source: DiffusionModel, target: DiffusionModel) -> bool:
    """Whether the channels of the source, after `_widened`, mean what those of the target do."""
    return source.config.task == target.config.task and source.config.known_depth <= target.config.known_depth


def _widened(source: DiffusionModel, target: DiffusionModel) -> dict[str, Tensor]:
    """The source's tensors; if only the target reads known depth, its first convolution reads it with weight
    zero, which leaves its function as it was."""
    tensors = source.state_dict()
    if _same_channels(source, target) and source.config.known_depth != target.config.known_depth:
        stem, picture = tensors["net.stem.weight"], CHANNELS[source.config.task][0]
        unread = stem.new_zeros(len(stem), 2, *stem.shape[2:])
        tensors["net.stem.weight"] = torch.cat([stem[:, :picture], unread, stem[:, picture:]], dim=1)
    return tensors


def _refocused(tensors: dict[str, Tensor], magnified: float) -> dict[str, Tensor]:
    """The same tensors, to which a field of view is what it was after magnifying by exp(`magnified`): in
    pixels, things in a picture of more of them are as large as if a longer lens had taken it."""
    if FIELD_OF_VIEW not in tensors:
        return tensors
    by_magnification, constant = tensors[FIELD_OF_VIEW].unbind(1)
    constant = constant + magnified * by_magnification
    return tensors | {FIELD_OF_VIEW: torch.stack([by_magnification, constant], dim=1)}


def _shifted(tensors: dict[str, Tensor], levels: int) -> dict[str, Tensor]:
    """The same tensors, those of level k named as of level k + `levels`."""
    return {_at_level(name, levels): value for name, value in tensors.items()}


def _at_level(name: str, levels: int) -> str:
    net, part, *rest = name.split(".")
    if part not in LEVELS:
        return name
    return ".".join([net, part, str(int(rest[0]) + levels), *rest[1:]])


def _require_alike(
    source: DiffusionModel,
    target: DiffusionModel,
    ours: dict[str, Tensor],
    theirs: dict[str, Tensor],
    may_differ: tuple[str, ...],
) -> None:
    for setting in MUST_AGREE:
        was, now = getattr(source.config.unet, setting), getattr(target.config.unet, setting)
        if was != now:
            raise ValueError(
                f"transfer: the source has {setting} {was}, the target {now}; give the target {was}"
            )
    differ = [
        f"{name} {tuple(ours[name].shape)} was {tuple(theirs[name].shape)}"
        for name in ours
        if name in theirs and _layer(name) not in may_differ and ours[name].shape != theirs[name].shape
    ]
    if differ:
        was = source.config.unet
        raise ValueError(
            f"transfer: {len(differ)} tensors differ in shape, such as {differ[0]}; give the target the "
            f"channels {was.channels}, blocks {was.blocks}, embedding {was.embedding_width} of the source"
        )


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
