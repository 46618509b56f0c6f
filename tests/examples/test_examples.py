"""Every file of examples/ runs as its first lines say, on tiny models."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
QUESTIONS = ("How many products are there?", "Show the name of customers.")
TINY = (
    "iters=2 num_layers=1 rank=4 batch_size=2 save_every=2 steps_per_eval=2 minutes=null limit=12 "
    'types=["q8_0"] compare_limit=1 compare_limit_mlx=1 select_limit=1 max_tokens=4'
)


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., str]:
    environment = {**os.environ, "T2SQL_CACHE": str(tmp_path / "cache"), "T2SQL_REMEMBERED": str(tmp_path)}

    def start(name: str, *arguments: object) -> str:
        command = [sys.executable, str(EXAMPLES / name), *map(str, arguments)]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return start


@pytest.fixture
def shop(run: Callable[..., str]) -> str:
    run("shop.py", "shop.db")
    return "sqlite:///shop.db"


@pytest.fixture(scope="module")
def model(tiny_llama: Path, gguf_of: Callable[..., Path]) -> Path:
    return gguf_of(tiny_llama, "f32")


def test_every_example_is_listed_and_run() -> None:
    listed = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    ran = Path(__file__).read_text(encoding="utf-8")
    for file in EXAMPLES.glob("[a-z]*.*"):
        assert file.name in listed and file.name in ran


def test_ask_database(run: Callable[..., str], shop: str, model: Path) -> None:
    printed = run("ask_database.py", model, shop, *QUESTIONS)
    assert printed.count("SELECT") >= 2 and "-- " in printed


def test_serve_and_call(run: Callable[..., str], shop: str, model: Path) -> None:
    printed = run("serve_and_call.py", model, shop, QUESTIONS[0])
    assert "ask:  SELECT" in printed and "chat:" in printed


def test_convert_only(run: Callable[..., str], tiny_llama: Path) -> None:
    printed = run("convert_only.py", tiny_llama, "out")
    assert "model.q8_0.gguf" in printed and "the same model" in printed


def test_compare_files(
    run: Callable[..., str], shop: str, model: Path, tiny_llama: Path, gguf_of: Callable[..., Path]
) -> None:
    printed = run("compare_files.py", model, gguf_of(tiny_llama, "q8_0"), shop, *QUESTIONS)
    assert printed.count("tokens per second") == 2
    assert sum(line.startswith(("same", "different")) for line in printed.splitlines()) == 2


def test_train_on_my_tables(run: Callable[..., str], shop: str, tiny_llama: Path) -> None:
    printed = run("train_on_my_tables.py", shop, "run", f"model={tiny_llama}", *TINY.split())
    assert "run/gguf/run.q8_0.gguf" in printed


def test_the_notebook(
    tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch, schema_cache: Path
) -> None:
    """Its cells in order, in one namespace; a last line that is an expression is shown."""
    pytest.importorskip("pandas", reason="the notebook was not run: pip install pandas")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MODEL", str(model))
    monkeypatch.setenv("T2SQL_NO_INDEX", "1")
    namespace: dict[str, object] = {}
    shown = []
    for cell in json.loads((EXAMPLES / "notebook.ipynb").read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            tree = ast.parse("".join(cell["source"]))
            last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
            exec(compile(tree, "notebook", "exec"), namespace)
            if isinstance(last, ast.Expr):
                shown.append(eval(compile(ast.Expression(last.value), "notebook", "eval"), namespace))
    tables = [value._repr_html_() for value in shown if hasattr(value, "_repr_html_")]
    assert len(tables) == 3 and all("<table" in table for table in tables[1:])
