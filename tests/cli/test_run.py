"""`t2sql run` end to end on a tiny Mistral with an SPM tokenizer: whole, interrupted, killed, changed."""

from __future__ import annotations

import json
import math
import os
import shutil
import signal
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.run_process import artefacts, finish, start, starts, wait_for
from support.training import write_data

from t2sql import runs
from t2sql.cli import run as command_line
from t2sql.pipeline.context import Context
from t2sql.pipeline.stages import BY_NAME
from t2sql.runs.records import FuseResult, TestResult, TrainResult

STAGES = list(runs.STAGES)
FLAGS = [
    *("--iters", "30", "--num-layers", "1", "--rank", "4", "--batch-size", "2", "--learning-rate", "1e-3"),
    *("--save-every", "10", "--steps-per-eval", "10", "--steps-per-report", "5"),
    *("--types", "q8_0", "--compare-limit", "2", "--compare-limit-mlx", "1", "--max-tokens", "4"),
]


@pytest.fixture(scope="module")
def flags(tiny_mistral: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    data = write_data(tmp_path_factory.mktemp("source") / "people")
    return ["--model", str(tiny_mistral), "--data", str(data), *FLAGS]


@pytest.fixture(scope="module")
def whole(flags: list[str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A run that nothing disturbed, and what it printed."""
    path = tmp_path_factory.mktemp("whole") / "r"
    out, _ = finish(path, *flags)
    yield path, out


def test_run_leaves_everything_in_its_place(whole: tuple[Path, str]) -> None:
    path, _ = whole
    summary = runs.summarize(path)
    assert summary.state == "done" and summary.best_score is not None and summary.valid_loss is not None
    assert starts(path) == STAGES
    names = {file.name for file in (path / "gguf").iterdir()}
    assert names == {"r.f32.gguf", "r.q8_0.gguf", "base.q8_0.gguf", "Modelfile"}
    assert len(list((path / "checkpoints").glob("0*"))) == 3
    assert {file.name for file in path.glob("report.*")} == {"report.md", "report.html", "report.json"}
    document = json.loads((path / "report.json").read_text())
    assert document["run"]["state"] == "done"
    assert {row["name"] for row in document["comparison"]["rows"]} == {
        "base.q8_0",
        "r.f32",
        "r.q8_0",
        "fused",
    }
    assert [len(question["answers"]) for question in document["questions"]] == [6, 6, 6]
    assert not [file for file in path.rglob(".*") if ".tmp" in file.name]


def test_run_prints_the_tutorials_tables_on_stdout(whole: tuple[Path, str]) -> None:
    _, out = whole
    for text in (
        "total parameters",
        "trainable",
        "step  train loss  valid loss    it/s    tok/s  seconds",
        "test ppl",
        "valid right",
        "chosen by right answers on validation",
        "always the commonest query shape",
        "How old is Wang Junjian?",
    ):
        assert text in out


def test_the_checkpoint_with_most_right_answers_is_chosen_once_and_fused(whole: tuple[Path, str]) -> None:
    path, _ = whole
    run = runs.open_run(path)
    tested, fused, chosen = run.result(TestResult), run.result(FuseResult), run.chosen
    assert tested is not None and fused is not None and chosen is not None
    assert tested.rows[0].step == 0 and tested.rows[0].valid is None
    scores = [row.valid for row in tested.rows[1:] if row.valid is not None]
    assert all(score.n == 3 and score.backend == "llama" for score in scores)
    assert all(score.weights == "f16" and score.measure == "suite" for score in scores)
    assert chosen.select == "execution" and chosen.valid_n == 3
    assert chosen.valid_accuracy == max(score.accuracy for score in scores)
    assert [row.step for row in tested.rows if row.best] == [chosen.step]
    assert fused.step == chosen.step and tested.chosen == chosen
    assert tested.pairs is not None and len(tested.pairs) == len(scores) - 1
    report = json.loads((path / "report.json").read_text())
    assert report["chosen"] == chosen.to_json() and "valid" in report["checkpoints"][1]


def test_select_loss_redoes_the_choice_and_not_the_training(
    flags: list[str], whole: tuple[Path, str], tmp_path: Path
) -> None:
    path = tmp_path / "r"
    shutil.copytree(whole[0], path)
    _, err = finish(path, "--select", "loss", "--discard")
    assert f"{'train':9} already done" in err and f"{'test':9} already done" not in err
    run = runs.open_run(path)
    trained = run.result(TrainResult)
    assert run.chosen is not None and trained is not None
    losses = {c.step: c.valid_loss or math.inf for c in trained.checkpoints}
    assert (run.chosen.select, run.chosen.step) == ("loss", min(losses, key=lambda s: (losses[s], s)))


def test_handover_names_the_files_and_the_trained_prompt(whole: tuple[Path, str]) -> None:
    path, _ = whole
    readme = (path / "README.md").read_text()
    assert "{{" not in readme and "gguf/r.q8_0.gguf" in readme and "\nA:'" in readme.replace("\\n", "\n")
    for program in ("llama-cli", "llama-server", "ollama", "mlx_lm", "t2sql ask"):
        assert program in readme
    modelfile = (path / "gguf" / "Modelfile").read_text()
    assert modelfile.startswith("FROM ./r.q8_0.gguf\n") and '\nA:"""' in modelfile


def test_run_again_does_nothing_again(whole: tuple[Path, str]) -> None:
    path, _ = whole
    before = artefacts(path)
    _, err = finish(path)
    assert err.count("already done") == len(STAGES)
    assert starts(path) == STAGES and artefacts(path) == before


def test_json_is_one_document(whole: tuple[Path, str], capsys: pytest.CaptureFixture[str]) -> None:
    path, _ = whole
    assert command_line(["run", "--out", str(path), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert list(document["stages"]) == STAGES and document["chosen"]["step"] > 0
    assert document["improvement"] == json.loads((path / "report.json").read_text())["improvement"]
    assert document["improvement"]["n"] == 2 and document["improvement"]["outcome"] == "unclear"


@pytest.mark.parametrize(("stage", "kind"), [("train", "checkpoint"), ("verify", "start")])
def test_killed_run_goes_on_to_the_same_artefacts(
    stage: str, kind: str, flags: list[str], whole: tuple[Path, str], tmp_path: Path
) -> None:
    path = tmp_path / "r"
    process = start(path, *flags)
    wait_for(path, stage, kind, process)
    process.kill()
    process.communicate()
    assert runs.summarize(path).state == "stale"
    out, err = finish(path)
    assert "did not end cleanly" in err
    assert artefacts(path) == artefacts(whole[0])
    finished = STAGES[: STAGES.index(stage)]
    assert all(starts(path).count(name) == 1 for name in finished)
    assert all(f"{name:9} already done" in err for name in finished) and f"== {stage}" in out


def test_ctrl_c_in_training_exits_130_and_goes_on(
    flags: list[str], whole: tuple[Path, str], tmp_path: Path
) -> None:
    path = tmp_path / "r"
    process = start(path, *flags)
    wait_for(path, "train", "checkpoint", process)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 130 and err.endswith("interrupted\n") and "Traceback" not in err
    assert f"to go on: t2sql run --out {path}" in err
    assert runs.summarize(path).state == "interrupted" and not (path / "lock").exists()
    finish(path)
    assert artefacts(path) == artefacts(whole[0])


def test_ctrl_c_between_stages_goes_on(
    flags: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "r"

    def interrupt(context: Context) -> Mapping[str, object]:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setitem(BY_NAME, "train", replace(BY_NAME["train"], inputs=interrupt))
        assert command_line(["run", "--out", str(path), *flags]) == 130
    assert starts(path) == ["data"] and runs.summarize(path).state == "interrupted"
    assert "data" in runs.open_run(path).stages and not (path / "lock").exists()


def test_changed_types_redo_only_what_depends_on_them(flags: list[str], whole: tuple[Path, str]) -> None:
    path, _ = whole
    before = artefacts(path)
    _, err = finish(path, "--types", "q4_0", "--discard")
    for name in ("data", "train", "test", "fuse", "convert"):
        assert f"{name:9} already done" in err
    names = {file.name for file in (path / "gguf").iterdir()}
    assert names == {"r.f32.gguf", "r.q4_0.gguf", "base.q8_0.gguf", "Modelfile"}
    assert runs.open_run(path).config["types"] == ["q4_0"]
    finish(path, "--types", "q8_0", "--discard")
    assert artefacts(path) == before


def test_two_runs_at_once_in_one_directory_are_refused(
    whole: tuple[Path, str], capsys: pytest.CaptureFixture[str]
) -> None:
    path, _ = whole
    with runs.open_run(path).lock():
        assert command_line(["run", "--out", str(path)]) == 1
    assert f"process {os.getpid()}" in capsys.readouterr().err


def test_data_without_a_test_split_is_said_before_training(
    flags: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write_data(tmp_path / "people")
    (data / "test.jsonl").unlink()
    assert command_line(["run", "--out", str(tmp_path / "r"), *flags, "--data", str(data)]) == 2
    assert "no test split" in capsys.readouterr().err
    assert starts(tmp_path / "r") == ["data"]


def test_report_can_be_rebuilt(whole: tuple[Path, str], capsys: pytest.CaptureFixture[str]) -> None:
    path, _ = whole
    (path / "report.html").unlink()
    assert command_line(["report", str(path), "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["paths"]) == 3
    assert (path / "report.html").stat().st_size > 10_000


def test_the_single_commands_do_the_same(
    whole: tuple[Path, str], flags: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, _ = whole
    model = flags[1]

    def document(*arguments: object, code: int = 0) -> Any:
        assert command_line([*map(str, arguments), "--json"]) == code
        return json.loads(capsys.readouterr().out)

    tested = document("test", "--adapter", path, "--limit", 2, "--max-tokens", 4, "--score-type", "q8_0")
    rows = tested["rows"]
    assert [row["name"] for row in rows] == ["base", "10", "20", "30"]
    assert "score" not in rows[0] and [row["score"]["n"] for row in rows[1:]] == [2, 2, 2]
    assert {row["score"]["weights"] for row in rows[1:]} == {"q8_0"} and len(tested["pairs"]) == 2
    plain = document("test", "--model", model, "--data", path / "data", "--limit", 1, "--max-tokens", 2)
    assert plain["rows"][0]["score"]["n"] == 1 and plain["pairs"] == []
    assert "score" not in document("test", "--adapter", path, "--no-execution")["rows"][1]
    recorded = runs.open_run(path).result(TestResult)
    assert recorded is not None
    assert [row["loss"] for row in rows] == pytest.approx([row.test_loss for row in recorded.rows])
    # A model directory called "fused" is named after the run that it lies in.
    fused = tmp_path / "r" / "fused"
    document("fuse", "--model", model, "--adapter", path, "--out", fused)
    f32, q8, q4 = (tmp_path / f"m.{type}.gguf" for type in ("f32", "q8_0", "q4_0"))
    document("convert", fused, f32)
    assert document("quantize", f32, q8, "q8_0")["types"]["q8_0"] > 0
    assert q8.read_bytes() == (path / "gguf" / "r.q8_0.gguf").read_bytes()
    assert document("convert", fused, q4, "--type", "Q4_0", "--threads", 1, "--pure")["types"]["q4_0"] > 0
    assert document("quantize", f32, q4, "q4_0", code=2)["exit_code"] == 2
    document("quantize", f32, q4, "q4_0", "--pure", "--force")
    assert document("verify", fused, q8)["ok"] is True
    other = document("verify", model, q8, code=1)
    assert other["ok"] is False and other["cause"]
    assert document("inspect", q8)["architecture"] == "llama"
    assert Path(document("import", q8, tmp_path / "back")["path"], "config.json").exists()
    for file, backend in ((q8, "llama"), (q8, "mlx"), (fused, "mlx")):
        answer = document(
            "ask", file, "How old?", "--table", "t: a, b", "--backend", backend, "--max-tokens", 4
        )
        assert answer["backend"] == backend and answer["timings"]["tokens"] <= 4
    compared = document(
        "compare", q8, "--data", path / "data", "--limit", 1, "--backend", "llama", "--max-tokens", 8
    )
    assert compared["rows"][0]["n"] == 1
