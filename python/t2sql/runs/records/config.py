"""config.toml: every setting of a run, and what it was run with."""

from __future__ import annotations

from dataclasses import dataclass, field

from t2sql.plain import Json
from t2sql.runs.records.codec import ABSENT, Record


@dataclass(frozen=True, kw_only=True)
class RunHead(Record):
    """The table `[t2sql]`.

    Attributes:
        run_format: Version of the run directory's format.
        version: Version of t2sql.
        prompt_format: The form of the prompts that the model is trained on.
        created: When the run was made, as ISO 8601 in UTC.
    """

    run_format: int
    version: str = "unknown"
    prompt_format: str | None = None
    created: str | None = None


@dataclass(frozen=True, kw_only=True)
class Machine(Record):
    """The table `[machine]`: where the run was configured.

    Attributes:
        host: The host's name.
        system: The operating system's name.
        release: Its release.
        architecture: The processor's architecture.
        processor: The processor's name.
        cpus: Logical processors.
        memory_bytes: Memory, in bytes.
    """

    host: str = ""
    system: str = ""
    release: str = ""
    architecture: str = ""
    processor: str = ""
    cpus: int = 0
    memory_bytes: int = 0


@dataclass(frozen=True, kw_only=True)
class RecordedModel(Record):
    """The table `[model]`: which state of a hub model the run is made from.

    Attributes:
        source: The model as it was named.
        revision: The hub's commit.
    """

    source: str
    revision: str


@dataclass(frozen=True, kw_only=True)
class RunConfig(Record):
    """The whole of config.toml. Settings that are not set are left out: TOML has no null.

    Attributes:
        t2sql: Versions of the formats.
        settings: Every setting as it was resolved from flags, file and preset, by name.
        versions: Versions of Python and of the packages that matter, by name.
        machine: The machine.
        model: The pinned base model; absent where it does not come from the hub.
    """

    t2sql: RunHead
    settings: dict[str, Json] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    machine: Machine | None = None
    model: RecordedModel | None = field(default=None, metadata=ABSENT)
