"""The formats of a prompt: a version, and what is shown of a schema beside its names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from t2sql.errors import InputError

PromptPart: TypeAlias = Literal["types", "keys", "values", "samples", "comments", "evidence", "names"]
"""What a prompt of version 2 may show: the columns' types; primary and foreign keys; values of the database
that words of the question mean; a few values of each column; the comments of tables and columns; what the
data set says beside the question; the names of the schema that the question mentions."""

PROMPT_PARTS: tuple[PromptPart, ...] = get_args(PromptPart)
"""The parts in the order in which a format's name has them."""

_PREFIX = "t2sql.prompt."
_VERSIONS = (1, 2)


@dataclass(frozen=True)
class PromptFormat:
    """A way to write a question and its schema. A model is asked in the format it was trained in.

    Attributes:
        version: 1, which has names only, or 2.
        parts: What version 2 shows beside the names, in the order of `PROMPT_PARTS`.
    """

    version: int = 1
    parts: tuple[PromptPart, ...] = ()

    @classmethod
    def of(cls, name: str) -> PromptFormat:
        """Read a format's name, such as "t2sql.prompt.2+types+keys".

        Args:
            name: The name; "t2sql.prompt." may be left out, and the parts may be in any order.

        Raises:
            InputError: There is no such version, or it has no such part.
        """
        number, *parts = name.strip().removeprefix(_PREFIX).split("+")
        version = next((known for known in _VERSIONS if str(known) == number), None)
        if version is None:
            raise InputError(
                "unknown prompt format",
                expected="1, 2, or 2 with parts such as 2+types+keys",
                found=repr(name)[:80],
            )
        unknown = [part for part in parts if part not in PROMPT_PARTS]
        if unknown or (version == 1 and parts):
            raise InputError(
                f"the prompt's version {version} has no part {(unknown or parts)[0]!r}",
                where=name[:80],
                expected="no part" if version == 1 else f"some of {', '.join(PROMPT_PARTS)}",
            )
        return cls(version, tuple(part for part in PROMPT_PARTS if part in parts))

    @classmethod
    def known(cls, name: str | None) -> PromptFormat | None:
        """The format of this name; None for no name, and for one that only a newer version of t2sql knows."""
        try:
            return None if name is None else cls.of(name)
        except InputError:
            return None

    @property
    def name(self) -> str:
        """The name that is recorded with a dataset and a model, such as "t2sql.prompt.2+types+keys"."""
        return "+".join((f"{_PREFIX}{self.version}", *self.parts))

    def __str__(self) -> str:
        """The name."""
        return self.name


DEFAULT_FORMAT = PromptFormat()
"""The format of a dataset and of a model that do not name one."""

WHOLE_FORMAT = PromptFormat(2, PROMPT_PARTS)
"""Version 2 with all parts."""

WITHOUT_NAMES = PromptFormat(2, tuple(part for part in PROMPT_PARTS if part != "names"))
"""Version 2 with all parts but the line of names, which follows from the schema and the question."""
