"""The report: complete of a whole run, honest of a part, and nothing in it is markup by accident."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from t2sql import report, runs
from t2sql.report.curve import log_ticks, loss_curve, nice_ticks
from t2sql.report.render import cell, code

CHOSEN = {"step": 500, "valid_loss": 0.149, "select": "execution", "valid_accuracy": 0.625, "valid_n": 40}
NASTY = "<script>alert('x')</script> | `a` & \"b\""


def comparison() -> dict[str, Any]:
    def row(
        name: str, backend: str, n: int, correct: int, low: float, high: float, **more: Any
    ) -> dict[str, Any]:
        return {
            "name": name,
            "base": False,
            "type": name.rsplit(".", 2)[-2] if "." in name else None,
            "backend": backend,
            "device": "cpu",
            "weights": "q8_0" if backend == "llama" else "float32 (dequantized)",
            "bytes": 144_800_000,
            "n": n,
            "correct": correct,
            "exact": correct - 4,
            "valid": n - 2,
            "interval": [low, high],
            "prompt_tps": 812.4,
            "gen_tps": 158.2,
            **more,
        }

    rows = [
        row("base.q8_0.gguf", "llama", 200, 7, 0.017, 0.07, base=True),
        row("demo.f32.gguf", "llama", 200, 171, 0.8, 0.897, bytes=538_000_000, gen_tps=66.0),
        row("demo.q8_0.gguf", "llama", 200, 170, 0.794, 0.893),
        row("demo.q4_1.gguf", "llama", 200, 158, 0.728, 0.841, bytes=98_000_000),
        row("demo.q4_0.gguf", "llama", 200, 141, 0.638, 0.764, bytes=91_000_000),
        row("fused", "mlx", 20, 17, 0.64, 0.948, bytes=538_000_000, gen_tps=17.0),
    ]
    answers = [
        {
            "name": r["name"],
            "backend": r["backend"],
            "sql": "SELECT Age FROM students WHERE Name = 'Wang Junjian'",
        }
        for r in rows[1:]
    ]
    answers.insert(0, {"name": "base.q8_0.gguf", "backend": "llama", "sql": f"students {NASTY}"})
    questions = [
        {"question": "How old is Wang Junjian?", "answers": answers},
        {"question": f"Query information {NASTY}", "answers": answers[1:]},
    ]
    pairs = [
        made_pair("demo.q8_0.gguf", "base.q8_0.gguf llama", [], ["t1", "t2"]),
        made_pair("demo.q4_0.gguf", "demo.f32.gguf llama", ["t1"], ["t2"]),
    ]
    return {
        "rows": rows,
        "baseline": 0.095,
        "questions": questions,
        "note": "MLX answers a fixed subset.",
        "pairs": pairs,
    }


def made_pair(model: str, against: str, broken: list[str], fixed: list[str]) -> dict[str, Any]:
    questions = {"t1": f"What broke? {NASTY}", "t2": "What was fixed?"}
    return {
        "model": model,
        "backend": "llama",
        "against": against,
        "n": 200,
        "broken": broken,
        "fixed": fixed,
        "p": 0.625,
        "questions": {id: questions[id] for id in (*broken, *fixed)},
    }


def score(correct: int) -> dict[str, Any]:
    return {"n": 40, "correct": correct, "accuracy": correct / 40, "interval": [0.3, 0.9]}


def make_run(path: Path, *, until: str | None = None, model: str = "demo") -> runs.Run:
    settings = {
        "model": model,
        "data": "demo",
        "iters": 600,
        "learning_rate": 1e-3,
        "types": ["q8_0", "q4_0"],
    }
    run = runs.create_run(path, settings)
    counts = {"train": 2000, "valid": 200, "test": 200}
    check = {"name": "tokens/ids", "ok": True, "value": 0, "bound": 0, "detail": ""}
    steps = range(0, 601, 100)
    losses = dict(zip(steps, (2.31, 0.42, 0.24, 0.171, 0.152, 0.149, 0.1525), strict=True))
    files = [
        {"path": f"{path}/gguf/demo.{t}.gguf", "bytes": b, "types": {t: 210, "f32": 61}, "seconds": 0.6}
        for t, b in (("f32", 538_000_000), ("q8_0", 144_000_000), ("q4_0", 91_000_000))
    ]
    verified = [
        {"file": Path(f["path"]).name, "ok": True, "cause": None, "checks": [check] * 14} for f in files
    ]
    results: dict[str, dict[str, Any]] = {
        "data": {"counts": counts, "fingerprint": "0123456789abcdef0123"},
        "train": {
            "total_parameters": 139_400_000,
            "trainable_parameters": 4_884_480,
            "device": "cpu",
            "best_step": 500,
            "best": "checkpoints/0000500",
        },
        "test": {
            "rows": [
                {
                    "step": s,
                    "valid_loss": losses[s],
                    "test_loss": losses[s] + 0.02,
                    "test_perplexity": 1.2,
                    "n": 200,
                    "best": s == 500,
                    **({"valid": score(s // 20)} if s else {}),
                }
                for s in steps
            ],
            "best_step": 500,
            "pairs": [made_pair("400", "500 llama", ["t1"], [])],
        },
        "fuse": {"step": 500, "max_change": 0.11, "max_error": 3.1e-5},
        "convert": {"files": files[:1]},
        "quantize": {"files": files[1:]},
        "verify": {"files": verified},
        "compare": comparison(),
    }
    with run.lock():
        run.plan(list(runs.STAGES))
        for name, result in results.items():
            with run.stage(name, {}) as stage:
                stage.result.update(result)
                if name == "train":
                    for step in range(10, 601, 10):
                        loss = 2.2 * 0.985**step + 0.12 + 0.03 * ((step * 7919) % 10) / 10
                        stage.emit("train", step=step, loss=loss, tokens_per_second=640.0, memory_bytes=2.1e9)
                    for step, loss in losses.items():
                        stage.emit("valid", step=step, loss=loss)
                    stage.emit("warning", message=f"slow {NASTY}")
            if name == until:
                return run
        folder = run.dir_of("checkpoints")
        folder.mkdir()
        (folder / "best.json").write_text(json.dumps(CHOSEN))
        predictions = run.dir_of("predictions")
        predictions.mkdir()
        wrong = {
            "question": NASTY,
            "gold": "SELECT 1",
            "sql": NASTY,
            "correct": False,
            "class": "wrong_column",
        }
        right = {"question": "q", "gold": "SELECT 1", "sql": "SELECT 1", "correct": True, "class": "right"}
        lines = "\n".join(json.dumps(line) for line in (right, wrong, wrong))
        (predictions / "demo.q8_0.llama.test.jsonl").write_text(lines + "\nhalf a li")
    return run


class Page(HTMLParser):
    """Checks that tags close, and collects what a page could load."""

    VOID = ("meta", "line", "polyline", "br")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.external: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag not in self.VOID:
            self.open.append(tag)
        self.external += [value or "" for name, value in attrs if name in ("src", "href", "xlink:href")]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_report_of_a_whole_run_has_every_part(tmp_path: Path) -> None:
    run = make_run(tmp_path / "demo")
    paths = report.write(run)
    assert [path.name for path in paths] == ["report.md", "report.html", "report.json"]
    document = json.loads((run.path / "report.json").read_text())
    assert document["verdict"]["tone"] == "good" and document["verdict"]["row"] == "demo.q8_0.gguf"
    assert document["failures"]["files"][0]["classes"] == {"wrong_column": 2}
    page = Page()
    page.feed((run.path / "report.html").read_text())
    assert page.open == [] and page.external == [] and "script" not in page.tags
    for text in (
        "85.0%",
        "base.q8_0.gguf",
        "wrong_column",
        "chosen: step 500",
        "0.149",
        "4,884,480",
        "200 examples",
        "62.5%",
        "Chosen by right answers to 40 validation questions, ties by loss.",
        "What broke?",
        "What was fixed?",
        "1 broken, 1 fixed, p = 0.625",
    ):
        assert text in page.text
    markdown = (run.path / "report.md").read_text()
    assert "- broken: What broke?" in markdown and "- fixed: What was fixed?" in markdown
    assert "step 400 against 500 llama: 1 broken, 0 fixed of 200, p = 0.625" in markdown
    for heading in (
        "Comparison",
        "What changed between files",
        "Checkpoints",
        "Training",
        "The three questions",
        "Files",
        "What was run",
    ):
        assert f"## {heading}" in markdown


def test_nothing_in_the_data_becomes_markup(tmp_path: Path) -> None:
    run = make_run(tmp_path / "demo", model="<img src=x onerror=alert(1)>|")
    report.write(run)
    html = (run.path / "report.html").read_text()
    assert "<script" not in html and "<img" not in html
    markdown = (run.path / "report.md").read_text()
    outside_code = re.sub(r"(`+) .*? \1", "", markdown)
    assert "<script" not in outside_code and "<img" not in outside_code


def test_markdown_tables_keep_their_columns(tmp_path: Path) -> None:
    run = make_run(tmp_path / "demo")
    report.write(run)
    rows: list[int] = []
    for line in [*(run.path / "report.md").read_text().splitlines(), ""]:
        if line.startswith("|"):
            rows.append(len(re.findall(r"(?<!\\)\|", line)))
        elif rows:
            assert len(rows) > 2 and len(set(rows)) == 1, line
            rows = []


@pytest.mark.parametrize("until", ["data", "train", "test", "quantize", "verify"])
def test_report_of_an_unfinished_run_says_so(tmp_path: Path, until: str) -> None:
    run = make_run(tmp_path / "demo", until=until)
    report.write(run)
    document = json.loads((run.path / "report.json").read_text())
    assert document["verdict"]["tone"] == "open"
    assert document["run"]["state"] == "interrupted"
    page = Page()
    page.feed((run.path / "report.html").read_text())
    assert page.open == []


def test_report_of_a_run_that_only_began(tmp_path: Path) -> None:
    report.write(runs.create_run(tmp_path / "empty", {}))
    assert "Not measured yet" in (tmp_path / "empty" / "report.md").read_text()


def test_file_that_is_not_the_model_is_the_verdict(tmp_path: Path) -> None:
    run = make_run(tmp_path / "demo")
    found = run.stages["verify"].result["files"][1]
    found.update(ok=False, cause="logits/top-1: expected 0.99, found 0.1")
    document = report.collect(run)
    assert document["verdict"]["tone"] == "bad" and "demo.q8_0.gguf" in document["verdict"]["headline"]


def test_result_no_better_than_the_baseline_is_not_good(tmp_path: Path) -> None:
    run = make_run(tmp_path / "demo")
    run.stages["compare"].result["baseline"] = 0.9
    assert report.collect(run)["verdict"]["tone"] == "bad"


def test_curve_of_a_resumed_run_has_each_step_once(tmp_path: Path) -> None:
    run = runs.create_run(tmp_path / "a", {})
    with run.lock(), run.stage("train", {}) as stage:
        for step, loss in ((10, 2.0), (20, 1.5), (20, 1.4), (30, 1.2)):
            stage.emit("train", step=step, loss=loss)
    assert [(p["step"], p["loss"]) for p in report.collect(run)["training"]["train"]] == [
        (10, 2.0),
        (20, 1.4),
        (30, 1.2),
    ]


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0, 2.4, [0, 0.5, 1, 1.5, 2, 2.5]),
        (0, 600, [0, 200, 400, 600]),
        (0, 0.04, [0, 0.01, 0.02, 0.03, 0.04]),
    ],
)
def test_ticks_are_round_and_cover(low: float, high: float, ticks: list[float]) -> None:
    assert nice_ticks(low, high) == ticks


def test_logarithmic_ticks_enclose() -> None:
    assert log_ticks(0.149, 2.31) == [0.1, 0.2, 0.5, 1, 2, 5]
    assert log_ticks(0.1, 1) == [0.1, 0.2, 0.5, 1]
    assert log_ticks(1, 1) == [1, 2]


def test_curve_without_points_is_empty_and_with_bad_points_is_drawn() -> None:
    assert loss_curve([], [], None) == ""
    drawing = loss_curve([(1, 2.0), (2, float("nan")), (3, 1.0)], [(0, 2.5)], 0)
    assert "nan" not in drawing and drawing.count("<circle") == 1


def test_markdown_cells_escape() -> None:
    assert cell("a|b\n<c>") == r"a\|b &lt;c&gt;"
    assert code("a `b` | c") == r"`` a `b` \| c ``"
    assert code("") == "–"
