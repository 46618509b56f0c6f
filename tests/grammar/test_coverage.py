"""The share of gold statements that the grammar takes, and what the others have."""

from __future__ import annotations

from t2sql.grammar import Coverage, measure_coverage
from t2sql.schema import Schema, read_table_lines

SCHEMA = read_table_lines(["cats: name, age", "owners: name, town"])


def test_statements_that_the_grammar_takes_are_counted_and_the_others_have_reasons() -> None:
    statements = [
        "SELECT name FROM cats WHERE age > 3",
        "SELECT COUNT(*) FROM owners",
        "SELECT T1.name FROM cats AS T1",
        "select name from cats",
        "SELECT name FROM cats UNION SELECT name FROM owners",
        "SELECT name FROM cats UNION SELECT town FROM owners",
        "SELECT NULLIF(name, 1) FROM cats",
        "SELECT nmae FROM cats",
        "SELECT name FROM",
    ]
    measured = measure_coverage([(SCHEMA, sql) for sql in statements])
    assert (measured.n, measured.taken) == (9, 2)
    assert next(iter(measured.reasons)) == "UNION"
    assert measured.reasons == {
        "UNION": 2,
        "an alias": 1,
        "keywords in small letters": 1,
        "NULLIF()": 1,
        "a name where it cannot stand": 1,
        "an early end": 1,
    }
    assert str(measured).startswith("the grammar takes 2 of 9 gold statements; the others have UNION (2), ")
    assert measured.wide is not None and (measured.wide.n, measured.wide.taken) == (9, 6)
    assert measured.to_json()["wide"] == measured.wide.to_json()
    assert "\nthe wide grammar, after rewriting, takes 6 of 9" in str(measured)


def test_a_large_dataset_is_sampled_all_over_and_one_without_schemas_has_none() -> None:
    many = [(SCHEMA, "SELECT name FROM cats")] * 5000 + [(SCHEMA, "SELECT 1")] * 5000
    measured = measure_coverage(many)
    assert measured.n == 200 and measured.taken == 100
    assert measure_coverage([(Schema(()), "SELECT 1")]) == Coverage(0, 0, {})
