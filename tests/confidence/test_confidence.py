"""How sure an answer is: calibration, votes, statuses, and what a model file carries of them."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path
from typing import Any

import pytest
from support import databases, tiny
from support.backends import ScriptedBackend
from support.training import Events, settings, small_dataset

from t2sql import train
from t2sql.cli import run
from t2sql.confidence import Graded, calibrate, count_trusted, coverage_curve, elect
from t2sql.errors import InputError
from t2sql.fuse import fuse
from t2sql.generate import Asker, AskOptions, Backend, Request, ask, open_backend
from t2sql.gguf import convert
from t2sql.grammar import grammar_of
from t2sql.live import LiveAnswer, ask_database, open_database
from t2sql.runs.records import ChosenCheckpoint
from t2sql.schema import read_table_lines

pytestmark = pytest.mark.usefixtures("schema_cache")

SCHEMA = read_table_lines(["students: Name, Age, School", "schools: Name, City"])
PROMPT = "table: students\ncolumns: Name, Age, School\nQ: How old is Ann?\nA: "


def test_the_threshold_is_the_lowest_that_reaches_the_target() -> None:
    # 40 sure answers of which one is wrong, then 40 of which every second one is.
    graded = [Graded(-0.01 * n, n != 7) for n in range(40)]
    graded += [Graded(-1.0 - 0.01 * n, n % 2 == 0) for n in range(40)]
    random.Random(0).shuffle(graded)
    found = calibrate(graded, 0.95)
    # The 41st is right and the 42nd wrong: 40 of 42 are more than 95%; at the 44th it is 41 of 44.
    assert (found.answered, found.right, found.n) == (43, 41, 80)
    assert found.min_logprob == pytest.approx(-1.02)
    assert count_trusted(graded, found.min_logprob) == (43, 41)
    assert calibrate(graded, 0.5).answered == 80
    assert count_trusted(graded, None) == (80, sum(answer.correct for answer in graded))


def test_without_enough_right_answers_there_is_no_threshold() -> None:
    assert calibrate([Graded(-0.1 * n, n % 2 == 0) for n in range(60)]).min_logprob is None
    assert calibrate([Graded(-0.1, True)] * 19).min_logprob is None
    assert calibrate([]).min_logprob is None
    # An answer without a log-probability cannot be above a threshold.
    unknown = [Graded(None, True)] * 40
    assert calibrate(unknown).min_logprob is None
    assert count_trusted(unknown, -5.0) == (0, 0)


def test_equal_scores_are_let_through_together() -> None:
    graded = [Graded(-0.1, True)] * 30 + [Graded(-0.2, True)] * 10 + [Graded(-0.2, False)] * 10
    assert calibrate(graded).min_logprob == -0.1
    assert coverage_curve(graded) == [(0.6, 1.0), (1.0, 0.8)]


def test_a_curve_ends_with_all_answers_and_stays_small() -> None:
    graded = [Graded(-random.Random(n).random(), n % 3 > 0) for n in range(1000)]
    points = coverage_curve(graded, points=50)
    assert points[-1] == (1.0, sum(answer.correct for answer in graded) / 1000)
    assert len(points) <= 60
    assert [x for x, _ in points] == sorted(x for x, _ in points)


def test_votes_go_to_what_most_say_and_the_earliest_of_equals() -> None:
    def same(a: str, b: str) -> bool:
        return a.lower() == b.lower()

    assert elect(["b", "a", "A", "c"], same) == elect(["x", "a", "A", "y"], same)
    assert elect(["a", "b", "B", "A"], same).index == 0
    assert elect([None, "b", "B", None], same).index == 1
    assert elect([None, "b", "B", None], same).agreement == 0.5
    assert elect([None, None], same).agreement == 0.0


def test_log_probabilities_are_the_same_in_both_runtimes(
    tiny_llama: Path, gguf_of: Any, tmp_path: Path
) -> None:
    free, bound = {}, {}
    grammar = grammar_of(SCHEMA)
    for name, model in (("llama", gguf_of(tiny_llama)), ("mlx", tiny_llama)):
        backend = open_backend(str(model), name)
        # llama.cpp leaves out the tokens that end within a character, and random text has many of those.
        free[name] = backend.answer(Request(tiny.PROMPTS[0], max_tokens=1, logprobs=True))
        bound[name] = backend.answer(Request(PROMPT, max_tokens=1, logprobs=True, grammar=grammar))
        assert backend.answer(Request(PROMPT, max_tokens=4)).logprob is None
        backend.close()
    for found in (free, bound):
        assert found["llama"].text == found["mlx"].text
        # llama.cpp keeps its cache in float16.
        assert found["llama"].logprob == pytest.approx(found["mlx"].logprob, abs=0.02)
    # Before the grammar: to a random model a statement is most unlikely.
    assert bound["mlx"].logprob < -3 < math.log(0.9)


def test_a_batch_has_each_answers_own_log_probability(tiny_llama: Path) -> None:
    backend = open_backend(str(tiny_llama), "mlx")
    grammars = [grammar_of(SCHEMA), None, grammar_of(SCHEMA)]
    prompts = [PROMPT, tiny.PROMPTS[0], PROMPT.replace("Ann", "Bob the tall")]
    requests = [
        Request(prompt, max_tokens=12, grammar=grammar, logprobs=True)
        for prompt, grammar in zip(prompts, grammars, strict=True)
    ]
    for request, answer in zip(requests, backend.answers(requests), strict=True):
        alone = backend.answer(request)
        assert alone.text == answer.text
        assert alone.logprob == pytest.approx(answer.logprob, abs=0.01)
    backend.close()


def scripted(*texts: str, **options: Any) -> ScriptedBackend:
    return ScriptedBackend(*texts, **{"logprob": -0.1} | options)


def test_an_answer_below_the_threshold_is_uncertain() -> None:
    sql = "SELECT Age FROM students"
    model = scripted(sql, sql, sql, min_logprob=-0.05)
    answer = ask(model, "How old?", schema=SCHEMA)
    assert answer.status == "uncertain" and "below -0.050" in answer.doubts[0]
    assert ask(model, "How old?", schema=SCHEMA, min_logprob=-0.2).status == "answered"
    document = ask(model, "How old?", schema=SCHEMA).to_json()
    assert (document["status"], document["logprob"], document["min_logprob"]) == ("uncertain", -0.1, -0.05)
    for wrong in (0.1, math.nan):
        with pytest.raises(InputError, match="min-logprob"):
            ask(model, "How old?", schema=SCHEMA, min_logprob=wrong)


def test_votes_are_statements_without_a_database() -> None:
    texts = ("SELECT Name FROM students", "SELECT Age FROM students", 'select "Age" from students')
    answer = ask(scripted(*texts), "How old?", schema=SCHEMA, votes=3)
    assert answer.sql == texts[1] and answer.agreement == pytest.approx(2 / 3)
    assert answer.status == "answered"
    split = ask(scripted(*texts[:2]), "How old?", schema=SCHEMA, votes=2)
    assert split.sql == texts[0] and split.status == "uncertain"
    assert split.doubts == ("50% of 2 samples agree",)
    with pytest.raises(InputError, match="votes"):
        ask(scripted(), "How old?", schema=SCHEMA, votes=0)


def asked(model: Backend, url: str, *, execute: bool = True, **options: Any) -> LiveAnswer:
    with open_database(url) as database:
        asker = Asker(model, AskOptions(**options))
        return ask_database(asker, database, "Which products?", execute=execute)


@pytest.fixture()
def shop(tmp_path: Path) -> str:
    return databases.url(databases.shop(tmp_path / "shop.db"))


def test_what_the_database_refuses_is_told_to_the_model_once(shop: str) -> None:
    model = scripted("SELECT nothing FROM products", "SELECT title FROM products")
    answer = asked(model, shop, free=True)
    assert answer.status == "repaired" and answer.sql == "SELECT title FROM products"
    assert answer.first is not None and answer.first.sql == "SELECT nothing FROM products"
    first, again = (request.prompt for request in model.requests)
    assert again.startswith(first + "SELECT nothing FROM products\nQ: ") and "nothing" in again
    # The second try is kept to the grammar, also where the first was free.
    assert [request.grammar is None for request in model.requests] == [True, False]
    document = json.loads(json.dumps(answer.to_json(), default=str))
    assert document["status"] == "repaired" and document["error"] is None and document["rows"]
    assert document["first"]["sql"] == "SELECT nothing FROM products"


def test_what_fails_twice_is_uncertain_and_said(shop: str) -> None:
    model = scripted("SELECT nothing FROM products", "DELETE FROM products")
    answer = asked(model, shop)
    assert answer.status == "uncertain" and answer.error is not None
    assert answer.error.kind == "not_read_only"
    assert "the statement cannot be run" in answer.doubts[0]
    assert len(model.requests) == 2


def test_votes_are_rows_where_statements_are_run(shop: str) -> None:
    # Two ways to say one thing, and one that cannot run, which is no vote.
    texts = (
        "SELECT title FROM products WHERE product_id = 1",
        "SELECT count(*) FROM products",
        "SELECT nothing FROM products",
        "SELECT count(product_id) FROM products",
    )
    answer = asked(scripted(*texts), shop, votes=4)
    assert answer.sql == texts[1] and answer.answer.agreement == 0.5
    assert answer.status == "uncertain"
    # Unrun, they are four different statements.
    assert asked(scripted(*texts), shop, votes=4, execute=False).answer.agreement == 0.25


def test_a_real_models_free_answer_is_repaired_or_uncertain(
    demo_gguf: Path, shop: str, capsys: pytest.CaptureFixture[str]
) -> None:
    question = "How many products are there?"
    command = ["ask", str(demo_gguf), question, "--db", shop, "--execute", "--free", "--json"]
    assert run([*command, "--max-tokens", "24"]) == 0
    found = capsys.readouterr()
    document = json.loads(found.out)
    # The base model was never taught to write statements alone.
    assert document["status"] in ("repaired", "uncertain")
    assert document["first"]["error"] in found.err
    assert (document["status"] == "uncertain") == ("uncertain: " in found.err)


def test_samples_differ_and_repeat_by_seed(demo_gguf: Path) -> None:
    backend = open_backend(str(demo_gguf), "llama")
    options: dict[str, Any] = {"schema": SCHEMA, "votes": 5, "max_tokens": 24}
    one, two = (ask(backend, "How old is Ann?", seed=3, **options) for _ in range(2))
    assert [sample.text for sample in one.samples] == [sample.text for sample in two.samples]
    assert len({sample.text for sample in one.samples}) > 1
    assert one.samples[0].text == ask(backend, "How old is Ann?", schema=SCHEMA, max_tokens=24).sql
    backend.close()


def test_a_file_carries_the_threshold_of_its_checkpoint(tiny_llama: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    config = train.TrainConfig.of(**settings(tiny_llama, iters=4, learning_rate=1e-2))
    train.train(config, small_dataset(tmp_path / "data"), folder, emit=Events())
    chosen = train.checkpoints(folder)[-1]
    fuse(tiny_llama, chosen.path, tmp_path / "plain")
    best = ChosenCheckpoint(step=chosen.step, select="execution", min_logprob=-0.0625)
    train.choose(folder, best)
    assert train.min_logprob(chosen.path) == -0.0625
    fuse(tiny_llama, chosen.path, tmp_path / "fused")
    file = convert(tmp_path / "fused", tmp_path / "a.gguf", type="q8_0").path
    for model, expected in ((tmp_path / "plain", None), (tmp_path / "fused", -0.0625), (file, -0.0625)):
        backend = open_backend(str(model))
        assert backend.min_logprob == expected, model
        backend.close()
