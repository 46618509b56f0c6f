"""events.jsonl: appended line by line, and read without failing on a half-written or damaged line."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from t2sql.plain import parse_json
from t2sql.runs.records import Event, RecordError, WarningEvent, event_from_json

_CHUNK = 1 << 20
_LONGEST_LINE = 16 << 20


class EventLog:
    """The writer. Each event is one write(2) of one line, so a kill can cut only the last.

    Attributes:
        path: events.jsonl; it is made with the first event.
    """

    def __init__(self, path: Path) -> None:
        """A log that is opened at its first event."""
        self.path = path
        self._file: int | None = None

    def append(self, event: Event) -> None:
        """Write an event."""
        line = json.dumps(event.to_json(), ensure_ascii=False) + "\n"
        if self._file is None:
            self._file = self._open()
        os.write(self._file, line.encode())

    def close(self) -> None:
        """Close the file; a later event opens it again."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _open(self) -> int:
        file = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o666)
        length = os.fstat(file).st_size
        if length and os.pread(file, 1, length - 1) != b"\n":
            # The last owner was killed inside a line: end it, or the next event would be lost with it.
            os.write(file, b"\n")
        return file


def stamped(stage: str | None, event: Event) -> Event:
    """The event with its stage and the time."""
    return replace(event, stage=stage, time=round(time.time(), 3))


class Tail:
    """The reader: `read()` gives the new events; iterating waits for more.

    Args:
        path: events.jsonl; it need not exist yet.
        running: Whether a living process writes the run. Iteration ends when none does.
        poll: Pause between two looks at the file, in seconds.
    """

    def __init__(self, path: Path, *, running: Callable[[], bool] = lambda: False, poll: float = 0.2) -> None:
        """Begin before the first event."""
        self.path = path
        self._offset = 0
        self._line = 0
        self._half = b""
        self._running = running
        self._poll = poll

    def read(self) -> list[Event]:
        """The whole lines since the last call as events, without waiting."""
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
        """Events as they come, until no living process writes the run and all are read."""
        while True:
            running = self._running()
            events = self.read()
            yield from events
            if not events:
                if not running:
                    return
                time.sleep(self._poll)


def parse(line: bytes, number: int | None = None) -> Event:
    """One line as an event; a damaged line becomes a warning that names it, never an exception.

    Args:
        line: The line, without its end.
        number: Its number in the file, from 1, where that is known.
    """
    try:
        return event_from_json(parse_json(line))
    except RecordError as error:
        problem = str(error)
    except ValueError:
        problem = "not JSON"
    where = "a line" if number is None else f"line {number}"
    return WarningEvent(message=f"{where} of events.jsonl is damaged: {problem}", line=number)


def read_ends(path: Path, *, head: int = 8 << 10, tail: int = 64 << 10) -> tuple[list[Event], list[Event]]:
    """The first and the last few events of a file of any length, for summaries.

    Args:
        path: events.jsonl.
        head: Bytes that are read from the beginning.
        tail: Bytes that are read from the end.

    Returns:
        Both lists; the same one twice when the file is short, empty ones when there is no file.
    """
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
