"""A recipe decides what is generated from a database."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import databases

from t2sql import data, sql
from t2sql.data import SPLITS, Dataset
from t2sql.data.synthesis.recipe import read_recipe
from t2sql.errors import InputError


def make(path: Path, out: Path, examples: int = 80, recipe: Path | None = None) -> Dataset:
    source = data.DataSource(databases.url(path), examples=examples, recipe=recipe)
    made = data.prepare(source, out)
    for split in SPLITS:
        for example in made.split(split):
            sql.execute(made.db_path(example) or path, example.sql or "")
    return made


@pytest.mark.slow
def test_a_prompt_has_at_most_as_many_tables_as_the_recipe_says(tmp_path: Path) -> None:
    script = "".join(f"CREATE TABLE t{i:02} (id INTEGER PRIMARY KEY, kind TEXT, n INT);" for i in range(20))
    rows = {f"t{i:02}": [(j, "ab"[j % 2], j * i % 19) for j in range(1, 30)] for i in range(20)}
    path = databases.build(tmp_path / "wide.db", script, rows)
    recipe = tmp_path / "recipe.toml"
    recipe.write_text('prompt_tables = 3\nskip = ["t0*"]\n[names]\nt11 = "gadget"\n"t11.n" = "weight"\n')
    made = make(path, tmp_path / "out", recipe=recipe, examples=200)
    for example in made.train:
        assert len(example.schema.tables) == 3
        assert sql.check(example.schema, example.sql or "") is None
        assert not any(table.name.startswith("t0") for table in example.schema.tables)
    words = " ".join(e.question for e in made.train if " t11" in (e.sql or ""))
    assert "gadget" in words and "weight" in words


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("examples = 0", "'examples' is not a count.*3 or more"),
        ("exmples = 10", "unknown key.*'exmples'"),
        ("valid = 0.9", "'valid' is not a fraction"),
        ("views = 1", "'views' is not a switch"),
        ('tables = "a"', "'tables' is not a list of names"),
        ("shares = 3", "'shares' is not a table"),
        ("[shares]\nfilters = -1", r"no weight.*shares\.filters"),
        ("[shares]\nfiltres = 1", r"unknown name in \[shares\].*filtres"),
        ("[names]\na = 3", r"no name.*names\.a"),
        ("[shares", "the recipe cannot be read"),
        ("tables = ['nope']", "takes none of the tables"),
    ],
)
def test_a_wrong_recipe_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = databases.shop(tmp_path / "shop.db")
    (tmp_path / "recipe.toml").write_text(text)
    with pytest.raises(InputError, match=message):
        make(path, tmp_path / "out", recipe=tmp_path / "recipe.toml")
    with pytest.raises(InputError, match="no such recipe"):
        read_recipe(tmp_path / "none.toml")


def test_a_recipe_decides_what_is_asked(tmp_path: Path) -> None:
    path = databases.shop(tmp_path / "shop.db")
    text = "[shares]\n" + "".join(f"{kind} = 0\n" for kind in read_recipe().shares if kind != "count")
    (tmp_path / "recipe.toml").write_text(text)
    made = make(path, tmp_path / "out", recipe=tmp_path / "recipe.toml")
    assert all("COUNT" in (example.sql or "") for example in made.train)


def test_the_printed_recipe_is_the_default_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from t2sql.cli import run

    assert run(["data", "--print-recipe"]) == 0
    (tmp_path / "recipe.toml").write_text(capsys.readouterr().out)
    assert read_recipe(tmp_path / "recipe.toml") == read_recipe()
