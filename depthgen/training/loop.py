"""The training loop: optimiser, EMA, mixed precision, warm-up, checkpoints and exact resume, on accelerate.

It knows no images, no depth and no diffusion. What a step minimises, where batches come from, how the model
is judged and what is exported arrive as callables and values.
"""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader, Dataset

from depthgen.training.config import TrainConfig
from depthgen.training.journal import Journal
from depthgen.training.optimizer import optimizer_of
from depthgen.training.precision import choose_precision
from depthgen.training.processes import own_device
from depthgen.training.sampler import PermutedBatches, step_generator
from depthgen.training.speed import matmul_rate, training_flops
from depthgen.training.state import read_state, write_state

Batch = Mapping[str, Any]
# (model, batch, source of all randomness) -> scalar loss
Objective = Callable[[nn.Module, Batch, torch.Generator], Tensor]
# averaged model -> scalars, and pictures (3, H, W) in [0, 1], worth logging
Validation = Callable[[nn.Module], Mapping[str, float | Tensor]]


def learning_rate_factor(step: int, config: TrainConfig, spent: float = 0.0) -> float:
    """Linear warm-up, then constant or a half cosine that ends at a hundredth.

    The cosine follows the steps, or the share of the time that is spent where that is further on.
    """
    warm = min(1.0, (step + 1) / max(1, config.warmup_steps))
    if config.decay == "constant":
        return warm
    progress = (step - config.warmup_steps) / max(1, config.steps - config.warmup_steps)
    progress = min(1.0, max(0.0, progress, spent))
    return warm * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * progress)))


def fit(
    model: nn.Module,
    objective: Objective,
    data: Dataset,
    config: TrainConfig,
    folder: Path,
    *,
    collate: Callable[[list[Any]], Batch] | None = None,
    validate: Validation | None = None,
    recipe: Mapping[str, Any] | None = None,
) -> tuple[nn.Module, dict[str, Any]]:
    """Train `model`, resuming from `folder` if it holds a state; returns the averaged model and a record of
    the run.

    Scalars go to `folder`/log.jsonl and TensorBoard, pictures to `folder`/panels, the state to
    `folder`/state.pt (atomically, every `checkpoint_every` steps). A killed run that is started again ends
    with the weights of an uninterrupted one (on CUDA up to the order in which its kernels add).
    `config.minutes` ends it early, at its state; where it is started again, it goes on. A data set with
    `__getitems__` hands out whole batches, which `collate` gets.

    recipe: what else decides the result (model, objective, data), as nested plain values. It is kept with the
    state; ValueError where a run that is resumed was trained with another one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    recipe = recipe or {}
    state = read_state(folder, config, recipe)
    if config.recompute:
        _recompute(model)
    precision = state["precision"] if state else _probe(model, objective, data, config, collate)
    run = _Run(model, config, precision)
    if state:
        run.restore(state)
    with Journal(folder, run.accelerator.is_main_process, first_step=run.step) as journal:
        journal.event("start", run.step, run.facts())
        _validate(run, validate, journal, only_if=run.step == 0)
        steps = run.progress(_grouped(_loader(data, config, run, collate), config.accumulate))
        for batches in steps:
            loss = run.update(objective, batches)
            if run.due(config.log_every):
                row = {"loss": loss.item(), **run.speed()}
                journal.write(run.step, row)
                steps.set_postfix(row)
            _validate(run, validate, journal, only_if=run.due(config.validate_every))
            if run.due(config.checkpoint_every) and run.accelerator.is_main_process:
                write_state(folder, run.state(), recipe)
            if run.over:
                break
    return run.average.module, run.facts()


def _validate(run: _Run, validate: Validation | None, journal: Journal, only_if: bool) -> None:
    if validate and only_if and run.accelerator.is_main_process:
        journal.write(run.step, validate(run.average.module))


class _Run:
    """The mutable state of a run: model, its average, optimiser and step."""

    def __init__(self, model: nn.Module, config: TrainConfig, precision: str) -> None:
        from accelerate import Accelerator
        from accelerate.state import AcceleratorState

        AcceleratorState._reset_state()  # else a second run in this process must take the first's precision
        self.accelerator = Accelerator(mixed_precision=precision, cpu=config.device == "cpu")
        self.config, self.precision, self.step = config, precision, 0
        model = model.to(self.accelerator.device, memory_format=torch.channels_last)
        self.average = AveragedModel(
            model, multi_avg_fn=get_ema_multi_avg_fn(config.ema_decay), use_buffers=False
        ).requires_grad_(False)
        optimizer = optimizer_of(
            model, config.optimizer, config.learning_rate, config.beta2, config.weight_decay
        )
        self.model, self.optimizer = self.accelerator.prepare(model, optimizer)
        self.forward: Any = torch.compile(self.model) if config.compile else self.model
        self.peak = matmul_rate(self.accelerator.device, precision)
        self.step_flops: int | None = None  # of one process; counted at the first step
        if config.minutes is not None and self.accelerator.num_processes > 1:
            raise ValueError("train.minutes: several processes would not stop at the same step; give steps")
        self.seconds_before, self.started = 0.0, time.perf_counter()
        self.logged = (0, self.started)  # step and time of the last row
        self.over = False

    def update(self, objective: Objective, batches: Sequence[Batch]) -> Tensor:
        """One optimiser step over the batches; returns their mean loss, still on the device."""
        self._set_learning_rate()
        if self.step_flops is None:
            bare = self.accelerator.unwrap_model(self.model)  # DDP would wait for a backward pass
            counted = training_flops(lambda: self._loss(objective, bare, batches[0], 0))
            self.step_flops = counted * len(batches)
        losses = [self._accumulate(objective, batch, i, len(batches)) for i, batch in enumerate(batches)]
        self.accelerator.clip_grad_norm_(self.model.parameters(), self.config.clip_norm)
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.average.update_parameters(self.accelerator.unwrap_model(self.model))
        self.step += 1
        self.over = self.step == self.config.steps or self._out_of_time()
        return torch.stack(losses).mean()

    def _accumulate(self, objective: Objective, batch: Batch, i: int, count: int) -> Tensor:
        """Add the gradient of one of `count` batches; processes exchange gradients at the last."""
        with nullcontext() if i == count - 1 else self.accelerator.no_sync(self.model):
            loss = self._compiled_loss(objective, batch, i)
            self.accelerator.backward(loss / count)
        return loss.detach()

    def _compiled_loss(self, objective: Objective, batch: Batch, i: int) -> Tensor:
        """The loss of the compiled model; from where that fails, for want of a compiler, of the bare one."""
        try:
            return self._loss(objective, self.forward, batch, i)
        except RuntimeError as error:
            from torch._dynamo.exc import TorchDynamoException

            if self.forward is self.model or not isinstance(error, TorchDynamoException):
                raise
            reason = str(error).strip().partition("\n")[0]
            warnings.warn(f"train.compile is left out, nothing compiles here: {reason}", stacklevel=2)
            self.forward = self.model
            return self._loss(objective, self.forward, batch, i)

    def _loss(self, objective: Objective, model: nn.Module, batch: Batch, i: int) -> Tensor:
        place = self.accelerator
        number = self.step * self.config.accumulate + i
        generator = step_generator(self.config.seed, number, place.process_index, place.device)
        with place.autocast():
            return objective(model, moved(batch, place.device), generator)

    def _set_learning_rate(self) -> None:
        factor = learning_rate_factor(self.step, self.config, self.spent())
        for group in self.optimizer.param_groups:
            group["lr"] = self.config.learning_rate * factor

    def seconds(self) -> float:
        """Of training, those before the last resume included."""
        return self.seconds_before + time.perf_counter() - self.started

    def spent(self) -> float:
        """The share of the time that is gone, earlier starts included; 0 where there is no limit."""
        if self.config.minutes is None:
            return 0.0
        total = self.config.total_minutes or self.seconds_before / 60 + self.config.minutes
        return self.seconds() / 60 / total

    def _out_of_time(self) -> bool:
        here = self.seconds() - self.seconds_before
        return self.config.minutes is not None and here >= 60 * self.config.minutes

    def due(self, every: int) -> bool:
        return self.step % every == 0 or self.over

    def progress(self, batches: Iterable[Sequence[Batch]]) -> Any:
        """The batches behind a progress bar, which only the main process shows."""
        from tqdm import tqdm

        quiet = not self.accelerator.is_main_process
        return tqdm(
            batches, initial=self.step, total=self.config.steps, unit="step", disable=quiet, mininterval=5
        )

    def speed(self) -> dict[str, float]:
        """Images and model FLOPs a second since the last row, of all processes together."""
        (step, then), now = self.logged, time.perf_counter()
        self.logged = (self.step, now)
        steps, seconds = self.step - step, now - then
        images = steps * self.config.batch_size * self.config.accumulate
        flops = (self.step_flops or 0) * steps
        row = {
            "images_per_second": round(images * self.accelerator.num_processes / seconds, 1),
            "tflops": round(flops * self.accelerator.num_processes / seconds / 1e12, 3),
            "mfu": round(flops / seconds / self.peak, 3),
        }
        if self.accelerator.device.type == "cuda":
            row["gpu_gib"] = round(torch.cuda.max_memory_allocated() / 2**30, 1)
        return row

    def facts(self) -> dict[str, Any]:
        """What a checkpoint records of the run: steps and seconds so far, precision, hardware, parameters."""
        parameters = sum(p.numel() for p in self.average.module.parameters())
        return {
            "precision": self.precision,
            "device": device_name(self.accelerator.device),
            "steps_done": self.step,
            "seconds": round(self.seconds()),
            "processes": self.accelerator.num_processes,
            "threads": torch.get_num_threads(),
            "torch": torch.__version__,
            "parameters": parameters,
        }

    def state(self) -> dict[str, Any]:
        """All that `restore` needs to go on exactly."""
        return {
            "step": self.step,
            "seconds": self.seconds(),
            "precision": self.precision,
            "processes": self.accelerator.num_processes,
            "config": asdict(self.config),
            "model": self.accelerator.unwrap_model(self.model).state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scaler": self.accelerator.scaler.state_dict() if self.accelerator.scaler else None,  # of fp16
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from `state`; ValueError where another number of processes would mix the data anew."""
        processes = self.accelerator.num_processes
        if state["processes"] != processes:
            raise ValueError(
                f"the run was trained on {state['processes']} process(es) and this is {processes}; launch as "
                "many to resume, or start another run from its weights"
            )
        self.accelerator.unwrap_model(self.model).load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        if self.accelerator.scaler and state.get("scaler"):
            self.accelerator.scaler.load_state_dict(state["scaler"])
        self.step, self.seconds_before = state["step"], state.get("seconds", 0.0)
        self.logged = (self.step, self.started)


def device_name(device: torch.device) -> str:
    """The product's name of an accelerator; of a processor only "cpu", as none tells its name everywhere."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else str(device)


def _recompute(model: nn.Module) -> None:
    """Turn on activation checkpointing in the parts of the model that have a switch `recompute`."""
    parts = [part for part in model.modules() if hasattr(part, "recompute")]
    if not parts:
        raise ValueError(
            f"train.recompute: {type(model).__name__} cannot recompute activations; leave it false"
        )
    for part in parts:
        part.recompute = True


def _probe(
    model: nn.Module,
    objective: Objective,
    data: Dataset,
    config: TrainConfig,
    collate: Callable[[list[Any]], Batch] | None,
) -> str:
    """Choose the precision on one real batch, the main process for all; leaves the model as it was."""
    from accelerate.utils import broadcast_object_list

    if config.precision != "auto":
        return config.precision
    device = own_device(config.device)
    model.to(device, memory_format=torch.channels_last)
    batch = moved(next(iter(_batches(data, config, collate, stop=1))), device)
    chosen = choose_precision(
        "auto", lambda: objective(model, batch, step_generator(0, 0, 0, device)), device
    )
    model.zero_grad(set_to_none=True)
    return broadcast_object_list([chosen])[0]


def _batches(
    data: Dataset, config: TrainConfig, collate: Callable[[list[Any]], Batch] | None, **position: int
) -> DataLoader:
    sampler = PermutedBatches(len(data), config.batch_size, config.seed, **position)  # type: ignore[arg-type]
    return DataLoader(data, batch_sampler=sampler, num_workers=config.workers, collate_fn=collate)


def _loader(
    data: Dataset, config: TrainConfig, run: _Run, collate: Callable[[list[Any]], Batch] | None
) -> DataLoader:
    ranks = {"rank": run.accelerator.process_index, "ranks": run.accelerator.num_processes}
    start, stop = (steps * config.accumulate for steps in (run.step, config.steps))
    return _batches(data, config, collate, start=start, stop=stop, **ranks)


def _grouped(batches: Iterable[Batch], count: int) -> Iterator[list[Batch]]:
    """The batches, `count` at a time."""
    iterator = iter(batches)
    while group := list(islice(iterator, count)):
        yield group


def moved(batch: Batch, device: torch.device) -> Batch:
    """The batch with its tensors on a device."""
    return {k: v.to(device) if isinstance(v, Tensor) else v for k, v in batch.items()}
