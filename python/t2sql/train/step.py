"""One optimizer step: forward, backward, the sum over ranks and parts, clipping and the update."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from t2sql.runtimes import Array, mx, scalar, tree_map
from t2sql.train.epochs import split
from t2sql.train.gradient import LossAndGradient
from t2sql.train.meter import Step
from t2sql.train.session import Session
from t2sql.train.update import Update

_FREE_CACHE_ABOVE = 1 << 29
"""Bytes of freed arrays that MLX may hold on to before a step gives them back."""


@dataclass
class _Sums:
    """This rank's part of a step.

    Attributes:
        loss: Its part of the mean loss, a scalar.
        gradients: Its part of the gradient times the number of ranks; None when it had no examples.
        rows: Positions computed, padding included.
        padding: Positions that are padding.
    """

    loss: Array
    gradients: Any = None
    rows: int = 0
    padding: int = 0


class Stepper:
    """Takes steps of a session."""

    def __init__(self, session: Session) -> None:
        """Make the function of loss and gradient."""
        self._session = session
        self._update = Update(session.loaded.model, session.optimizer, session.config.max_grad_norm)
        self._loss_and_gradient = LossAndGradient(session.network, session.train.start)

    def take(self) -> tuple[Step, list[str]]:
        """Take the next step; all ranks do so together.

        Returns:
            Its measurements, and the ids of its examples.

        Raises:
            LostRank: Another process is gone.
        """
        began = time.perf_counter()
        session, config, model = self._session, self._session.config, self._session.loaded.model
        step, examples = session.step + 1, session.order.examples
        indices = session.order.batch(session.step)
        targets = sum(len(examples[i].ids) - examples[i].first for i in indices)
        sums = self._forward_backward(indices, targets, step)
        gradients = session.ranks.mean_gradients(sums.gradients)
        loss = session.ranks.all_sum(sums.loss)
        session.optimizer.learning_rate = config.learning_rate_at(step)
        norm = self._update.apply(gradients)
        mx.eval(model.trainable_parameters(), session.optimizer.state, loss, norm)
        if mx.get_cache_memory() > _FREE_CACHE_ABOVE:
            mx.clear_cache()
        session.step = step
        taken = Step(
            loss=scalar(loss),
            targets=targets,
            tokens=sum(examples[i].length for i in indices),
            examples=len(indices),
            grad_norm=scalar(norm),
            rows=sums.rows,
            padding=sums.padding,
            seconds=time.perf_counter() - began,
        )
        session.meter.add(taken)
        return taken, [examples[i].id for i in indices]

    def _forward_backward(self, indices: list[int], targets: int, step: int) -> _Sums:
        """Loss and gradient of this rank's examples among `indices`, whose trained tokens are `targets`."""
        session, ranks = self._session, self._session.ranks
        parts = session.config.grad_accumulation_steps
        is_whole = ranks.size == parts == 1
        sums = _Sums(mx.array(0.0))
        session.loaded.model.train()
        for number, part in enumerate(split(split(indices, ranks.size)[ranks.rank], parts)):
            if not part:
                continue
            inputs, batch = session.train.batch(part)
            # Dropout is drawn from seed, step and part, so that a resumed run repeats it.
            mx.random.seed((session.config.seed << 32) + ((ranks.rank * parts + number) << 24) + step)
            loss, gradients = self._loss_and_gradient(inputs, batch)
            if is_whole:
                sums.loss, sums.gradients = loss, gradients
            else:
                weight = len(batch.targets) / targets
                gradients = tree_map(lambda g, k=weight * ranks.size: g * k, gradients)
                if sums.gradients is not None:
                    gradients = tree_map(mx.add, sums.gradients, gradients)
                sums.gradients = gradients
                sums.loss = sums.loss + loss * weight
                mx.eval(sums.loss, sums.gradients)
            sums.rows += batch.ids.size
            sums.padding += batch.padding
        if sums.gradients is None:
            sums.gradients = tree_map(mx.zeros_like, session.loaded.model.trainable_parameters())
        return sums
