"""Questions on the screen: asked of a real model over a real database, checked, run, kept, exported."""

from __future__ import annotations

import csv
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from app_support.pilots import text_of, until, until_shown
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, Tree

from t2sql.remembered import RememberedStore
from t2sql_tui import state
from t2sql_tui.app import T2sqlApp
from t2sql_tui.screens.ask import AskScreen
from t2sql_tui.widgets.sql_pane import SqlPane


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    path = tmp_path / "shop.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            """
            CREATE TABLE goods (id INTEGER PRIMARY KEY, name TEXT, photo BLOB);
            INSERT INTO goods VALUES (1, '[red]tea[/]', x'00ff'), (2, NULL, NULL), (3, 'a' || char(27), '');
            CREATE TABLE numbers (n INTEGER);
            WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 120000)
            INSERT INTO numbers SELECT n FROM c;
            """
        )
    return path


async def open_ask(pilot: Pilot[None], model: object = "", source: object = "") -> AskScreen:
    state.save(state.Choices(model=str(model), source=str(source)))
    screen = AskScreen()
    await pilot.app.push_screen(screen)
    return screen


async def run_sql(pilot: Pilot[None], screen: AskScreen, sql: str) -> None:
    screen.query_one("#sql-0", SqlPane).show(sql)
    await pilot.press("ctrl+r")


def _complete(screen: AskScreen, shop: Path) -> bool:
    from t2sql.sql import open_reader

    with open_reader(shop) as reader:
        return reader.check(screen.query_one("#sql-0", SqlPane).sql) is None


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_a_question_becomes_sql_that_is_checked(
    root: Path, tiny_gguf: Path, shop: Path, size: tuple[int, int]
) -> None:
    app = T2sqlApp(root)
    async with app.run_test(size=size) as pilot:
        screen = await open_ask(pilot, tiny_gguf, shop)
        await until_shown(pilot, "goods", "photo")
        table = screen.query_one("#schema", Tree).root.children[0]
        table.collapse()
        screen.query_one("#question", Input).value = "How many goods are there?"
        screen.query_one("#question").focus()
        await pilot.press("enter")
        await until_shown(pilot, "tok/s", seconds=60)
        # Random weights under the grammar: a statement, or one that the limit of tokens cut off.
        await until_shown(pilot, "✓ valid" if _complete(screen, shop) else "✗ cannot run")
        assert "SELECT" in screen.query_one("#sql-0", SqlPane).sql.upper()
        assert [one.question for one in state.questions()] == ["How many goods are there?"]
        # What was folded is still.
        assert screen.query_one("#schema", Tree).root.children[0] is table
        assert not table.is_expanded


async def test_sql_written_by_hand_is_run_read_only(root: Path, shop: Path) -> None:
    app = T2sqlApp(root)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await open_ask(pilot, source=shop)
        await until_shown(pilot, "goods")
        await run_sql(pilot, screen, "SELECT id, name, photo FROM goods")
        text = await until_shown(pilot, "3 rows", "✓ valid")
        assert "[red]tea[/]" in text
        assert "NULL" in text
        assert "x'00ff'" in text
        await run_sql(pilot, screen, "DELETE FROM goods")
        await until_shown(pilot, "! the statement cannot be run", "✗ cannot run: expected SELECT")
        with closing(sqlite3.connect(shop)) as connection:
            assert connection.execute("SELECT count(*) FROM goods").fetchone() == (3,)


async def test_a_hundred_thousand_rows_are_browsed_and_exported(
    root: Path, shop: Path, tmp_path: Path
) -> None:
    app = T2sqlApp(root)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await open_ask(pilot, source=shop)
        await until_shown(pilot, "numbers")
        await run_sql(pilot, screen, "SELECT n FROM numbers ORDER BY n")
        await until_shown(pilot, "100,000 rows, and there are more")
        await pilot.press("end")
        await until_shown(pilot, " 99999", " 100000")
        await pilot.press("y")
        assert app.clipboard == "100000"
        await pilot.press("ctrl+s")
        await until(pilot, lambda: app.screen.query("#file"))
        out = tmp_path / "numbers.csv"
        app.screen.query_one("#file", Input).value = str(out)
        await pilot.press("enter")
        await until(pilot, out.exists)
        with open(out, newline="") as file:
            assert sum(1 for _ in csv.reader(file)) == 100_001
        await until(pilot, lambda: app.screen is screen)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: app.screen.query("#file"))
        app.screen.query_one("#file", Input).value = str(out)
        await pilot.press("enter")
        await until_shown(pilot, "numbers.csv exists. Give another name.")


async def test_table_lines_are_asked_but_have_no_rows(root: Path) -> None:
    app = T2sqlApp(root)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await open_ask(pilot, source="students: Name, Age; schools: Name")
        await until_shown(pilot, "students", "schools")
        await run_sql(pilot, screen, "SELECT Age FROM students")
        await until_shown(pilot, "✓ valid", "table lines have no rows", "sqlite:///FILE")
        await run_sql(pilot, screen, "SELECT Age FROM nowhere")
        await until_shown(pilot, "✗ cannot run: no such table")


async def test_two_models_answer_side_by_side(root: Path, tiny_gguf: Path) -> None:
    app = T2sqlApp(root)
    async with app.run_test(size=(160, 40)) as pilot:
        screen = await open_ask(pilot, tiny_gguf, "students: Name, Age")
        await pilot.press("ctrl+n")
        screen.query_one("#second", Input).value = str(tiny_gguf)
        screen.query_one("#question", Input).value = "How old is Ann?"
        screen.query_one("#question").focus()
        await pilot.press("enter")
        await until(pilot, lambda: len(state.questions()) == 2, seconds=60)
        first, second = (screen.query_one(f"#sql-{i}", SqlPane).sql for i in (0, 1))
        assert first == second != ""


async def test_a_long_statement_is_cancelled(root: Path, shop: Path) -> None:
    app = T2sqlApp(root)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await open_ask(pilot, source=shop)
        await until_shown(pilot, "numbers")
        await run_sql(pilot, screen, "SELECT count(*) FROM numbers a, numbers b WHERE a.n * b.n = 7")
        await until_shown(pilot, "● running")
        await pilot.press("escape")
        await until(pilot, lambda: not [w for w in app.workers if w.group == "work" and w.is_running])
        assert app.screen is screen
        assert "● running" not in text_of(app)


@pytest.mark.parametrize(
    ("source", "problem"),
    [("sqlite:////no/such.db", "no such"), ("oracle://host/db", "cannot be asked"), ("nothing", "expected")],
)
async def test_a_source_that_cannot_be_opened_says_why(root: Path, source: str, problem: str) -> None:
    app = T2sqlApp(root)
    async with app.run_test(size=(120, 40)) as pilot:
        await open_ask(pilot, source=source)
        await until_shown(pilot, "! ", problem)


async def test_a_model_that_is_missing_says_so(root: Path) -> None:
    app = T2sqlApp(root)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await open_ask(pilot, "/no/such.gguf", "students: Name")
        screen.query_one("#question", Input).value = "Who?"
        screen.query_one("#question").focus()
        await pilot.press("enter")
        await until_shown(pilot, "! ", "/no/such.gguf")


async def test_questions_are_kept_and_searched(root: Path, state_folder: Path) -> None:
    state.remember("How old is Ann?", "SELECT Age FROM s", "a.gguf", "s: Age")
    state.remember("Who is [b]tall[/]?", "SELECT Name FROM s", "a.gguf", "s: Name")
    with open(state_folder / "questions.jsonl", "a") as file:
        file.write("not json\n")
    app = T2sqlApp(root)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await open_ask(pilot)
        await pilot.press("ctrl+o")
        await until_shown(pilot, "How old is Ann?", "Who is [b]tall[/]?")
        await pilot.press(*"ann")
        await until(pilot, lambda: app.screen.query_one("#past", OptionList).option_count == 1)
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is screen)
        assert screen.query_one("#question", Input).value == "How old is Ann?"
        assert screen.query_one("#sql-0", SqlPane).sql == "SELECT Age FROM s"


async def test_ask_opens_from_the_runs_with_the_runs_own_file(root: Path) -> None:
    from app_support.made_runs import make_run

    run = make_run(root, "demo", steps=100)
    run.layout.gguf.mkdir(exist_ok=True)
    for name in ("base.q8_0.gguf", "demo.q4_0.gguf", "demo.q8_0.gguf"):
        (run.layout.gguf / name).write_bytes(b"")
    app = T2sqlApp(root)
    async with app.run_test(size=(120, 40)) as pilot:
        await until_shown(pilot, "demo")
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.screen, AskScreen))
        await until(pilot, lambda: app.screen.query_one("#model", Input).value.endswith("demo.q8_0.gguf"))


async def test_an_answer_is_remembered_as_it_is_or_corrected(
    root: Path, tiny_gguf: Path, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("T2SQL_REMEMBERED", str(tmp_path / "remembered"))
    app = T2sqlApp(root)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await open_ask(pilot, tiny_gguf, shop)
        await until_shown(pilot, "goods")
        store = RememberedStore(f"sqlite:///{shop}")
        # Before a question there is nothing to remember.
        await pilot.press("f3")
        assert not screen.busy
        screen.query_one("#question", Input).value = "How many goods are there?"
        screen.query_one("#question").focus()
        await pilot.press("enter")
        await until_shown(pilot, "tok/s", seconds=60)
        screen.query_one("#sql-0", SqlPane).show("SELECT COUNT(*) FROM goods")
        await pilot.press("f3")
        await until(pilot, lambda: store.path.exists() and not screen.busy)
        assert [(one.sql, one.origin) for one in store.answers()] == [
            ("SELECT COUNT(*) FROM goods", "corrected")
        ]
        screen.query_one("#question").focus()
        await pilot.press("enter")
        await until_shown(pilot, "✓ remembered", "COUNT", seconds=60)
        screen.query_one("#sql-0", SqlPane).show("DELETE FROM goods")
        await pilot.press("f3")
        await until_shown(pilot, "! the statement cannot be run")
        assert len(store.answers()) == 1
