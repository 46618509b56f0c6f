"""Which model a teacher is."""

from __future__ import annotations

from t2sql.errors import InputError
from t2sql.generate import Backend, BackendOptions, OpenAIBackend, open_backend

_SERVER = "openai:"
_SLOTS = 8
_CONTEXT = 4096


def open_teacher(teacher: str) -> Backend:
    """Open a teacher.

    Args:
        teacher: A model argument; or "openai:URL" for a server with OpenAI's completions or chats, with
            "#NAME" behind it for one of its models.

    Raises:
        InputError: There is no such model, or the server has several and none is named.
        WorkError: The server cannot be reached.
    """
    if not teacher.startswith(_SERVER):
        return open_backend(teacher, "auto", BackendOptions(slots=_SLOTS, context=_CONTEXT))
    url, _, name = teacher.removeprefix(_SERVER).partition("#")
    backend = OpenAIBackend(url, name, slots=_SLOTS, chats=True)
    if name:
        return backend
    names = backend.models()
    if len(names) == 1:
        backend.model = names[0]
        return backend
    backend.close()
    raise InputError(
        "which of the server's models?",
        where=backend.url,
        expected=f"{_SERVER}URL#NAME",
        found=", ".join(names[:5]) or "no list of models",
    )
