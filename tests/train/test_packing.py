"""Several examples in a row: what is laid out, and that losses and gradients are those of separate rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.adapted import adapted, loss_and_gradients
from support.tiny_families import build
from support.training import Events, settings

from t2sql import data, train
from t2sql.models import flat
from t2sql.runtimes import Array, mx, scalar
from t2sql.train import TrainConfig
from t2sql.train.batches import collate
from t2sql.train.encoding import Encoded
from t2sql.train.gradient import LossAndGradient
from t2sql.train.network import Network, segments_of
from t2sql.train.packing import pack

LENGTHS = (3, 17, 5, 9, 4, 13)
FAMILIES = {
    **{name: {} for name in ("llama", "llama-yarn", "qwen3", "gemma2", "phi3")},
    "mistral": {"layer_types": ["sliding_attention", "full_attention"], "sliding_window": 5},
    "gemma3": {"sliding_window": 5, "num_hidden_layers": 6},
}


def examples() -> list[Encoded]:
    draw = np.random.default_rng(0)
    return [
        Encoded(id=str(n), ids=tuple(draw.integers(3, 60, n + 1).tolist()), first=n // 2) for n in LENGTHS
    ]


def test_rows_hold_each_example_once_and_are_fewer_where_that_saves_padding() -> None:
    for lengths in ([60, 61, 62, 30], [10, 200, 11, 12], list(range(33, 65))):
        rows = pack(lengths, multiple=64)
        assert sorted(i for row in rows.rows for i in row) == list(range(len(lengths)))
        assert rows.width % 64 == 0 and rows.width >= max(sum(lengths[i] for i in row) for row in rows.rows)
        single = pack(lengths, multiple=64, packed=False)
        assert single.rows == [[i] for i in range(len(lengths))]
        assert rows.size <= single.size
    assert pack([10, 200, 11, 12], multiple=64).size < 4 * 256
    assert pack([64, 63, 62], multiple=64).rows == [[0], [1], [2]]
    assert pack([50], multiple=64).rows == [[0]]


def test_a_packed_batch_says_where_each_token_is() -> None:
    given = examples()
    batch = collate(given, packed=True)
    assert batch.segments is not None and batch.ids.shape[0] < len(given)
    assert batch.padding == batch.ids.size - sum(LENGTHS)
    for i, (example, start) in enumerate(zip(given, batch.starts, strict=True)):
        assert batch.ids.reshape(-1)[start : start + example.length].tolist() == list(example.ids[:-1])
        assert (batch.segments.reshape(-1)[start : start + example.length] == i).all()
    assert (batch.segments >= 0).sum() == batch.tokens
    assert collate(given, packed=False).segments is None


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILIES)
def test_losses_and_gradients_are_those_of_a_row_for_each(name: str, tmp_path: Path) -> None:
    model = adapted(build(tmp_path / name, name, **FAMILIES[name])).model
    for network in (Network(model, native=False), Network(model)):
        results = []
        for packed in (True, False):
            batch = collate(examples(), packed=packed)
            ids, positions, targets = map(mx.array, (batch.ids, batch.positions, batch.targets))
            results.append(loss_and_gradients(network, ids, positions, targets, None, segments_of(batch)))
        (value, found), (right, expected) = results
        assert value == pytest.approx(right, rel=1e-5)
        for key, gradient in expected.items():
            assert mx.abs(found[key] - gradient).max() <= 3e-4 * mx.abs(gradient).max(), key
    assert Network(model, native=False).packs_rows and not Network(model).packs_rows


@pytest.mark.slow
def test_a_compiled_function_packs_too(tiny_llama: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = Network(adapted(tiny_llama).model, native=False)
    monkeypatch.setenv("T2SQL_DEVICE_POLICY", "metal")
    function = LossAndGradient(network, 0)
    results: list[tuple[float, dict[str, Array]]] = []
    for packed in (True, False):
        batch = collate(examples(), packed=packed)
        loss, gradients = function(mx.array(batch.ids), batch)
        results.append((scalar(loss), flat(gradients)))
    assert results[0][0] == pytest.approx(results[1][0], rel=1e-5)
    for key, gradient in results[1][1].items():
        assert mx.abs(results[0][1][key] - gradient).max() <= 3e-4 * mx.abs(gradient).max(), key


@pytest.mark.slow
def test_a_training_as_on_a_gpu_has_fewer_positions_and_the_same_loss(
    tiny_llama: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("T2SQL_DEVICE_POLICY", "metal")
    folder = tmp_path / "data"
    folder.mkdir()
    for split, count in (("train", 16), ("valid", 5), ("test", 1)):
        lines = (f'{{"prompt": "Q: {split} {i}\\nA: ", "completion": "SELECT {i}"}}\n' for i in range(count))
        (folder / f"{split}.jsonl").write_text("".join(lines), encoding="utf-8")
    dataset = data.load(folder)
    reported = []
    for packs in (True, False):
        monkeypatch.setattr(Network, "packs_rows", packs)
        # One layer, so that the frozen layers' output is laid out in rows too.
        config = TrainConfig.of(**settings(tiny_llama, dropout=0.0, num_layers=1, iters=4))
        events = Events()
        result = train.train(config, dataset, tmp_path / str(packs), emit=events)
        reported.append((result.valid_loss, [event["padding"] for event in events.of("train")]))
    (packed_loss, packed), (loss, padded) = reported
    assert sum(packed) < sum(padded)
    assert packed_loss == pytest.approx(loss, rel=2e-3)
