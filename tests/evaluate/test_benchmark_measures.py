"""What Spider's and BIRD's scripts say of two results; the values are those of the scripts."""

from __future__ import annotations

import math

import pytest

from t2sql.evaluate.benchmarks.bird import same_rows, soft_f1, ves_score
from t2sql.evaluate.benchmarks.denotations import same_denotation
from t2sql.evaluate.benchmarks.plugging import with_gold_values, without_distinct
from t2sql.sql import Row


@pytest.mark.parametrize(
    ("same", "answer", "gold", "ordered"),
    [
        (True, [(1, "a"), (2, "b")], [("b", 2), ("a", 1)], False),
        (False, [(1, "a"), (2, "b")], [("b", 2), ("a", 1)], True),
        (True, [(1, "a"), (2, "b")], [("a", 1), ("b", 2)], True),
        (False, [(1,), (1,), (2,)], [(1,), (2,), (2,)], False),
        (False, [(1,), (1,)], [(1,)], False),
        (True, [(1,)], [(1.0,)], False),
        (True, [(2.0, 10)], [(2, 10.0)], False),
        (False, [(1, 1.5)], [(1.0, 1.5)], False),  # Its values sorted as text are 1.5, 1 and 1.0, 1.5.
        (True, [], [], True),
        (False, [], [(1,)], False),
        (False, [(1, 2), (2, 1)], [(1, 1), (2, 2)], False),
    ],
)
def test_denotations(same: bool, answer: list[Row], gold: list[Row], ordered: bool) -> None:
    assert same_denotation(answer, gold, ordered=ordered) is same


def test_many_equal_columns_are_compared_at_once() -> None:
    wide = [(1,) * 40 + (2,), (1,) * 40 + (3,)]
    assert same_denotation([row[::-1] for row in wide], wide, ordered=False)
    assert not same_denotation([(*row[:-1], 1) for row in wide], wide, ordered=False)


@pytest.mark.parametrize(
    ("execution", "f1", "answer", "gold"),
    [
        (True, 1.0, [(1,), (2,), (2,)], [(1,), (1,), (2,)]),
        (True, 0.0, [(2,), (1,)], [(1,), (2,)]),
        (False, 1.0, [("a", 1)], [(1, "a")]),
        (False, 1.0, [(1,)], [(1, 1)]),
        (False, 2 / 3, [(1,)], [(1,), (2,)]),
        (False, 0.5, [(1, 2, 3)], [(1,)]),
        (False, 0.0, [], [(1,)]),
        (True, 1.0, [], []),
    ],
)
def test_bird_execution_and_soft_f1(execution: bool, f1: float, answer: list[Row], gold: list[Row]) -> None:
    assert same_rows(answer, gold) is execution
    assert soft_f1(answer, gold) == pytest.approx(f1)


@pytest.mark.parametrize(
    ("reward", "ratios"),
    [
        (1.25, [2.1, 2.2, 2.0]),
        (1.0, [1.9, 1.2]),
        (0.75, [0.9, 1.05]),
        (0.5, [0.25, 0.3]),
        (0.25, [0.1, 0.2]),
        (0.0, [2.0]),
        (0.0, [3.0, 3.0]),
        (0.75, [*[0.9] * 10, *[0.8] * 10, 1000.0]),
    ],
)
def test_ves_rewards_are_in_steps_and_outliers_are_left_out(reward: float, ratios: list[float]) -> None:
    assert ves_score(ratios) == pytest.approx(math.sqrt(reward))


def test_values_of_the_gold_statement_are_put_into_all_places() -> None:
    ways = list(
        with_gold_values(
            "SELECT a FROM t WHERE b > -1 AND c = 'x' LIMIT 3", 'SELECT a FROM t WHERE b > 5 AND c = "O\'H"'
        )
    )
    assert len(ways) == 8
    assert 'SELECT a FROM t WHERE b > 5 AND c = "O\'H" LIMIT 5' in ways


def test_distinct_is_left_out_but_not_of_texts() -> None:
    assert without_distinct("SELECT count(DISTINCT a) FROM t WHERE b = 'distinct'; SELECT 1") == (
        "SELECT count( a) FROM t WHERE b = 'distinct';"
    )
