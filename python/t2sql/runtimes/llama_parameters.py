"""What llama.cpp is started with: plain values, which go to another process."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class ServerParameters:
    """Parameters of a server that holds one model.

    Attributes:
        path: The GGUF file.
        context: Tokens of a prompt and its answer, in each slot.
        slots: Requests that are answered at the same time.
        adapter: A GGUF adapter, which llama.cpp applies as it computes.
        threads: Threads that compute; None lets llama.cpp choose.
        gpu_layers: Layers on the GPU; None lets llama.cpp choose.
        exact: Whether caches are float32 and attention is computed in float32. Those of float16, llama.cpp's
            default, would hide small differences between weights.
    """

    path: Path
    context: int
    slots: int = 1
    adapter: Path | None = None
    threads: int | None = None
    gpu_layers: int | None = None
    exact: bool = False

    def to_text(self) -> str:
        """The parameters as JSON."""
        return json.dumps(asdict(self), default=str)

    @classmethod
    def from_text(cls, text: str) -> ServerParameters:
        """Read what `to_text` wrote."""
        document = json.loads(text)
        adapter = document.pop("adapter")
        return cls(**document | {"path": Path(document["path"]), "adapter": adapter and Path(adapter)})
