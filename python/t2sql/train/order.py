"""Which examples each step sees: every one once an epoch, in the form of that epoch, split among ranks."""

from __future__ import annotations

from collections.abc import Sequence

from t2sql.train.batches import Encoded, epoch_batches, shared_batches


class Order:
    """The batches of all epochs as indices into `examples`, which are the forms of all lines end to end.

    Line i is seen in form (epoch + i) % len(forms), so that after as many epochs it was seen in each.
    `shares` puts examples with a common beginning together, for layers that compute it once.
    """

    def __init__(
        self, forms: Sequence[Sequence[Encoded]], batch_size: int, seed: int, *, shares: bool
    ) -> None:
        self.lines = len(forms[0])
        self.examples: list[Encoded] = [example for form in forms for example in form]
        self._forms, self._size, self._seed, self._shares = len(forms), batch_size, seed, shares
        self._epoch, self._batches = 0, self.epoch(0)
        self.per_epoch = len(self._batches)

    def epoch(self, number: int) -> list[list[int]]:
        """The batches of an epoch."""
        chosen = [(number + i) % self._forms * self.lines + i for i in range(self.lines)]
        seen = [self.examples[i] for i in chosen]
        if self._shares:
            batches = shared_batches(seen, self._size, self._seed, number)
        else:
            batches = epoch_batches([e.length for e in seen], self._size, self._seed, number)
        return [[chosen[i] for i in batch] for batch in batches]

    def batch(self, step: int) -> list[int]:
        """The examples of the step after `step` steps."""
        epoch, at = divmod(step, self.per_epoch)
        if epoch != self._epoch:
            self._epoch, self._batches = epoch, self.epoch(epoch)
        return self._batches[at]

    def groups(self, parts: int) -> list[list[int]]:
        """All examples in the parts of batches in which they are first seen."""
        batches = [batch for number in range(self._forms) for batch in self.epoch(number)]
        return [part for batch in batches for part in split(batch, parts) if part]


def split(indices: Sequence[int], parts: int) -> list[list[int]]:
    """`parts` runs of neighbours, of sizes that differ by one at most; some are empty if there are few."""
    size, more = divmod(len(indices), parts)
    out, at = [], 0
    for part in range(parts):
        stop = at + size + (part < more)
        out.append(list(indices[at:stop]))
        at = stop
    return out
