"""events.jsonl: appended whole line by whole line; read without ever tripping over a half-written one."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from t2sql.plain import plain

VERSION = 1
_CHUNK = 1 << 20
_LONGEST_LINE = 16 << 20

Event = dict[str, Any]


class EventLog:
    """The writer's end. Each event is one write(2) of one line, so a kill can cut only the last."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: int | None = None

    def append(self, stage: str | None, kind: str, fields: dict[str, Any]) -> Event:
        event: Event = {"v": VERSION, "time": round(time.time(), 3), "stage": stage, "kind": kind}
        event.update((key, plain(value)) for key, value in fields.items())
        line = json.dumps(event, ensure_ascii=False) + "\n"
        if self._file is None:
            self._file = self._open()
        os.write(self._file, line.encode())
        return event

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _open(self) -> int:
        file = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o666)
        length = os.fstat(file).st_size
        if length and os.pread(file, 1, length - 1) != b"\n":
            # The last owner was killed inside a line: close it, or the next event would be lost with it.
            os.write(file, b"\n")
        return file


class Tail:
    """The reader's end: `read()` gives what is new and complete; iterating waits for more."""

    def __init__(self, path: Path, *, running: Callable[[], bool] = lambda: False, poll: float = 0.2) -> None:
        self.path = path
        self._offset = 0
        self._line = 0
        self._half = b""
        self._running = running
        self._poll = poll

    def read(self) -> list[Event]:
        """New events since the last call, none if there are none. Never blocks."""
        try:
            with open(self.path, "rb") as file:
                if os.fstat(file.fileno()).st_size < self._offset:
                    self._offset, self._line, self._half = 0, 0, b""
                file.seek(self._offset)
                events: list[Event] = []
                while chunk := file.read(_CHUNK):
                    self._offset += len(chunk)
                    *lines, self._half = (self._half + chunk).split(b"\n")
                    for line in lines:
                        self._line += 1
                        if line.strip():
                            events.append(parse(line, self._line))
                    if len(self._half) > _LONGEST_LINE:
                        self._half = b"\0"
                return events
        except FileNotFoundError:
            return []

    def __iter__(self) -> Iterator[Event]:
        """Events as they come, until the run has no living owner and nothing is left to read."""
        while True:
            running = self._running()
            events = self.read()
            yield from events
            if not events:
                if not running:
                    return
                time.sleep(self._poll)


def parse(line: bytes, number: int | None = None) -> Event:
    """One line as an event; a damaged line becomes a warning event, never an exception."""
    where = "a line" if number is None else f"line {number}"
    try:
        event = json.loads(line)
    except ValueError:
        return _damaged(f"{where} of events.jsonl is not JSON", number)
    if not isinstance(event, dict) or not isinstance(event.get("kind"), str):
        return _damaged(f"{where} of events.jsonl is not an event", number)
    if event.get("v") != VERSION:
        return _damaged(
            f"{where} of events.jsonl: expected version {VERSION}, found {event.get('v')!r}", number
        )
    return event


def read_ends(path: Path, *, head: int = 8 << 10, tail: int = 64 << 10) -> tuple[list[Event], list[Event]]:
    """The first and the last few events, whatever the length of the file: for summaries."""
    try:
        with open(path, "rb") as file:
            length = os.fstat(file.fileno()).st_size
            if length <= head + tail:
                events = [parse(line) for line in _whole_lines(file.read())]
                return events, events
            first = [parse(line) for line in _whole_lines(file.read(head))]
            file.seek(length - tail)
            # The first piece of the tail is the end of some line.
            last = [parse(line) for line in _whole_lines(file.read(tail).partition(b"\n")[2])]
            return first, last
    except FileNotFoundError:
        return [], []


def _whole_lines(data: bytes) -> list[bytes]:
    return [line for line in data.split(b"\n")[:-1] if line.strip()]


def _damaged(message: str, number: int | None) -> Event:
    return {"v": VERSION, "time": None, "stage": None, "kind": "warning", "message": message, "line": number}
