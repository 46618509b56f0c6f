"""The inputs that are changed: for each kind a folder of real files, and the commands that read them."""

from __future__ import annotations

import contextlib
import io
import json
import random
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from support import databases, tiny, tiny_families
from support.adapters import write_adapter
from support.reported_run import make_reported_run

from t2sql import adapters, data, gguf, models, pipeline, runs, train
from t2sql.cli import edge
from t2sql.schema import read_ddl_file

Action = Callable[[Path, random.Random], object]
"""Reads the files of a folder, as a command does."""


@dataclass(frozen=True)
class Kind:
    """A kind of input.

    Attributes:
        name: Its name.
        build: Writes the files into a folder.
        files: Patterns of the files that are changed.
        actions: What reads them, all of it for every change.
        heavy: What reads them for one change in twenty: it takes longer.
    """

    name: str
    build: Callable[[Path], object]
    files: Sequence[str]
    actions: Sequence[Action]
    heavy: Sequence[Action] = ()


def kinds() -> list[Kind]:
    """Every kind."""
    return [*_MODELS, *_GGUFS, _ADAPTER, _RUN, _CHECKPOINT, *_DATA]


def _command(*arguments: str) -> Action:
    """A command of the command line in this process; "DIR" stands for the folder."""

    def action(folder: Path, rng: random.Random) -> None:
        words = [word.replace("DIR", str(folder)) for word in arguments]
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = edge.run_command_line(words)
        if code not in (0, 1, 2) or "unexpected" in err.getvalue() or "Traceback" in err.getvalue():
            raise AssertionError(f"{code} {err.getvalue()}")

    return action


def _convert(folder: Path, rng: random.Random) -> None:
    """Plan to the end and write nothing: a folder is in the output's place."""
    gguf.check_convertible(folder)


def _import(folder: Path, rng: random.Random) -> None:
    file = next(path for path in folder.iterdir() if path.suffix == ".gguf")
    shutil.rmtree(folder / "back", ignore_errors=True)
    gguf.import_gguf(file, folder / "back")


def _convert_adapter(folder: Path, rng: random.Random) -> None:
    gguf.convert_adapter(folder / "base", folder / "adapter", folder / "out.gguf", force=True)


def _apply_adapter(folder: Path, rng: random.Random) -> None:
    network, _ = models.load_network(folder / "base")
    models.apply_adapter(network, folder / "adapter", folder / "base")


def _read_gguf_adapter(folder: Path, rng: random.Random) -> None:
    gguf.read_adapter(folder / "adapter.gguf", folder / "base.gguf")


def _prepare(source: str, **options: object) -> Action:
    def action(folder: Path, rng: random.Random) -> None:
        shutil.rmtree(folder / "out", ignore_errors=True)
        recipe = folder / "recipe.toml"
        named = data.DataSource(
            source.replace("DIR", str(folder)), recipe=recipe if recipe.is_file() else None, examples=12
        )
        data.prepare(named, folder / "out", limit=6)

    return action


def _model(family: str) -> Kind:
    def build(folder: Path) -> None:
        tiny_families.build(folder, family)
        settings = json.loads((folder / "tokenizer_config.json").read_text())
        settings["added_tokens_decoder"] = {"0": {"content": "<unk>", "special": True}}
        (folder / "tokenizer_config.json").write_text(json.dumps(settings))
        (folder / "generation_config.json").write_text(json.dumps({"temperature": 0.5, "top_k": 5}))
        (folder / "special_tokens_map.json").write_text(json.dumps({"eos_token": {"content": "</s>"}}))
        (folder / "chat_template.jinja").write_text("{{ messages }}")

    return Kind(
        f"model {family}",
        build,
        ("*.json", "*.json", "*.json", "README.md", "*.jinja", "tokenizer.model", "*.safetensors"),
        (
            lambda folder, rng: gguf.inspect(folder).to_dict(),
            _convert,
            lambda folder, rng: models.resolve(folder),
            lambda folder, rng: models.directory_facts(folder),
            lambda folder, rng: models.model_size(folder),
        ),
        (
            lambda folder, rng: models.load_network(folder),
            lambda folder, rng: models.load_tokenizer(folder, {}),
            _command("inspect", "DIR", "--json"),
            _command("convert", "DIR", "DIR/out.gguf", "--force"),
        ),
    )


def _sharded(folder: Path) -> None:
    tiny.build_llama(folder, shards=2)


def _gguf(family: str) -> Kind:
    def build(folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        source = tiny_families.build(folder / "source", family)
        gguf.convert(source, folder / "a.gguf", type="q8_0")
        shutil.rmtree(source)

    return Kind(
        f"gguf {family}",
        build,
        ("*.gguf",),
        (
            lambda folder, rng: gguf.inspect(folder / "a.gguf").to_dict(),
            lambda folder, rng: models.gguf_facts(folder / "a.gguf"),
            _import,
        ),
        (
            _command("inspect", "DIR/a.gguf", "--tensors"),
            _command(
                "quantize", "DIR/a.gguf", "DIR/b.gguf", "--type", "q4_0", "--allow-requantize", "--force"
            ),
        ),
    )


def _build_adapter(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    base = tiny.build_llama(folder / "base")
    write_adapter(base, folder / "adapter")
    gguf.convert(base, folder / "base.gguf")
    gguf.convert_adapter(base, folder / "adapter", folder / "adapter.gguf")


def _build_run(folder: Path) -> None:
    make_reported_run(folder)


def _build_checkpoint(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    fixture = Path(__file__).parent.parent / "fixtures" / "run-0.1.0"
    shutil.copytree(fixture, folder, dirs_exist_ok=True)


def _choose(folder: Path, rng: random.Random) -> None:
    train.checkpoints(folder / "checkpoints")
    train.adapter_path(folder)
    train.min_logprob(folder / "checkpoints" / "0000010")


def _settings(folder: Path, rng: random.Random) -> None:
    run = runs.open_run(folder)
    pipeline.resolve_settings({}, run.config)


def _build_data(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    ddl = "CREATE TABLE head (age INTEGER, name VARCHAR, FOREIGN KEY (name) REFERENCES state(id))"
    state = "CREATE TABLE state (id VARCHAR PRIMARY KEY, 'of' DATE DEFAULT 'x')"
    shapes = {
        "context": {"question": "How many?", "context": ddl, "answer": "SELECT COUNT(*) FROM head"},
        "pairs": {"prompt": "table: t\ncolumns: a, b\nQ: How many?\nA: ", "completion": "SELECT a FROM t"},
        "text": {"text": "table: t\ncolumns: a, b\nQ: How many?\nA: SELECT COUNT(a) FROM t"},
        "chats": {
            "messages": [
                {"role": "user", "content": "table: t\ncolumns: a\nQ: q?\nA: "},
                {"role": "assistant", "content": "SELECT a FROM t"},
            ]
        },
    }
    for name, line in shapes.items():
        text = json.dumps(line)
        # Examples of one schema stay in one split.
        texts = [text.replace("head", f"head{i}").replace("table: t", f"table: t{i}") for i in range(6)]
        lines = [json.loads(one) for one in texts]
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines))
        (folder / f"{name}.json").write_text(json.dumps(lines))
    (folder / "schema.sql").write_text(f"-- a dump\n{state};\n{ddl};\nINSERT INTO state VALUES ('a', '1');\n")


def _build_dataset(folder: Path) -> None:
    _build_data(folder)
    data.prepare(str(folder / "context.jsonl"), folder / "set")
    for name in ("answers.jsonl", "lines.txt"):
        split = [json.loads(line) for line in (folder / "set" / "test.jsonl").read_text().splitlines()]
        lines = [json.dumps({"id": one.get("id"), "sql": "SELECT COUNT(*) FROM head"}) for one in split]
        (folder / name).write_text("\n".join(lines) + "\n")


def _build_recipe(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    databases.shop(folder / "shop.db")
    text = data.default_recipe_text() + '\nskip = ["zz*"]\n[names]\ncustomers = "buyer"\n'
    (folder / "recipe.toml").write_text(text)


def _load(folder: Path, rng: random.Random) -> None:
    dataset = data.load(folder / "set")
    for split in dataset.counts:
        list(dataset.split(split))


_MODELS = [
    *(_model(name) for name in ("llama", "mistral", "qwen2", "gemma3", "phi3", "llama-yarn")),
    Kind(
        "shards",
        _sharded,
        ("model.safetensors.index.json", "*.safetensors"),
        (_convert, lambda folder, rng: models.resolve(folder), lambda folder, rng: models.model_size(folder)),
        (lambda folder, rng: models.load_network(folder),),
    ),
]
_GGUFS = [_gguf(name) for name in ("llama", "mistral", "gemma2", "phi3", "qwen3")]
_ADAPTER = Kind(
    "adapter",
    _build_adapter,
    ("adapter/adapter_config.json", "adapter/adapters.safetensors", "adapter.gguf"),
    (
        _convert_adapter,
        _read_gguf_adapter,
        lambda folder, rng: adapters.read_adapter_config(folder / "adapter"),
    ),
    (_apply_adapter, _command("convert", "--base", "DIR/base", "--adapter", "DIR/adapter", "DIR/o.gguf")),
)
_RUN = Kind(
    "run",
    _build_run,
    ("*.toml", "*.json", "*.jsonl", "predictions/*.jsonl", "checkpoints/*.json"),
    (
        lambda folder, rng: runs.summarize(folder),
        lambda folder, rng: runs.list_runs(folder.parent),
        _settings,
    ),
    (
        _command("report", "DIR"),
        _command("runs", "show", "DIR"),
        _command("runs", "list", "DIR/..", "--json"),
    ),
)
_CHECKPOINT = Kind(
    "checkpoint",
    _build_checkpoint,
    ("checkpoints/*.json", "checkpoints/*/*.json", "*.json", "*.jsonl", "*.toml"),
    (_choose, lambda folder, rng: runs.summarize(folder), _settings),
    (_command("report", "DIR"), _command("runs", "show", "DIR", "--json")),
)
_DATA = [
    *(
        Kind(f"data {name}", _build_data, (name,), (_prepare(f"DIR/{name}"),))
        for name in ("context.jsonl", "pairs.json", "text.jsonl", "chats.json")
    ),
    Kind(
        "schema",
        _build_data,
        ("schema.sql",),
        (lambda folder, rng: read_ddl_file(folder / "schema.sql"),),
        (_prepare("DIR/schema.sql"),),
    ),
    Kind(
        "dataset",
        _build_dataset,
        ("set/*.json", "set/*.jsonl", "answers.jsonl", "lines.txt"),
        (_load,),
        (_command("score", "DIR/answers.jsonl", "DIR/lines.txt", "--data", "DIR/set"),),
    ),
    Kind("recipe", _build_recipe, ("recipe.toml",), (_prepare("sqlite:///DIR/shop.db"),)),
]
