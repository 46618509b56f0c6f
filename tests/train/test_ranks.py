"""Two processes on loopback under mlx.launch train as one does, and the loss of one is not the run's end."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from support.training import small_dataset

from t2sql import runs, train
from t2sql.cli import run as command_line
from t2sql.runs.records import TrainEvent, TrainStartEvent, ValidEvent
from t2sql.runtimes import mx

FLAGS = (
    "--iters 8 --batch-size 4 --grad-accumulation-steps 2 --num-layers 1 --rank 4 --dropout 0 --warmup 2 "
    "--steps-per-report 1 --steps-per-eval 4 --save-every 4"
)

PROGRAM = """
import os, signal, sys
from t2sql.train.step import Stepper
take, dies = Stepper.take, "--dies" in sys.argv
sys.argv = [a for a in sys.argv if a != "--dies"]
def until_6(self):
    if self._session.ranks.rank == 1 and self._session.step == 5 and dies:
        os.kill(os.getpid(), signal.SIGKILL)
    return take(self)
Stepper.take = until_6
from t2sql.cli import main
main()
"""


def free_port() -> int:
    """A port that is free, and the next one too, as far as one can know."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = int(first.getsockname()[1])
            try:
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port


def launch(arguments: list[str], folder: Path) -> str:
    """What two ranks say together."""
    script = folder / "program.py"
    script.write_text(PROGRAM)
    launcher = Path(sys.executable).parent / "mlx.launch"
    program = [sys.executable, str(script), *arguments]
    port = str(free_port())
    command = [str(launcher), "-n", "2", "--backend", "ring", "--starting-port", port, "--", *program]
    with (folder / "output.txt").open("w+") as out:
        # An open stdin: the launcher would spin on one that has ended.
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=out, stderr=out, start_new_session=True
        )
        try:
            process.wait(timeout=120)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.stdin.close()  # type: ignore[union-attr]
        out.seek(0)
        return out.read()


def losses(path: Path, kind: type[TrainEvent] | type[ValidEvent]) -> dict[int, float | None]:
    """Step -> loss."""
    return {event.step: event.loss for event in runs.open_run(path).events() if isinstance(event, kind)}


@pytest.fixture(scope="module")
def common(tiny_llama: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    # 21 lines: the last batch of an epoch has five, an odd number to split.
    data = small_dataset(tmp_path_factory.mktemp("data"), train=21).path
    return ["train", "--model", str(tiny_llama), "--data", str(data), *FLAGS.split()]


@pytest.fixture(scope="module")
def alone(common: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("alone") / "run"
    assert command_line([*common, "--out", str(path)]) == 0
    return path


def same_as(alone: Path, path: Path) -> None:
    for kind in (TrainEvent, ValidEvent):
        assert losses(path, kind) == pytest.approx(losses(alone, kind), rel=1e-5)
    one, two = (mx.load(str(train.checkpoints(p)[-1].path / "adapters.safetensors")) for p in (alone, path))
    assert all(mx.allclose(one[name], two[name], atol=1e-5) for name in one)


def test_two_ranks_give_the_losses_and_weights_of_one(common: list[str], alone: Path, tmp_path: Path) -> None:
    said = launch([*common, "--out", str(tmp_path / "run")], tmp_path)
    assert "train done in" in said and "error" not in said, said
    assert runs.summarize(tmp_path / "run").state == "done"
    events = runs.open_run(tmp_path / "run").events()
    assert [event.ranks for event in events if isinstance(event, TrainStartEvent)] == [2]
    same_as(alone, tmp_path / "run")


def test_a_lost_rank_ends_the_run_with_a_checkpoint_to_go_on_from(
    common: list[str], alone: Path, tmp_path: Path
) -> None:
    path = tmp_path / "run"
    said = launch([*common, "--out", str(path), "--dies"], tmp_path)
    assert "error: a process of the run was lost" in said, said
    assert "Step 5 is kept: go on with --resume" in said
    assert [c.step for c in train.checkpoints(path)] == [4, 5]
    assert json.loads((path / "stages.json").read_text())["stages"]["train"]["state"] == "failed"
    assert command_line(["train", "--out", str(path), "--resume"]) == 0
    same_as(alone, path)
