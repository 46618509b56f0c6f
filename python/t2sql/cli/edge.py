"""The edge: every way that a command can end becomes an exit code and at most one line on stderr.

What needs Typer is reached through the door `cli`, so that Ctrl-C is handled already while Typer is imported.
"""

from __future__ import annotations

import codecs
import contextlib
import errno
import io
import json
import os
import shutil
import signal
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from types import FrameType

from t2sql import cli
from t2sql.cli.output import dump_json
from t2sql.errors import InputError, T2sqlError
from t2sql.text import visible

FAILED, WRONG, INTERRUPTED = 1, 2, 130
"""Exit codes: the work failed or a check did not hold; the arguments or the input are wrong; interrupted."""

_MUCH_BYTES = 1 << 30
_AGAIN_SECONDS = 0.05
_DEBUG_HINT = "Run it again with --debug for the traceback"


def run_command_line(argv: Sequence[str] | None = None) -> int:
    """Run a command line and report what ended it.

    Args:
        argv: The arguments without the program's name; by default this process's own.

    Returns:
        The exit code.

    Raises:
        SystemExit: Whatever called `sys.exit`, such as shell completion.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    debug, as_json = "--debug" in arguments, "--json" in arguments
    make_streams_usable()
    try:
        with _signals():
            _check_not_empty(arguments)
            return cli.run_command(arguments)
    except BaseException as error:
        if isinstance(error, SystemExit):
            raise
        code, message = explain(error)
        if debug:
            print(visible("".join(traceback.format_exception(error))), end="", file=sys.stderr)
        if isinstance(error, BrokenPipeError):
            # Python flushes stdout at its exit, which would fail again and print a traceback.
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        elif as_json:
            _print_json_error(code, message)
        with contextlib.suppress(OSError):
            line = message if code == INTERRUPTED else f"error: {message}"
            print(visible(line), file=sys.stderr, flush=True)
        return code


def _check_not_empty(arguments: Sequence[str]) -> None:
    """Refuse an empty argument, which as a path means the current directory; `ask` has words of its own."""
    if "" in arguments and arguments[0] != "ask":
        index = arguments.index("")
        before = f", after {arguments[index - 1]}" if index else ""
        raise InputError(
            "an argument is empty",
            where=f"argument {index + 1} of t2sql{before}",
            hint="A shell variable that is not set gives one",
        )


def explain(error: BaseException) -> tuple[int, str]:
    """The exit code of anything that ended a command, and the line that tells people about it."""
    if isinstance(error, T2sqlError):
        return error.exit_code, str(error)
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED, "interrupted"
    if isinstance(error, MemoryError):
        return FAILED, f"out of memory. {_DEBUG_HINT}"
    if isinstance(error, ModuleNotFoundError) and error.name and not error.name.startswith("t2sql."):
        package = error.name.partition(".")[0].replace("_", "-")
        hint = f"Install it: pip install {package}; t2sql doctor shows the rest"
        return WRONG, f"a Python package is missing: {package}. {hint}"
    if isinstance(error, BrokenPipeError):
        return FAILED, "whoever read the output closed it"
    if isinstance(error, OSError):
        return _explain_os_error(error)
    usage = cli.usage_message(error)
    if usage is not None:
        return WRONG, usage
    first = str(error).strip().splitlines()
    text = f": {first[0][:300]}" if first else ""
    return FAILED, f"unexpected {type(error).__name__}{text}. {_DEBUG_HINT}"


def _explain_os_error(error: OSError) -> tuple[int, str]:
    where = f" ({error.filename})" if error.filename is not None else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        if error.filename is None:
            return FAILED, "the disk is full that the output goes to. Free some space and run it again"
        return FAILED, f"the disk is full{where}: {_free(error.filename)}Free some space and run it again"
    if error.errno == errno.EFBIG:
        return FAILED, f"a file may not become so large here{where}. Raise the limit (ulimit -f)"
    code = WRONG if error.errno in (errno.EACCES, errno.EROFS, errno.ENOENT, errno.EISDIR) else FAILED
    if error.strerror:
        return code, f"{error.strerror[0].lower()}{error.strerror[1:]}{where}. {_DEBUG_HINT}"
    return code, f"unexpected {type(error).__name__}{where}: {error}. {_DEBUG_HINT}"


def _free(filename: object) -> str:
    folder = os.path.dirname(os.path.abspath(str(filename)))
    try:
        free = shutil.disk_usage(folder).free
        # With more than this, it is a quota that is full.
        return f"{free / 1e6:.1f} MB free. " if free < _MUCH_BYTES else ""
    except OSError:
        return ""


def make_streams_usable() -> None:
    """Let any text be printed: to nowhere where a stream is closed, escaped where it lacks the character."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            # It stays open as long as the process.
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115
    codecs.register_error("t2sql.escape", _escape)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors in ("strict", "backslashreplace"):
            stream.reconfigure(errors="t2sql.escape")


def _escape(error: UnicodeError) -> tuple[str, int]:
    """Write characters that an encoding lacks as JSON does, so that JSON stays what it was."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return json.dumps(error.object[error.start : error.end])[1:-1], error.end


def _print_json_error(code: int, message: str) -> None:
    with contextlib.suppress(OSError):
        sys.stdout.write(dump_json({"error": message, "exit_code": code}))
        sys.stdout.flush()


@contextlib.contextmanager
def _signals() -> Iterator[None]:
    """Let SIGINT and SIGTERM raise KeyboardInterrupt, so that half-written outputs are removed.

    A shell starts background jobs with SIGINT ignored, and Python would leave it so.
    """

    def interrupt(signal_number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    ignored = sys.unraisablehook

    def again(unraisable: sys.UnraisableHookArgs) -> None:
        if not issubclass(unraisable.exc_type, KeyboardInterrupt):
            ignored(unraisable)
            return
        # It arrived while an object was freed, where Python drops what is raised.
        main_thread = threading.main_thread().ident or 0
        timer = threading.Timer(_AGAIN_SECONDS, signal.pthread_kill, (main_thread, signal.SIGINT))
        timer.daemon = True
        timer.start()

    try:
        before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    except ValueError:
        # Only the main thread may set handlers.
        yield
        return
    sys.unraisablehook = again
    try:
        yield
    finally:
        sys.unraisablehook = ignored
        for number, handler in before.items():
            signal.signal(number, handler)
