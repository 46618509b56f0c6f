"""Spider's exact set match and hardness: the verdicts are those of its own script on these pairs."""

from __future__ import annotations

import pytest

from t2sql.evaluate.benchmarks.hardness import hardness
from t2sql.evaluate.benchmarks.spider_match import exact_set_match, representatives
from t2sql.evaluate.benchmarks.spider_parser import parse
from t2sql.evaluate.benchmarks.spider_query import UnreadableError
from t2sql.evaluate.benchmarks.spider_tokens import spider_tokens

TABLES = {
    "band": ("band_id", "name", "town", "founded", "value"),
    "album": ("album_id", "band_id", "title", "year", "price"),
}
STANDS_FOR = representatives([("album.band_id", "band.band_id")], TABLES)

RECENT = "SELECT name FROM band WHERE founded > 1990"
PLACE = "SELECT name FROM band WHERE town = 'Oslo' AND founded = 1990"
JOINED = "SELECT T1.title FROM album AS T1 JOIN band AS T2 ON T1.band_id = T2.band_id WHERE T2.name = 'Ash'"
COUNTED = (
    "SELECT T2.name , count(*) FROM album AS T1 JOIN band AS T2 ON T1.band_id = T2.band_id "
    "GROUP BY T1.band_id"
)
NONE = "SELECT name FROM band WHERE band_id NOT IN (SELECT band_id FROM album WHERE year = 1999)"
BOTH = "SELECT town FROM band WHERE founded < 1980 INTERSECT SELECT town FROM band WHERE founded > 2000"
LAST = "SELECT name FROM band ORDER BY founded DESC LIMIT 1"
MANY = "SELECT town FROM band GROUP BY town HAVING count(*) > 2"


def matches(answer: str, gold: str) -> bool:
    try:
        return exact_set_match(parse(answer, TABLES), parse(gold, TABLES), TABLES, STANDS_FOR)
    except UnreadableError:
        return False


@pytest.mark.parametrize(
    ("gold", "answer"),
    [
        (RECENT, "select name from band where founded > 2005"),
        (RECENT, "SELECT DISTINCT name FROM band WHERE founded > 1990;"),
        (RECENT, "SELECT name FROM band WHERE founded>1990"),
        (RECENT, "SELECT T1.name FROM band AS T1 WHERE T1.founded > 1990"),
        ("SELECT name , town FROM band", "SELECT town , name FROM band"),
        (PLACE, 'SELECT name FROM band WHERE founded = 3 AND town = "Rome"'),
        (
            JOINED,
            "SELECT T2.title FROM band AS T1 JOIN album AS T2 ON T1.founded = T2.year WHERE T1.name = 'x'",
        ),
        (COUNTED, COUNTED.replace("T2.name , count(*)", "count(*) , T2.name").replace("BY T1", "BY T2")),
        (
            "SELECT name FROM band ORDER BY founded ASC , name DESC",
            "SELECT name FROM band ORDER BY founded DESC , name DESC",
        ),
        (LAST, LAST.replace("1", "3")),
        (MANY, MANY.replace("2", "5")),
        (NONE, NONE.replace("1999", "2001")),
        (BOTH, BOTH.replace("INTERSECT SELECT", "INTERSECT SELECT DISTINCT").replace("1980", "1")),
        ("SELECT count(DISTINCT town) FROM band", "SELECT count(town) FROM band"),
        (
            "SELECT name FROM band WHERE founded = town OR founded = 4",
            "SELECT name FROM band WHERE founded = name",
        ),
    ],
)
def test_statements_that_the_script_takes_for_the_same(gold: str, answer: str) -> None:
    assert matches(answer, gold)


@pytest.mark.parametrize(
    ("gold", "answer"),
    [
        (RECENT, "SELECT name FROM band WHERE founded>=1990"),
        (RECENT, "SELECT b.name FROM band b WHERE b.founded > 1990"),
        (RECENT, "SELECT name AS n FROM band WHERE founded > 1990"),
        (RECENT, RECENT + " LIMIT 5"),
        (RECENT, "SELECT name FROM band WHERE NOT founded <= 1990"),
        (RECENT, "SELECT name FROM band WHERE founded > (SELECT min(founded) FROM band)"),
        (PLACE, "SELECT name FROM band WHERE founded = 3 AND town = 'O''Hara'"),
        (PLACE, "SELECT name FROM band WHERE founded = 3 OR town = 'Rome'"),
        (JOINED, "SELECT title FROM album WHERE band_id IN (SELECT band_id FROM band WHERE name = 'Ash')"),
        (COUNTED, COUNTED.replace("BY T1.band_id", "BY T2.name")),
        (LAST, "SELECT name FROM band ORDER BY founded LIMIT 1"),
        (MANY, MANY.replace(">", ">=")),
        (NONE, NONE.replace("(SELECT", "(SELECT DISTINCT")),
        (
            BOTH,
            "SELECT town FROM band WHERE founded > 2000 INTERSECT SELECT town FROM band WHERE founded < 1980",
        ),
        (
            "SELECT count(*) FROM (SELECT * FROM band WHERE founded = 1990)",
            "SELECT count(*) FROM (SELECT * FROM band WHERE founded = 1991)",
        ),
    ],
)
def test_statements_that_the_script_tells_apart(gold: str, answer: str) -> None:
    assert not matches(answer, gold)


@pytest.mark.parametrize(
    ("level", "sql"),
    [
        ("easy", RECENT),
        ("medium", PLACE),
        ("medium", JOINED),
        ("medium", COUNTED),
        ("hard", NONE),
        ("hard", BOTH),
        (
            "hard",
            "SELECT town , count(*) , avg(founded) FROM band WHERE founded > 1 AND name != 'x' GROUP BY town",
        ),
        ("extra", "SELECT name FROM band WHERE name LIKE '%a%' OR name LIKE '%b'"),
    ],
)
def test_hardness_is_the_script_s(level: str, sql: str) -> None:
    assert hardness(parse(sql, TABLES)) == level


def test_keys_are_grouped_in_their_order() -> None:
    """A key between two groups joins the first one alone, as in the script."""
    keys = [("a.x", "b.x"), ("c.x", "d.x"), ("b.x", "c.x")]
    found = representatives(keys, {name: ("x",) for name in "abcd"})
    assert found == {"a.x": "a.x", "b.x": "a.x", "c.x": "c.x", "d.x": "c.x"}


def test_statements_are_cut_like_english_text() -> None:
    assert spider_tokens("SELECT a,b FROM t WHERE c != 'D E' AND d IN (1,2)") == [
        *("select", "a", ",", "b", "from", "t", "where", "c", "!=", '"D E"'),
        *("and", "d", "in", "(", "1,2", ")"),
    ]
    with pytest.raises(UnreadableError):
        spider_tokens('SELECT a FROM t WHERE b = "O\'Hara"')
