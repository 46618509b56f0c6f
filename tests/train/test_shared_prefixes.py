"""Common prefixes computed once: the same losses and gradients, and batches that keep partners together."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.adapted import adapted, loss_and_gradients
from support.encoded import alike

from t2sql import _core
from t2sql.runtimes import device, mx
from t2sql.train import SplitInputs
from t2sql.train.batches import collate
from t2sql.train.network import Network
from t2sql.train.ordering import shared_batches

pytestmark = pytest.mark.skipif(
    device() != "cpu" or not hasattr(_core, "DecoderLayer"),
    reason="needs the CPU device and the layers in Rust",
)


GROUPS = [
    [(1, 14, 6), (1, 14, 9), (1, 14, 2), (2, 20, 5), (3, 13, 7), (3, 13, 1)],
    [(1, 14, 6), (2, 15, 9)],
    [(1, 30, 3)] * 2 + [(1, 30, 0)] * 2,
    [(1, 16, 4), (1, 40, 4), (1, 40, 5), (1, 41, 3)],
    [(1, 9, 5)],
]


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("whole", [False, True])
def test_a_shared_prefix_changes_neither_loss_nor_gradients(
    tiny_llama: Path, group: list[tuple[int, int, int]], whole: bool
) -> None:
    model = adapted(tiny_llama).model
    network = Network(model)
    assert network.shares_prefixes
    examples = alike(group)
    results = []
    for share in (True, False):
        batch = collate(examples, share=share, whole=whole)
        assert (batch.spans is not None) == share
        ids, positions, targets = map(mx.array, (batch.ids, batch.positions, batch.targets))
        value, found = loss_and_gradients(network, ids, positions, targets, batch.spans)
        results.append((value, found, batch))
    (value, found, shared), (right, expected, padded) = results
    assert value == pytest.approx(right, rel=1e-5)
    assert sorted(shared.targets) == sorted(padded.targets) and shared.tokens == padded.tokens
    assert shared.trained.sum() == padded.trained.sum()
    for name, gradient in expected.items():
        assert mx.abs(found[name] - gradient).max() <= 3e-4 * mx.abs(gradient).max(), name


def test_spans_hold_every_position_once_and_common_ones_for_all() -> None:
    examples = alike(GROUPS[0])
    batch = collate(examples, share=True)
    assert batch.spans is not None
    assert batch.ids.shape == (1, sum(span.stop - span.start for span in batch.spans))
    assert batch.ids.size < 0.75 * sum(e.length for e in examples)
    for span in batch.spans:
        assert span.stop > span.start
        if span.prefix is not None:
            head = batch.spans[span.prefix]
            assert (head.start, head.stop, head.prefix) == (0, span.start, None)
            assert examples[head.example].ids[: head.stop] == examples[span.example].ids[: head.stop]


def test_batches_of_an_epoch_keep_partners_and_every_example_once() -> None:
    examples = alike([(i % 5, 20, 3 + i % 7) for i in range(83)])
    epochs = [shared_batches(examples, 8, 0, epoch) for epoch in (0, 0, 1)]
    assert epochs[0] == epochs[1] != epochs[2]
    for batches in epochs:
        assert sorted(i for batch in batches for i in batch) == list(range(83))
        assert all(len(batch) == 8 for batch in batches[:-1])
        families = [len({i % 5 for i in batch}) for batch in batches]
        assert sum(families) / len(families) < 4


def test_losses_of_a_split_are_the_same_with_shared_prefixs(tiny_llama: Path) -> None:
    model = adapted(tiny_llama).model
    model.eval()
    examples = alike([(i % 3, 20, 3 + i % 7) for i in range(41)])
    for text in (False, True):
        sums = [
            SplitInputs(Network(model, native=native), examples, start=0, memory=0).measure(text=text)
            for native in (True, False)
        ]
        assert (sums[0].count, sums[0].text_count) == (sums[1].count, sums[1].text_count)
        assert sums[0].loss == pytest.approx(sums[1].loss, rel=1e-5)
        assert sums[0].text_loss == pytest.approx(sums[1].text_loss, rel=1e-5)
