"""Measuring in jobs, one process a core, that are kept: an interrupted run goes on where it was."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import cached_property
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

import depthgen


@dataclass(frozen=True)
class Stage:
    """One measure: `work(*fixed, *job)` of every job, which returns what `torch.save` writes.

    fixed: plain values; files among them, also within, are told apart by their content. sources: of the measure,
    besides its own and those of depthgen.
    """

    work: Callable[..., Any]
    fixed: tuple[Any, ...]
    jobs: list[tuple[Any, ...]]
    sources: tuple[Path, ...] = ()

    @cached_property
    def key(self) -> str:
        """Changes with the source of the measure and of depthgen, with the arguments and the models measured."""
        sources = [
            Path(self.work.__code__.co_filename),
            *sorted(Path(depthgen.__file__).parent.rglob("*.py")),
            *sorted(Path(depthgen.__file__).parent.rglob("*.txt")),
            *self.sources,
        ]
        return f"{self.work.__name__}-{digest(repr(_by_content([sources, self.fixed])).encode())}"


def run(stages: Mapping[str, Stage], kept: Path) -> dict[str, Any]:
    """What every stage found, its jobs' results joined; jobs in the folder `kept` are not done again."""
    files = {
        name: [kept / stage.key / f"{_name(job)}.pt" for job in stage.jobs] for name, stage in stages.items()
    }
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn"), _start) as pool:
        futures = [
            pool.submit(_done, file, stage.work, (*stage.fixed, *job))
            for name, stage in stages.items()
            for file, job in zip(files[name], stage.jobs, strict=True)
            if not file.is_file()
        ]
        try:
            for future in tqdm(as_completed(futures), total=len(futures), unit="job", desc="measuring"):
                future.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return {name: joined([torch.load(file) for file in part]) for name, part in files.items()}


def joined(parts: Sequence[Any]) -> Any:
    """Results of one form as one: lists and tensors after one another, mappings name by name, others as a list."""
    if isinstance(parts[0], Mapping):
        return {name: joined([part[name] for part in parts]) for name in parts[0]}
    if isinstance(parts[0], torch.Tensor):
        return torch.cat(list(parts))
    return [value for part in parts for value in part] if isinstance(parts[0], list) else list(parts)


def quiet() -> None:
    """No bars and reports of libraries between ours."""
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()


def _start() -> None:
    torch.set_num_threads(1)
    quiet()


def digest(content: bytes) -> str:
    """The first digits of a hash."""
    return hashlib.sha256(content).hexdigest()[:12]


def _done(file: Path, work: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    result = work(*arguments)
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".partial")
    torch.save(result, partial)
    partial.replace(file)


def _by_content(value: Any) -> Any:
    """The value with hashes in place of paths."""
    if isinstance(value, Path):
        return digest(value.read_bytes())
    if isinstance(value, Mapping):
        return {key: _by_content(part) for key, part in value.items()}
    return [_by_content(part) for part in value] if isinstance(value, list | tuple) else value


def _name(job: tuple[Any, ...]) -> str:
    words = "_".join(str(part) for part in job)
    return words if words.replace("_", "").isalnum() else digest(words.encode())
