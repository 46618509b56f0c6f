"""Statements of other data sets as the grammars write them."""

from __future__ import annotations

import pytest

from t2sql.grammar.rewriting import rewritten
from t2sql.schema import read_ddl
from t2sql.sql import open_reader

SCHEMA = read_ddl(
    "CREATE TABLE Author (Aid INTEGER PRIMARY KEY, Name TEXT, Born TEXT);"
    "CREATE TABLE Writes (Aid INTEGER, Pid INTEGER);"
    "CREATE TABLE Paper (Pid INTEGER PRIMARY KEY, Title TEXT, Year INTEGER);"
)


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select count(*)  from author", "SELECT COUNT(*) FROM Author"),
        (
            "SELECT T1.name FROM author AS T1 WHERE T1.born = 1950",
            "SELECT Name FROM Author WHERE Born = '1950'",
        ),
        ("SELECT title FROM paper WHERE year = '2001'", "SELECT Title FROM Paper WHERE Year = 2001"),
        (
            "SELECT a.name FROM author a, writes w, paper p WHERE p.year > 3 AND w.pid=p.pid AND a.aid=w.aid",
            "SELECT Author.Name FROM Author JOIN Writes ON Author.Aid = Writes.Aid "
            "JOIN Paper ON Writes.Pid = Paper.Pid WHERE Paper.Year > 3",
        ),
        (
            "SELECT a.title FROM paper a JOIN writes b ON a.pid = b.pid JOIN writes c ON c.pid = a.pid",
            "SELECT Paper.Title FROM Paper JOIN Writes ON Paper.Pid = Writes.Pid "
            "JOIN Writes AS Writes_2 ON Writes_2.Pid = Paper.Pid",
        ),
        (
            "SELECT name AS n FROM author WHERE NOT aid IN (SELECT w.aid FROM writes w) ORDER BY n ASC",
            "SELECT Name FROM Author WHERE Aid NOT IN (SELECT Aid FROM Writes) ORDER BY Name",
        ),
        (
            "SELECT COUNT( DISTINCT ( t1.title ) ) FROM paper AS t1",
            "SELECT COUNT(DISTINCT Title) FROM Paper",
        ),
        (
            "SELECT COUNT(*) FROM ( SELECT aid FROM writes GROUP BY aid HAVING COUNT(*) > 2 ) AS d",
            "SELECT COUNT(*) FROM (SELECT Aid FROM Writes GROUP BY Aid HAVING COUNT(*) > 2) AS T1",
        ),
        (
            "SELECT name FROM author a WHERE EXISTS (SELECT 1 FROM writes w WHERE w.aid = a.aid)",
            "SELECT Author.Name FROM Author "
            "WHERE EXISTS (SELECT * FROM Writes WHERE Writes.Aid = Author.Aid)",
        ),
    ],
)
def test_statements_are_rewritten(sql: str, expected: str) -> None:
    new = rewritten(sql, SCHEMA)
    with open_reader(SCHEMA) as reader:
        assert reader.check(new) is None
    assert new == expected


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT nobody FROM author",
        "SELECT name FROM author, paper",
        "SELECT FROM",
        "SELECT a.name FROM author a RIGHT JOIN writes w ON a.aid = w.aid",
        "DELETE FROM author",
    ],
)
def test_what_cannot_be_rewritten_stays(sql: str) -> None:
    assert rewritten(sql, SCHEMA) == sql
