"""What the commands that serve have in common: their packages, which are extras, and what they say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from t2sql import serve
from t2sql.cli.output import Output
from t2sql.errors import MissingPartError

_PACKAGES = ("starlette", "uvicorn", "prometheus_client", "mcp", "mcp_types")


@contextmanager
def needs_extra(extra: str) -> Iterator[None]:
    """Say how to install the packages of an extra when one of them is missing.

    Args:
        extra: The extra's name.

    Raises:
        MissingPartError: A package is missing.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _PACKAGES:
            raise
        raise MissingPartError(
            "the server's packages are missing",
            found=f"no {error.name}",
            hint=f"Install them: pip install 't2sql[{extra}]'",
        ) from None


def listening_notes(out: Output, settings: serve.Settings) -> serve.Listening:
    """Notes on stderr about where a server listens and that it ends.

    Args:
        out: Where they are printed.
        settings: The server's settings.
    """
    return serve.Listening(
        ready=lambda address: out.note(f"listening on {address}"),
        ending=lambda running: out.note(
            f"ending: {running} {'answer' if running == 1 else 'answers'} may take "
            f"{settings.shutdown_seconds:g} s more; Ctrl-C ends at once"
        ),
    )
