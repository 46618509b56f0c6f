"""Random changes of a file's bytes: as its format has them, and as a disk or an editor leaves them."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from typing import Any

# Values of every type and size that a number, a text, a list or an object may be replaced by.
VALUES: tuple[Any, ...] = (
    *(None, True, False, "", "64", "\ud800", "\x00", "../../etc/passwd", "a" * 70_000, "−1", "NaN"),
    *(0, -1, 1, 3, 7, 1 << 15, 1 << 31, (1 << 32) - 1, 1 << 32, 1 << 63, 1 << 64, 10**19, -(1 << 63)),
    *(0.0, -0.5, 1e-300, 0.01, 63.5, 1e308, float("nan"), float("inf"), float("-inf")),
    *([], [None], [1, "a"], [[]], [{}], ["full_attention"], [0.5] * 3, list(range(300))),
    *({}, {"a": None}, {"type": "Sequence"}, {"rope_type": "yarn", "factor": "2"}, {"": {"": {}}}),
)
_DEEP = 100_000
_INSERTED = (
    *(b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"{", b"]", b'"', b"\n", b"=", b"\x1b]0;x\x07"),
    b" " * 5000,
)


def change(data: bytes, name: str, rng: random.Random) -> bytes:
    """A changed copy of a file, by its name's suffix; one change in four is of the bytes alone."""
    suffix = name.rpartition(".")[2]
    if rng.random() < 0.25:
        return rng.choice(_BYTES)(data, rng)
    if suffix in ("json", "jsonl"):
        return _json_lines(data, rng) if suffix == "jsonl" else _json(data, rng)
    if suffix in ("toml", "md", "csv", "sql", "jinja", "txt"):
        return _words(data, rng)
    if suffix == "safetensors":
        return _safetensors(data, rng)
    return rng.choice(_BYTES)(data, rng)


def _json(data: bytes, rng: random.Random) -> bytes:
    try:
        document = json.loads(data)
    except ValueError:
        return rng.choice(_BYTES)(data, rng)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        document = _changed(document, rng)
    return _dumped(document)


def _dumped(document: Any) -> bytes:
    return json.dumps(document).encode()


def _json_lines(data: bytes, rng: random.Random) -> bytes:
    lines = data.splitlines() or [b""]
    index = rng.randrange(len(lines))
    way = rng.randrange(8)
    if way == 0:
        lines[index] = rng.choice(_BYTES)(lines[index], rng)
    elif way == 1:
        lines.insert(index, rng.choice((b"", b"null", b"[]", b"3", b'"a"', b"{", b"{}", b"\xff")))
    elif way == 2:
        lines = [*lines, *lines[index:]]
    else:
        lines[index] = _json(lines[index], rng)
    return b"\n".join(lines) + b"\n"


def _changed(document: Any, rng: random.Random) -> Any:
    """A copy of parsed JSON with one value at a random place replaced, removed, renamed or added."""
    place = rng.choice([(), *_places(document)])
    return _at(document, place, _edit(rng))


def _edit(rng: random.Random) -> Callable[[Any], Any]:
    way = rng.randrange(6)

    def edit(value: Any) -> Any:
        if isinstance(value, dict) and value and way < 3:
            key = rng.choice(list(value))
            rest = {other: item for other, item in value.items() if other != key}
            return (rest, {**rest, f"{key}2": value[key]}, {**value, "another": rng.choice(VALUES)})[way]
        if isinstance(value, list) and value and way < 3:
            index = rng.randrange(len(value))
            kept = value[:index] + value[index + 1 :]
            return (kept, [*value, value[index]], [*kept, rng.choice(VALUES)])[way]
        if isinstance(value, int | float) and not isinstance(value, bool) and way == 3:
            return rng.choice((value + 1, -value, value * 1000, value / 2, str(value), [value]))
        if isinstance(value, str) and way == 3:
            return rng.choice(
                (value[:-1], value + " ", value.upper(), value * 3, value + "\x1b[31m", [value])
            )
        return rng.choice(VALUES)

    return edit


def _places(document: Any, prefix: tuple[Any, ...] = (), room: int = 4) -> Iterator[tuple[Any, ...]]:
    """Paths to values, of long lists and objects only the first few at each level."""
    if room == 0:
        return
    if isinstance(document, dict):
        items: list[tuple[Any, Any]] = list(document.items())[:200]
    elif isinstance(document, list):
        items = list(enumerate(document))[:20]
    else:
        return
    for key, value in items:
        yield (*prefix, key)
        yield from _places(value, (*prefix, key), room - 1)


def _at(document: Any, place: tuple[Any, ...], edit: Callable[[Any], Any]) -> Any:
    if not place:
        return edit(document)
    inner = _at(document[place[0]], place[1:], edit)
    if isinstance(document, dict):
        return {**document, place[0]: inner}
    return [inner if index == place[0] else value for index, value in enumerate(document)]


def _words(data: bytes, rng: random.Random) -> bytes:
    """Text with a line doubled, removed, cut or given another value."""
    lines = data.split(b"\n")
    index = rng.randrange(len(lines))
    value = rng.choice(VALUES)
    new = json.dumps(value).encode() if not isinstance(value, str) else ascii(value).encode()
    way = rng.randrange(5)
    if way == 0:
        del lines[index]
    elif way == 1:
        lines.insert(index, lines[rng.randrange(len(lines))])
    elif way == 2:
        lines[index] = lines[index].partition(b"=")[0] + b"= " + new
    elif way == 3:
        words = lines[index].split(b" ")
        words[rng.randrange(len(words))] = new
        lines[index] = b" ".join(words)
    else:
        lines[index] = rng.choice(_BYTES)(lines[index], rng)
    return b"\n".join(lines)


def _safetensors(data: bytes, rng: random.Random) -> bytes:
    """A file whose header says something else, with the length that fits it."""
    size = int.from_bytes(data[:8], "little")
    header = _json(data[8 : 8 + size], rng)
    return len(header).to_bytes(8, "little") + header + data[8 + size :]


def _cut(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def _flip(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    # Headers are at the beginning, where most changes are to be.
    end = rng.choice((64, 1024, len(data)))
    for _ in range(rng.choice((1, 1, 2, 8))):
        if changed:
            changed[rng.randrange(min(end, len(changed)))] = rng.choice(
                (0, 1, 0x7F, 0xFF, rng.randrange(256))
            )
    return bytes(changed)


def _number(data: bytes, rng: random.Random) -> bytes:
    place = rng.randrange(min(len(data), 4096) + 1)
    size = rng.choice((4, 8))
    value = rng.choice((0, 1, (1 << 31) - 1, (1 << 32) - 1, (1 << 63) - 1, (1 << 64) - 1)) & (
        (1 << 8 * size) - 1
    )
    return data[:place] + value.to_bytes(size, "little") + data[place + size :]


def _insert(data: bytes, rng: random.Random) -> bytes:
    place = rng.randrange(len(data) + 1)
    some = rng.choice(
        (b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"{", b"]", b'"', b"\n", b"=", b"\x1b]0;x\x07", b" " * 5000)
    )
    return data[:place] + some + data[place:]


def _whole(data: bytes, rng: random.Random) -> bytes:
    deep = rng.choice((b"[" * _DEEP, b'{"a":' * _DEEP, b"[" * _DEEP + b"]" * _DEEP))
    utf16 = data[:10_000].decode("latin-1").encode("utf-16")
    return rng.choice(
        (b"", b"null", b"[]", b"{}", b"\x00" * 64, deep, utf16, b"\xef\xbb\xbf" + data, data * 2)
    )


_BYTES = (_cut, _flip, _flip, _number, _insert, _whole)
