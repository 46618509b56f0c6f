"""The edge: every way that a command can end becomes an exit code and at most one line on stderr."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import signal
import sys
import traceback
from collections.abc import Iterator, Sequence
from types import FrameType

from t2sql.errors import T2sqlError

DONE, FAILED, WRONG, INTERRUPTED = 0, 1, 2, 130
_DEBUG_HINT = "Run it again with --debug for the traceback"


def run_command_line(argv: Sequence[str] | None = None) -> int:
    arguments = list(sys.argv[1:] if argv is None else argv)
    debug, json = "--debug" in arguments, "--json" in arguments
    try:
        with _signals():
            return _run(arguments)
    except BaseException as error:
        if isinstance(error, SystemExit):
            raise
        code, message = explain(error)
        if debug:
            traceback.print_exception(error)
        if isinstance(error, BrokenPipeError):
            # Or Python would try to flush at exit, and complain.
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        elif json:
            _print_json_error(code, message)
        with contextlib.suppress(OSError):
            print(message if code == INTERRUPTED else f"error: {message}", file=sys.stderr, flush=True)
        return code


def explain(error: BaseException) -> tuple[int, str]:
    """The exit code and the line for people of anything that ended a command."""
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
    usage = _usage(error)
    if usage is not None:
        return WRONG, usage
    first = str(error).strip().splitlines()
    text = f": {first[0][:300]}" if first else ""
    return FAILED, f"unexpected {type(error).__name__}{text}. {_DEBUG_HINT}"


def _run(arguments: list[str]) -> int:
    from t2sql.cli.group import group

    commands = group()
    if "_T2SQL_COMPLETE" in os.environ:
        commands.main(arguments, prog_name="t2sql", complete_var="_T2SQL_COMPLETE")
    try:
        with commands.make_context("t2sql", arguments) as context:
            code = commands.invoke(context)
    except RuntimeError as error:
        # How Typer says "stop here with this code": --help, --version, and no arguments at all.
        if type(error).__name__ != "Exit":
            raise
        code = getattr(error, "exit_code", FAILED)
    sys.stdout.flush()
    return code if isinstance(code, int) else DONE


def _usage(error: BaseException) -> str | None:
    """What Typer says about wrong arguments, as one line; None for any other exception.

    Its exception classes have moved between versions; what they have in common has not.
    """
    message = getattr(error, "format_message", None)
    if not callable(message) or getattr(error, "exit_code", None) != WRONG:
        return None
    text = " ".join(message().split()).rstrip(".")
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "t2sql"
    if not text or type(error).__name__ == "NoArgsIsHelpError":
        return f"a command is missing. Try: {command} --help"
    stop = "" if text.endswith("?") else "."
    return f"{text[0].lower()}{text[1:]}{stop} Try: {command} --help"


def _explain_os_error(error: OSError) -> tuple[int, str]:
    where = f" ({error.filename})" if error.filename is not None else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return FAILED, f"the disk is full{where}: {_free(error.filename)}Free some space and run it again"
    code = WRONG if error.errno in (errno.EACCES, errno.EROFS, errno.ENOENT, errno.EISDIR) else FAILED
    if error.strerror:
        return code, f"{error.strerror[0].lower()}{error.strerror[1:]}{where}. {_DEBUG_HINT}"
    return code, f"unexpected {type(error).__name__}{where}: {error}. {_DEBUG_HINT}"


def _free(filename: object) -> str:
    folder = os.path.dirname(os.path.abspath(str(filename))) if filename is not None else os.getcwd()
    try:
        return f"{shutil.disk_usage(folder).free / 1e9:.1f} GB free. "
    except OSError:
        return ""


def _print_json_error(code: int, message: str) -> None:
    from t2sql.cli.output import dump_json

    with contextlib.suppress(OSError):
        sys.stdout.write(dump_json({"error": message, "exit_code": code}))
        sys.stdout.flush()


@contextlib.contextmanager
def _signals() -> Iterator[None]:
    """Ctrl-C and a polite kill both interrupt: what is half-written is then removed on the way out.

    A shell starts background jobs with SIGINT ignored, which Python would keep.
    """

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    try:
        before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    except ValueError:
        # Only the main thread may; elsewhere signals are not ours to change.
        yield
        return
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
