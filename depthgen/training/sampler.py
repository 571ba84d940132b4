"""Which samples a step sees: a pure function of (seed, step, rank), so that order and resume are exact."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch.utils.data import Sampler


class PermutedBatches(Sampler[list[int]]):
    """Index batches of steps `start` to `stop`, from one seeded permutation per epoch.

    Every epoch visits each of the `length` samples at most once (the last incomplete batch is dropped), and
    ranks see disjoint slices of every global batch of `batch_size * ranks`.
    """

    def __init__(
        self,
        length: int,
        batch_size: int,
        seed: int,
        stop: int,
        *,
        start: int = 0,
        rank: int = 0,
        ranks: int = 1,
    ) -> None:
        self.per_epoch = length // (batch_size * ranks)
        if self.per_epoch == 0:
            raise ValueError(
                f"the data set holds {length} samples, fewer than one batch of {batch_size} on {ranks} "
                "process(es); lower train.batch_size"
            )
        self.length, self.batch_size, self.seed = length, batch_size, seed
        self.start, self.stop, self.rank, self.ranks = start, stop, rank, ranks

    def __len__(self) -> int:
        return max(0, self.stop - self.start)

    def __iter__(self) -> Iterator[list[int]]:
        permutation, permuted_epoch = torch.empty(0, dtype=torch.int64), -1
        for step in range(self.start, self.stop):
            epoch, position = divmod(step, self.per_epoch)
            if epoch != permuted_epoch:
                permutation, permuted_epoch = self.permutation(epoch), epoch
            first = (position * self.ranks + self.rank) * self.batch_size
            yield permutation[first : first + self.batch_size].tolist()

    def permutation(self, epoch: int) -> torch.Tensor:
        """The order (length,) in which `epoch` visits the samples."""
        generator = torch.Generator().manual_seed(_mix(self.seed, epoch))
        return torch.randperm(self.length, generator=generator)


def _mix(seed: int, number: int) -> int:
    # 2**61 - 1 is prime and the factor odd: distinct (seed, number) pairs land on distinct seeds in practice.
    return (seed * 1_000_003 + number * 7_919 + 12_345) % (2**61 - 1)


def step_generator(seed: int, step: int, rank: int, device: torch.device | str) -> torch.Generator:
    """The source of all of a step's noise; a function of its arguments: nothing need be saved."""
    return torch.Generator(device).manual_seed(_mix(_mix(seed, step), rank))
