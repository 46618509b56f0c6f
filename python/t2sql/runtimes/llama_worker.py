"""The process that holds a model in llama.cpp: `python -m t2sql.runtimes.llama_worker DESCRIPTOR`.

llama.cpp ends its process when something about a file is wrong that it did not look for; here that ends
nothing else. On the connection of the descriptor come the parameters and then requests, as JSON; chunks of
answers go back. The other end is `llama_process.LlamaServer`.
"""

from __future__ import annotations

import json
import os
import resource
import secrets
import signal
import sys
import threading
from multiprocessing.connection import Connection
from typing import Any, TypeAlias

from t2sql.runtimes import install
from t2sql.runtimes.llama_parameters import ServerParameters

Json: TypeAlias = dict[str, Any]
Server: TypeAlias = Any
"""xllamacpp's `Server`; the package has no types."""

_ERRORS_ONLY = 1
"""llama.cpp's verbosity at which it says why it does not load a file, and nothing else."""


class _Worker:
    """The connection, and the requests that are being answered."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._cancelled: dict[int, threading.Event] = {}

    def send(self, message: Json) -> None:
        """Send a message, from any thread."""
        with self._lock:
            self._connection.send_bytes(json.dumps(message).encode())

    def receive(self) -> Json:
        """The next message. Where the other process has ended, this one ends, whatever it computes."""
        try:
            message: Json = json.loads(self._connection.recv_bytes())
        except (EOFError, OSError):
            os._exit(0)
        return message

    def serve(self, server: Server) -> None:
        """Answer requests until the other process ends."""
        while True:
            message = self.receive()
            number = message["id"]
            if "cancel" in message:
                if number in self._cancelled:
                    self._cancelled[number].set()
            else:
                self._cancelled[number] = threading.Event()
                arguments = (server, number, message["body"])
                threading.Thread(target=self._answer, args=arguments, daemon=True).start()

    def _answer(self, server: Server, number: int, body: Json) -> None:
        cancelled = self._cancelled[number]

        def take(chunk: Json) -> bool:
            self.send({"id": number, "chunk": chunk})
            return cancelled.is_set()

        try:
            server.handle_completions(body, take)
        except Exception as error:
            self.send({"id": number, "chunk": {"error": {"message": str(error)}}})
        del self._cancelled[number]
        self.send({"id": number, "done": True})


def _load(parameters: ServerParameters) -> tuple[Server, Json]:
    """Load the model; also what the other process has to know of the server.

    Raises:
        RuntimeError: llama.cpp cannot load the model; why is on stderr.
    """
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(parameters.path)
    if parameters.adapter is not None:
        params.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(str(parameters.adapter), 1.0)]
    params.n_ctx = parameters.context * parameters.slots
    params.n_parallel = parameters.slots
    params.verbosity = _ERRORS_ONLY
    params.warmup = False
    params.fit_params = False
    # Saving and loading whole slots costs more than reading a short prompt again.
    params.cache_ram_mib = 0
    params.n_ctx_checkpoints = 0
    # xllamacpp always listens on a port of this machine; the secret keeps other processes out.
    params.api_keys = [secrets.token_hex(16)]
    params.n_threads_http = 1
    params.endpoint_metrics = True
    params.ui = False
    if parameters.gpu_layers is not None:
        params.n_gpu_layers = parameters.gpu_layers
    if parameters.threads is not None:
        params.cpuparams.n_threads = parameters.threads
        if parameters.exact:
            params.cpuparams_batch.n_threads = parameters.threads
    if parameters.exact:
        # On the CPU flash attention computes in float16 whatever the caches hold.
        params.cache_type_k = params.cache_type_v = xllamacpp.ggml_type.GGML_TYPE_F32
        params.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
    server = xllamacpp.Server(params)
    # The server's loop begins in a thread of its own; it answers this request.
    server.handle_metrics()
    devices = [[str(one["name"]), str(one["type"])] for one in xllamacpp.get_device_info()]
    return server, {
        "address": server.listening_address,
        "key": params.api_keys[0],
        "devices": devices,
    }


def main() -> None:
    """Load the model, then answer until the other process ends."""
    # Ctrl-C is for the other process, and llama.cpp's last words are enough without a core file.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    connection = Connection(int(sys.argv[1]))
    worker = _Worker(connection)
    parameters = ServerParameters.from_text(worker.receive()["parameters"])
    try:
        server, known = _load(parameters)
    except ModuleNotFoundError as error:
        missing = {
            "what": "llama.cpp is not installed",
            "found": f"no {error.name}",
            "hint": install.LLAMA_CPP,
        }
        worker.send({"missing": missing})
    except ImportError as error:
        hint = install.OPENMP if "libgomp" in str(error) else None
        worker.send({"missing": {"what": "llama.cpp does not load", "found": str(error), "hint": hint}})
    except Exception as error:
        worker.send({"failed": str(error)})
    else:
        # llama.cpp takes the signals when it loads a model.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        worker.send(known)
        worker.serve(server)


if __name__ == "__main__":
    main()
