"""One training run's moving parts, on one rank: steps, validation of whole splits, checkpoints."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from t2sql.models import Loaded, flat, load_adapter_weights, read_adapter_weights
from t2sql.runtimes import mx, nn, optimizers, peak_memory
from t2sql.train.batches import Encoded
from t2sql.train.config import TrainConfig
from t2sql.train.meter import Meter, Step
from t2sql.train.network import Network, first_trained_layer
from t2sql.train.optimizer import make_optimizer
from t2sql.train.order import Order, split
from t2sql.train.ranks import LostRank, Ranks
from t2sql.train.resuming import model_fingerprint, same_model
from t2sql.train.saved import CheckpointInfo, mark_best, read_state, write_checkpoint
from t2sql.train.setup import prepare_model
from t2sql.train.source import Source
from t2sql.train.stopping import Patience, check_step, diverged

Emit = Callable[..., None]


class Session:
    """A model being trained on encoded examples; `forms` are the ways the training lines are said."""

    def __init__(
        self,
        config: TrainConfig,
        loaded: Loaded,
        forms: Sequence[Sequence[Encoded]],
        valid: Sequence[Encoded],
        *,
        fingerprint: str,
        folder: Path,
        emit: Emit,
        ranks: Ranks,
    ) -> None:
        self.config, self.loaded, self.folder, self.emit, self.ranks = config, loaded, folder, emit, ranks
        self.fingerprint = fingerprint
        self.model = loaded.model
        self.model_print = model_fingerprint(self.model)
        self.adapter = prepare_model(loaded, config)
        self.network = Network(
            self.model, grad_checkpoint=config.grad_checkpoint, native=config.fine_tune_type != "full"
        )
        self.optimizer = make_optimizer(config)
        self.optimizer.init(self.model.trainable_parameters())
        self.start = first_trained_layer(self.model)
        self.order = Order(forms, config.step_size, config.seed, shares=self.network.shares)
        room = config.cache_gb * 1e9
        disk = config.cache_disk_gb * 1e9 if room else 0.0
        own = valid[ranks.rank :: ranks.size]
        self.valid = Source(self.network, own, start=self.start, room=room, disk=disk)
        self.train = Source(
            self.network,
            self.order.examples,
            start=self.start,
            room=room - self.valid.memory_bytes,
            disk=disk - self.valid.disk_bytes,
            groups=self.order.groups(ranks.size * config.grad_accumulation_steps),
        )
        self.step = self.saved_at = 0
        self.meter, self.patience = Meter(config.iters), Patience(config.patience)
        self.train_loss: float | None = None
        self.valid_loss: float | None = None
        self.base_loss: float | None = None
        self.checked_at = -1
        self.gradient = nn.value_and_grad(self.model, self._loss)

    def restore(self, last: CheckpointInfo) -> None:
        """Weights, optimizer and counters of a checkpoint; order and dropout follow from seed and step."""
        from mlx.utils import tree_unflatten

        state = read_state(last.path)
        same_model(state, self.model_print, self.config.model)
        full = self.config.fine_tune_type == "full"
        load_adapter_weights(self.model, read_adapter_weights(last.path), last.path, full=full)
        moments = mx.load(str(last.path / "optimizer.safetensors"))
        assert isinstance(moments, dict)
        self.optimizer.state = tree_unflatten(list(moments.items()))
        mx.eval(self.model.trainable_parameters(), self.optimizer.state)
        self._count_from(state)
        self.saved_at = self.step
        self.emit("progress", done=self.step, total=self.config.iters, unit="steps", resumed=str(last.path))

    def share_start(self) -> None:
        """Every rank begins with the first one's weights, moments and counters."""
        from mlx.utils import tree_unflatten

        if self.ranks.size == 1:
            return
        self._count_from(self.ranks.told(self._state() if self.ranks.first else None))
        weights = self.ranks.spread(flat(self.model.trainable_parameters()))
        self.model.update(tree_unflatten(list(weights.items())))
        self.optimizer.state = tree_unflatten(list(self.ranks.spread(flat(self.optimizer.state)).items()))

    def go(self) -> None:
        """To the last step, or until validation has not improved for long enough.

        LostRank when another process ended; the last whole step is then in a checkpoint.
        """
        if self.base_loss is None:
            self.base_loss = self._validate()
        self.meter.begin()
        try:
            with self.ranks.guarded():
                while self.step < self.config.iters and not self.patience.over:
                    self._work()
        except LostRank as error:
            if self.ranks.first and self.step > self.saved_at:
                self._save()
            kept = (
                f"Step {self.saved_at} is kept: go on" if self.saved_at else "No step was done: start again"
            )
            raise LostRank(error.found, f"{kept} with --resume") from None

    def _work(self) -> None:
        """A step, and what comes after it."""
        config = self.config
        self._one_step()
        last = self.step == config.iters
        if last or self.step % config.steps_per_report == 0:
            self._report()
        if last or self.step % config.steps_per_eval == 0:
            self._validate()
        if self.patience.over and not last:
            self.emit(
                "warning",
                message=f"training stops at step {self.step}: validation has not improved in "
                f"{self.patience.waited} measurements (best {self.patience.best:.4f} at step "
                f"{self.patience.best_step})",
            )
        if last or self.patience.over or self.step % config.save_every == 0:
            self._save()
        if self.ranks.asked_to_stop:
            raise LostRank("SIGTERM")

    def _loss(self, inputs: Any, positions: Any, targets: Any, spans: Any) -> Any:
        return self.network.losses(inputs, positions, targets, self.train.start, spans).mean()

    def _one_step(self) -> None:
        began = time.perf_counter()
        config, examples, step = self.config, self.order.examples, self.step + 1
        indices = self.order.batch(self.step)
        learned = sum(len(examples[i].ids) - examples[i].first for i in indices)
        loss, gradients, rows, padding = self._summed(indices, learned, step)
        gradients = self.ranks.mean_gradients(gradients)
        loss = self.ranks.total(loss)
        if config.max_grad_norm:
            gradients, norm = optimizers.clip_grad_norm(gradients, config.max_grad_norm)
        else:
            norm = mx.sqrt(sum(((g * g).sum() for g in flat(gradients).values()), start=mx.array(0.0)))
        self.optimizer.learning_rate = config.rate_at(step)
        self.optimizer.update(self.model, gradients)
        mx.eval(self.model.trainable_parameters(), self.optimizer.state, loss, norm)
        self.step = step
        tokens = sum(examples[i].length for i in indices)
        done = Step(
            loss.item(), learned, tokens, len(indices), norm.item(), rows, padding,
            time.perf_counter() - began,
        )  # fmt: skip
        self.meter.add(done)
        ids = [examples[i].id for i in indices]
        smoothed = self.meter.smoothed or 0.0
        check_step(self.folder, step, done.loss, done.grad_norm, smoothed, self._vocabulary, ids)
        if mx.get_cache_memory() > 1 << 29:
            mx.clear_cache()

    def _summed(self, indices: list[int], learned: int, step: int) -> tuple[Any, Any, int, int]:
        """This rank's part of a step's mean loss, `size` times its part of the gradient, rows and padding."""
        from mlx.utils import tree_map

        ranks, parts = self.ranks, self.config.grad_accumulation_steps
        whole = ranks.size == parts == 1
        loss: Any = mx.array(0.0)
        gradients: Any = None
        rows = padding = 0
        self.model.train()
        for at, part in enumerate(split(split(indices, ranks.size)[ranks.rank], parts)):
            if not part:
                continue
            inputs, batch = self.train.batch(part)
            # Dropout is drawn from seed, step and part, so that going on from a checkpoint repeats it.
            mx.random.seed((self.config.seed << 32) + ((ranks.rank * parts + at) << 24) + step)
            positions, targets = mx.array(batch.positions), mx.array(batch.targets)
            value, slopes = self.gradient(inputs, positions, targets, batch.spans)
            if whole:
                loss, gradients = value, slopes
            else:
                share = targets.size / learned
                slopes = tree_map(lambda g, k=share * ranks.size: g * k, slopes)
                gradients = tree_map(mx.add, gradients, slopes) if gradients is not None else slopes
                loss = loss + value * share
                mx.eval(loss, gradients)
            rows += batch.ids.size
            padding += batch.padding
        if gradients is None:
            gradients = tree_map(mx.zeros_like, self.model.trainable_parameters())
        return loss, gradients, rows, padding

    @property
    def _vocabulary(self) -> int:
        return int(self.loaded.config.get("vocab_size") or 0) or 1 << 17

    def _report(self) -> None:
        cache = self.train.cache
        hits = cache.take_hits() if cache is not None else 0.0
        fields = self.meter.report(self.step, cache_hits=hits)
        self.train_loss = fields["loss"]
        rate = self.config.rate_at(self.step)
        self.emit("train", step=self.step, learning_rate=rate, memory_bytes=peak_memory(), **fields)

    def _validate(self) -> float:
        began = time.perf_counter()
        sums = self.valid.measure()
        if self.ranks.size > 1:
            total = self.ranks.total(mx.array([sums.total, float(sums.count)]))
            sums.total, sums.count = total[0].item(), round(total[1].item())
        loss = sums.loss
        self.valid_loss, self.checked_at = loss, self.step
        self.emit("valid", step=self.step, loss=loss, seconds=time.perf_counter() - began)
        if not math.isfinite(loss):
            raise diverged(self.folder, self.step, loss, "a finite validation loss", ())
        self.patience.see(self.step, loss)
        return loss

    def _state(self) -> dict[str, Any]:
        return {
            "step": self.step,
            "valid_loss": self.valid_loss if self.checked_at == self.step else None,
            "train_loss": self.train_loss,
            "last_valid_loss": self.valid_loss,
            "base_valid_loss": self.base_loss,
            "window": self.meter.state(),
            "patience": self.patience.state(),
            "seed": self.config.seed,
            "epoch": self.step // self.order.per_epoch,
            "batch": self.step % self.order.per_epoch,
            "random": "seeded by seed and step",
            "model": self.model_print,
            "dataset": self.fingerprint,
            "settings": self.config.model_dump(mode="json"),
        }

    def _count_from(self, state: dict[str, Any]) -> None:
        self.step = state["step"]
        self.meter.restore(state["window"])
        if "patience" in state:
            self.patience.restore(state["patience"])
        self.train_loss, self.valid_loss = state["train_loss"], state["last_valid_loss"]
        self.base_loss = state["base_valid_loss"]

    def _save(self) -> None:
        self.saved_at = self.step
        if not self.ranks.first:
            return
        path = write_checkpoint(
            self.folder,
            self.step,
            weights=flat(self.model.trainable_parameters()),
            optimizer=flat(self.optimizer.state),
            adapter_config=self.adapter,
            state=self._state(),
        )
        best = mark_best(self.folder)
        is_best = best is not None and best.step == self.step
        self.emit("checkpoint", step=self.step, path=str(path), best=is_best)
