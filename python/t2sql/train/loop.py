"""The LoRA loop: steps, validation of whole splits, checkpoints, and going on from one."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from t2sql.data import Dataset
from t2sql.errors import InputError, WorkError
from t2sql.models import Loaded, blas, load
from t2sql.models.adapters import flat, load_adapter_weights, read_adapter_weights
from t2sql.models.runtime import device, mx, nn, optimizers, peak_memory
from t2sql.train.batches import Encoded, EncodedSplit, encode_split, epoch_batches, shared_batches
from t2sql.train.config import TrainConfig
from t2sql.train.exponentials import fast_exponentials
from t2sql.train.network import Network, first_trained_layer
from t2sql.train.optimizer import make_optimizer
from t2sql.train.saved import (
    CheckpointInfo,
    checkpoints,
    mark_best,
    read_state,
    sweep,
    write_checkpoint,
)
from t2sql.train.setup import parameter_counts, prepare_model
from t2sql.train.source import Source

Emit = Callable[..., None]

MAY_CHANGE = {"steps_per_report", "cache_gb"}
"""Settings that a resumed run may have otherwise: they do not reach the weights."""


@dataclass
class TrainResult:
    checkpoints: list[CheckpointInfo]
    best: Path
    best_step: int
    steps: int
    seconds: float
    train_loss: float | None
    valid_loss: float | None
    base_valid_loss: float | None


def train(
    config: TrainConfig,
    dataset: Dataset,
    out: Path,
    *,
    emit: Emit,
    resume: bool = False,
    loaded: Loaded | None = None,
) -> TrainResult:
    """Train into `out/checkpoints`. With `resume`, go on from the last whole checkpoint there, if any.

    `loaded` is a freshly loaded base model, which training changes; without it, `config.model` is loaded.
    """
    started = time.perf_counter()
    folder = Path(out) / "checkpoints"
    last = _last_checkpoint(folder, config, dataset, resume)
    examples = {"train": dataset.train, "valid": dataset.valid}
    loaded = loaded or load(config.model)
    splits = {name: _encoded(loaded, config, split, name, emit) for name, split in examples.items()}
    if len(splits["train"].examples) < config.batch_size:
        raise InputError(
            "fewer training examples than a batch",
            where=dataset.path,
            expected=f"at least {config.batch_size}",
            found=len(splits["train"].examples),
            hint="Lower --batch-size",
        )
    run = _Run(config, dataset, loaded, splits, folder, emit)
    run.announce()
    if last is not None:
        run.restore(last)
    with fast_exponentials(run.model):
        result = run.go()
    seconds = time.perf_counter() - started
    emit("end", seconds=seconds)
    found = checkpoints(folder)
    best = mark_best(folder) or found[-1]
    return TrainResult(found, best.path, best.step, run.step, seconds, result, run.valid_loss, run.base_loss)


def _last_checkpoint(
    folder: Path, config: TrainConfig, dataset: Dataset, resume: bool
) -> CheckpointInfo | None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError("the output cannot be written", where=folder, found=error.strerror) from None
    if not os.access(folder, os.W_OK):
        raise InputError("the output cannot be written", where=folder)
    found = checkpoints(folder)
    if found and not resume:
        hint = "Go on from it with --resume, or choose another run"
        raise InputError("the run has checkpoints already", where=folder, hint=hint)
    sweep(folder)
    if not found:
        return None
    state = read_state(found[-1].path)
    now = config.model_dump(mode="json")
    for name, value in state["settings"].items():
        if name not in MAY_CHANGE and now.get(name) != value:
            raise InputError(
                "a setting differs from the run's",
                where=f"--{name.replace('_', '-')}",
                expected=value,
                found=now.get(name),
                hint="Resume with the same settings, or start another run",
            )
    if state["dataset"] != dataset.fingerprint:
        raise InputError(
            "the dataset is not the run's",
            where=dataset.path,
            expected=f"fingerprint {state['dataset'][:12]}",
            found=dataset.fingerprint[:12],
        )
    return found[-1]


def _encoded(loaded: Loaded, config: TrainConfig, examples: Any, name: str, emit: Emit) -> EncodedSplit:
    split = encode_split(
        loaded.tokenizer, examples, max_seq_length=config.max_seq_length, loss_on=config.loss_on
    )
    if split.skipped:
        emit(
            "warning",
            message=f"{len(split.skipped)} {name} examples are longer than {config.max_seq_length} tokens "
            f"and are left out (first: {split.skipped[0]}); --max-seq-length raises the limit",
        )
    return split


class _Run:
    """One training run's moving parts."""

    def __init__(
        self,
        config: TrainConfig,
        dataset: Dataset,
        loaded: Loaded,
        splits: dict[str, EncodedSplit],
        folder: Path,
        emit: Emit,
    ) -> None:
        self.config, self.dataset, self.loaded, self.folder, self.emit = config, dataset, loaded, folder, emit
        self.model = loaded.model
        self.adapter = prepare_model(loaded, config)
        self.network = Network(
            self.model, grad_checkpoint=config.grad_checkpoint, native=config.fine_tune_type != "full"
        )
        self.optimizer = make_optimizer(config)
        self.optimizer.init(self.model.trainable_parameters())
        start = first_trained_layer(self.model)
        room = config.cache_gb * 1e9
        train, valid = splits["train"].examples, splits["valid"].examples
        groups = self._batches_of(train, 0)
        self.valid = Source(self.network, valid, start=start, room=room)
        self.train = Source(self.network, train, start=start, room=room - self.valid.bytes, groups=groups)
        self.start = start
        self.per_epoch = len(groups)
        self._epoch, self._batches = 0, groups
        self.step = 0
        self.window = {"loss": 0.0, "targets": 0}
        self.train_loss: float | None = None
        self.valid_loss: float | None = None
        self.base_loss: float | None = None
        self.checked_at = -1
        self.gradient = nn.value_and_grad(self.model, self._loss)

    def announce(self) -> None:
        total, trainable = parameter_counts(self.model)
        self.emit(
            "start",
            total_parameters=total,
            trainable_parameters=trainable,
            settings=self.config.model_dump(mode="json"),
            device=device(),
            weights=self.loaded.weights,
            train_examples=len(self.train.examples),
            valid_examples=len(self.valid.examples),
            frozen_layers=self.start,
            cached_bytes=self.train.bytes + self.valid.bytes,
        )
        if device() == "cpu" and not blas.info().fast:
            message = f"MLX runs on a slow BLAS, training takes many times longer: {blas.info().note}"
            self.emit("warning", message=message)
        if not self.network.split:
            message = "the model's structure is not known to t2sql: every step runs the whole model"
            self.emit("warning", message=message)
        elif self.start > 0 and self.train.cache is None:
            message = "the frozen layers' output does not fit in cache_gb and is computed at every step"
            self.emit("warning", message=message)

    def restore(self, last: CheckpointInfo) -> None:
        """Weights, optimizer and counters of a checkpoint; order and dropout follow from seed and step."""
        from mlx.utils import tree_unflatten

        state = read_state(last.path)
        full = self.config.fine_tune_type == "full"
        load_adapter_weights(self.model, read_adapter_weights(last.path), last.path, full=full)
        moments = mx.load(str(last.path / "optimizer.safetensors"))
        assert isinstance(moments, dict)
        self.optimizer.state = tree_unflatten(list(moments.items()))
        mx.eval(self.model.trainable_parameters(), self.optimizer.state)
        self.step, self.window = state["step"], state["window"]
        self.train_loss, self.valid_loss = state["train_loss"], state["last_valid_loss"]
        self.base_loss = state["base_valid_loss"]
        self.emit("progress", done=self.step, total=self.config.iters, unit="steps", resumed=str(last.path))

    def go(self) -> float | None:
        if self.base_loss is None:
            self.base_loss = self._validate()
        seconds, tokens, steps = 0.0, 0, 0
        while self.step < self.config.iters:
            began = time.perf_counter()
            tokens += self._one_step()
            seconds += time.perf_counter() - began
            steps += 1
            if self.step % self.config.steps_per_report == 0 or self.step == self.config.iters:
                self._report(steps / seconds, tokens / seconds)
                seconds, tokens, steps = 0.0, 0, 0
            final = self.step == self.config.iters
            if final or self.step % self.config.steps_per_eval == 0:
                self._validate()
            if final or self.step % self.config.save_every == 0:
                self._save()
        return self.train_loss

    def _loss(self, inputs: Any, positions: Any, targets: Any, spans: Any) -> Any:
        return self.network.losses(inputs, positions, targets, self.train.start, spans).mean()

    def _one_step(self) -> int:
        config = self.config
        indices = self._batch_of(self.step)
        self.step += 1
        inputs, batch = self.train.batch(indices)
        # Dropout is drawn from seed and step, so that going on from a checkpoint repeats it.
        mx.random.seed((config.seed << 32) + self.step)
        self.model.train()
        positions, targets = mx.array(batch.positions), mx.array(batch.targets)
        loss, gradients = self.gradient(inputs, positions, targets, batch.spans)
        if config.max_grad_norm:
            gradients, _ = optimizers.clip_grad_norm(gradients, config.max_grad_norm)
        self.optimizer.learning_rate = config.rate_at(self.step)
        self.optimizer.update(self.model, gradients)
        mx.eval(self.model.trainable_parameters(), self.optimizer.state, loss)
        value = loss.item()
        if not math.isfinite(value):
            self._diverged(value, indices)
        self.window["loss"] += value * targets.size
        self.window["targets"] += targets.size
        if mx.get_cache_memory() > 1 << 29:
            mx.clear_cache()
        return batch.tokens

    def _batch_of(self, step: int) -> list[int]:
        epoch, at = divmod(step, self.per_epoch)
        if epoch != self._epoch:
            self._epoch = epoch
            self._batches = self._batches_of(self.train.examples, epoch)
        return self._batches[at]

    def _batches_of(self, examples: Sequence[Encoded], epoch: int) -> list[list[int]]:
        size, seed = self.config.batch_size, self.config.seed
        if self.network.shares:
            return shared_batches(examples, size, seed, epoch)
        return epoch_batches([e.length for e in examples], size, seed, epoch)

    def _diverged(self, value: float, indices: list[int]) -> None:
        good = checkpoints(self.folder)
        kept = f"The last good checkpoint is {good[-1].path}" if good else "There is no checkpoint yet"
        raise WorkError(
            "training diverged",
            where=f"step {self.step}, examples {', '.join(self.train.examples[i].id for i in indices)}",
            expected="a finite loss",
            found=value,
            hint=f"{kept}; lower --learning-rate",
        )

    def _report(self, steps_per_second: float, tokens_per_second: float) -> None:
        self.train_loss = self.window["loss"] / max(1, self.window["targets"])
        self.window = {"loss": 0.0, "targets": 0}
        self.emit(
            "train",
            step=self.step,
            loss=self.train_loss,
            learning_rate=self.config.rate_at(self.step),
            steps_per_second=steps_per_second,
            tokens_per_second=tokens_per_second,
            memory_bytes=peak_memory(),
        )

    def _validate(self) -> float:
        began = time.perf_counter()
        loss = self.valid.measure().loss
        self.valid_loss, self.checked_at = loss, self.step
        self.emit("valid", step=self.step, loss=loss, seconds=time.perf_counter() - began)
        if not math.isfinite(loss):
            self._diverged(loss, [])
        return loss

    def _save(self) -> None:
        state = {
            "step": self.step,
            "valid_loss": self.valid_loss if self.checked_at == self.step else None,
            "train_loss": self.train_loss,
            "last_valid_loss": self.valid_loss,
            "base_valid_loss": self.base_loss,
            "window": self.window,
            "seed": self.config.seed,
            "epoch": self.step // self.per_epoch,
            "batch": self.step % self.per_epoch,
            "random": "seeded by seed and step",
            "dataset": self.dataset.fingerprint,
            "settings": self.config.model_dump(mode="json"),
        }
        path = write_checkpoint(
            self.folder,
            self.step,
            weights=flat(self.model.trainable_parameters()),
            optimizer=flat(self.optimizer.state),
            adapter_config=self.adapter,
            state=state,
        )
        best = mark_best(self.folder)
        is_best = best is not None and best.step == self.step
        self.emit("checkpoint", step=self.step, path=str(path), best=is_best)
