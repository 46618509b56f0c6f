"""The memory estimate against measured peaks of small runs, and settings that take less."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support import tiny
from support.training import small_dataset

from t2sql.train import TrainConfig
from t2sql.train.memory import Shape, available_memory, estimate, fitting

CHILD = """
import json, sys, threading, time
from pathlib import Path
from t2sql import data, train
from t2sql.models import runtime
import mlx_lm.utils, transformers
def private():
    return int(open("/proc/self/status").read().split("RssAnon:")[1].split()[0]) * 1024
before, peak, told = private(), 0, {}
def watch():
    global peak
    while True:
        peak = max(peak, private())
        time.sleep(0.002)
threading.Thread(target=watch, daemon=True).start()
def emit(kind, **fields):
    told.setdefault(kind, fields)
settings, dataset, out = json.loads(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
train.train(train.TrainConfig.of(**settings), data.load(dataset), out, emit=emit)
print(peak - before, told["start"]["memory_estimate"]["total"])
"""

MISTRAL_7B = Shape(4096, 14336, 32, 32, 8, 128, 32000, False)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    sizes = {"hidden_size": 256, "intermediate_size": 1024, "num_hidden_layers": 6}
    heads = {"num_attention_heads": 8, "num_key_value_heads": 4}
    return tiny.build_llama(tmp_path_factory.mktemp("memory") / "model", **sizes, **heads)


@pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="elsewhere: private memory is read from /proc"
)
@pytest.mark.parametrize(
    "changes",
    [{}, {"dropout": 0.1}, {"fine_tune_type": "full"}, {"grad_checkpoint": True}, {"num_layers": 2}],
)
def test_the_estimate_is_within_a_factor_of_two(changes: dict[str, Any], model: Path, tmp_path: Path) -> None:
    data = small_dataset(tmp_path / "data", train=32).path
    settings = {"model": str(model), "iters": 2, "batch_size": 16, "num_layers": -1, "rank": 8, **changes}
    command = [sys.executable, "-c", CHILD, json.dumps(settings), str(data), str(tmp_path / "run")]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    measured, expected = map(int, done.stdout.split())
    assert expected / 2 < measured < expected * 2


def test_the_tutorials_model_has_its_parameters() -> None:
    assert MISTRAL_7B.parameters == pytest.approx(7_242e6, rel=1e-3)
    config = TrainConfig.of(rank=8, keys=("self_attn.q_proj", "self_attn.v_proj"), optimizer="sgd")
    sizes: dict[str, Any] = {"width": 100, "targets": 20, "tokens": 10**5, "native": False}
    found = estimate(config, MISTRAL_7B, weight_bits=16, **sizes)
    assert found.model == pytest.approx(14.48e9, rel=1e-3)
    # 1.704M numbers, their gradients, one moment, and the update's.
    assert found.adapters == pytest.approx(4 * 4 * 1.704e6, rel=0.01)
    assert found.total == sum(v for k, v in found.to_dict().items() if k != "total")


def test_settings_that_fit_are_found_or_none_are() -> None:
    sizes: dict[str, Any] = {"width": 800, "targets": 60, "tokens": 10**6, "native": False}
    config = TrainConfig.of(batch_size=8)
    whole = estimate(config, MISTRAL_7B, weight_bits=16, **sizes).total
    assert fitting(config, MISTRAL_7B, whole, weight_bits=16, **sizes) == {}
    have = round(whole * 0.7)
    less = fitting(config, MISTRAL_7B, have, weight_bits=16, **sizes)
    assert less
    changed = config.model_copy(update=less)
    assert estimate(changed, MISTRAL_7B, weight_bits=16, **sizes).total <= have
    assert changed.step_size == config.step_size
    assert fitting(config, MISTRAL_7B, 10**9, weight_bits=16, **sizes) is None


def test_this_machine_says_what_is_free() -> None:
    free = available_memory()
    assert free is not None and free > 10**8
