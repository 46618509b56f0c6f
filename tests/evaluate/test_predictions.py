"""Subsets, predictions and comparisons; a scripted backend where the model does not matter."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from support.backends import ScriptedBackend

from t2sql import models
from t2sql.data import Dataset, Example, subset
from t2sql.errors import InputError
from t2sql.evaluate import (
    TUTORIAL_PROMPTS,
    CompareOptions,
    common_shape_baseline,
    compare,
    predict,
)
from t2sql.prompt import render_prompt
from t2sql.runs import records
from t2sql.schema import Column, Schema, Table

SCHEMA = Schema((Table("cats", (Column("Name"), Column("Age", "INTEGER"))),))


def make_example(n: int) -> Example:
    question, sql = f"Which cat is {n}?", f"SELECT Name FROM cats WHERE Age = {n % 3}"
    prompt = render_prompt(SCHEMA, question)
    return Example(f"q{n}", question, SCHEMA, sql, "cats.sqlite", "test", prompt, sql)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    folder = tmp_path_factory.mktemp("cats")
    with closing(sqlite3.connect(folder / "cats.sqlite")) as connection:
        connection.executescript(
            "CREATE TABLE cats (Name TEXT, Age INTEGER);"
            "INSERT INTO cats VALUES ('Tom', 0), ('Ann', 1), ('Bob', 2), ('Tim', 2);"
        )
    examples = [make_example(n) for n in range(12)]
    return Dataset(folder, {"train": examples, "test": examples})


def scripted(reply: Callable[[str], str]) -> ScriptedBackend:
    return ScriptedBackend(reply=lambda request: reply(request.prompt), prompt_format=None)


def test_a_subset_depends_on_ids_and_seed_and_grows_by_adding() -> None:
    examples = [make_example(n) for n in range(50)]
    ten, twenty = subset(examples, 10), subset(examples, 20)
    assert [e.id for e in ten] == [e.id for e in subset(examples, 10)]
    assert {e.id for e in ten} < {e.id for e in twenty}
    assert [e.id for e in twenty] == [e.id for e in examples if e in twenty]
    assert [e.id for e in ten] != [e.id for e in subset(examples, 10, seed=1)]
    assert subset(examples, None) == examples == subset(examples, 99)
    with pytest.raises(InputError, match="too few questions"):
        subset(examples, 0)


def test_predictions_are_scored_and_written_whole(dataset: Dataset, tmp_path: Path) -> None:
    out = tmp_path / "predictions" / "scripted.llama.test.jsonl"
    seen: list[tuple[int, int]] = []
    right = scripted(lambda prompt: "SELECT Name FROM cats WHERE Age = 1")
    result = predict(
        right, dataset, dataset.test, out=out, progress=lambda done, total, _: seen.append((done, total))
    )
    assert (result.summary.n, result.summary.correct) == (12, 4)
    assert seen[-1] == (12, 12)
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert {
        "id",
        "question",
        "schema",
        "gold",
        "sql",
        "correct",
        "class",
        "status",
        "seconds",
        "tokens",
    } <= set(lines[0])
    assert [line["id"] for line in lines] == [example.id for example in dataset.test]
    assert (lines[1]["correct"], lines[1]["class"]) == (True, "correct")
    assert (lines[2]["correct"], lines[2]["class"], lines[2]["tokens"]) == (False, "wrong value", 8)
    assert [entry.name for entry in out.parent.iterdir()] == [out.name]
    with pytest.raises(InputError, match="output exists"):
        predict(right, dataset, dataset.test, out=out)
    predict(right, dataset, dataset.test, out=out, force=True)


def test_an_interrupted_prediction_leaves_no_file(dataset: Dataset, tmp_path: Path) -> None:
    def interrupt(prompt: str) -> str:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        predict(scripted(interrupt), dataset, dataset.test, out=tmp_path / "out.jsonl")
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_named(dataset: Dataset, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"output folder not writable.*file"):
        predict(scripted(lambda prompt: ""), dataset, dataset.test, out=tmp_path / "file" / "out.jsonl")


def test_the_baseline_gives_the_commonest_shape(dataset: Dataset) -> None:
    baseline = common_shape_baseline(dataset)
    assert baseline.shape == "SELECT C FROM T WHERE C = V"
    assert baseline.summary.n == 12
    assert baseline.summary.measure == "execution"


def test_compare_measures_files_on_both_backends(
    dataset: Dataset,
    tiny_llama: Path,
    gguf_of: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("T2SQL_CACHE", str(tmp_path / "cache"))
    files = [gguf_of(tiny_llama, "f32"), gguf_of(tiny_llama, "q8_0"), tiny_llama]
    labels: list[str] = []
    comparison = compare(
        [models.resolve(file) for file in files],
        dataset,
        CompareOptions(limits={"llama": 6, "mlx": 3}, max_tokens=6, out_dir=tmp_path / "predictions"),
        progress=lambda done, total, label: labels.append(label),
    )
    result = comparison.result
    assert [(row.backend, row.type, row.n, row.of) for row in result.rows] == [
        ("llama", "f32", 6, 12),
        ("mlx", "f32", 3, 12),
        ("llama", "q8_0", 6, 12),
        ("mlx", "q8_0", 3, 12),
        ("mlx", "f32", 3, 12),
    ]
    for row in result.rows:
        assert row.bytes == models.resolve(row.path).bytes > 0
        assert row.measure == "execution"
        assert len(row.answers) == len(TUTORIAL_PROMPTS) == 3
        assert row.gen_tps is not None and row.gen_tps > 0
        assert row.prompt_tps is not None and row.prompt_tps > 0
        assert row.interval[0] <= row.accuracy <= row.interval[1]
        assert row.predictions is not None
        lines = records.read_predictions(Path(row.predictions))
        assert sum(line.correct for line in lines) == row.correct and len(lines) == row.n
    assert [pair.n for pair in result.pairs] == [3, 6, 3, 3]
    assert {label.split()[-1] for label in labels} == {"llama", "mlx"}
    assert records.CompareResult.from_json(json.loads(json.dumps(result.to_json()))) == result
    assert result.questions[0].question == "How old is Wang Junjian?"


def test_compare_refuses_what_it_cannot_compare(dataset: Dataset, tiny_llama: Path) -> None:
    model = models.resolve(tiny_llama)
    with pytest.raises(InputError, match="no model"):
        compare([], dataset, CompareOptions())
    with pytest.raises(InputError, match=r"llama\.cpp reads GGUF files"):
        compare([model], dataset, CompareOptions(backends=["llama"]))
    with pytest.raises(InputError, match="two models have one name"):
        compare([model, model], dataset, CompareOptions())
    with pytest.raises(InputError, match="unknown backend"):
        compare([model], dataset, CompareOptions(backends=["cloud"]))
