"""The memory estimate against MLX's own peak in small runs, and settings that take less."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support import tiny
from support.encoded import alike
from support.training import Events, small_dataset

from t2sql import train
from t2sql.runtimes import available_memory, device, mx
from t2sql.train import TrainConfig
from t2sql.train.batches import Positions, collate
from t2sql.train.epochs import EpochOrder
from t2sql.train.memory import estimate, fitting_changes
from t2sql.train.model_shape import ModelShape
from t2sql.train.workload import Workload, measure_work

MISTRAL_7B = ModelShape(
    hidden_size=4096,
    intermediate_size=14336,
    num_layers=32,
    heads=32,
    kv_heads=8,
    head_dim=128,
    vocab_size=32000,
    tied=False,
)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    sizes = {"hidden_size": 256, "intermediate_size": 1024, "num_hidden_layers": 6}
    heads = {"num_attention_heads": 8, "num_key_value_heads": 4}
    return tiny.build_llama(tmp_path_factory.mktemp("memory") / "model", **sizes, **heads)


def peak_and_estimate(model: Path, folder: Path, **changes: Any) -> tuple[int, dict[str, int]]:
    """MLX's peak of a small run in bytes, and the estimate in its start event."""
    dataset = small_dataset(folder / "data", train=32)
    config = TrainConfig.of(model=str(model), iters=2, batch_size=16, rank=8, **{"num_layers": -1, **changes})
    events = Events()
    mx.clear_cache()
    mx.reset_peak_memory()
    before = mx.get_active_memory()
    train.train(config, dataset, folder / "run", emit=events)
    return mx.get_peak_memory() - before, events.of("start")[0]["memory_estimate"]


@pytest.mark.slow
@pytest.mark.skipif(device() != "cpu", reason="the CPU device's arrays are float32")
@pytest.mark.parametrize(
    "changes",
    [
        {"dropout": 0.1, "fine_tune_type": "dora"},
        {"dropout": 0.1, "fine_tune_type": "dora", "num_layers": 2},
        {"fine_tune_type": "full"},
        {"grad_checkpoint": True},
    ],
)
def test_the_estimate_is_within_a_factor_of_two_of_the_peak_in_mlx(
    changes: dict[str, Any], model: Path, tmp_path: Path
) -> None:
    peak, expected = peak_and_estimate(model, tmp_path, **changes)
    arrays = expected["total"] - expected["spare"]
    assert arrays / 2 < peak < arrays * 2


@pytest.mark.slow
@pytest.mark.skipif(device() != "cpu", reason="the layers in Rust are for the CPU device")
def test_the_layers_in_rust_are_expected_to_take_less(model: Path, tmp_path: Path) -> None:
    peak, native = peak_and_estimate(model, tmp_path / "native", dropout=0.0)
    # Rust's buffers are not MLX's: they are the difference.
    assert peak < native["total"]
    _, in_mlx = peak_and_estimate(model, tmp_path / "mlx", fine_tune_type="dora")
    assert native["activations"] < in_mlx["activations"] / 2


def work_of(config: TrainConfig, *, length: int = 100, native: bool = False) -> Workload:
    """Examples of one length, 20 of their tokens trained, on weights of 16 bits or of `base_bits`."""
    rows = config.batch_size * length
    return Workload(
        training=Positions(rows, rows * length),
        targets=20 * config.batch_size,
        measuring=Positions(16 * length, 16 * length * length),
        tokens=10**5,
        model=MISTRAL_7B.parameters * (config.base_bits or 16) // 8,
        native=native,
    )


def test_the_tutorials_model_has_its_parameters() -> None:
    assert MISTRAL_7B.parameters == pytest.approx(7_242e6, rel=1e-3)
    config = TrainConfig.of(rank=8, keys=("self_attn.q_proj", "self_attn.v_proj"), optimizer="sgd")
    expected = estimate(config, MISTRAL_7B, work_of(config))
    assert expected.model == pytest.approx(14.48e9, rel=1e-3)
    # 1.704M numbers, their gradients, one moment, and the update's.
    assert expected.adapters == pytest.approx(4 * 4 * 1.704e6, rel=0.01)
    assert expected.total == sum(v for k, v in expected.to_dict().items() if k != "total")


@pytest.mark.parametrize("native", [False, True])
def test_changes_that_make_it_fit_are_found_or_none_are(native: bool) -> None:
    def measure(config: TrainConfig) -> Workload:
        return work_of(config, length=800, native=native)

    config = TrainConfig.of(batch_size=8)
    total = estimate(config, MISTRAL_7B, measure(config)).total
    assert fitting_changes(config, MISTRAL_7B, measure, total) == {}
    available = round(total * 0.7)
    changes = fitting_changes(config, MISTRAL_7B, measure, available)
    assert changes
    changed = config.model_copy(update=changes)
    assert estimate(changed, MISTRAL_7B, measure(changed)).total <= available
    assert changed.step_size == config.step_size
    assert fitting_changes(config, MISTRAL_7B, measure, 10**9) is None
    if native:
        small = fitting_changes(config, MISTRAL_7B, measure, 12 * 10**9)
        assert small is not None and small["base_bits"] == 4 and "grad_checkpoint" not in small


def test_the_work_is_that_of_the_largest_batches() -> None:
    lines = alike([(n, 14, 3 + n % 5) for n in range(12)])
    config = TrainConfig.of(batch_size=4)
    for native in (True, False):
        measure = measure_work(
            [lines], lines[:5], ranks=1, model=lambda _: 7, native=lambda _, native=native: native
        )
        work = measure(config)
        order = EpochOrder([lines], 4, config.seed, share_prefixes=native)
        batches = [collate([lines[i] for i in b], share=native, packed=True) for b in order.groups(1)]
        assert work.training.rows == max(batch.ids.size for batch in batches)
        assert work.training.scores >= work.training.rows
        assert work.measuring.rows >= max(e.length for e in lines[:5])
        assert (work.model, work.native) == (7, native)
        halved = measure(config.model_copy(update={"batch_size": 2, "grad_accumulation_steps": 2}))
        assert halved.training.rows < work.training.rows


def test_the_free_memory_of_this_machine_is_a_number_of_bytes() -> None:
    available = available_memory()
    assert available is None or available > 0
