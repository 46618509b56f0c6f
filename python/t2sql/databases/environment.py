"""What a driver takes from its process and not from a URL: variables and the working directory."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress


def driver_variables() -> dict[str, str]:
    """The variables that drivers read, such as PGPASSWORD."""
    return {name: value for name, value in os.environ.items() if name.startswith(("PG", "MYSQL", "HOME"))}


def use_environment(variables: Mapping[str, str], folder: str) -> None:
    """Take over those of another process, which may have changed since this one was started.

    Args:
        variables: Its `driver_variables`.
        folder: Its working directory; one that is gone is passed over.
    """
    for name in driver_variables().keys() - variables.keys():
        del os.environ[name]
    os.environ.update(variables)
    with suppress(OSError):
        os.chdir(folder)
