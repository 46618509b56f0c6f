"""The prompt: rendering, parsing back, and the ids a model is trained on."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

import jinja2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from t2sql.errors import InputError
from t2sql.prompt import CHAT_TEMPLATE, chat_template, encode, parse_prompt, prompt_text, render_prompt
from t2sql.schema import Column, Schema, Table, read_table_lines

STUDENTS = read_table_lines(["students: Name, Age, School, Grade, Height, Weight"])
TUTORIAL = (
    "table: students\ncolumns: Name, Age, School, Grade, Height, Weight\nQ: How old is Wang Junjian?\nA: "
)
ALPHABET = "table:columnsQA,?\n=' 0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ()<>"
CORPUS = [
    TUTORIAL + "SELECT Age FROM students WHERE Name = 'Wang Junjian'",
    "table: films\ncolumns: Title, Release Year\nQ: Which films?\nA: SELECT Title FROM films LIMIT 3",
]


def test_the_tutorials_prompt_is_rendered_to_the_letter() -> None:
    assert render_prompt(STUDENTS, "How old is Wang Junjian?") == TUTORIAL


def test_two_tables_render_two_pairs_of_lines_and_parse_back() -> None:
    schema = read_table_lines(["authors: Id, Name", "books: Title, Author Id"])
    text = render_prompt(schema, "Which\nbooks?") + 'SELECT Title FROM books WHERE "Author Id" = 3</s>'
    assert text.count("table: ") == 2
    parsed, question, answer, *_ = parse_prompt(text)
    assert parsed == schema
    assert question == "Which books?"
    assert answer == 'SELECT Title FROM books WHERE "Author Id" = 3'


NAME = st.text(
    st.characters(exclude_categories=("Cc", "Cs", "Z"), exclude_characters=",:"), min_size=1, max_size=8
)
TABLE = st.builds(
    lambda name, columns: Table(name, tuple(Column(column) for column in columns)),
    NAME,
    st.lists(NAME, min_size=1, max_size=5),
)


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(TABLE, min_size=1, max_size=3), st.lists(NAME, min_size=1, max_size=5), NAME)
def test_any_schema_question_and_answer_survive_rendering_and_parsing(
    tables: list[Table], words: list[str], answer: str
) -> None:
    schema, question = Schema(tuple(tables)), " ".join(words)
    assert parse_prompt(render_prompt(schema, question) + answer)[:3] == (schema, question, answer)


def test_a_prompt_without_answer_parses_to_none() -> None:
    assert parse_prompt(TUTORIAL)[2] is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("columns: A\nQ: x\nA: y", "a 'table:' line"),
        ("table: t\nQ: x\nA: y", "a 'columns:' line"),
        ("table: t\ncolumns: A", "a 'Q:' line"),
        ("", "a 'table:' line"),
    ],
)
def test_a_text_of_another_form_is_refused_by_the_line_that_is_missing(text: str, expected: str) -> None:
    with pytest.raises(InputError, match=expected):
        parse_prompt(text)


@dataclass(frozen=True)
class TextTokenizer:
    """A tokenizer of another library with the attributes of transformers' tokenizers."""

    encode: Callable[[str], list[int]]
    decode: Callable[[list[int]], str] = lambda ids: ""
    eos_token: str | None = "</s>"
    eos_token_id: int | None = 1
    bos_token_id: int | None = None


def byte_bpe(*, bos: bool) -> TextTokenizer:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=500,
        special_tokens=["<s>", "</s>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(CORPUS * 5, trainer)
    if bos:
        tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])
    return wrap(tokenizer)


def metaspace_bpe(*, eos: bool = False) -> TextTokenizer:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(split=False)
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("\u2581", " "), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<s>", "</s>", "<unk>"],
        initial_alphabet=sorted({*ALPHABET, "\u2581"}),
        show_progress=False,
    )
    tokenizer.train_from_iterator([*CORPUS * 5, ALPHABET], trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>" if eos else "<s> $A", special_tokens=[("<s>", 0), ("</s>", 1)]
    )
    return wrap(tokenizer)


def wrap(tokenizer: object) -> TextTokenizer:
    return TextTokenizer(
        encode=lambda text: tokenizer.encode(text).ids,  # type: ignore[attr-defined]
        decode=lambda ids: tokenizer.decode(ids, skip_special_tokens=True),  # type: ignore[attr-defined]
        bos_token_id=0,
    )


def sentencepiece_model(tmp_path_factory: pytest.TempPathFactory, kind: str) -> TextTokenizer:
    import sentencepiece

    folder = tmp_path_factory.mktemp("spm")
    text = folder / "text.txt"
    text.write_text("\n".join([*CORPUS * 5, ALPHABET]))
    sentencepiece.SentencePieceTrainer.train(
        input=str(text),
        model_prefix=str(folder / "m"),
        model_type=kind,
        byte_fallback=True,
        remove_extra_whitespaces=False,
        normalization_rule_name="identity",
        user_defined_symbols=["\n"],
        vocab_size=430,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    model = sentencepiece.SentencePieceProcessor(model_file=str(folder / "m.model"))
    return TextTokenizer(
        encode=lambda text: model.encode(text, add_bos=True),
        decode=lambda ids: model.decode([i for i in ids if i not in (model.bos_id(), model.eos_id())]),
        eos_token_id=model.eos_id(),
        bos_token_id=model.bos_id(),
    )


@pytest.fixture(
    scope="module", params=["bpe", "bpe+bos", "metaspace", "metaspace+eos", "spm-bpe", "spm-unigram"]
)
def tokenizer(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> TextTokenizer:
    kind: str = request.param
    if kind.startswith("spm-"):
        return sentencepiece_model(tmp_path_factory, kind.removeprefix("spm-"))
    if kind.startswith("metaspace"):
        return metaspace_bpe(eos=kind.endswith("+eos"))
    return byte_bpe(bos=kind.endswith("+bos"))


@pytest.mark.parametrize("completion", ["SELECT Age FROM students", "  odd", "'x'", "1", "SELECT 1</s>", ""])
@pytest.mark.parametrize("prompt", [TUTORIAL, "Say:\n", "no answer mark", "A:"])
def test_prompt_ids_begin_the_training_ids_and_one_end_closes_them(
    tokenizer: TextTokenizer, prompt: str, completion: str
) -> None:
    alone, n_alone = encode(tokenizer, prompt)
    ids, n_prompt = encode(tokenizer, prompt, completion)
    assert n_prompt == n_alone == len(alone)
    assert ids[:n_prompt] == alone
    assert ids[-1] == tokenizer.eos_token_id
    assert ids.count(tokenizer.eos_token_id) == 1
    adds_bos = tokenizer.encode("x")[0] == tokenizer.bos_token_id
    assert ids.count(tokenizer.bos_token_id) == (1 if adds_bos else 0)
    assert tokenizer.decode(ids).strip() == (prompt + completion.removesuffix("</s>")).strip()


def test_a_space_at_the_end_of_the_prompt_goes_to_the_completion() -> None:
    tokenizer = byte_bpe(bos=False)
    ids, n_prompt = encode(tokenizer, TUTORIAL, "SELECT Age")
    assert tokenizer.decode(ids[:n_prompt]) == prompt_text(TUTORIAL)
    assert tokenizer.decode(ids[n_prompt:-1]) == " SELECT Age"
    naive = tokenizer.encode(TUTORIAL)
    assert ids[: len(naive)] != naive


def test_a_tokenizer_that_merges_across_the_boundary_still_gets_a_prefix() -> None:
    pairs = {": ": 300}

    def ids_of(text: str) -> list[int]:
        out: list[int] = []
        at = 0
        while at < len(text):
            merged = pairs.get(text[at : at + 2])
            out.append(merged if merged is not None else ord(text[at]))
            at += 2 if merged is not None else 1
        return out

    merging = TextTokenizer(encode=ids_of)
    alone, _ = encode(merging, "A: ")
    ids, n_prompt = encode(merging, "A: ", "SELECT")
    assert ids[:n_prompt] == alone == [ord("A"), ord(":")]
    assert ids[n_prompt:] == [ord(c) for c in " SELECT"] + [1]


def test_a_tokenizer_without_end_of_text_is_refused() -> None:
    with pytest.raises(InputError, match="end-of-text"):
        encode(TextTokenizer(encode=lambda text: [1], eos_token_id=None), "A: ", "x")


def test_the_chat_template_gives_the_trained_prompt() -> None:
    message = {"role": "user", "content": prompt_text(TUTORIAL).removesuffix("\nA:") + "\n"}
    environment = jinja2.Environment(trim_blocks=True, lstrip_blocks=True)
    other = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "before"}]
    text = environment.from_string(CHAT_TEMPLATE).render(messages=[*other, message])
    assert text == prompt_text(TUTORIAL)
    tables, question = message["content"].split("\nQ: ")
    split = [{"role": "system", "content": tables}, {"role": "user", "content": "Q: " + question}]
    with_bos = environment.from_string(chat_template(bos=True)).render(messages=split, bos_token="<s>")
    assert with_bos == "<s>" + prompt_text(TUTORIAL)


def test_schema_to_dict_is_json_and_comes_back() -> None:
    schema = Schema((Table("t", (Column("A", "INTEGER"), Column("b c"))),))
    assert Schema.from_dict(json.loads(json.dumps(schema.to_dict()))) == schema
