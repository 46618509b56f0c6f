"""The examples of each step: every line once an epoch, in one of its paraphrases, split among ranks."""

from __future__ import annotations

from collections.abc import Sequence

from t2sql.runtimes import policy
from t2sql.train.batches import count_positions
from t2sql.train.encoding import Encoded
from t2sql.train.ordering import epoch_batches, shared_batches


class EpochOrder:
    """The batches of all epochs, as indices into `examples`.

    `examples` holds the paraphrases of all lines: first each line itself, then each line's second
    paraphrase, and so on. In epoch e, line i is seen in paraphrase (e + i) % paraphrases, so that after as
    many epochs it was seen in each.

    Attributes:
        lines: Number of training lines.
        examples: All paraphrases of all lines.
        per_epoch: Steps of one epoch.
    """

    def __init__(
        self,
        paraphrases: Sequence[Sequence[Encoded]],
        batch_size: int,
        seed: int,
        *,
        share_prefixes: bool,
    ) -> None:
        """Order the examples.

        Args:
            paraphrases: The lines themselves, then other wordings of each; all lists are equally long.
            batch_size: Examples of a step.
            seed: The seed of the order.
            share_prefixes: Put examples with a common prefix into one batch, for layers that compute the
                prefix once.
        """
        self.lines = len(paraphrases[0])
        self.examples: list[Encoded] = [example for wording in paraphrases for example in wording]
        self._paraphrases = len(paraphrases)
        self._batch_size, self._seed, self._share_prefixes = batch_size, seed, share_prefixes
        self._epoch, self._batches = 0, self.epoch(0)
        self.per_epoch = len(self._batches)

    def epoch(self, epoch: int) -> list[list[int]]:
        """The batches of an epoch, which is counted from 0."""
        chosen = [(epoch + i) % self._paraphrases * self.lines + i for i in range(self.lines)]
        examples = [self.examples[i] for i in chosen]
        if self._share_prefixes:
            batches = shared_batches(examples, self._batch_size, self._seed, epoch)
        else:
            batches = epoch_batches([e.length for e in examples], self._batch_size, self._seed, epoch)
        return [[chosen[i] for i in batch] for batch in batches]

    def batch(self, steps_done: int) -> list[int]:
        """The examples of the step that follows `steps_done` steps."""
        epoch, index = divmod(steps_done, self.per_epoch)
        if epoch != self._epoch:
            self._epoch, self._batches = epoch, self.epoch(epoch)
        return self._batches[index]

    def mean_rows(self, ranks: int, parts: int, *, packed: bool = False) -> float:
        """Positions that a rank computes in an average step.

        Args:
            ranks: Processes that share a batch.
            parts: How many each rank cuts its part into.
            packed: Whether a row may hold several examples.
        """
        groups = self.groups(ranks * parts)
        share, multiple = self._share_prefixes, policy().length_multiple
        examples = ([self.examples[i] for i in group] for group in groups)
        sizes = (count_positions(e, share=share, packed=packed, multiple=multiple) for e in examples)
        return sum(size.rows for size in sizes) / (self.first_time * ranks)

    @property
    def first_time(self) -> int:
        """Steps after which every paraphrase of every line was seen."""
        return self.per_epoch * self._paraphrases

    def groups(self, parts: int) -> list[list[int]]:
        """All examples, grouped as they are first computed together when each batch is cut into `parts`."""
        batches = [batch for epoch in range(self._paraphrases) for batch in self.epoch(epoch)]
        return [part for batch in batches for part in split(batch, parts) if part]


def split(indices: Sequence[int], parts: int) -> list[list[int]]:
    """Cut into `parts` runs of neighbours whose sizes differ by one at most; some may be empty."""
    size, more = divmod(len(indices), parts)
    out, start = [], 0
    for part in range(parts):
        stop = start + size + (part < more)
        out.append(list(indices[start:stop]))
        start = stop
    return out
